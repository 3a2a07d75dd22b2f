"""Sweeps: results that ask the same with several delays, and the slack that they show together. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite

from pytest_speedbump.inference.excess import excess_from_drop
from pytest_speedbump.inference.knee import Knee, Point, fit
from pytest_speedbump.report.numbers import time_text
from pytest_speedbump.result import Estimate, Result
from pytest_speedbump.units import format_time

__all__ = ["ENOUGH", "Sweep", "point_of", "slack_text", "slacks", "sweeps"]

ENOUGH = 4  # different delays, from which on their knee is said
ENDS = 2 * 1.96  # standard errors between the two ends of an interval; more for one that may be read at any time


@dataclass(frozen=True, slots=True)
class Sweep:
    """Results of one question, by their delays.

    Attributes:
        knee: of all delay in one call of the benchmarked callable; None where the results do not tell.
    """

    results: tuple[Result, ...]
    knee: Knee | None

    @property
    def slack_ns(self) -> Estimate | None:
        """Delay of each delayed call that is absorbed; None where nobody knows."""
        delayed = [_delayed_calls(result) for result in self.results]
        calls = max([calls for calls in delayed if calls], default=0.0)
        if self.knee is None or not calls:
            return None
        centre, low, high = (end / calls for end in self.knee.slack)
        return Estimate(centre, low, high if isfinite(high) else None)


def sweeps(results: Iterable[Result], enough: int = ENOUGH) -> list[Sweep]:
    """Of the results that ask one test the same with ``enough`` delays or more, in the order of first appearance."""
    groups: dict[tuple[object, ...], list[Result]] = {}
    for result in results:
        bump = result.bump
        if result.verdict != "listed" and bump.is_resolved and bump.delay_ns > 0 and not result.doses:
            groups.setdefault((result.test, bump.targets.names, bump.mode, bump.every), []).append(result)
    found = []
    for group in groups.values():
        if len({result.bump.delay_ns for result in group}) >= enough:
            ordered = tuple(sorted(group, key=lambda result: result.bump.delay_ns))
            found.append(Sweep(ordered, fit(one for one in map(point_of, ordered) if one is not None)))
    return found


def point_of(result: Result) -> Point | None:
    """What one delay did; None where its drop, an end of its interval, or the calls are not known."""
    drop, calls, bare_ns = result.known_drop, _delayed_calls(result), result.bare_ns
    if drop is None or drop.low is None or drop.high is None or not calls or bare_ns is None or drop.high >= 1:
        return None
    added, low, high = (bare_ns * excess_from_drop(one) for one in (drop, drop.low, drop.high))
    return Point(calls * result.bump.delay_ns, added, (high - low) / ENDS)


def _delayed_calls(result: Result) -> float:
    return (result.calls or 0.0) / result.bump.every


def slack_text(slack_ns: Estimate) -> str:
    """``301us [284, 317]``, ``at least 500us``, or ``less than 20us`` where it may be none at all."""
    if slack_ns.high is None:
        return f"at least {format_time(slack_ns if slack_ns.low is None else slack_ns.low)}"
    return time_text(slack_ns) if slack_ns.low else f"less than {format_time(slack_ns.high)}"


def slacks(results: Iterable[Result]) -> Iterator[str]:
    """A sentence for each sweep that says what slack there is."""
    for sweep in sweeps(results):
        first, slack = sweep.results[0], sweep.slack_ns
        if slack is not None and (slack.low or slack.high is not None):
            names = f"{first.test} [{first.bump.targets}]"
            yield f"{names}: slack {slack_text(slack)} a call, by {len(sweep.results)} delays"
