"""What can be known of a bump in the time that there is: from the first rounds on, and when the time is up."""

import math

from pytest_speedbump.experiment.measurement import BLOCK_NS, LEAST_PAIRS, Measurement
from pytest_speedbump.inference.bets import blocks_to_bound
from pytest_speedbump.inference.excess import drop_from_excess, excess_from_drop
from pytest_speedbump.inference.sequential import Sequential
from pytest_speedbump.remarks import Remark
from pytest_speedbump.trials.case import Case
from pytest_speedbump.trials.judgement import Judgement
from pytest_speedbump.trials.rules import Rules
from pytest_speedbump.units import format_time

__all__ = ["Prospect"]

BUSY = 0.1  # of the rounds spent waiting for a processor, from which on the machine is what was in the way
LEAST_DELAY_NS = 50.0  # that is recommended; shorter ones are hardly delivered
AFFORDABLE = 0.3  # of the limit, for a pass that nothing rare can deceive
# How sentences call the drop that a declaration amounts to. Of a slack nobody has written it anywhere.
LIMITED = {"insensitive": "budget", "sensitive": "at_least", "slack": "a drop of"}
MARGIN = 1.5  # times what a pass takes without noise, for a limit or a delay that is recommended


class Prospect:
    """Reads a measurement and its case.

    Attributes:
        rules: they may change from turn to turn, in the limit.
        needed_ns: what would have been enough, where the limit is not; None as long as it may be.
    """

    def __init__(self, measurement: Measurement, case: Case, rules: Rules) -> None:
        self._measurement, self._case, self.rules = measurement, case, rules
        self.needed_ns: float | None = None

    @property
    def largest(self) -> float:
        """Effect on a round that absorbs nothing, in units, as far as is known; 0 as long as no call was seen."""
        measurement = self._measurement
        bump, tally = measurement.bump, measurement.tally
        calls = max(measurement.calls, tally.most_calls) / bump.every
        # Of rounds with calls for one delay and a half, some have two.
        return max(calls * bump.delay_ns, tally.most_requested_ns) / max(self._unit_ns, 1.0)

    @property
    def delayed_ns(self) -> float:
        """All delay in a usual round; 0 as long as no call was seen."""
        bump, tally = self._measurement.bump, self._measurement.tally
        if tally.pairs:
            return tally.slowed.requested_ns / tally.pairs
        return self._measurement.calls / bump.every * bump.delay_ns

    @property
    def _unit_ns(self) -> float:
        case = self._case
        return case.unit.ns if case.is_open or case.delayed_ns is not None else self._measurement.round_ns or 0.0

    def _excess(self, units: float) -> float:
        return units * self._case.unit.ns / self._case.bare.ns

    @property
    def _longer_ns(self) -> float:
        """Of a block and of a pair, which is a block where it is longer."""
        return max(BLOCK_NS, self._measurement.pair_ns)

    @property
    def waits(self) -> bool:
        """Whether rounds wait for anything but a processor: for a lock, a device, a thread."""
        return self._measurement.conditions.switches > 0

    @property
    def is_unseen(self) -> bool:
        """Whether what rounds wait for may have waited for a processor itself, longer after a delay, unseen by us."""
        conditions = self._measurement.conditions
        return self._measurement.selection.way != "all" and conditions.switches > 0 and not conditions.company

    def most(self, share: float = 1.0) -> float:
        """The largest effect to guard against, in units, under such a share of the delay.

        A round that waits may lose a whole round at once, where it misses what it waits for, a timer or its turn. To
        guard against that takes many blocks, so it is done where there is time for it.
        """
        question, waits, measurement = self._case.question, self.waits, self._measurement
        most = question.most(share * self.largest, waits=waits)
        blocks = measurement.selection.kept * self.rules.max_time_ns / self._longer_ns
        whole = 1.0 if self._case.delayed_ns is None else self._case.bare.ns / self._case.delayed_ns
        guards = waits and question.budget is not None and question.blocks_to_pass(whole) <= AFFORDABLE * blocks
        return max(most, whole) if guards else most

    def doubt(self) -> Remark:
        """Where a budget is below what this machine can tell in the time that there is; empty where it is not."""
        declared, budget, limit_ns = self._measurement.bump.declared, self._case.question.budget, self.rules.max_time_ns
        measurement, most = self._measurement, self.most()
        if declared is None or budget is None or measurement.pilot is None or not most:
            return Remark()
        floor = self._case.floor(most, measurement.pilot.elapsed_ns, limit_ns, self._longer_ns)
        if not budget < floor.excess < math.inf:
            return Remark()
        return Remark(
            "below_floor",
            limited=LIMITED[declared.kind],
            limit=drop_from_excess(self._excess(budget)),
            floor=drop_from_excess(self._excess(floor.excess)),
            limit_ns=limit_ns,
            needed_ns=floor.needed_ns,
        )

    def hopeless(self) -> Remark:
        """What the time limit cannot suffice for: not one pair, or not a pass, whatever the noise; empty where it may.

        Where the effect looks as if it broke the budget, that is the question: it takes far fewer pairs. Sets
        ``needed_ns``, and how long blocks may grow.
        """
        measurement, question, limit_ns = self._measurement, self._case.question, self.rules.max_time_ns
        pair_ns, declared = measurement.pair_ns, measurement.bump.declared
        found = Remark()
        if pair_ns > limit_ns:
            self.needed_ns = LEAST_PAIRS * pair_ns
            found = Remark("too_long", pair_ns=pair_ns, limit_ns=limit_ns, advice=self.rules.advice(self.needed_ns))
        if measurement.calls and declared is not None and declared.kept_by == "insensitive":
            block_ns, left_ns = measurement.block_ns, measurement.left_ns
            blocks = question.blocks_to_pass(self.most())
            measurement.longest_block_ns = left_ns / (MARGIN * blocks)
            # As long as nothing was slowed, the effect may be one that plainly breaks the budget.
            least = blocks if self._case.is_open else question.blocks_to_pass(0.0)
            if least * block_ns > left_ns and self._case.guess <= (question.budget or 0.0):
                self.needed_ns = measurement.spent_ns + blocks * block_ns
                found = Remark(
                    "hopeless",
                    pairs=blocks * measurement.block_pairs,
                    needed_ns=self.needed_ns,
                    limit_ns=limit_ns,
                    advice=self.rules.advice(MARGIN * self.needed_ns),
                    instead=self._instead(left_ns / block_ns),
                )
        return found

    def _instead(self, blocks: float) -> str:
        """The smaller delay under which so many blocks would do; empty where it is not the delay that takes so many.

        Less of a slack may also cost less.
        """
        declared = self._measurement.bump.declared
        if declared is not None and declared.kind == "slack":
            return ""
        low, high = 0.0, 1.0
        for _ in range(20):
            middle = (low + high) / 2
            enough = MARGIN * self._case.question.blocks_to_pass(self.most(middle)) <= blocks
            low, high = (middle, high) if enough else (low, middle)
        delay_ns = low * self._measurement.bump.delay_ns
        if high == 1 or delay_ns < LEAST_DELAY_NS:
            return ""
        delay_ns -= delay_ns % 10 ** math.floor(math.log10(delay_ns))  # to one digit, downwards
        return f", or slow it less: {format_time(delay_ns, 1)} would do"

    def why_undecided(self) -> Remark:
        """Time is up, or what there was of it the machine gave to others."""
        measurement, selection = self._measurement, self._measurement.selection
        waited = measurement.conditions.waited
        if selection.way != "all" and (2 * selection.set_aside > selection.pairs or waited > BUSY):
            return Remark("busy", waited=waited, aside=selection.set_aside, pairs=selection.pairs)
        instead, procedure, declared = "", self._case.procedure, self._measurement.bump.declared
        passable = isinstance(procedure, Sequential) and self._case.guess <= procedure.budget
        if passable and declared is not None and declared.kept_by == "insensitive":
            instead = self._instead(len(procedure.blocks))
        return Remark("time", spent_ns=measurement.spent_ns, instead=instead)

    def time_that_would_do(self, judgement: Judgement) -> float | None:
        """For an interval where there is none, or for a floor under the budget; None where time was enough."""
        case, spent_ns = self._case, self._measurement.spent_ns
        blocks, budget = len(case.procedure.blocks), case.question.budget
        if judgement.drop.low is None and judgement.drop.high is None:
            more = blocks_to_bound(case.question.alpha_end) - blocks
            return self.rules.enough_ns(spent_ns + max(more, 1) * self._longer_ns)
        if judgement.verdict == "inconclusive" and judgement.floor is not None and budget is not None:
            needed_ns = spent_ns * (excess_from_drop(judgement.floor) / self._excess(budget)) ** 2
            # Where the drop lies on the budget, the floor is long under it, and no time is known to do.
            return self.rules.enough_ns(needed_ns) if needed_ns > spent_ns else None
        return None
