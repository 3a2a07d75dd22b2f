"""The tables at the end of a run, on pytest's terminal."""

import shutil
from collections import Counter
from collections.abc import Sequence

from _pytest.terminal import TerminalReporter

from pytest_speedbump.ranking import Ranking
from pytest_speedbump.report.columns import plain, width_of, wrap
from pytest_speedbump.report.notes import gather, notes
from pytest_speedbump.report.table import lay_out
from pytest_speedbump.report.text import found, verdict_text
from pytest_speedbump.result import Result

__all__ = ["write_failures", "write_last_word", "write_listing", "write_rankings", "write_table"]

_COLOURS = {"insensitive": "green", **dict.fromkeys(("sensitive", "inconclusive", "void", "grown", "lost"), "yellow")}


def write_table(terminal: TerminalReporter, results: Sequence[Result], seed: int) -> None:
    """One line a bump, in the manner of pytest-benchmark's table; then what deserves a sentence.

    A terminal's lines do not wrap. What is no terminal, such as the log of a CI job, has no edge unless COLUMNS says
    so: it cannot be widened afterwards, and people search it for whole names.
    """
    width = shutil.get_terminal_size((0, 0)).columns or None
    table = lay_out(results, width)
    rule = "-" * max(table.width, *(width_of(first + last) for first, last in (table.header, *table.rows)))
    title = f" speedbump: {len(results)} {'bump' if len(results) == 1 else 'bumps'} "
    terminal.write_line("")
    terminal.write_line(title.center(len(rule), "-"), yellow=True)
    terminal.write_line("".join(table.header))
    terminal.write_line(rule, yellow=True)
    for (first, last), result in zip(table.rows, results, strict=True):
        colour = "red" if result.outcome == "failed" else _COLOURS.get(found(result))
        terminal.write(first)
        terminal.write_line(last, **({colour: True, "bold": True} if colour else {}))
    terminal.write_line(rule, yellow=True)
    said = [(f"{result.test} [{result.bump}]", note) for result in results for note in notes(result)]
    foot = [f"{summary(results)}; intervals hold for 95%; seed {seed}"]
    if table.left_out:
        foot.append(f"no room in {width} columns for {' and '.join(table.left_out)}: --speedbump-json has all")
    foot += [f"  {line}" for line in gather(said, each=terminal.verbosity > 0)]
    for text in foot:
        for line in wrap(plain(text), width, indent=4):
            terminal.write_line(line)


def summary(results: Sequence[Result]) -> str:
    """``2 insensitive, 1 void``, in the order of first appearance."""
    return ", ".join(f"{n} {verdict}" for verdict, n in Counter(map(verdict_text, results)).items())


def write_listing(terminal: TerminalReporter, results: Sequence[Result]) -> None:
    """What the targets match in each benchmark, and how often one call of the benchmark calls it."""
    terminal.write_line("")
    terminal.write_line(" speedbump: what the targets match, with calls in one run of the benchmark ".center(80, "-"))
    for result in results:
        terminal.write_line(plain(f"{result.test}  {result.bump.targets}"), bold=True)
        for code in sorted(result.matched, key=lambda code: -code.calls):
            terminal.write_line(plain(f"  {code.calls:10.6g}  {code.name}  {code.file}:{code.line}"))
        if not result.matched:
            terminal.write_line(plain(f"  {result.reason}"), yellow=True)


def write_rankings(terminal: TerminalReporter, rankings: Sequence[Ranking], *, markers: bool) -> None:
    """What each scan ranked."""
    for ranking in rankings:
        names = ", ".join(one.name for one in ranking.functions)
        terminal.write_line(plain(f"speedbump scan: {ranking.test}: {names} {ranking.reason} {ranking.warnings}"))
    if markers:
        terminal.write_line("speedbump: markers that pin what was found")


def write_failures(terminal: TerminalReporter, reasons: Sequence[str]) -> None:
    """Why the run fails although its tests need not have."""
    for reason in reasons:
        terminal.write_line(plain(f"speedbump: the run fails: {reason}"), red=True, bold=True)


def write_last_word(terminal: TerminalReporter, reasons: Sequence[str]) -> None:
    """The same in one line below pytest's own last one, which may say no more than ``5 passed``."""
    if reasons:
        more = f" (and {len(reasons) - 1} more, above)" if len(reasons) > 1 else ""
        terminal.write_line(plain(f"speedbump: the run fails: {reasons[0]}{more}"), red=True, bold=True)
