"""Shares: how much of a bare round is a function's own.

Pure functions of measurements: no clock, no I/O.
"""

from collections.abc import Sequence
from math import hypot, sqrt
from statistics import median
from typing import NamedTuple

from pytest_speedbump.inference.excess import spread

__all__ = ["EDGE_NS", "Share", "share"]

EDGE_NS = 9.0  # that the interpreter takes to hand an event over, and is among the time of who runs then
EDGE_DOUBT_NS = 3.0
OF_MEDIAN = 1.2533  # standard errors of a mean in one of a median


class Share(NamedTuple):
    """A share of a bare round, and its standard error."""

    value: float
    error: float


def share(rounds: Sequence[tuple[float, float, float]]) -> Share | None:
    """The share of a function, of which each round tells the time that was its own, how many events' dispatch is in
    that, and what a bare round took then; times in one unit, ns.

    The median of the rounds that call it: one that was interrupted moves nothing. None where there is no round.
    """
    called = [(own - edges * EDGE_NS) / bare for own, edges, bare in rounds if edges]
    if not called:
        return Share(0.0, 0.0) if rounds else None
    often, typical = len(called) / len(rounds), max(median(called), 0.0)
    doubt = median([edges * EDGE_DOUBT_NS / bare for _, edges, bare in rounds])
    error = OF_MEDIAN * spread(called) / sqrt(len(called))
    seldom = typical * sqrt((1 - often) / (often * len(rounds)))
    return Share(often * typical, hypot(often * error, doubt, often * seldom))
