"""The scan of one benchmark as lines of text, fitted to a terminal. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_speedbump.ranking import Ranked, Ranking, Standing
from pytest_speedbump.report.columns import plain, shorten, wrap
from pytest_speedbump.report.grid import Shape, Table, fit
from pytest_speedbump.report.numbers import interval_text, margin_text, share_text
from pytest_speedbump.report.ranked import (
    CONFIRMED,
    LEAST_SHARE,
    Key,
    is_folded,
    key,
    labels,
    matters,
    standing_text,
)  # fmt: skip
from pytest_speedbump.result import Estimate
from pytest_speedbump.units import format_share, format_time

__all__ = ["TITLES", "RankingTable", "cells", "lay_out_ranking"]

TITLES = ("Rank", "Function", "Calls", "Share", "Transmission", "Slack", "Gain", "Per us", "Verdict")
LEFT_OUT = ("Calls", "Slack", "Share", "Transmission", "Per us", "Rank")
LEFT = ("Function", "Verdict")
SHAPE = Shape(LEFT, {"Function": 24}, LEFT_OUT, ends=("Function",))
# Where even that does not fit: the verdict without its words, and at last without the gain.
NARROW = Shape(LEFT, {"Function": 8}, (*LEFT_OUT, "Gain"), ends=("Function",))
GAINS = (
    "gain: throughput won if the function cost nothing; per us: won by each microsecond that a call takes less; "
    "both hold until the next bottleneck"
)
RULED = 2  # blanks around the title, where it stands in a rule
INDENT = 4  # of what does not fit a line of the foot


@dataclass(frozen=True, slots=True)
class RankingTable:
    """What is known of one benchmark.

    Attributes:
        title: of the table.
        table: None where no function has a line.
        verdicts: one a row.
        foot: sentences, wrapped.
    """

    title: str
    table: Table | None
    verdicts: tuple[Standing, ...]
    foot: tuple[str, ...]

    def __str__(self) -> str:
        table = [self.table.header, *self.table.rows] if self.table else []
        return "\n".join([self.title, *(first + last for first, last in table), *self.foot])


def lay_out_ranking(
    ranking: Ranking, width: int | None, *, test: str = "", each: bool = False, more: str = "-v shows each"
) -> RankingTable:
    """Within ``width`` columns; None: as wide as it gets.

    Args:
        test: what the title calls the benchmark; its node id where that is empty.
        each: a line for every function, be it too small to matter.
        more: how to get that.
    """
    shown = [one for one in ranking.functions if each or not is_folded(one)]
    folded = [one for one in ranking.functions if not each and is_folded(one)]
    table = _table(shown, labels(ranking.functions), width) if shown else None
    said = [*_folded(folded, more), *_left_out(table, width)]
    if any(one.confirmed for one in shown):
        said.append(f"{CONFIRMED} confirmed on fresh pairs")
    said += [*_scanned(ranking), *_resolved(ranking, folded, more), *_together(ranking), *map(str, ranking.warnings)]
    if any(matters(one) for one in shown):
        said.append(GAINS)
    title = plain(": ".join(filter(None, ("speedbump scan", test or ranking.test, str(ranking.targets)))))
    return RankingTable(
        title if width is None else shorten(title, width - RULED),
        table,
        tuple(one.verdict for one in shown),
        tuple(line for text in said for line in wrap(plain(text), width, INDENT)),
    )


def _table(shown: Sequence[Ranked], named: dict[Key, str], width: int | None) -> Table:
    columns = dict(zip(TITLES, zip(*(cells(one, named[key(one)]) for one in shown), strict=True), strict=True))
    table = fit(columns, SHAPE, width)
    if width is None or table.edge <= width:
        return table
    return fit(columns | {"Verdict": tuple(standing_text(one, short=True) for one in shown)}, NARROW, width)


def cells(one: Ranked, name: str) -> tuple[str, ...]:
    """A line of the table, one for each of TITLES."""
    return (
        str(one.rank),
        name,
        f"{one.calls:.6g}",
        "-" if one.share is None else format_share(one.share),
        "-" if one.transmission is None else margin_text(one.transmission) or "-",
        "-" if one.slack_ns is None else _slack_text(one.slack_ns),
        "-" if one.gain is None else interval_text(one.gain, percent=True) or "-",
        "-" if one.gain_per_us is None else share_text(one.gain_per_us),
        standing_text(one),
    )


def _slack_text(slack_ns: Estimate) -> str:
    """``4.2us``, or ``>=4.2us`` where nobody has seen the end of it."""
    if slack_ns.high is not None:
        return format_time(slack_ns, 2)
    return "-" if slack_ns.low is None else f">={format_time(slack_ns.low, 2)}"


def _folded(folded: Sequence[Ranked], more: str) -> Iterator[str]:
    """One line for all that are too small; those that are not resolved are counted elsewhere."""
    small = [one for one in folded if one.verdict != "unresolved"]
    if small:
        yield f"{_count(len(small))} too small to matter, {_share(small)} together ({more})"


def _left_out(table: Table | None, width: int | None) -> Iterator[str]:
    if table is not None and table.left_out:
        yield f"no room in {width} columns for {' and '.join(table.left_out)}"


def _scanned(ranking: Ranking) -> Iterator[str]:
    functions = ranking.functions
    if ranking.round_ns is not None:
        called = f"; {_count(len(functions))} in it, {_share(functions)} together" if functions else ""
        yield f"one run takes {format_time(ranking.round_ns)}{called}"
    tried = [one for one in functions if matters(one)]
    confirmed = sum(one.confirmed for one in tried)
    found = f"{confirmed} of {len(tried)} critical or partly ones confirmed" if tried else "nothing critical found"
    yield f"{ranking.pairs} pairs of rounds in {format_time(ranking.seconds * 1e9, 2)}" + f"; {found}" * bool(functions)


def _resolved(ranking: Ranking, folded: Sequence[Ranked], more: str) -> Iterator[str]:
    """How much is not known, and why."""
    functions = ranking.functions
    unresolved = [one for one in functions if one.verdict == "unresolved"]
    hidden = sum(one.verdict == "unresolved" for one in folded)
    if unresolved:
        text = f"not resolved: {len(unresolved)} of {_count(len(functions))}, {_share(unresolved)}"
        if hidden:
            text += (
                f"; {hidden} of them, under {format_share(LEAST_SHARE)} each or not looked at, have no line ({more})"
            )
        yield text
    elif functions:
        yield f"resolved: all of {_count(len(functions))}"
    else:
        yield "no function was ranked"
    if ranking.reason:
        yield f"why not more: {ranking.reason}"


def _together(ranking: Ranking) -> Iterator[str]:
    """What the free ones, and the critical ones, did in company."""
    slack_ns, round_ns = ranking.joint_slack_ns, ranking.round_ns
    together = "slowed together, the free ones have a slack of"
    if slack_ns is not None and round_ns and slack_ns.high is not None:
        ends = (None if end is None else end / round_ns for end in (slack_ns, slack_ns.low, slack_ns.high))
        share = Estimate(*ends)  # type: ignore[arg-type]  # the first is known
        gains = sum(one.gain for one in ranking.functions if matters(one) and one.gain is not None)
        limits = "; gains beyond that need these to be faster too" * (share < gains)
        yield f"{together} {format_time(slack_ns, 2)} a run, {interval_text(share, percent=True)} of it{limits}"
    elif slack_ns is not None and round_ns and slack_ns.low is not None:
        yield f"{together} at least {format_time(slack_ns.low, 2)} a run, {share_text(slack_ns.low / round_ns)} of it"
    if ranking.additive is not None:
        yield (
            "slowed together, the critical ones cost what each costs by itself"
            if ranking.additive
            else "slowed together, the critical ones do not cost what each costs by itself: their gains do not add up"
        )


def _share(functions: Sequence[Ranked]) -> str:
    """``9.8% of a run``, and of how many it was not measured."""
    known = [one.share for one in functions if one.share is not None]
    unknown = len(functions) - len(known)
    if not known:
        return "of unknown share"
    return f"{format_share(sum(known))} of a run" + f" and {unknown} of unknown share" * bool(unknown)


def _count(number: int) -> str:
    return f"{number} function{'s' * (number != 1)}"
