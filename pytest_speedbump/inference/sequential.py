"""Is the drop over the budget or under it, and between which bounds does it lie?

Clipped betting, one bet per block. Random order makes the residuals D - theta sign-symmetric at
the true effect, whatever their tails and however they hang together, so no stake on their sign can
be expected to gain: capital that reached 1/alpha disproves theta with error alpha, at whatever
moment one looks (Ville). Seven stakes run side by side, for effects of any size.

Pure functions of measurements: no clock, no I/O.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import chain
from math import ceil, exp, inf, log, log1p, sqrt
from typing import Literal, NamedTuple

from pytest_speedbump.inference.effect import Blocks, centre, drop_from_theta

__all__ = [
    "Interval",
    "Precision",
    "Sequential",
    "State",
    "blocks_to_bound",
    "blocks_to_pass",
    "halves_disagree",
    "interval",
    "tail_alarm",
]

type State = Literal["over", "under"] | None

STAKES = tuple(0.9 * 2.0**-k for k in range(7))
TAIL_ALARM = 100.0  # capital; one false alarm in as many measurements, at most
RESOLUTION = 2.0**-12  # of an interval's ends, in clip scales


def _log_capital(logs: Sequence[float]) -> float:
    """ln of the mean capital over the stakes, from the ln of each: raw products underflow."""
    peak = max(logs)
    return peak + log(sum([exp(x - peak) for x in logs]) / len(logs))


def _log_evidence(us: Sequence[float]) -> float:
    """ln of the capital after betting on positive u at each of `us`, each within [-1, 1]."""
    return _log_capital([sum(map(log1p, [f * u for u in us])) for f in STAKES])


class Interval(NamedTuple):
    """An effect and its bounds, as logs; -inf and inf where the data give no bound."""

    theta: float
    low: float
    high: float


class Sequential:
    """Sequential verdict on one budget. It never changes once reached; measuring may go on."""

    def __init__(self, theta_b: float, s: float, alpha_over: float, alpha_under: float) -> None:
        """`alpha_over`: chance of "over" where that is wrong; `alpha_under` likewise."""
        self.theta_b = theta_b
        self.alpha_over = alpha_over
        self.alpha_under = alpha_under
        self.blocks = Blocks(s)
        self.state: State = None
        self._over = [0.0] * len(STAKES)
        self._under = [0.0] * len(STAKES)

    def update(self, ds: Iterable[float]) -> State:
        """Add the pairs of one block. ValueError where there are none, or one is not finite."""
        u = self.blocks.add(ds).clipped_mean(self.theta_b, self.blocks.s)
        if self.state is None:
            self._over = [x + log1p(f * u) for x, f in zip(self._over, STAKES, strict=True)]
            self._under = [x + log1p(-f * u) for x, f in zip(self._under, STAKES, strict=True)]
            # ln(1 + x) <= x, so only the side that sum(u) favours can have gained: never both.
            if _log_capital(self._over) >= -log(self.alpha_over):
                self.state = "over"
            elif _log_capital(self._under) >= -log(self.alpha_under):
                self.state = "under"
        return self.state

    def interval(self) -> Interval:
        """Anytime-valid interval at the verdict's own error rates, which it never contradicts.

        Evidence may fade again after a verdict. What was disproved once stays so (Ville speaks of
        the whole path), hence theta_b bounds the interval on that side. If by now the other side
        disproves theta_b as well, the effect was not constant, and nothing bounds that side.
        """
        theta, low, high = interval(self.blocks, self.alpha_over, self.alpha_under)
        if self.state == "over":
            low, high = max(low, self.theta_b), high if high > self.theta_b else inf
        elif self.state == "under":
            low, high = low if low < self.theta_b else -inf, min(high, self.theta_b)
        return Interval(min(max(theta, low), high), low, high)


class Precision:
    """Sequential measurement: done when the drop is known to a given width."""

    GROWTH = 1.1  # of the number of blocks between two looks: inverting costs more than betting

    def __init__(self, s: float, alpha: float, width: float) -> None:
        """`alpha`: error of each end of the interval; `width`: half of the interval, in drop."""
        self.alpha = alpha
        self.width = width
        self.blocks = Blocks(s)
        self.state: Literal["known"] | None = None
        self._next_look = blocks_to_bound(alpha)

    def update(self, ds: Iterable[float]) -> Literal["known"] | None:
        """Add the pairs of one block. ValueError where there are none, or one is not finite."""
        self.blocks.add(ds)
        if self.state is None and len(self.blocks) >= self._next_look:
            self._next_look = ceil(self.GROWTH * len(self.blocks))
            _, low, high = self.interval()
            if drop_from_theta(high) - drop_from_theta(low) <= 2 * self.width:
                self.state = "known"
        return self.state

    def interval(self) -> Interval:
        """Anytime-valid interval."""
        return interval(self.blocks, self.alpha, self.alpha)


def interval(blocks: Blocks, alpha_low: float, alpha_high: float) -> Interval:
    """Anytime-valid interval of the effect, and its Huber centre within it.

    `low` is the largest theta with evidence of 1/alpha_low that the effect lies above it, `high`
    the mirror image, each to RESOLUTION clip scales, outwards. Evidence is that of now, which
    falls with theta and can be inverted. The best evidence so far would be valid too and a little
    narrower, but would have to be inverted after every block.
    ValueError where there are no pairs.
    """
    theta = centre(blocks, blocks.s)
    low = _bound(blocks, theta, -blocks.s / 64, alpha_low)
    high = _bound(blocks, theta, blocks.s / 64, alpha_high)
    return Interval(min(max(theta, low), high), low, high)


def _bound(blocks: Blocks, start: float, step: float, alpha: float) -> float:
    """The theta nearest to `start`, in the direction of `step`, that is disproved at alpha."""
    goal = -log(alpha)
    side = -1.0 if step > 0 else 1.0  # of the pairs, as seen from a theta that is too far out

    def disproved(theta: float) -> bool:
        return _log_evidence([side * u for u in blocks.clipped_means(theta)]) >= goal

    if _log_evidence([1.0] * len(blocks)) < goal:
        return -side * inf
    inside = outside = start
    if disproved(start):  # blocks of unequal sizes: pairs and blocks disagree on the centre
        while disproved(inside):
            outside, inside, step = inside, inside - step, 2 * step
    else:
        while not disproved(outside):
            inside, outside, step = outside, outside + step, 2 * step
    while abs(outside - inside) > RESOLUTION * blocks.s:
        middle = (inside + outside) / 2
        if disproved(middle):
            outside = middle
        else:
            inside = middle
    return outside


def blocks_to_pass(theta_b: float, s: float, alpha: float) -> int:
    """Blocks until "under" without effect and noise. ValueError unless theta_b > 0."""
    if not theta_b > 0:
        raise ValueError(f"only a positive budget can be passed: {theta_b}")
    u = min(theta_b / s, 1.0)
    enough = ceil(log(len(STAKES) / alpha) / log1p(STAKES[0] * u))  # for the boldest stake alone
    return bisect_left(
        range(enough),
        -log(alpha),
        key=lambda n: _log_capital([n * log1p(f * u) for f in STAKES]),
    )


def blocks_to_bound(alpha: float) -> int:
    """Blocks before which no data can give a bound, were every one of them clipped."""
    return bisect_left(range(64), -log(alpha), key=lambda n: _log_evidence([1.0] * n))


def tail_alarm(blocks: Blocks, theta: float) -> bool:
    """Are rounds far slower more often where slowed than where not, by more than `theta` explains?

    A sign test by betting over the pairs with |D - theta| > s, which the centre hardly feels: rare,
    large slow-downs. With theta the budget, a program of any constant effect within the budget
    raises it in at most one of TAIL_ALARM measurements, looked at once or always.
    """
    tails = [sample.tails(theta, blocks.s) for sample in blocks.samples]
    faster, slower = (sum(side) for side in zip(*tails, strict=True)) if tails else (0, 0)
    logs = [slower * log1p(f) + faster * log1p(-f) for f in STAKES]
    return _log_capital(logs) >= log(TAIL_ALARM)


def halves_disagree(blocks: Blocks, alpha: float = 0.01, least: float = 0.01) -> bool:
    """Did the effect change by more than `least` between the first and the second half of blocks?

    Compares the clipped residuals of both halves at the common centre. Their signs are random, so
    Hoeffding's inequality, given their sizes, holds for any noise: false in at most alpha. Smaller
    changes are ordinary: a delay is another share of a round where a machine changes its speed.
    """
    half = len(blocks) // 2
    if not half:
        return False
    theta = centre(blocks, blocks.s)
    difference = spread = 0.0
    for samples, sign in ((blocks.samples[:half], 1.0), (blocks.samples[half:], -1.0)):
        us = [max(-1.0, min(1.0, (d - theta) / blocks.s)) for d in chain.from_iterable(samples)]
        difference += sign * sum(us) / len(us)
        spread += sum([u * u for u in us]) / len(us) ** 2
    return abs(difference) > max(sqrt(2 * log(2 / alpha) * spread), least / blocks.s)
