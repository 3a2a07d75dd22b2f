"""The case of one bump: judged pairs become evidence, on terms that were fixed before they were seen."""

import math
from collections.abc import Sequence
from statistics import median

from pytest_speedbump.experiment.selection import Times
from pytest_speedbump.inference.bare import Bare, BareRound
from pytest_speedbump.inference.bets import LEAST_WIDTH, Block, Terms
from pytest_speedbump.inference.excess import Reading, Spread
from pytest_speedbump.inference.question import Floor, Question
from pytest_speedbump.inference.sequential import Interval, Precision, Sequential, block_of
from pytest_speedbump.inference.transmission import Dose, Transmission

__all__ = ["Case"]

LOOK_GROWTH = 1.25  # of the number of blocks between two looks at the interval of a verdict
SPARE = 0.1  # of a delay may have gone on while the round waited, and its transmission still be told
SHARP = 1.0  # times the budget, or the effect where that is larger, is how wide such an interval may be


class Case:
    """What the pairs say so far.

    A budget is a share of a unit: of a bare round or, of a slack, of the delay in a round, whatever a round takes.

    Attributes:
        procedure: decides, or measures until it is known well enough.
        transmission: of the same pairs.
        pairs: judged so far.
        guess: the effect in units, as far as the pilot tells.
        delayed_ns: all delay in a usual round, where that is the unit; else None.
    """

    def __init__(self, question: Question, prior: tuple[float, float]) -> None:
        self.question = question
        self.procedure: Sequential | Precision = question.ask(prior)
        self.transmission = Transmission()
        self._bare = BareRound()
        self.pairs = 0
        self.guess = 0.0
        self.delayed_ns: float | None = None
        self._spread = Spread()
        self._pilot: list[Block] = []
        self._next_look = 0

    def open(self, pilot: Sequence[Times], groups: Sequence[tuple[int, Sequence[float]]], calls: int) -> None:
        """Learns how long rounds are and how noisy. The pilot's pairs are no evidence."""
        self._bare.renew(groups, [one.control for one in pilot], calls)
        readings = _readings(pilot)
        self.guess = median([one.most for one in readings]) / self.unit.ns
        self._spread.add([one.most for one in readings])
        self.transmission.update(_doses(pilot), pilot=True)
        self._pilot = [block_of([one], Terms(self._spread.value, 0.0)) for one in readings]

    @property
    def is_open(self) -> bool:
        """Whether it is known how long rounds are."""
        return bool(self._pilot)

    def add(self, judged: Sequence[Times], most: float) -> None:
        """A block, in which a round was guarded against an effect of ``most`` units."""
        if not judged:
            return
        readings = _readings(judged)
        self.procedure.update(readings, self._terms(most), self.unit)
        self.transmission.update(_doses(judged))
        self._spread.add([one.most for one in readings])
        self.pairs += len(judged)

    def renew_bare(self, groups: Sequence[tuple[int, Sequence[float]]], controls: Sequence[float], calls: int) -> None:
        """Learns from more rounds how long a bare one is."""
        self._bare.renew(groups, controls, calls)

    def floor(self, most: float, elapsed_ns: float, limit_ns: float, block_ns: float) -> Floor:
        """What can be told when time is up, as the pilot of ``elapsed_ns`` has it."""
        blocks = [block._replace(terms=self._terms(most)) for block in self._pilot]
        return self.question.floor(blocks, elapsed_ns, limit_ns, block_ns, self.unit.ns)

    def _terms(self, most: float) -> Terms:
        unit_ns = self.unit.ns
        return Terms(self._spread.value, most * unit_ns, LEAST_WIDTH * unit_ns)

    @property
    def unit(self) -> Bare:
        """Of which a budget is a share. How long a bare round is need not be known to tell what is free."""
        return self.bare if self.delayed_ns is None else Bare(self.delayed_ns)

    @property
    def bare(self) -> Bare:
        """A round without probes, of which an excess is a share."""
        return self._bare.now

    @property
    def interval(self) -> Interval:
        """Of the excess."""
        found = self.procedure.interval(self.unit)
        if self.delayed_ns is None:
            return found
        centre, low, high = (end * self.delayed_ns / self.bare.ns for end in found)
        return Interval(centre, low if low > -1 else -math.inf, high)

    @property
    def is_decided(self) -> bool:
        return self.procedure.state is not None

    def is_sharp(self) -> bool:
        """Whether the interval of a verdict is narrow enough to be of use. Looks now and then: looking is dear."""
        procedure = self.procedure
        if not isinstance(procedure, Sequential):
            return True
        if len(procedure.blocks) < self._next_look:
            return False
        self._next_look = math.ceil(LOOK_GROWTH * len(procedure.blocks))
        _, low, high = procedure.interval(self.unit)
        return high - low < SHARP * max(procedure.budget, low)


def _readings(judged: Sequence[Times]) -> list[Reading]:
    return [Reading(one.slowed - one.late - one.control, one.slowed + one.spare - one.control) for one in judged]


def _doses(judged: Sequence[Times]) -> list[Dose]:
    """Where it is not known how much of the delay went on while the round waited, nobody knows what it transmits."""
    return [
        Dose(one.slowed + one.spare / 2 - one.control, one.delivered, one.late)
        for one in judged
        if one.spare <= SPARE * one.delivered
    ]
