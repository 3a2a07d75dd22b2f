"""What pairs of rounds say about the drop: robust centre, its floor, and the units it is told in.

Effects are natural logarithms of time ratios (theta), so that speeding up and slowing down weigh
the same; drops and transmissions are what people read.

Pure functions of measurements: no clock, no I/O.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from math import expm1, inf, isfinite, log, log1p, sqrt

__all__ = [
    "Blocks",
    "Sample",
    "centre",
    "clip_scale",
    "drop_from_theta",
    "floor",
    "log_ratio",
    "predict_floor",
    "theta_from_drop",
    "time_needed",
    "transmission",
]

FLOOR_SES = 3.0  # standard errors; near what the sequential verdict needs at an error rate of 5 %
PLAIN_SCALE = 0.10  # clip scale where no budget gives one


def log_ratio(control_ns: float, slowed_ns: float) -> float:
    """D of one pair: ln(slowed / control). ValueError unless both are positive and finite."""
    if not (0 < control_ns < inf and 0 < slowed_ns < inf):
        raise ValueError(f"round times must be positive and finite: {control_ns}, {slowed_ns}")
    return log(slowed_ns / control_ns)


def drop_from_theta(theta: float) -> float:
    """Throughput drop, 1 - T_control / T_slowed, of a log effect; -inf and inf give -inf and 1."""
    return -expm1(-theta)


def theta_from_drop(drop: float) -> float:
    """Log effect of a throughput drop. ValueError unless drop < 1."""
    if not drop < 1:
        raise ValueError(f"a throughput drop is less than 1: {drop}")
    return -log1p(-drop)


def transmission(t0: float, theta: float, delivered_per_round: float) -> float:
    """Share of the delivered delay, not zero, that reaches the round time; all in one unit."""
    return t0 * expm1(theta) / delivered_per_round


def clip_scale(theta_b: float | None, bound: float) -> float:
    """Where residuals are clipped: wide enough for the budget and for one round's largest effect.

    `bound` is ln(1 + calls * delay / T0), the effect of a round that absorbs nothing. A narrower
    clip would cut away delays that bite only in some rounds. `theta_b` is None without a budget.
    """
    return max(PLAIN_SCALE if theta_b is None else 5 * theta_b, 2 * bound)


class Sample:
    """Log ratios of one or more pairs, sorted once: a clipped sum is then two binary searches."""

    __slots__ = ("_ds", "_sums")

    def __init__(self, ds: Iterable[float]) -> None:
        """ValueError where there is no pair, or one is not finite."""
        self._ds = array("d", sorted(ds))
        self._sums = array("d", accumulate(self._ds, initial=0.0))
        if not self._ds:
            raise ValueError("no pairs")
        if not isfinite(self._sums[-1]):  # one NaN or inf is enough to spoil the sum
            raise ValueError("log ratios must be finite")

    def __len__(self) -> int:
        return len(self._ds)

    def __iter__(self) -> Iterator[float]:
        return iter(self._ds)

    def clipped_sum(self, theta: float, s: float) -> float:
        """Sum of clip((D - theta) / s, -1, 1); never rises with theta."""
        below, above = self.tails(theta, s)
        end = len(self._ds) - above
        inner = self._sums[end] - self._sums[below] - (end - below) * theta
        return above - below + inner / s

    def clipped_mean(self, theta: float, s: float) -> float:
        return self.clipped_sum(theta, s) / len(self._ds)

    def tails(self, theta: float, s: float) -> tuple[int, int]:
        """How many D lie below theta - s, and how many above theta + s."""
        return (
            bisect_left(self._ds, theta - s),
            len(self._ds) - bisect_right(self._ds, theta + s),
        )


class Blocks:
    """All pairs of a measurement, block by block, under one frozen clip scale."""

    def __init__(self, s: float) -> None:
        """ValueError unless s is positive and finite."""
        if not 0 < s < inf:
            raise ValueError(f"the clip scale must be positive and finite: {s}")
        self.s = s
        self.samples: list[Sample] = []
        self.pairs = 0

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[float]:
        """The D of every pair, one block after another, sorted within each."""
        return chain.from_iterable(self.samples)

    def add(self, ds: Iterable[float]) -> Sample:
        """Store the pairs of a block. ValueError where there are none, or one is not finite."""
        sample = Sample(ds)
        self.samples.append(sample)
        self.pairs += len(sample)
        return sample

    def clipped_means(self, theta: float) -> list[float]:
        """One mean of clip((D - theta) / s, -1, 1) for each block."""
        return [sample.clipped_mean(theta, self.s) for sample in self.samples]


def centre(ds: Iterable[float], s: float) -> float:
    """Huber centre: the theta where clip((D - theta) / s, -1, 1) sums to zero.

    The sum is piecewise linear, so the root is exact: found among the knots D - s and D + s by
    binary search, then by interpolation. Where a whole range solves it, the middle.
    ValueError where there is no pair, or one is not finite.
    """
    sample = Sample(ds)
    knots = sorted(chain((d - s for d in sample), (d + s for d in sample)))
    rounding = 1e-9 * len(sample)

    def falling(theta: float) -> float:
        return -sample.clipped_sum(theta, s)

    first = bisect_left(knots, -rounding, key=falling)  # knots before it: sum > 0
    end = bisect_right(knots, rounding, key=falling)  # knots from it on: sum < 0
    if first < end:
        return (knots[first] + knots[end - 1]) / 2
    left, right = knots[first - 1], knots[first]
    above, below = sample.clipped_sum(left, s), sample.clipped_sum(right, s)
    return left + (right - left) * above / (above - below)


def floor(ds: Iterable[float], theta: float, s: float) -> float:
    """The smallest log effect that these pairs can tell from none: three standard errors of theta.

    inf for fewer than two pairs, or where the clip leaves none.
    """
    us = [(d - theta) / s for d in ds]
    inner = sum(-1 <= u <= 1 for u in us)
    if len(us) < 2 or not inner:
        return inf
    return FLOOR_SES * s * sqrt(sum(min(u * u, 1.0) for u in us)) / inner


def predict_floor(floor_pilot: float, t_pilot: float, t_limit: float) -> float:
    """The floor after t_limit, from a pilot of t_pilot (one unit of time)."""
    return floor_pilot * sqrt(t_pilot / t_limit)


def time_needed(floor_pilot: float, t_pilot: float, theta_b: float) -> float:
    """When the floor will have sunk to theta_b, in t_pilot's unit."""
    return t_pilot * (floor_pilot / theta_b) ** 2
