"""Which functions matter: what slowing each by itself tells of them, however few pairs of rounds there are.

A scan looks at hundreds of functions, most of them a few times only. So one noise is pooled over all of them, and each
is held against it: one that scatters more is judged by its own scatter, and one that is slowed in too few pairs to show
whether it scatters stays in doubt. This is screening: what it finds is confirmed on fresh pairs.

Pure functions of measurements: no clock, no I/O.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import hypot, inf, isfinite, nan, sqrt
from statistics import median
from typing import Literal, NamedTuple

from pytest_speedbump.inference.sequential import Interval

__all__ = [
    "NORMAL",
    "Gain",
    "Push",
    "Reach",
    "Standing",
    "additive",
    "dropped",
    "enough",
    "gain",
    "joint_slack",
    "noise",
    "precise",
    "ranks",
    "reach",
    "slack",
    "standing",
]

Standing = Literal["critical", "partly", "free", "small", "unresolved"]
Gain = Interval

NORMAL = 1.96  # standard errors, beyond which the truth lies in 5 % of all cases
MEDIAN_OF_A_NORMAL = 0.6745  # standard deviations, within which half of all lie
LEAST_NOISE = 0.002  # of a round: two never agree better, whatever a few of them say
UNKNOWN_NOISE = 1.0
MOST_OF_A_GROUP = 8.0  # pushes that it weighs: the few that were pushed most are those that scatter
CLIP = 2.5  # standard deviations, at which deviations are clipped for the centre
APART = 1.25  # two rounds of one function differ by no more in transmission: farther away lies an interruption
FEW = 6  # pushes, below which a function that is hidden in every other round may well have shown one side only...
DOUBT = 0.26  # standard error, so that an interval around either side reaches the middle
LEAST_FOR_BODY = 5  # pushes, to tell the time of a call from a delay in it
PRECISE_GAIN = 0.0015  # standard error of a gain that is good enough...
PRECISE, COARSE = 0.08, 0.4  # ...but that of a transmission need not be smaller, nor may it be larger
MOST_STEPS = 100  # of Huber's regression, which takes a few
HIDDEN = 0.25  # transmission, below which a function is not hidden in a part of its calls only
ALL = 0.9  # of a delay arrives in what is critical: where all calls take part, delivery and rounds differ by less
FREE = 0.1  # of a delay, less of which arrives in what is free, however hot
NEGLIGIBLE = 0.05  # of a delay


class Push(NamedTuple):
    """One pair of rounds, in one of which a function, or a group of them, was slowed. Times in ns.

    Attributes:
        added_ns: by how much the slowed round took longer than its control.
        delivered_ns: delay in it.
        length_ns: mean of the two.
        more_calls: of the function in the slowed round than in the control.
    """

    added_ns: float
    delivered_ns: float
    length_ns: float
    more_calls: float = 0


class Reach(NamedTuple):
    """A transmission as far as it is known; nan, with an infinite standard error, where no delay was spent."""

    tau: float
    error: float

    @property
    def low(self) -> float:
        return self.tau - NORMAL * self.error if isfinite(self.error) else -inf

    @property
    def high(self) -> float:
        return self.tau + NORMAL * self.error if isfinite(self.error) else inf


UNKNOWN = Reach(nan, inf)


class _Row(NamedTuple):
    """A push in standard deviations of a round: ``y = tau * delay + body * calls``, and noise of 1."""

    y: float
    delay: float
    calls: float


class _Fit(NamedTuple):
    """``body`` is the time of a call; ``variance`` that of tau, were the noise 1."""

    tau: float
    body: float
    variance: float

    def rest(self, row: _Row) -> float:
        return row.y - self.tau * row.delay - self.body * row.calls


def noise(groups: Iterable[Sequence[Push]]) -> float:
    """Standard deviation of one push, as a share of its rounds, from neighbouring pushes of the same function.

    Half of all differences are smaller than a normal one's median, so neither interruptions widen it nor the few
    functions that are hidden in some rounds only. One push alone says nothing; where there are no others, the noise is
    taken to be as large as a round.
    """
    found = []
    for group in groups:
        weight = min(1.0, MOST_OF_A_GROUP / max(1, len(group)))
        shares = [push.added_ns / push.length_ns for push in group]
        found += [(abs(b - a) / sqrt(2), weight) for a, b in pairwise(shares)]
    if not found:
        return UNKNOWN_NOISE
    found.sort()
    half = sum([weight for _, weight in found]) / 2
    middle = found[bisect_left(list(accumulate([weight for _, weight in found])), half)][0]
    # The median of a few differences is small by chance as often as it is large.
    return max(LEAST_NOISE, middle / MEDIAN_OF_A_NORMAL * (1 + 1.5 / len(found)))


def reach(pushes: Sequence[Push], noise: float) -> Reach:
    """Transmission of one function, slowed by about the same in each push. ``noise`` is that of one push.

    ``tau -+ 1.96 * error`` holds the truth in 94 % of all cases or more, whatever the number of pushes, also where the
    function is hidden in half of the rounds; there the transmission is the mean over them. ValueError where a number is
    not finite, or a length is not positive.
    """
    if not all(map(isfinite, (noise, *[x for push in pushes for x in push]))):
        raise ValueError("the times of a pair must be finite")
    if any(push.length_ns <= 0 for push in pushes):
        raise ValueError("a round takes some time")
    slowed = [push for push in pushes if push.delivered_ns > 0]
    if not slowed:
        return UNKNOWN
    # One for all: by its own length, a round in which the delay bites would weigh less than one in which it does not.
    unit = max(noise, LEAST_NOISE) * median([push.length_ns for push in slowed])
    rows = [_Row(push.added_ns / unit, push.delivered_ns / unit, push.more_calls / unit) for push in pushes]
    even = [row for row in rows if row.delay > 0 and not row.calls]
    if len(even) == len(slowed) == len(rows):
        return _judged(rows) or UNKNOWN
    if len(pushes) >= LEAST_FOR_BODY and (found := _judged(rows)):
        return found
    if even:
        return _judged(even) or UNKNOWN
    # Nothing tells the time of its calls from the delay in them.
    found = _judged([row._replace(calls=0) for row in rows]) or UNKNOWN
    return found._replace(error=max(found.error, 1.0, abs(found.tau)))


def _judged(rows: list[_Row]) -> Reach | None:
    """None where the rows do not tell the time of a call from a delay in it."""
    everything, mean = rows, _fit(rows, CLIP)
    for _ in range(2):  # Where there are two sides, the first is near to one of them, and the second lies between them.
        if mean is None:
            return None
        near = [row for row in everything if abs(mean.rest(row)) <= APART * row.delay + 3]
        rows = near if 2 * len(near) > len(everything) else everything
        mean = _fit(rows, inf)
    if mean is None:
        return None
    free = len(rows) - (2 if any(row.calls for row in rows) else 1)
    own = sqrt(sum([mean.rest(row) ** 2 for row in rows]) / free) if free > 0 else 0.0
    fit = _fit(rows, CLIP * max(1.0, own)) or mean
    # The fewer pushes, the less they tell of their own scatter.
    error = max(1.0, own * (1 + 2 / free) if free > 0 else 0.0) * sqrt(mean.variance)
    if (count := sum([row.delay > 0 for row in rows])) < FEW:
        error += DOUBT
        if count == 1:  # An interruption may be all that it shows.
            error = max(error, abs(fit.tau - min(1.0, max(0.0, fit.tau))))
    return Reach(fit.tau, error) if isfinite(error) else None


def _fit(rows: list[_Row], clip: float) -> _Fit | None:
    """Huber's regression, of which deviations beyond ``clip`` pull no more than that."""
    fit = _Fit(0.0, 0.0, inf)
    weights = [1.0] * len(rows)
    for _ in range(MOST_STEPS):
        dd = dc = cc = dy = cy = 0.0
        for (y, delay, calls), weight in zip(rows, weights, strict=True):
            dd += weight * delay * delay
            dc += weight * delay * calls
            cc += weight * calls * calls
            dy += weight * delay * y
            cy += weight * calls * y
        information = dd - dc * dc / cc if cc else dd
        if information <= 1e-9 * dd:
            return None
        tau = (dy - dc * cy / cc if cc else dy) / information
        moved = abs(tau - fit.tau) * sqrt(information)
        fit = _Fit(tau, (cy - dc * tau) / cc if cc else 0.0, 1 / information)
        if clip == inf or moved < 1e-3:
            break
        weights = [1.0 if (rest := abs(fit.rest(row))) <= clip else clip / rest for row in rows]
    return fit


def gain(share: float, share_error: float, reach: Reach) -> Gain:
    """Throughput that would be won if a function cost nothing: ``share`` of a bare round, and its standard error."""
    if not isfinite(reach.error):
        return Gain(nan, -inf, inf)
    tau, error = reach
    width = NORMAL * hypot(share * error, tau * share_error, share_error * error)
    return Gain(share * tau, share * tau - width, share * tau + width)


def _kind(reach: Reach) -> Literal["critical", "partly"] | None:
    if reach.low > 0.5 and reach.high > ALL:
        return "critical"
    return "partly" if reach.low > 0.1 and reach.high < 1 else None


def standing(share: float, gain: Gain, reach: Reach, pushes: int, least: float) -> Standing:
    """What to call a function by its reach at the smallest delay, of which slack hides most.

    ``least`` is the smallest gain that matters, and ``pushes`` in how many pairs the function was slowed.
    """
    known = pushes >= FEW
    if gain.high < least or dropped(share, reach, least):
        return "free" if known and share >= least and reach.high < 0.5 else "small"
    if known and reach.high < FREE:  # the hottest, whose gain could not be told to be so small in any time
        return "free"
    return (known and _kind(reach)) or "unresolved"


def enough(share: float, reach: Reach, least: float) -> bool:
    """Whether more pushes are of no use: it cannot matter, or its kind is clear, and its gain known well enough."""
    if share * reach.high < least or reach.high < FREE:
        return True
    return precise(share, reach) and _kind(reach) is not None


def precise(share: float, reach: Reach) -> bool:
    """Whether its gain is known well enough."""
    return reach.error <= (COARSE if share <= 0 else min(COARSE, max(PRECISE, PRECISE_GAIN / share)))


def dropped(share: float, reach: Reach, least: float) -> bool:
    """Whether it cannot win ``least`` any more, nor at a smaller delay: rounds are convex, so no more of it arrives."""
    return share * (reach.tau + 2 * reach.error) < least


def ranks(gains: Sequence[Gain]) -> list[int]:
    """Rank of each, from 1, by the low ends. Whoever may be as good as the first of a rank shares it."""
    found = [0] * len(gains)
    leader = None
    for position, index in enumerate(sorted(range(len(gains)), key=lambda index: -gains[index].low), 1):
        if leader is None or gains[index].high < gains[leader].low:
            leader, rank = index, position
        found[index] = rank
    return found


def slack(dose_ns: float, large: Reach, small_dose_ns: float, small: Reach | None) -> Interval | None:
    """Delay of a round that is absorbed before throughput begins to drop; at least so much without a high end.

    Rounds are convex in the delay, so the largest dose bounds it best: ``dose * (1 - tau)``. None where nothing is
    absorbed; where the same share of any delay arrives, because the function is hidden in some of its calls; and where
    the two doses cannot tell that from slack.
    """
    hidden = joint_slack(dose_ns, large)
    if hidden is None or hidden.low <= 0:
        return None
    if hidden.high < inf or large.high >= HIDDEN:  # Something may arrive: by a knee it is less of a smaller delay.
        if small is None or not isfinite(small.error):
            return None
        if large.tau - small.tau <= NORMAL * hypot(large.error, small.error):
            return None
        knee = max(0.0, 1 - dose_ns / small_dose_ns * (1 - large.tau))
        if abs(small.tau - knee) >= abs(small.tau - large.tau):
            return None
    low = hidden.low if small is None else max(hidden.low, small_dose_ns * (1 - small.high))
    return Interval.around(hidden.centre, low, hidden.high)


def joint_slack(delivered_ns: float, joint: Reach) -> Interval | None:
    """Delay that functions absorb that were slowed together; at least so much without a high end, None if unknown."""
    if not isfinite(joint.error):
        return None
    centre, low, high = [delivered_ns * min(1.0, max(0.0, 1 - tau)) for tau in (joint.tau, joint.high, joint.low)]
    return Interval(centre, low, inf if joint.low <= NEGLIGIBLE else high)


def additive(joint: Reach, parts: Sequence[tuple[float, Reach]]) -> bool | None:
    """Whether functions slowed together cost as much as each by itself; None where that is unknown.

    ``parts`` are the delay in ns that each had in the joint rounds, and its own reach. They may differ by 3 standard
    errors, or 5 % of the delay.
    """
    total = sum([delivered for delivered, _ in parts])
    if total <= 0 or not all(isfinite(one.error) for one in (joint, *[one for _, one in parts])):
        return None
    expected = sum([delivered * one.tau for delivered, one in parts]) / total
    error = hypot(joint.error, *[delivered * one.error / total for delivered, one in parts])
    return abs(joint.tau - expected) <= max(3 * error, NEGLIGIBLE)
