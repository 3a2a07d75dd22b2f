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

    The median of rounds: one that was interrupted moves nothing. None where there is no round.
    """
    if not rounds:
        return None
    shares = [(own - edges * EDGE_NS) / bare for own, edges, bare in rounds]
    doubt = median([edges * EDGE_DOUBT_NS / bare for _, edges, bare in rounds])
    error = OF_MEDIAN * spread(shares) / sqrt(len(shares))
    return Share(max(median(shares), 0.0), hypot(error, doubt))
