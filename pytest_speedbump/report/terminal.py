"""The tables at the end of a run."""

from collections import Counter
from collections.abc import Sequence

from _pytest.terminal import TerminalReporter

from pytest_speedbump.report.text import drop_text, interval_text, verdict_text
from pytest_speedbump.result import Result
from pytest_speedbump.units import format_share

__all__ = ["write_listing", "write_table"]

_LEFT = 2  # columns that are aligned left: names
_COLOURS = {"sensitive": "yellow", "insensitive": "green", "inconclusive": "yellow", "void": "yellow"}


def write_table(terminal: TerminalReporter, results: Sequence[Result], seed: int) -> None:
    """One line a bump, in the manner of pytest-benchmark's table; then what deserves a sentence."""
    header = ("Name", "Target", "Delay", "Calls", "Drop", "Transmission", "Verdict")
    rows = [_row(result) for result in results]
    widths = [max(map(len, column)) + 2 for column in zip(header, *rows, strict=True)]
    rule = "-" * max(len(_align(row, widths)) for row in (header, *rows))
    title = f" speedbump: {len(results)} {'bump' if len(results) == 1 else 'bumps'} "
    terminal.write_line("")
    terminal.write_line(title.center(len(rule), "-"), yellow=True)
    terminal.write_line(_align(header, widths))
    terminal.write_line(rule, yellow=True)
    for row, result in zip(rows, results, strict=True):
        colour = "red" if result.outcome == "failed" else _COLOURS.get(result.verdict)
        text = _align(row, widths)
        cut = len(text) - len(row[-1])
        terminal.write(text[:cut])
        terminal.write_line(text[cut:], **({colour: True, "bold": True} if colour else {}))
    terminal.write_line(rule, yellow=True)
    terminal.write_line(f"{summary(results)}; intervals hold for 95%; seed {seed}")
    for result in results:
        for remark in _remarks(result):
            terminal.write_line(f"  {result.test} [{result.bump}]: {remark}")


def summary(results: Sequence[Result]) -> str:
    """``2 insensitive, 1 void``, in the order of first appearance."""
    return ", ".join(f"{n} {verdict}" for verdict, n in Counter(map(verdict_text, results)).items())


def write_listing(terminal: TerminalReporter, results: Sequence[Result]) -> None:
    """What the targets match in each benchmark, and how often one call of the benchmark calls it."""
    terminal.write_line("")
    terminal.write_line(" speedbump: what the targets match, with calls in one run of the benchmark ".center(80, "-"))
    for result in results:
        terminal.write_line(f"{result.test}  {result.bump.targets}", bold=True)
        for code in sorted(result.matched, key=lambda code: -code.calls):
            terminal.write_line(f"  {code.calls:10.6g}  {code.name}  {code.file}:{code.line}")
        if not result.matched:
            terminal.write_line(f"  {result.reason}", yellow=True)


def _row(result: Result) -> tuple[str, ...]:
    transmission = result.known_transmission
    return (
        _short_name(result.test),
        str(result.bump.targets),
        result.bump.delay_text,
        "-" if result.calls is None else f"{result.calls:.6g}",
        drop_text(result),
        "-" if transmission is None else f"{transmission:.2f} {interval_text(transmission, 1, 2)}",
        verdict_text(result),
    )


def _short_name(test: str) -> str:
    return test.rpartition("::")[2]


def _align(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if index < _LEFT else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(cells[:-1], widths, strict=False))
    ]
    return "".join(padded) + "  " + cells[-1]


def _remarks(result: Result) -> list[str]:
    remarks = [*result.bump.notes, *result.warnings]
    if result.lock is not None and result.lock.text and result.outcome != "failed":
        remarks.insert(0, f"lockfile: {result.lock.kind}: {result.lock.text}")
    unconcerned = result.verdict == "void" and result.bump.suite_wide and result.calls == 0
    if result.reason and result.outcome != "failed" and not unconcerned:
        remarks.insert(0, f"{result.verdict}: {result.reason}")
    if result.verdict == "inconclusive" and result.floor is not None:
        remarks.append(f"floor reached: {format_share(result.floor)}")
    return remarks
