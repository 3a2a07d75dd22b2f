"""Does a program feel a change of pace within a stretch? Three signs that it does not, of pairs of one length.

Where work passes a point after a queue, a queue hides what happens before it as long as it lasts. In a steady state the
target is called equally often for each unit of progress, slowed or not: while a queue drains, or fills again, it is
not, and by no less than the drop that is hidden. So nothing that is hidden this way is larger than the *imbalance*.
Where half of a stretch is hidden, its halves differ. And what is under way in a closed loop, as requests of clients
that wait for their answers, comes back slowed only later: longer stretches lose more.

Pure functions of measurements: no clock, no I/O.
"""

from collections.abc import Iterable, Sequence
from math import expm1, hypot, inf, log, sqrt
from statistics import fmean, stdev
from typing import NamedTuple, Self

from pytest_speedbump.inference.excess import spread

__all__ = ["SURE", "Mean", "Paces", "Steadiness"]

SURE = 3.0  # standard errors, for a sign...
ENOUGH = 2.33  # ...and to exclude what may be hidden: wrong in one of a hundred
FEWEST = 4  # pairs that tell how much such pairs differ...
FEW = 5  # ...and of so few they tell it badly: about what Student's distribution adds
LONGER = 4  # times as long, at least, are longer stretches


class Mean(NamedTuple):
    """A mean and its standard error, inf where too few tell."""

    value: float
    error: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        taken = list(values)
        if not taken:
            return cls(0.0, inf)
        count = len(taken)
        if count < FEWEST:
            return cls(fmean(taken), inf)
        return cls(fmean(taken), stdev(taken) / sqrt(count) * (1 + FEW / count))

    @property
    def most(self) -> float:
        return self.value + ENOUGH * self.error

    def exceeds(self, least: float) -> bool:
        """Whether it surely differs from zero, and by more than ``least``."""
        return abs(self.value) > max(SURE * self.error, least)


class Paces(NamedTuple):
    """One pair: time per unit of progress, per call of a target, and by how much the second halves were slower."""

    control_ns: float
    slowed_ns: float
    control_target_ns: float
    slowed_target_ns: float
    control_change: float
    slowed_change: float

    @property
    def excess(self) -> float:
        return self.slowed_ns / self.control_ns - 1

    @property
    def imbalance(self) -> float:
        """How much more often the target was called in control, for each unit of progress: ln of the ratio."""
        return log(self.control_ns / self.control_target_ns) - log(self.slowed_ns / self.slowed_target_ns)


class Steadiness:
    """Of pairs of one length, and of longer ones where there are some.

    Attributes:
        hidden: by how much the target's pace fell further than that of progress: ln of the ratio.
        change: by how much slowed stretches went on to change, and control ones did not.
        longer: by how much more the longer pairs lost.
        excess: their mean.
        noise: standard deviation of one pair's excess, whatever few of them do; 0 where too few tell.
    """

    def __init__(self, pairs: Sequence[Paces], longer: Sequence[Paces] = ()) -> None:
        self.hidden = Mean.of(pair.imbalance for pair in pairs)
        self.change = Mean.of(pair.slowed_change - pair.control_change for pair in pairs)
        excesses = [pair.excess for pair in pairs]
        self.longer = _longer(excesses, [pair.excess for pair in longer])
        self.excess = fmean(excesses) if excesses else 0.0
        self.noise = spread(excesses) if len(excesses) >= FEWEST else 0.0

    def is_settled(self, least: float) -> bool:
        """No sign of what is hidden, beyond ``least``, an excess."""
        # Two or three pairs that happen to agree are no sign yet.
        late = Mean(self.longer.value, 2 * self.longer.error)
        return not (self.hidden.exceeds(least) or self.change.exceeds(least) or late.exceeds(least))

    @property
    def most_hidden(self) -> float:
        """The most that is hidden, as an excess: what cannot be excluded counts."""
        return expm1(self.hidden.most) if 0 < self.hidden.most < inf else max(0.0, self.hidden.most)


def _longer(short: Sequence[float], long: Sequence[float]) -> Mean:
    """Few long pairs do not tell how much they differ: no less than short ones would, were all noise independent."""
    found = Mean.of(short)
    if len(long) < 2 or found.error == inf:
        return Mean(0.0, inf)
    own = max(stdev(long), stdev(short) / sqrt(LONGER)) / sqrt(len(long)) * (1 + FEW / len(long))
    return Mean(fmean(long) - found.value, hypot(own, found.error))
