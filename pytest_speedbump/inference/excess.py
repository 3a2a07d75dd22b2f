"""Excess: how much longer a slowed round took than its control, in ns, or as a share of a bare round.

Linear in time, so that a delay which bites in a few rounds only weighs what it costs; a drop is what people read.

Pure functions of measurements: no clock, no I/O.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from math import inf, isfinite
from typing import NamedTuple

__all__ = ["Reading", "Sample", "Spread", "drop_from_excess", "excess_from_drop", "spread"]

QUARTER_OF_A_NORMAL = 0.3186  # standard deviations, within which a quarter of all lie


def drop_from_excess(excess: float) -> float:
    """Throughput drop, ``1 - T / (T + added)``, of an excess ``added / T`` over -1; inf gives 1."""
    return 1.0 if excess == inf else excess / (1 + excess)


def excess_from_drop(drop: float) -> float:
    """Excess of a throughput drop. ValueError unless it is a number under 1."""
    if not -inf < drop < 1:
        raise ValueError(f"a throughput drop is less than 1: {drop}")
    return drop / (1 - drop)


class Reading(NamedTuple):
    """Excess time of one pair: without and with the time that preemption added to its delays.

    Nobody knows whether that time would have been lost without the delay. So what says "over" must hold without it, and
    what says "under" with it.
    """

    least: float
    most: float


class Sample:
    """Numbers of one or more pairs, sorted once: a clipped sum is then two binary searches."""

    __slots__ = ("_sums", "_xs")

    def __init__(self, xs: Iterable[float]) -> None:
        """ValueError where there is no pair, or one is not finite."""
        self._xs = array("d", sorted(xs))
        self._sums = array("d", accumulate(self._xs, initial=0.0))
        if not self._xs:
            raise ValueError("no pairs")
        if not isfinite(self._sums[-1]):  # one NaN or inf is enough to spoil the sum
            raise ValueError("the numbers of a pair must be finite")

    def __len__(self) -> int:
        return len(self._xs)

    def __iter__(self) -> Iterator[float]:
        return iter(self._xs)

    @property
    def first(self) -> float:
        return self._xs[0]

    @property
    def last(self) -> float:
        return self._xs[-1]

    def clipped_mean(self, centre: float, width: float) -> float:
        """Mean of clip((x - centre) / width, -1, 1); never rises with the centre."""
        low = bisect_left(self._xs, centre - width)
        high = bisect_right(self._xs, centre + width, low)
        count = len(self._xs)
        inner = self._sums[high] - self._sums[low] - (high - low) * centre
        return max(-1.0, min(1.0, (count - high - low + inner / width) / count))

    def tails(self, centre: float, width: float) -> tuple[int, int]:
        """How many lie below centre - width, and how many above centre + width."""
        return bisect_left(self._xs, centre - width), len(self._xs) - bisect_right(self._xs, centre + width)


def spread(xs: Iterable[float]) -> float:
    """Standard deviation of one pair, by the quarter of all that lies nearest to the middle between their quartiles.

    So bursts do not widen it. Where every other round is longer, pairs have two modes, and none lies near the truth:
    their median lies in one of them and would call it all that there is. ValueError where there is no pair.
    """
    taken = sorted(xs)
    if not taken:
        raise ValueError("no pairs")
    quarter = (len(taken) + 1) // 4
    middle = (taken[quarter] + taken[-1 - quarter]) / 2
    return sorted([abs(x - middle) for x in taken])[len(taken) // 4] / QUARTER_OF_A_NORMAL


class Spread:
    """The :func:`spread` of all pairs so far, taken anew whenever their number has doubled.

    Attributes:
        value: standard deviation of one pair; 0 before the first.
    """

    def __init__(self) -> None:
        self.value = 0.0
        self._xs = array("d")
        self._next = 1

    def add(self, xs: Iterable[float]) -> None:
        self._xs.extend(xs)
        if len(self._xs) >= self._next:
            self._next = 2 * len(self._xs)
            self.value = spread(self._xs)
