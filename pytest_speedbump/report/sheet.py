"""What a run has found, as lines of text fitted to a terminal, where pytest is not there to print them. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from pytest_speedbump.ranking import Ranking
from pytest_speedbump.report.columns import plain, wrap
from pytest_speedbump.report.grid import ruled
from pytest_speedbump.report.listing import lay_out_listing
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.notes import gather, notes
from pytest_speedbump.report.overview import lay_out_overview
from pytest_speedbump.report.ranking_table import lay_out_ranking
from pytest_speedbump.report.repeat import repeat
from pytest_speedbump.report.sweeps import slacks
from pytest_speedbump.report.table import lay_out
from pytest_speedbump.report.text import failure_text, summary
from pytest_speedbump.result import Result

__all__ = ["lay_out_rankings", "lay_out_results", "lay_out_run"]

INDENT = 4  # of what does not fit a line
MORE = "the document has all"


def lay_out_results(results: Sequence[Result], seed: int | None, width: int | None) -> Iterator[str]:
    """Why tests failed, and the table; or what a listing has found. None: as wide as it gets."""
    if all(result.verdict == "listed" for result in results):
        for result in results:
            yield from ("", plain(f"{result.test}  {result.bump.targets}"))
            yield from map(plain, lay_out_listing(result, width))
        return
    for result in results:
        if result.outcome == "failed":
            yield from ("", plain(result.test))
            yield from (f"  {line.strip()}" for line in failure_text(result).splitlines())
            yield plain(f"  measure again: {repeat(result, seed)}")
    bumps = f"{len(results)} {'bump' if len(results) == 1 else 'bumps'}"
    yield from ruled(f" speedbump: {bumps} ", lay_out(results, width), width)
    of_seed = "" if seed is None else f"; seed {seed}"
    said = [f"{summary(results)}; intervals hold for 95%{of_seed}"]
    said += [f"  {line}" for line in slacks(results)]
    said += gather((f"  {result.test} [{result.bump}]", note) for result in results for note in notes(result))
    for text in said:
        yield from wrap(plain(text), width, INDENT)


def lay_out_rankings(rankings: Sequence[Ranking], width: int | None) -> Iterator[str]:
    """A table for each benchmark, and then what several say together."""
    tests = short_names(ranking.test for ranking in rankings)
    for ranking in rankings:
        one = lay_out_ranking(ranking, width, test=tests[ranking.test], more=MORE)
        yield from ruled(f" {one.title} ", one.table, width) if one.table is not None else ("", one.title)
        yield from one.foot
    overview = lay_out_overview(rankings, width) if len(rankings) > 1 else None
    if overview is not None:
        for table in overview.tables:
            yield from ruled(f" speedbump scan: {len(rankings)} benchmarks ", table, width)
        yield from overview.legend


def lay_out_run(failures: Sequence[str], unmeasured: Mapping[str, str], width: int | None) -> Iterator[str]:
    """What there is to say of the run as a whole: which tests were kept from measuring by what, and why it fails."""
    said = [f"speedbump: not measured: {text}" for text in gather(unmeasured.items())]
    said += [f"speedbump: the run fails: {text}" for text in failures]
    for text in said:
        yield from wrap(plain(text), width, INDENT)
