"""Is the drop over the budget or under it, and between which ends does it lie? Answered block by block.

Pure functions of measurements: no clock, no I/O.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from math import ceil, inf, log, log1p
from typing import Literal, NamedTuple, Self

from pytest_speedbump.inference.bare import UNIT, Bare
from pytest_speedbump.inference.bets import (
    SHARES,
    STAKES,
    Block,
    Side,
    Terms,
    blocks_to_bound,
    centre,
    disproved_end,
    log_capital,
)
from pytest_speedbump.inference.excess import Reading, Sample, drop_from_excess

__all__ = ["Interval", "Precision", "Sequential", "State", "block_of", "blocks_to_pass", "interval"]

type State = Literal["over", "under"] | None

RESOLUTION = 2.0**-12  # of an interval's ends, in largest effects
LEAST_RESOLUTION = 1e-7  # in bare rounds
LEAST = 2.0**-10 - 1  # An excess is over -1: no round takes less than no time.
NEVER = 2**60  # blocks that nobody will see


class Interval(NamedTuple):
    """An excess, or a transmission, and its ends; -inf and inf where the data give none."""

    centre: float
    low: float
    high: float

    @classmethod
    def around(cls, found: float, low: float, high: float) -> Self:
        """``found``, or the end nearest to it. Where the data disprove every candidate, because the effect was not
        constant, the ends have passed each other, and the interval lies between them."""
        low, high = min(low, high), max(low, high)
        return cls(min(max(found, low), high), low, high)


def block_of(readings: Iterable[Reading], terms: Terms) -> Block:
    """ValueError where there is no pair, or one is not finite."""
    least, most = zip(*readings, strict=True) if (readings := list(readings)) else ((), ())
    sample = Sample(most)
    return Block(sample if least == most else Sample(least), sample, terms)


class _Side:
    """Capital of one side at the budget, as logs of what each stake at each width has multiplied by."""

    def __init__(self, side: Side, prior: float) -> None:
        self.side, self.prior = side, prior
        self.stopped = self.most = prior
        self._logs = [[0.0] * len(STAKES) for _ in SHARES]

    def bet(self, block: Block, budget_ns: float) -> None:
        payoffs = block.payoffs(budget_ns, self.side)
        self._logs = [
            [x + log1p(stake * u) for x, stake in zip(logs, STAKES, strict=True)]
            for logs, u in zip(self._logs, payoffs, strict=True)
        ]
        self.stopped = self.prior + log_capital(self._logs)
        self.most = max(self.most, self.stopped)


class Sequential:
    """Sequential verdict on one budget. It never changes once reached; measuring may go on."""

    def __init__(
        self, budget: float, alpha_over: float, alpha_under: float, prior: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """
        Args:
            budget: as an excess.
            alpha_over: chance of "over" where that is wrong; ``alpha_under`` likewise.
            prior: log evidence for over and for under that earlier attempts had when they stopped.
        """
        self.budget = budget
        self.alpha_over = alpha_over
        self.alpha_under = alpha_under
        self.blocks: list[Block] = []
        self.state: State = None
        self.over, self.under = _Side(1, prior[0]), _Side(-1, prior[1])

    def update(self, readings: Iterable[Reading], terms: Terms, bare: Bare = UNIT) -> State:
        """Add the pairs of one block, in ns; ``terms`` and ``bare`` were known before it.

        ValueError where there are no pairs, or one is not finite.
        """
        block = block_of(readings, terms)
        self.blocks.append(block)
        self.over.bet(block, self.budget * bare.most_ns)
        self.under.bet(block, self.budget * bare.least_ns)
        if self.state is None:
            if self.over.stopped >= -log(self.alpha_over):
                self.state = "over"
            elif self.under.stopped >= -log(self.alpha_under):
                self.state = "under"
        return self.state

    def interval(self, bare: Bare = UNIT) -> Interval:
        """Anytime-valid interval of the excess at the verdict's own error rates, which it never contradicts.

        Evidence may fade again after a verdict. What was disproved once stays so (Ville speaks of the whole path),
        hence the budget bounds the interval on that side. If by now the other side disproves the budget as well, the
        effect was not constant, and nothing bounds that side. Where earlier attempts spoke against a verdict that these
        blocks alone would have reached, it is open, and so is the interval.
        """
        found, low, high = interval(self.blocks, self.alpha_over, self.alpha_under, bare)
        if self.state == "over":
            low, high = max(low, self.budget), high if high > self.budget else inf
        elif self.state == "under":
            low, high = low if low < self.budget else -inf, min(high, self.budget)
        else:
            low, high = min(low, self.budget), max(high, self.budget)
        return Interval.around(found, low, high)


class Precision:
    """Sequential measurement: done when the drop is known well enough."""

    GROWTH = 1.15  # of the number of blocks between two looks: inverting costs more than betting

    def __init__(self, alpha: float, width: float, share: float) -> None:
        """
        Args:
            alpha: error of each end of the interval.
            width: half of the interval, in drop, at which the drop is known...
            share: ...or as a share of itself, whichever comes first.
        """
        self.alpha, self.width, self.share = alpha, width, share
        self.blocks: list[Block] = []
        self.state: Literal["known"] | None = None
        self._next_look = blocks_to_bound(alpha)

    def update(self, readings: Iterable[Reading], terms: Terms, bare: Bare = UNIT) -> Literal["known"] | None:
        """As :meth:`Sequential.update`."""
        self.blocks.append(block_of(readings, terms))
        if self.state is None and len(self.blocks) >= self._next_look:
            self._next_look = ceil(self.GROWTH * len(self.blocks))
            found, low, high = self.interval(bare)
            if low > -inf and high < inf:
                ends = drop_from_excess(low), drop_from_excess(high)
                enough = max(self.width, self.share * abs(drop_from_excess(found)))
                if ends[1] - ends[0] <= 2 * enough:
                    self.state = "known"
        return self.state

    def interval(self, bare: Bare = UNIT) -> Interval:
        """Anytime-valid interval of the excess."""
        return interval(self.blocks, self.alpha, self.alpha, bare)


def interval(blocks: Sequence[Block], alpha_low: float, alpha_high: float, bare: Bare = UNIT) -> Interval:
    """Anytime-valid interval of the excess, in bare rounds, and its centre within it.

    `low` is the largest candidate with evidence of 1/alpha_low that the effect lies above it, `high` the mirror image.
    Evidence is that of now, which can be inverted; the best so far would be valid too and a little narrower, but would
    have to be inverted after every block. ValueError where there are no blocks.
    """
    if not blocks:
        raise ValueError("no blocks")
    terms = blocks[-1].terms
    least = LEAST * bare.ns
    found = max(centre([block.most for block in blocks], terms.width), least)
    resolution = max(RESOLUTION * terms.most, LEAST_RESOLUTION * bare.ns)
    low = disproved_end(blocks, found, 1, alpha_low, resolution=resolution, least=least)
    high = max(disproved_end(blocks, found, -1, alpha_high, resolution=resolution), least)
    low /= bare.most_ns if low > 0 else bare.least_ns
    high /= bare.least_ns if high > 0 else bare.most_ns
    return Interval.around(found / bare.ns, low if low > -1 else -inf, high)


@cache
def blocks_to_pass(budget: float, terms: Terms, alpha: float) -> int:
    """Blocks until "under" without effect and noise, NEVER at most. ValueError unless the budget is positive."""
    if not budget > 0:
        raise ValueError(f"only a positive budget can be passed: {budget}")
    payoffs = [min(budget / width, 1.0) for width in terms._replace(spread=0.0).widths(budget, -1)]
    gains = [[log1p(stake * u) for stake in STAKES] for u in payoffs]
    low, high = 0, 1

    def passes(n: int) -> bool:
        return log_capital([[n * one for one in ones] for ones in gains]) >= -log(alpha)

    while high < NEVER and not passes(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high
