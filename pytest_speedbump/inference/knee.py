"""Slack as a number: where does throughput begin to drop as a delay grows?

Added time is ``free_slope * delay + slope * max(delay - knee, 0)``. What arrives before the knee is called free as long
as it is no more than ``FREE`` of the delay, so a line through the origin that is steeper has its knee at 0. For each
knee the best slopes are known in closed form; those whose fit is not much worse than the best one's are its interval.

Pure functions of measurements: no clock, no I/O.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf, isfinite, sqrt
from statistics import NormalDist
from typing import NamedTuple

from pytest_speedbump.inference.bets import centre
from pytest_speedbump.inference.excess import Sample, spread
from pytest_speedbump.inference.sequential import Interval

__all__ = ["FEWEST", "FREE", "Knee", "Point", "fit", "point"]

FREE = 0.05  # of a delay may arrive, and it is still called free
FEWEST = 3  # different delays, fewer of which show no knee
MOST = 1.25  # of the delay may reach the round time in one pair, whatever is clipped
INFLATION = 1.5  # of the cut: errors are estimated, and a knee is no regular parameter
STEPS = 24  # between two delays, at which a knee is tried
ALIKE = 1e-9  # of a sum of squares: what differs by less is the same
HALVINGS = 20  # of a step, for an end of the interval
LEAST_ERROR = 1e-5  # of the largest delay: nothing is delivered more exactly


class Point(NamedTuple):
    """What one delay did, in ns a call of the benchmarked callable.

    Attributes:
        delay_ns: all delay in one such call: of a target that it calls ten times, ten delays.
        added_ns: by how much that made it longer.
        error_ns: one standard error of that.
    """

    delay_ns: float
    added_ns: float
    error_ns: float


class Knee(NamedTuple):
    """The bent line that fits best.

    Attributes:
        slack: all delay in one call of the benchmarked callable at which the line bends. Where no end is known above,
            ``high`` is infinite and the centre is the low end: it is at least so much.
        slope: share of the delay beyond the knee that arrives, in addition to the free slope.
        free_slope: share of any delay that arrives, ``FREE`` at most.
    """

    slack: Interval
    slope: float
    free_slope: float

    def added_ns(self, delay_ns: float) -> float:
        """What the line says of all delay in one call of the benchmarked callable."""
        return self.free_slope * delay_ns + self.slope * max(delay_ns - self.slack.centre, 0.0)


class _Bend(NamedTuple):
    """The best slopes for one knee, and the sum of squares that they leave, in standard errors."""

    squares: float
    free_slope: float
    slope: float


def point(delay_ns: float, added_ns: Sequence[float]) -> Point | None:
    """Of pairs that had about the same delay. None for fewer than two.

    The mean of what lies between nothing and all of the delay, so that a delay which bites in some rounds weighs what
    it costs, with the rest clipped. The coin makes each pair's deviation as likely positive as negative, so its error
    needs no assumption about the noise.
    """
    if len(added_ns) < 2:
        return None
    width = MOST * delay_ns + spread(added_ns)
    found = centre([Sample(added_ns)], width)
    rests = [min(max((one - found) / width, -1.0), 1.0) for one in added_ns]
    moving = sum([abs(rest) < 1 for rest in rests])  # only these move the mean as the centre moves
    if not moving:
        return None
    few = 1 + 2 / (len(rests) - 1)  # pairs tell little of their own scatter
    return Point(delay_ns, found, few * width * sqrt(sum([rest * rest for rest in rests])) / moving)


def fit(points: Iterable[Point], alpha: float = 0.025) -> Knee | None:
    """``alpha`` is the error of each end. None where fewer than ``FEWEST`` different delays are known."""
    profile = _Profile([one for one in points if all(map(isfinite, one)) and one.delay_ns > 0])
    if len(profile.delays) < FEWEST:
        return None
    knees = profile.knees()
    bends = [profile.bend(knee) for knee in knees]
    best = min(range(len(knees)), key=lambda index: bends[index].squares)
    straight = profile.straight()
    least = min(bends[best].squares, straight)
    # Where the line does not fit, errors are taken to be as much larger.
    scale = max(1.0, least / max(len(profile.points) - 3, 1))
    limit = least + scale * INFLATION * NormalDist().inv_cdf(1 - alpha) ** 2
    inside = [index for index in range(len(knees)) if bends[index].squares <= limit] or [len(knees) - 1]
    low = profile.crossing(knees[inside[0]], knees[inside[0] - 1], limit) if inside[0] else 0.0
    if straight <= limit:
        bend = profile.bend(low)
        return Knee(Interval(low, low, inf), bend.slope, bend.free_slope)
    last = min(inside[-1] + 1, len(knees) - 1)
    high = profile.crossing(knees[inside[-1]], knees[last], limit)
    return Knee(Interval(knees[best], low, high), bends[best].slope, bends[best].free_slope)


class _Profile:
    """The sum of squares as a function of the knee."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = sorted(points)
        self.delays = sorted({one.delay_ns for one in points})

    def knees(self) -> list[float]:
        """That are tried, from none to just below the largest delay."""
        ends = [0.0, *self.delays]
        return [a + (b - a) * step / STEPS for a, b in pairwise(ends) for step in range(STEPS)]

    def straight(self) -> float:
        """The squares that are left without any knee up to the largest delay."""
        weights = [self._weight(one) for one in self.points]
        dd = sum([weight * one.delay_ns**2 for weight, one in zip(weights, self.points, strict=True)])
        dy = sum([weight * one.delay_ns * one.added_ns for weight, one in zip(weights, self.points, strict=True)])
        free = min(max(dy / dd, 0.0), FREE)
        return sum(
            [
                weight * (one.added_ns - free * one.delay_ns) ** 2
                for weight, one in zip(weights, self.points, strict=True)
            ]
        )

    def bend(self, knee: float) -> _Bend:
        """With one that is less than the largest delay, beyond which more arrives than is free."""
        yy = dd = dy = hh = dh = hy = 0.0
        for one in self.points:
            delay, added, weight = one.delay_ns, one.added_ns, self._weight(one)
            beyond = max(delay - knee, 0.0)
            yy += weight * added * added
            dd += weight * delay * delay
            dy += weight * delay * added
            hh += weight * beyond * beyond
            dh += weight * delay * beyond
            hy += weight * beyond * added
        choices = [(0.0, max(hy / hh, FREE)), (FREE, max((hy - FREE * dh) / hh, 0.0))]
        before = dd - 2 * dh + hh
        if before > ALIKE * dd:
            free = min(max((dy - hy - FREE * (dh - hh)) / before, 0.0), FREE)
            choices.append((free, FREE - free))
        rest = dd * hh - dh * dh
        if rest > ALIKE * dd * hh:
            free, slope = (dy * hh - dh * hy) / rest, (dd * hy - dh * dy) / rest
            if 0 <= free <= FREE <= free + slope and slope >= 0:
                choices.append((free, slope))

        def squares(free: float, slope: float) -> float:
            return yy - 2 * free * dy - 2 * slope * hy + free * free * dd + 2 * free * slope * dh + slope * slope * hh

        return min(_Bend(squares(*one), *one) for one in choices)

    def _weight(self, one: Point) -> float:
        return max(one.error_ns, LEAST_ERROR * self.delays[-1]) ** -2

    def crossing(self, inside: float, outside: float, limit: float) -> float:
        """Where the sum of squares passes the limit, outwards."""
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            if self.bend(middle).squares <= limit:
                inside = middle
            else:
                outside = middle
        return outside
