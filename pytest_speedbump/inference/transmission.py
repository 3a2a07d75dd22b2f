"""How much of the delay reaches the round time, judged pair by pair.

Each pair is held against what was spent in it: delivered delay and what preemption added on top. So neither a machine
that changes its speed nor one that preempts delays shifts the answer.

Pure functions of measurements: no clock, no I/O.
"""

from collections.abc import Iterable
from math import isfinite, log, sqrt
from typing import NamedTuple

from pytest_speedbump.inference.bets import Side, Terms, centre, disproved_end
from pytest_speedbump.inference.excess import Sample, Spread
from pytest_speedbump.inference.sequential import Interval

__all__ = ["Dose", "Transmission"]

MOST = 1.25  # of the delay may reach the round time in one pair: more than all of it is contention
FULL = 0.9  # of the largest dose, from which on a dose is full: rounds with the same calls differ by less
SCALE = 1.0  # at which deviations are clipped for the centre
RESOLUTION = 1e-3
HALVES_ALPHA = 0.01
LEAST_CHANGE = 0.05  # Smaller ones are ordinary: caches and clock speeds change.


class Dose(NamedTuple):
    """One pair, in ns: how much longer its slowed round took, the delay in it, and what preemption added to that."""

    added_ns: float
    delivered_ns: float
    late_ns: float = 0.0


class _Block(NamedTuple):
    """``ys``: added / spent of pairs with a full dose. ``rest``: added and spent of others, as shares of a full one."""

    ys: Sample | None
    rest: tuple[tuple[float, float], ...]
    terms: Terms

    def clipped_mean(self, tau: float, width: float, /) -> float:
        """Mean of clip((added - tau * spent) / max(spent, full) / width, -1, 1)."""
        return self._mean(tau, width, width)

    def payoffs(self, candidate: float, side: Side) -> tuple[float, float]:
        narrow, wide = self.terms.widths(candidate, side)
        # A width that grows with tau faster than tau * share would let evidence rise and fall again.
        fixed = self.terms.width
        first = side * self._mean(candidate, narrow, fixed)
        return first, first if wide == narrow else side * self._mean(candidate, wide, fixed)

    def _mean(self, tau: float, width: float, rest_width: float) -> float:
        count = 0 if self.ys is None else len(self.ys)
        total = 0.0 if self.ys is None else count * self.ys.clipped_mean(tau, width)
        total += sum([max(-1.0, min(1.0, (added - tau * spent) / rest_width)) for added, spent in self.rest])
        return total / (count + len(self.rest))

    @property
    def first(self) -> float:
        return -MOST if self.ys is None else min(-MOST, self.ys.first)

    @property
    def last(self) -> float:
        return MOST if self.ys is None else max(MOST, self.ys.last)


class Transmission:
    """Collects the pairs of an experiment, block by block."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._spread = Spread()
        # The largest dose so far: on one scale for all, what differs from round to round cancels.
        self._full_ns = 0.0

    def update(self, doses: Iterable[Dose], *, pilot: bool = False) -> None:
        """Adds a block, or the pilot's pairs, which are no evidence but tell the noise.

        ValueError where a time is not finite; the block changes nothing then.
        """
        doses = list(doses)
        if not all(isfinite(time) for dose in doses for time in dose):
            raise ValueError("the times of a pair must be finite")
        self._full_ns = max([self._full_ns, *(dose.delivered_ns for dose in doses)])
        if not doses or not self._full_ns:
            return
        ys, rest = [], []
        for added, delivered, late in doses:
            spent = delivered + late
            if spent >= FULL * self._full_ns:
                ys.append(added / spent)
            else:
                rest.append((added / self._full_ns, spent / self._full_ns))
        terms = Terms(self._spread.value, MOST)
        self._spread.add([*ys, *(added - spent for added, spent in rest)])
        if not pilot:
            self._blocks.append(_Block(Sample(ys) if ys else None, tuple(rest), terms))

    def interval(self, alpha: float) -> Interval | None:
        """``alpha`` is the error of each end; None where no delay was spent."""
        blocks = self._blocks
        if not blocks:
            return None
        found = centre(blocks, SCALE)
        low = disproved_end(blocks, found, 1, alpha, resolution=RESOLUTION)
        high = disproved_end(blocks, found, -1, alpha, resolution=RESOLUTION)
        return Interval.around(found, low, high)

    def halves_disagree(self) -> bool:
        """Did it change by more than ``LEAST_CHANGE`` between the first and the second half of the blocks?

        Compares clipped deviations from the common centre. Their signs are random, so Hoeffding's inequality, given
        their sizes, holds for any noise: false in at most ``HALVES_ALPHA``.
        """
        half = len(self._blocks) // 2
        if not half:
            return False
        middle = centre(self._blocks, SCALE)
        difference = variance = 0.0
        for blocks, sign in ((self._blocks[:half], 1.0), (self._blocks[half:], -1.0)):
            us = [block.clipped_mean(middle, SCALE) for block in blocks]
            difference += sign * sum(us) / len(us)
            variance += sum([u * u for u in us]) / len(us) ** 2
        return abs(difference) > max(sqrt(2 * log(2 / HALVES_ALPHA) * variance), LEAST_CHANGE)
