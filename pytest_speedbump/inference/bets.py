"""Bets against a candidate: which effects do the pairs disprove?

Random order makes what a pair deviates from the true effect as likely positive as negative, whatever the noise, so a
stake on its sign is not expected to gain: capital that has reached 1/alpha disproves the candidate with error alpha, at
whatever moment one looks (Ville). A bet is paid in proportion to the deviation, up to a width, so that effects which
bite in some rounds only weigh what they cost. Its width has room for the largest bite and for noise of its size.

Pure functions of measurements: no clock, no I/O.
"""

from collections.abc import Sequence
from functools import cache
from math import exp, inf, log, log1p
from typing import Literal, NamedTuple, Protocol

from pytest_speedbump.inference.excess import Sample

__all__ = [
    "LEAST_WIDTH",
    "Bet",
    "Block",
    "Side",
    "Terms",
    "blocks_to_bound",
    "centre",
    "disproved_end",
    "evidence",
    "log_capital",
]

type Side = Literal[1, -1]  # a bet that the effect lies above the candidate, or below it

STAKES = tuple(0.95 * 2.0**-k for k in range(6))  # shares of the capital, run side by side for effects of any size...
WEIGHTS = (0.5, *(0.1,) * 5)  # ...with so much of the capital each, ...
SHARES = (0.5, 0.5)  # ...at each of two widths
_LOG_WEIGHTS = [[log(share * weight) for weight in WEIGHTS] for share in SHARES]
LEAST_WIDTH = 1e-3
SPARE = 0.2  # of the largest bite: a candidate's least room above it
NEAR = 0.35  # standard deviations, within which a quarter of all pairs lie, and both modes where there are two
FARTHEST = 2.0**40  # resolutions from where the search for an interval's end began


class Bet(Protocol):
    """One block's pairs, and the terms on which they are bet."""

    def payoffs(self, candidate: float, side: Side) -> tuple[float, float]:
        """What a stake of 1 gains at either width, within [-1, 1]; falls with the candidate on side 1, else rises."""
        ...


class Terms(NamedTuple):
    """Fixed by what was seen before the block: else the data would choose their own bets.

    All in one unit, that of the pairs.

    Attributes:
        spread: standard deviation of a pair.
        most: the largest effect that is guarded against in one round.
        least: width under which no bet is made.
    """

    spread: float
    most: float
    least: float = LEAST_WIDTH

    def widths(self, candidate: float, side: Side) -> tuple[float, float]:
        """One that has room towards the other side's effects, one that has room for all."""
        above, below = max(self.most - candidate, SPARE * self.most), max(candidate, 0.0)
        # Were the room for noise to depend on the candidate, evidence would not fall with it.
        noise = NEAR * self.spread
        narrow = below if side > 0 else above
        return max(narrow + noise, self.least), max(above + noise, below + noise, self.least)

    @property
    def width(self) -> float:
        """That has room for all effects, from none to the largest."""
        return max(self.most + self.spread, self.least)


class Block(NamedTuple):
    """Excess times of a block's pairs, in two readings: see :class:`~pytest_speedbump.inference.excess.Reading`."""

    least: Sample
    most: Sample
    terms: Terms

    def payoffs(self, candidate: float, side: Side) -> tuple[float, float]:
        sample = self.least if side > 0 else self.most
        narrow, wide = self.terms.widths(candidate, side)
        first = side * sample.clipped_mean(candidate, narrow)
        return first, first if wide == narrow else side * sample.clipped_mean(candidate, wide)


def log_capital(logs: Sequence[Sequence[float]]) -> float:
    """ln of the capital, from the ln of what each stake at each width has multiplied by: raw products underflow."""
    parts = [
        weight + one
        for weights, ones in zip(_LOG_WEIGHTS, logs, strict=True)
        for weight, one in zip(weights, ones, strict=True)
    ]
    peak = max(parts)
    return peak + log(sum([exp(part - peak) for part in parts]))


def evidence(bets: Sequence[Bet], candidate: float, side: Side) -> float:
    """ln of the capital that betting on ``side`` of the candidate has made of 1."""
    payoffs = [bet.payoffs(candidate, side) for bet in bets]
    return log_capital(
        [[sum(map(log1p, [stake * us[index] for us in payoffs])) for stake in STAKES] for index in range(len(SHARES))]
    )


@cache
def blocks_to_bound(alpha: float) -> int:
    """Blocks before which no data can disprove anything, were every payoff 1."""
    n = 1
    while log_capital([[n * log1p(stake) for stake in STAKES]] * len(SHARES)) < -log(alpha):
        n += 1
    return n


def disproved_end(
    bets: Sequence[Bet], start: float, side: Side, alpha: float, *, resolution: float, least: float = -inf
) -> float:
    """The candidate nearest to ``start`` that a bet on ``side`` disproves at ``alpha``, outwards by the resolution.

    Side 1 looks below ``start``, for the low end of an interval, down to ``least``. Where there is none it returns
    -inf, or inf on the other side. Evidence may not rise with the candidate on side 1, nor fall on the other.
    """
    none, goal, farthest = -side * inf, -log(alpha), FARTHEST * resolution
    if len(bets) < blocks_to_bound(alpha):
        return none

    def surplus(candidate: float) -> float:
        return evidence(bets, candidate, side) - goal

    step = 32 * resolution
    inside, inside_at = start, surplus(start)
    outside, outside_at = inside, inside_at
    while inside_at >= 0:  # The data may disprove their own centre: effects change, and blocks differ in size.
        outside, outside_at = inside, inside_at
        inside, step = inside + side * step, 2 * step
        if abs(inside - start) > farthest:
            return none
        inside_at = surplus(inside)
    while outside_at < 0:
        outside, step = max(inside - side * step, least), 2 * step
        if abs(outside - start) > farthest or outside == inside:
            return none
        outside_at = surplus(outside)
        if outside_at < 0:
            inside, inside_at = outside, outside_at
    # Illinois: false position that halves the value of an end which stays.
    while abs(outside - inside) > resolution:
        share = min(0.95, max(0.05, -inside_at / (outside_at - inside_at)))
        middle = inside + (outside - inside) * share
        if middle in (inside, outside):  # numbers so large that no other lies between
            break
        middle_at = surplus(middle)
        if middle_at >= 0:
            outside, outside_at, inside_at = middle, middle_at, inside_at / 2
        else:
            inside, inside_at, outside_at = middle, middle_at, outside_at / 2
    return outside


class Clipped(Protocol):
    """Deviations of some pairs from a candidate."""

    @property
    def first(self) -> float:
        """A candidate from which none deviates downwards."""
        ...

    @property
    def last(self) -> float:
        """One from which none deviates upwards."""
        ...

    def clipped_mean(self, centre: float, width: float, /) -> float: ...


def centre(samples: Sequence[Clipped], width: float) -> float:
    """Where the mean over all samples of their clipped deviations is zero: to 1e-6 widths, by bisection.

    Where all are clipped, as many above as below, a range solves it: the middle of that.
    """
    first, last = min([sample.first for sample in samples]), max([sample.last for sample in samples])
    step, rounding = 1e-6 * width, 1e-12 * len(samples)

    def total(at: float) -> float:
        return sum([sample.clipped_mean(at, width) for sample in samples])

    def fall(low: float, high: float, under: float) -> float:
        while high - low > step:
            middle = (low + high) / 2
            if middle in (low, high):  # numbers so large that no other lies between
                break
            low, high = (middle, high) if total(middle) > under else (low, middle)
        return (low + high) / 2

    found = fall(first, last, rounding)
    if total(found + step) < -rounding:
        return found
    return (found + fall(found, last, -rounding)) / 2
