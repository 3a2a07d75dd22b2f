"""Confirmation: what the ladder says of one candidate, put to the sequential test on fresh pairs."""

from collections.abc import Sequence

from pytest_speedbump.inference.bets import Terms
from pytest_speedbump.inference.excess import Reading
from pytest_speedbump.inference.ranking import Push
from pytest_speedbump.inference.sequential import Sequential

__all__ = ["CLAIMS", "Confirmation"]

CLAIMS = {"critical": 0.5, "partly": 0.1}  # more than such a share of a delay arrives
ALPHA_REFUTED = 0.05  # of giving up what holds
MOST_BLOCKS = 60
MOST = 1.25  # of a delay may arrive in one pair: more is contention, and no claim
LEAST = 1e-3  # of a round, under which a bet has no width


class Confirmation:
    """Asks whether more than ``claim`` of the delay arrives. ``alpha`` is the chance of a wrong yes."""

    def __init__(self, claim: float, alpha: float) -> None:
        self._claim, self._alpha = claim, alpha
        self._test: Sequential | None = None
        self._dose_ns = self._length_ns = 0.0
        self.blocks = 0

    @property
    def holds(self) -> bool:
        return self._test is not None and self._test.state == "over"

    @property
    def is_refuted(self) -> bool:
        return self._test is not None and self._test.state == "under"

    @property
    def settled(self) -> bool:
        return self.blocks >= MOST_BLOCKS or (self._test is not None and self._test.state is not None)

    def add(self, block: Sequence[Push], noise: float) -> None:
        """The pairs of a block. How noisy they are was known before it; the first one says how long rounds are, and is
        no evidence."""
        if self._test is None:
            self._dose_ns, self._length_ns = block[0].delivered_ns, block[0].length_ns
            self._test = Sequential(self._claim * self._dose_ns, self._alpha, ALPHA_REFUTED)
            return
        spread, least = noise * self._length_ns, LEAST * self._length_ns
        readings = [self._reading(push) for push in block]
        self._test.update(readings, Terms(spread, MOST * self._dose_ns, least))
        self.blocks += 1

    def _reading(self, push: Push) -> Reading:
        """As if the typical dose had been delivered: only its deviation from the claim tells anything."""
        added_ns = push.added_ns - self._claim * (push.delivered_ns - self._dose_ns)
        return Reading(added_ns, added_ns)
