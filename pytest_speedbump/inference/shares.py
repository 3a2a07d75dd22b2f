"""Shares: how much of a bare round is a function's own.

Pure functions of measurements: no clock, no I/O.
"""

from collections.abc import Sequence
from math import sqrt
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


def share(own_ns: Sequence[float], edges: float, bare_ns: float) -> Share | None:
    """The share of a function that took ``own_ns`` in each of some rounds, ``edges`` events of each included.

    The median of rounds: one that was interrupted moves nothing. None where there is no round.
    """
    if not own_ns:
        return None
    typical = max(median(own_ns) - edges * EDGE_NS, 0.0)
    error = OF_MEDIAN * spread(own_ns) / sqrt(len(own_ns))
    return Share(typical / bare_ns, sqrt(error**2 + (edges * EDGE_DOUBT_NS) ** 2) / bare_ns)
