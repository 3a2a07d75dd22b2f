"""Shares: how much of a bare round is a function's own.

Pure functions of measurements: no clock, no I/O.
"""

from collections.abc import Sequence
from math import ceil, hypot, sqrt
from statistics import mean, median
from typing import NamedTuple

from pytest_speedbump.inference.excess import spread

__all__ = ["EDGE_NS", "Own", "Share", "bare_length", "inside", "shares"]

EDGE_NS = 14.0  # that the interpreter takes to hand an event over; on a slower machine up to...
MOST_EDGE_NS = 28.0
EDGE_DOUBT_NS = 4.0
CALL_NS = 50.0  # that the two events of a call take, with their callbacks: a round is longer for them
QUICK = 4  # one round of so many is quick
OF_MEDIAN = 1.2533  # standard errors of a mean in one of a median


class Own(NamedTuple):
    """What one function took of one round, in ns, and how many events' dispatch is in that."""

    ns: float
    edges: float


class Share(NamedTuple):
    """A share of a bare round, and its standard error."""

    value: float
    error: float


def bare_length(lengths: Sequence[float]) -> float:
    """Of a quick round, in ns: the median of the quickest quarter. ValueError where there is none."""
    return median(sorted(lengths)[: ceil(len(lengths) / QUICK)])


def shares(functions: Sequence[Sequence[Own]], bare_ns: float) -> list[Share]:
    """The share of each function, which took so much of each of the same rounds. ``bare_ns``: see :func:`bare_length`.

    Of the quickest quarter of all rounds: one that was interrupted lengthens whatever ran then. Where all functions
    together would take more than a round, what their events cost the interpreter is more than usual.
    """
    sums = [Own(sum([own.ns for own in row]), sum([own.edges for own in row])) for row in zip(*functions, strict=True)]
    quick = sorted(range(len(sums)), key=lambda index: sums[index].ns)[: ceil(len(sums) / QUICK)]
    edges = median([sums[index].edges for index in quick]) if quick else 0.0
    over_ns = median([sums[index].ns for index in quick]) - bare_ns if quick else 0.0
    edge_ns = min(max(over_ns / edges, EDGE_NS), MOST_EDGE_NS) if edges else EDGE_NS
    return [_share([rounds[index] for index in quick], edge_ns, bare_ns) for rounds in functions]


def _share(rounds: Sequence[Own], edge_ns: float, bare_ns: float) -> Share:
    """The median of the rounds that call it, as often as that is."""
    called = [(own.ns - own.edges * edge_ns) / bare_ns for own in rounds if own.edges]
    if not called:
        return Share(0.0, 0.0)
    often, typical = len(called) / len(rounds), max(median(called), 0.0)
    doubt = EDGE_DOUBT_NS * mean([own.edges for own in rounds]) / bare_ns
    error = OF_MEDIAN * spread(called) / sqrt(len(called))
    seldom = typical * sqrt((1 - often) / (often * len(rounds)))
    return Share(often * typical, hypot(often * error, doubt, often * seldom))


def inside(
    functions: Sequence[Sequence[Own]], calls: Sequence[float], lengths: Sequence[float], bare_ns: float
) -> float:
    """The share of the rounds' time that all functions together take, between 0 and 1: the median of the rounds.

    Args:
        calls: of all functions together in each round.
        lengths: of the rounds, in ns, with what the calls' events take.
        bare_ns: length of a round without them, at another time: the machine may have had another speed.
    """
    found: list[float] = []
    for row, called, length in zip(zip(*functions, strict=True), calls, lengths, strict=True):
        taken = max(sum([own.ns - own.edges * EDGE_NS for own in row]), 0.0)
        events = min(called * CALL_NS, max(length - bare_ns, 0.0))
        found.append(taken / max(length - events, taken, 1.0))
    return median(found)
