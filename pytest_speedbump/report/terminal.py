"""The tables at the end of a run, on pytest's terminal."""

import shutil
from collections.abc import Iterable, Sequence

from _pytest.terminal import TerminalReporter

from pytest_speedbump.ranking import Ranking
from pytest_speedbump.report.columns import plain, wrap
from pytest_speedbump.report.grid import Table
from pytest_speedbump.report.listing import lay_out_listing
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.notes import gather, notes
from pytest_speedbump.report.overview import Overview, lay_out_overview, unnoticed
from pytest_speedbump.report.pins import pins
from pytest_speedbump.report.ranking_table import lay_out_ranking
from pytest_speedbump.report.sweeps import slacks
from pytest_speedbump.report.table import lay_out
from pytest_speedbump.report.text import found, summary
from pytest_speedbump.result import Result

__all__ = ["write_failures", "write_last_word", "write_listing", "write_rankings", "write_table"]

_YELLOW = ("sensitive", "inconclusive", "void", "grown", "shrunk", "lost", "critical", "partly", "unresolved")
_COLOURS = {"insensitive": "green", "free": "green", **dict.fromkeys(_YELLOW, "yellow")}


def write_table(terminal: TerminalReporter, results: Sequence[Result], seed: int) -> None:
    """One line a bump, in the manner of pytest-benchmark's table; then what deserves a sentence.

    A terminal's lines do not wrap.
    """
    width = _edge()
    table = lay_out(results, width)
    title = f" speedbump: {len(results)} {'bump' if len(results) == 1 else 'bumps'} "
    colours = ["red" if result.outcome == "failed" else _COLOURS.get(found(result)) for result in results]
    _write_table(terminal, title, table, colours)
    each = terminal.verbosity > 0
    said = [(f"{result.test} [{result.bump}]", note) for result in results for note in notes(result, each=each)]
    foot = [f"{summary(results)}; intervals hold for 95%; seed {seed}"]
    if table.left_out:
        foot.append(f"no room in {width} columns for {' and '.join(table.left_out)}: --speedbump-json has all")
    foot += [f"  {line}" for line in (*slacks(results), *gather(said, each=each))]
    for text in foot:
        for line in wrap(plain(text), width, indent=4):
            terminal.write_line(line)


def write_rankings(
    terminal: TerminalReporter, rankings: Sequence[Ranking], *, markers: bool, uncalled: Iterable[str] = ()
) -> None:
    """A table for each benchmark; what they say together; and, with ``markers``, those that would pin it.

    Args:
        uncalled: names of functions that the targets match, and that no benchmark calls.
    """
    width, each = _edge(), terminal.verbosity > 0
    tests = short_names(ranking.test for ranking in rankings)
    for ranking in rankings:
        one = lay_out_ranking(ranking, width, test=tests[ranking.test], each=each)
        if one.table is not None:
            _write_table(terminal, f" {one.title} ", one.table, [_COLOURS.get(verdict) for verdict in one.verdicts])
        else:
            terminal.write_line("")
            terminal.write_line(one.title, yellow=True)
        for line in one.foot:
            terminal.write_line(line)
    overview = lay_out_overview(rankings, width) if len(rankings) > 1 else Overview()
    for table in overview.tables:
        _write_table(terminal, f" speedbump scan: {len(rankings)} benchmarks ", table, [None] * len(table.rows))
    for line in overview.legend:
        terminal.write_line(line)
    for line in unnoticed(rankings, uncalled, width=width, each=each):
        terminal.write_line(line)
    if markers and rankings:
        terminal.write_line("")
        terminal.write_line(" speedbump: markers that pin what was found ".center(80, "-"), yellow=True)
        for line in pins(rankings).splitlines():
            terminal.write_line(line)


def _edge() -> int | None:
    """Columns of the terminal.

    What is no terminal, such as the log of a CI job, has no edge unless COLUMNS says so: it cannot be widened
    afterwards, and people search it for whole names.
    """
    return shutil.get_terminal_size((0, 0)).columns or None


def _write_table(terminal: TerminalReporter, title: str, table: Table, colours: Sequence[str | None]) -> None:
    """``colours``: of the last cell of each row."""
    rule = "-" * table.edge
    terminal.write_line("")
    terminal.write_line(title.center(len(rule), "-"), yellow=True)
    terminal.write_line("".join(table.header))
    terminal.write_line(rule, yellow=True)
    for (first, last), colour in zip(table.rows, colours, strict=True):
        terminal.write(first)
        terminal.write_line(last, **({colour: True, "bold": True} if colour else {}))
    terminal.write_line(rule, yellow=True)


def write_listing(terminal: TerminalReporter, results: Sequence[Result]) -> None:
    """What the targets match in each benchmark, and how often one call of the benchmark calls it."""
    terminal.write_line("")
    terminal.write_line(" speedbump: what the targets match, with calls in one run of the benchmark ".center(80, "-"))
    width, each = _edge(), terminal.verbosity > 0
    for result in results:
        terminal.write_line(plain(f"{result.test}  {result.bump.targets}"), bold=True)
        if result.reason:
            terminal.write_line(plain(f"  {result.reason}"), yellow=True)
        for line in lay_out_listing(result, width, each=each):
            terminal.write_line(plain(line))


def write_failures(terminal: TerminalReporter, reasons: Sequence[str]) -> None:
    """Why the run fails although its tests need not have."""
    for reason in reasons:
        terminal.write_line(plain(f"speedbump: the run fails: {reason}"), red=True, bold=True)


def write_last_word(terminal: TerminalReporter, reasons: Sequence[str]) -> None:
    """The same in one line below pytest's own last one, which may say no more than ``5 passed``."""
    if reasons:
        more = f" (and {len(reasons) - 1} more, above)" if len(reasons) > 1 else ""
        terminal.write_line(plain(f"speedbump: the run fails: {reasons[0]}{more}"), red=True, bold=True)
