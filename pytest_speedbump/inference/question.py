"""What is asked of the pairs, and what it takes to answer it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, inf, log, log1p, sqrt
from typing import NamedTuple

from pytest_speedbump.inference.bets import STAKES, Block, Terms, centre
from pytest_speedbump.inference.sequential import Precision, Sequential, blocks_to_pass

__all__ = ["Floor", "Question", "floor", "tail_alarm"]

SPARE = 1.25  # times the delay of a round is the most that a round which never waits can lose
SES = 3.0  # standard errors; near what a verdict needs at an error rate of 5 %
PLAIN_SCALE = 0.10  # a bite that is guarded against where no budget gives one
MOST_EVIDENCE = 7.0  # of one block, about a thousand times its stake: no block pays that, and no exponential overflows
TAIL_ALARM = 100.0  # capital; one false alarm in as many measurements, at most


class Floor(NamedTuple):
    """The smallest excess that can be told from none when the time is up, and the time at which it is the budget."""

    excess: float
    needed_ns: float


@dataclass(frozen=True, slots=True)
class Question:
    """Is the effect over a budget or under it? Or, without one, how large is it?

    Attributes:
        budget: as an excess; None asks for the size alone.
        alpha_over: chance of "over" where that is wrong; ``alpha_under`` likewise.
        alpha_end: most error at each end of an interval.
        width: half of the interval, in drop, at which a size is known, or ``share`` of the size itself.
    """

    budget: float | None
    alpha_over: float
    alpha_under: float
    alpha_end: float
    width: float
    share: float

    def ask(self, prior: tuple[float, float] = (0.0, 0.0)) -> Sequential | Precision:
        """The procedure. ``prior``: log evidence over and under, of earlier attempts."""
        if self.budget is None:
            return Precision(self.alpha_end, self.width, self.share)
        return Sequential(
            self.budget, min(self.alpha_over, self.alpha_end), min(self.alpha_under, self.alpha_end), prior
        )

    def most(self, largest: float, *, waits: bool) -> float:
        """The largest excess to guard against in one round.

        ``largest`` is that of a round which absorbs nothing. A round that waits, for a lock or a device, may lose more
        than the delay that it spends: what it waits for has its own rhythm.
        """
        return self.scale(largest) if waits else SPARE * largest

    def scale(self, largest: float) -> float:
        """Beyond which a pair is in the tail."""
        return max(PLAIN_SCALE if self.budget is None else 5 * self.budget, 2 * largest)

    def blocks_to_pass(self, most: float) -> int:
        """Blocks until "under" without effect and noise; 0 without a budget."""
        if self.budget is None:
            return 0
        return blocks_to_pass(self.budget, Terms(0.0, most), min(self.alpha_under, self.alpha_end))

    def floor(
        self, blocks: Sequence[Block], elapsed_ns: float, limit_ns: float, block_ns: float, bare_ns: float = 1.0
    ) -> Floor:
        """What can be told after ``limit_ns``, from the blocks of ``elapsed_ns``, where each takes ``block_ns``."""
        most, error = blocks[-1].terms.most / bare_ns, _standard_error(blocks) / bare_ns
        evidence = log(2 / self.alpha_end)
        reached = max(SES * error * sqrt(elapsed_ns / limit_ns), most * _least_payoff(evidence * block_ns / limit_ns))
        if self.budget is None:
            return Floor(reached, inf)
        errors = SES * error / self.budget
        payoff = 1.0 if self.budget >= most else self.budget / most
        return Floor(reached, max(elapsed_ns * errors * errors, block_ns * evidence / log1p(STAKES[0] * payoff)))


def floor(blocks: Sequence[Block], alpha: float, bare_ns: float = 1.0) -> float:
    """The smallest excess that these blocks can tell from none; inf for fewer than two."""
    if len(blocks) < 2:
        return inf
    payoff = _least_payoff(log(2 / alpha) / len(blocks))
    return max(SES * _standard_error(blocks), blocks[-1].terms.most * payoff) / bare_ns


def _least_payoff(evidence: float) -> float:
    """Of a block that makes so much log evidence at the highest stake; it may be more than a block can pay."""
    return expm1(min(evidence, MOST_EVIDENCE)) / STAKES[0]


def _standard_error(blocks: Sequence[Block]) -> float:
    """Of the centre; inf for a single block, or where all pairs are clipped."""
    width = blocks[-1].terms.width
    samples = [block.most for block in blocks]
    middle = centre(samples, width)
    # Only pairs that are not clipped move the mean as the centre moves.
    moving = sum([1 - sum(sample.tails(middle, width)) / len(sample) for sample in samples])
    if len(samples) < 2 or not moving:
        return inf
    return width * sqrt(sum([sample.clipped_mean(middle, width) ** 2 for sample in samples])) / moving


def tail_alarm(blocks: Sequence[Block], excess: float, scale: float) -> bool:
    """Are rounds far slower more often where slowed than where not, by more than ``excess`` explains? Both in ns.

    A sign test by betting over the pairs beyond ``scale``, which a clipped mean hardly feels: rare, large slow-downs.
    A program of any constant excess up to this one raises it in at most one of TAIL_ALARM measurements, looked at once
    or always.
    """
    tails = [block.most.tails(excess, scale) for block in blocks]
    faster, slower = (sum(side) for side in zip(*tails, strict=True)) if tails else (0, 0)
    gains = [slower * log1p(f) + faster * log1p(-f) - log(len(STAKES)) for f in STAKES]
    return max(gains) >= log(TAIL_ALARM)
