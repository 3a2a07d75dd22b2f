"""What the shards of a run have found together, as lines of text fitted to a terminal. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from pytest_speedbump.ranking import Ranking
from pytest_speedbump.report.columns import plain, wrap
from pytest_speedbump.report.grid import ruled
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.notes import gather, notes
from pytest_speedbump.report.ranking_table import lay_out_ranking
from pytest_speedbump.report.sweeps import slacks
from pytest_speedbump.report.table import lay_out
from pytest_speedbump.report.text import failure_text, summary
from pytest_speedbump.result import Result

__all__ = ["lay_out_merged"]

INDENT = 4  # of what does not fit a line


def lay_out_merged(
    results: Sequence[Result], scans: Sequence[Ranking], tests: Mapping[str, str], unmeasured: Mapping[str, str],
    width: int | None,
) -> list[str]:  # fmt: skip
    """The tables and what there is to say, within ``width`` columns; None: as wide as it gets.

    Args:
        tests, unmeasured: as a document has them.
    """
    lines: list[str] = []
    if results:
        title = f" speedbump: {len(results)} {'bump' if len(results) == 1 else 'bumps'} "
        lines += ruled(title, lay_out(results, width), width)
    names = short_names(ranking.test for ranking in scans)
    for ranking in scans:
        one = lay_out_ranking(ranking, width, test=names[ranking.test], more="the document has all")
        lines += ["", one.title] if one.table is None else ruled(f" {one.title} ", one.table, width)
        lines += one.foot
    for text in _said(results, tests, unmeasured):
        lines += wrap(plain(text), width, INDENT)
    return lines


def _said(results: Sequence[Result], tests: Mapping[str, str], unmeasured: Mapping[str, str]) -> Iterator[str]:
    if results:
        yield f"{summary(results)}; intervals hold for 95%"
    yield from slacks(results)
    yield from gather((f"{result.test} [{result.bump}]", note) for result in results for note in notes(result))
    yield from gather(_failures(results, tests))
    for text in gather(unmeasured.items()):
        yield f"not measured: {text}"
    for fate in ("skipped", "deselected", "not run"):
        left = [test for test, one in tests.items() if one == fate]
        if left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            yield f"not measured: {left[0]}{more}: {fate}"


def _failures(results: Sequence[Result], tests: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for result in results:
        if result.outcome == "failed":
            expected = ", as it is expected to" if tests.get(result.test) == "xfailed" else ""
            headline = failure_text(result).partition("\n")[0].removeprefix("speedbump: ")
            yield result.test, f"fails{expected}: {headline}"
