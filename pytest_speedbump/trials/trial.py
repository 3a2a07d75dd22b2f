"""One bump tried on one subject: pilot, rounds until the answer is certain or time is up, audit, result."""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pytest_speedbump.bump import Bump, Mode
from pytest_speedbump.counts import CodeCounts, Counts
from pytest_speedbump.experiment.measurement import BLOCK_NS, LEAST_PAIRS, Measurement
from pytest_speedbump.experiment.rounds import BrokenSubjectError, Experiment
from pytest_speedbump.experiment.scheduler import Scheduler, this_scheduler
from pytest_speedbump.experiment.selection import Times
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject, show_error
from pytest_speedbump.inference.bare import PROBE_NS
from pytest_speedbump.inference.bets import blocks_to_bound
from pytest_speedbump.inference.excess import drop_from_excess, excess_from_drop
from pytest_speedbump.inference.question import Question
from pytest_speedbump.inference.sequential import Sequential
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Evidence, MatchedCode, Result, Severity, Verdict
from pytest_speedbump.slowing.session import Session, make_session
from pytest_speedbump.targets import Targets
from pytest_speedbump.trials.audit import audit, doubts, uncalled_targets
from pytest_speedbump.trials.case import Case
from pytest_speedbump.trials.explain import explain
from pytest_speedbump.trials.judgement import Judgement, describe, is_broken, judge, undecided
from pytest_speedbump.uncalled import Uncalled
from pytest_speedbump.units import format_time

__all__ = ["ENOUGH_NS", "Rules", "Trial", "Watch", "try_bump"]

ENOUGH_NS = 0.2e9  # after which a verdict stops however badly it knows the drop
KNOWN_NS = 0.5e9  # by which the kernel has told how busy others are, if it ever does
PLAIN_WIDTH = 0.005  # a plain measurement stops when the drop is known to +- so much...
PLAIN_SHARE = 0.1  # ...or to such a share of itself
LEAST_PROBE = 0.001  # of a round: less than that is nothing to measure
PROBE_SHARE = 0.1  # of a round, from which on the probe is said to be heavy
BUSY = 0.1  # of the rounds spent waiting for a processor, from which on the machine is what was in the way
LEAST_DELAY_NS = 50.0  # that is recommended; shorter ones are hardly delivered
AFFORDABLE = 0.3  # of the limit, for a pass that nothing rare can deceive
MARGIN = 1.5  # times what a pass takes without noise, for a limit or a delay that is recommended


@dataclass(frozen=True, slots=True)
class Rules:
    """How far to go, and what fails.

    Attributes:
        max_time_ns: limit of one verdict.
        limited_by: the option that says so. Others take ``taken_ns`` of its time, and ``sharers`` bumps share the rest.
        alpha_fail: chance that a program which keeps its declaration fails.
        alpha_pass: chance that one which breaks it passes. 0.01 costs 1.5 times the blocks of 0.05.
        alpha_end: most error at each end of an interval: 0.025, so that the whole covers 95 %, or less.
        seed: draws the order of the arms.
    """

    max_time_ns: float
    alpha_fail: float
    severity: Severity
    seed: int
    alpha_pass: float = 0.01
    alpha_end: float = 0.025
    limited_by: str = "--speedbump-max-time"
    taken_ns: float = 0.0
    sharers: int = 1

    def enough_ns(self, needed_ns: float) -> float:
        """The value of the option ``limited_by`` that lets this bump have ``needed_ns``."""
        return self.taken_ns + self.sharers * needed_ns

    def advice(self, needed_ns: float) -> str:
        """That option and value, as one types it."""
        return f"{self.limited_by} {math.ceil(self.enough_ns(needed_ns) / 1e9)}s"


class Watch(Protocol):
    """Who sees a trial go on: called between blocks, never inside a round."""

    def visited(self, bump: Bump, elapsed_ns: float, pairs: int) -> None: ...


def try_bump(test: str, subject: Subject, bump: Bump, rules: Rules, watch: Watch) -> Result:
    """Slows ``bump`` under ``subject`` and says what that does: a whole :class:`Trial` in one go."""
    trial = Trial(test, bump, rules, watch)
    trial.measure(subject, rules.max_time_ns)
    return trial.result(subject)


class Trial:
    """One bump under one test, measured in one or more turns, and then judged.

    An ``Exception`` of the subject makes the result void; ``BaseException`` passes through, with everything disarmed.

    Attributes:
        settled: whether more rounds would change nothing.
    """

    def __init__(
        self,
        test: str,
        bump: Bump,
        rules: Rules,
        watch: Watch,
        make_session: Callable[[Targets, Mode, str], Session] = make_session,
        scheduler: Scheduler | None = None,
        prior: Evidence | None = None,
    ) -> None:
        """``prior``: what earlier attempts at the same verdict had found when they stopped."""
        self._test, self._rules, self._watch = test, rules, watch
        session = make_session(bump.targets, bump.mode, f"the bump {str(bump)!r} of {test}")
        rng = random.Random(f"{rules.seed} {test} {bump}")  # noqa: S311 - a coin, no secret
        self._measurement = Measurement(bump, session, rng, rules.max_time_ns, scheduler or this_scheduler())
        self._case = Case(_question(bump, rules), (0.0, 0.0) if prior is None else (prior.over, prior.under))
        self._broken = self._hopeless = self._doubt = Remark()
        self._needed_ns: float | None = None
        self.settled = False

    @property
    def _bump(self) -> Bump:
        return self._measurement.bump

    @property
    def spent_ns(self) -> float:
        return self._measurement.spent_ns

    def allow(self, rules: Rules) -> None:
        """Other rules, which differ from those that it was made with in the limit alone."""
        self._rules, self._measurement.limit_ns = rules, rules.max_time_ns

    def measure(self, subject: Subject, turn_ns: float) -> None:
        """Runs rounds for about ``turn_ns``, or until settled.

        Raises:
            InputError: another bump is armed, no tool id is free, or time stands still.
        """
        if self.settled:
            return
        turn_ends = time.perf_counter_ns() + turn_ns
        measurement = self._measurement
        try:
            with measurement.turn(subject):
                if measurement.pilot is None and self._is_hopeless():
                    return
                while not self.settled:
                    with measurement.stretch(subject) as experiment:
                        self._run(experiment, subject, turn_ends)
                    if time.perf_counter_ns() >= turn_ends:
                        return
        except (BrokenSubjectError, CallableRaisedError) as error:
            arm = f"{error.arm} arm" if isinstance(error, BrokenSubjectError) else "unslowed"
            self._broken = Remark("raised", error=show_error(error.__cause__), round=error.round_number, arm=arm)
            self.settled = True

    def result(self, subject: Subject | None) -> Result:
        """The verdict after the audit; ``subject``, if given, runs once more where names are to be suggested."""
        if self._broken:
            return self._result("void", self._broken)
        measurement = self._measurement
        if measurement.pilot is None:
            return self._result(undecided(self._bump), self._hopeless or Remark("no_time"))
        matched = measurement.matched
        names = uncalled_targets(self._bump, matched)
        if names:
            time_left = measurement.left_ns > measurement.pair_ns
            uncalled = Uncalled(names[0]) if subject is None else explain(names, subject if time_left else None)
            reason = Remark("uncalled", target=", ".join(names), hint=uncalled.hint)
            return replace(self._result("void", reason, matched), uncalled=uncalled)
        problem = audit(measurement.tally, measurement.conditions)
        if problem:
            return self._result("void", problem, matched)
        if not self._case.procedure.blocks:
            return self._result(undecided(self._bump), self._hopeless or self._why_undecided(), matched)
        return self._judged(matched)

    # ---- rounds ----

    def _run(self, experiment: Experiment, subject: Subject, turn_ends: float) -> None:
        """Until settled, or the turn is over, or it is time for bare rounds."""
        measurement, case = self._measurement, self._case
        if measurement.pilot is None:
            measurement.fit(experiment, subject)
            if self._is_hopeless():
                return
            pilot = measurement.run_pilot(experiment)
            self.settled = not measurement.tally.most_calls
            if pilot and not self.settled:
                self._open(pilot)
        while not self.settled:
            # A pair that does not fit any more is not begun.
            if measurement.left_ns < measurement.pair_ns:
                self.settled = True
            elif time.perf_counter_ns() >= turn_ends or measurement.stretch_over:
                return
            else:
                most = self._most()
                others_known = measurement.conditions.others is not None or measurement.spent_ns >= KNOWN_NS
                judged = measurement.block(experiment)
                if case.is_open:
                    case.add(judged, most)
                elif judged:  # All pairs of the pilot had waited.
                    self._open(judged)
                case.renew_bare(measurement.bare, measurement.controls, measurement.tally.most_calls)
                self._watch.visited(self._bump, measurement.spent_ns, measurement.tally.pairs)
                self.settled = (
                    case.is_decided
                    and (measurement.spent_ns >= ENOUGH_NS or case.is_sharp())
                    and (others_known or not self._is_unseen or case.procedure.state != "over")
                )

    def _open(self, pilot: Sequence[Times]) -> None:
        """Learns from pairs, which then are no evidence, what is to be expected."""
        measurement, case = self._measurement, self._case
        case.open(pilot, measurement.bare, measurement.tally.most_calls)
        measurement.bare_matters = measurement.tally.most_calls * PROBE_NS > LEAST_PROBE * case.bare.ns
        if not self._is_hopeless():
            self._warn()

    @property
    def _largest(self) -> float:
        """Excess of a round that absorbs nothing, as far as is known; 0 as long as no call was seen."""
        measurement = self._measurement
        calls = max(measurement.calls, measurement.tally.most_calls)
        bare_ns = self._case.bare.ns if self._case.is_open else measurement.round_ns or 0.0
        return calls * self._bump.delay_ns / max(bare_ns, 1.0)

    @property
    def _waits(self) -> bool:
        """Whether rounds wait for anything but a processor: for a lock, a device, a thread."""
        return self._measurement.conditions.switches > 0

    @property
    def _is_unseen(self) -> bool:
        """Whether what rounds wait for may have waited for a processor itself, longer after a delay, unseen by us."""
        conditions = self._measurement.conditions
        return self._measurement.selection.way != "all" and conditions.switches > 0 and not conditions.company

    def _most(self, share: float = 1.0) -> float:
        """The largest excess to guard against, under such a share of the delay.

        A round that waits may lose a whole round at once, where it misses what it waits for, a timer or its turn. To
        guard against that takes many blocks, so it is done where there is time for it.
        """
        question, waits, measurement = self._case.question, self._waits, self._measurement
        most = question.most(share * self._largest, waits=waits)
        blocks = measurement.selection.kept * self._rules.max_time_ns / max(BLOCK_NS, measurement.pair_ns)
        whole = waits and question.budget is not None and question.blocks_to_pass(1.0) <= AFFORDABLE * blocks
        return max(most, 1.0) if whole else most

    def _warn(self) -> None:
        """Says where a budget is below what this machine can tell in the time that there is."""
        declared, budget, limit_ns = self._bump.declared, self._case.question.budget, self._rules.max_time_ns
        measurement, most = self._measurement, self._most()
        if self.settled or declared is None or budget is None or measurement.pilot is None or not most:
            return
        floor = self._case.floor(most, measurement.pilot.elapsed_ns, limit_ns, max(BLOCK_NS, measurement.pair_ns))
        if budget < floor.excess < math.inf:
            self._doubt = Remark(
                "below_floor",
                limit=declared.limit,
                floor=drop_from_excess(floor.excess),
                limit_ns=limit_ns,
                needed_ns=floor.needed_ns,
            )

    def _is_hopeless(self) -> bool:
        """Settles what the time limit cannot suffice for: not one pair, or not a pass, whatever the noise.

        Where the effect looks as if it broke the budget, that is the question: it takes far fewer pairs.
        """
        measurement, question, limit_ns = self._measurement, self._case.question, self._rules.max_time_ns
        pair_ns, declared = measurement.pair_ns, self._bump.declared
        if pair_ns > limit_ns:
            self._needed_ns = LEAST_PAIRS * pair_ns
            advice = self._rules.advice(self._needed_ns)
            self._hopeless = Remark("too_long", pair_ns=pair_ns, limit_ns=limit_ns, advice=advice)
        if measurement.calls and declared is not None and declared.kind == "insensitive":
            block_ns, left_ns = measurement.block_ns, measurement.left_ns
            blocks = question.blocks_to_pass(self._most())
            measurement.longest_block_ns = left_ns / (MARGIN * blocks)
            # As long as nothing was slowed, the effect may be one that plainly breaks the budget.
            least = blocks if self._case.is_open else question.blocks_to_pass(0.0)
            if least * block_ns > left_ns and self._case.guess <= (question.budget or 0.0):
                self._needed_ns = measurement.spent_ns + blocks * block_ns
                self._hopeless = Remark(
                    "hopeless",
                    pairs=blocks * measurement.block_pairs,
                    needed_ns=self._needed_ns,
                    limit_ns=limit_ns,
                    advice=self._rules.advice(MARGIN * self._needed_ns),
                    instead=self._instead(left_ns / block_ns),
                )
        self.settled = bool(self._hopeless)
        return self.settled

    def _instead(self, blocks: float) -> str:
        """The smaller delay under which so many blocks would do; empty where it is not the delay that takes so many."""
        low, high = 0.0, 1.0
        for _ in range(20):
            middle = (low + high) / 2
            enough = MARGIN * self._case.question.blocks_to_pass(self._most(middle)) <= blocks
            low, high = (middle, high) if enough else (low, middle)
        delay_ns = low * self._bump.delay_ns
        if high == 1 or delay_ns < LEAST_DELAY_NS:
            return ""
        delay_ns -= delay_ns % 10 ** math.floor(math.log10(delay_ns))  # to one digit, downwards
        return f", or slow it less: {format_time(delay_ns, 1)} would do"

    # ---- results ----

    def _judged(self, matched: tuple[CodeCounts, ...]) -> Result:
        measurement, case = self._measurement, self._case
        judgement = judge(case, self._largest)
        doubt = doubts(measurement.tally, measurement.conditions)
        verdict, reason = judgement.verdict, judgement.reason
        if verdict == "sensitive" and self._is_unseen:
            verdict, reason = "inconclusive", Remark("unseen")
        if verdict == "inconclusive":
            reason = reason or self._why_undecided()
        control_ns, probe_share = measurement.median_control_ns, 1 - case.bare.share
        probe = Remark("probe", share=probe_share) if probe_share > PROBE_SHARE else Remark()
        procedure, evidence = case.procedure, None
        if isinstance(procedure, Sequential):
            over, under = procedure.over, procedure.under
            evidence = Evidence(over.stopped, under.stopped, over.most, under.most)
        return replace(
            self._result(verdict, reason, matched),
            needed_ns=self._time_that_would_do(judgement),
            warnings=tuple(str(one) for one in (self._doubt, probe, *doubt, *judgement.warnings) if one),
            known_drop=judgement.drop,
            known_transmission=judgement.transmission,
            floor=judgement.floor,
            pairs=case.pairs,
            bare_ns=case.bare.share * control_ns / measurement.iterations,
            probe_ns=probe_share * control_ns / measurement.iterations,
            evidence=evidence,
        )

    def _why_undecided(self) -> Remark:
        """Time is up, or what there was of it the machine gave to others."""
        measurement, selection = self._measurement, self._measurement.selection
        conditions = measurement.conditions
        waited = conditions.waited_ns / max(conditions.rounds_ns, 1)
        if selection.way != "all" and (2 * selection.set_aside > selection.pairs or waited > BUSY):
            return Remark("busy", waited=waited, aside=selection.set_aside, pairs=selection.pairs)
        instead, procedure, declared = "", self._case.procedure, self._bump.declared
        passable = isinstance(procedure, Sequential) and self._case.guess <= procedure.budget
        if passable and declared is not None and declared.kind == "insensitive":
            instead = self._instead(len(procedure.blocks))
        return Remark("time", spent_ns=measurement.spent_ns, instead=instead)

    def _time_that_would_do(self, judgement: Judgement) -> float | None:
        """For an interval where there is none, or for a floor under the budget; None where time was enough."""
        case, spent_ns = self._case, self._measurement.spent_ns
        blocks, budget = len(case.procedure.blocks), case.question.budget
        if judgement.drop.low is None and judgement.drop.high is None:
            more = blocks_to_bound(case.question.alpha_end) - blocks
            return self._rules.enough_ns(spent_ns + max(more, 1) * max(BLOCK_NS, self._measurement.pair_ns))
        if judgement.verdict == "inconclusive" and judgement.floor is not None and budget is not None:
            needed_ns = spent_ns * (excess_from_drop(judgement.floor) / budget) ** 2
            # Where the drop lies on the budget, the floor is long under it, and no time is known to do.
            return self._rules.enough_ns(needed_ns) if needed_ns > spent_ns else None
        return None

    def _result(self, verdict: Verdict, reason: Remark, matched: tuple[CodeCounts, ...] = ()) -> Result:
        bump, rules, measurement = self._bump, self._rules, self._measurement
        tally = measurement.tally
        broken = is_broken(bump, verdict, uncalled=reason.kind == "uncalled")
        return Result(
            test=self._test,
            bump=bump,
            verdict=verdict,
            outcome=rules.severity.outcome(broken=broken, uncertain=verdict == "inconclusive"),
            reason=reason,
            iterations=measurement.iterations,
            seconds=measurement.spent_ns / 1e9,
            control_ns=measurement.median_control_ns / measurement.iterations if tally.pairs else None,
            machine=describe(measurement) if tally.pairs else None,
            counts=measurement.per_call(sum(matched, Counts())) if tally.pairs else None,
            needed_ns=None if self._needed_ns is None else rules.enough_ns(self._needed_ns),
            limited_by=rules.limited_by,
            matched=tuple(
                MatchedCode(code.name, code.file, code.line, mean.calls, mean.delivered_ns)
                for code, mean in ((code, measurement.per_call(code)) for code in matched)
            ),
        )


def _question(bump: Bump, rules: Rules) -> Question:
    """``insensitive`` fails by "over" and passes by "under", ``sensitive`` the other way round."""
    declared = bump.declared
    over, under = rules.alpha_fail, rules.alpha_pass
    if declared is not None and declared.kind == "sensitive":
        over, under = under, over
    budget = None if declared is None else excess_from_drop(declared.limit)
    return Question(budget, over, under, rules.alpha_end, PLAIN_WIDTH, PLAIN_SHARE)
