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
from pytest_speedbump.experiment.pilot import Pilot
from pytest_speedbump.experiment.rounds import BrokenSubjectError, Experiment, Pair
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject, show_error
from pytest_speedbump.inference.effect import drop_from_theta, log_ratio, theta_from_drop, time_needed
from pytest_speedbump.inference.question import Question, bound
from pytest_speedbump.inference.sequential import Precision, Sequential, blocks_to_bound
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Evidence, MatchedCode, Result, Severity, Verdict
from pytest_speedbump.slowing.session import Session, make_session
from pytest_speedbump.targets import Targets
from pytest_speedbump.trials.audit import audit, doubts, uncalled_targets
from pytest_speedbump.trials.explain import explain
from pytest_speedbump.trials.judgement import Judgement, is_broken, judge, undecided
from pytest_speedbump.uncalled import Uncalled

__all__ = ["ENOUGH_NS", "Rules", "Trial", "Watch", "try_bump"]

ENOUGH_NS = 0.2e9  # a verdict that stops sooner knows its drop too badly to be of use
PLAIN_WIDTH = 0.005  # a plain measurement stops when the drop is known to +- so much


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
        prior: Evidence | None = None,
    ) -> None:
        self._prior = prior
        self._test, self._rules, self._watch = test, rules, watch
        self._question = _question(bump, rules)
        session = make_session(bump.targets, bump.mode, f"the bump {str(bump)!r} of {test}")
        rng = random.Random(f"{rules.seed} {test} {bump}")  # noqa: S311 - a coin, no secret
        self._measurement = Measurement(bump, session, rng, rules.max_time_ns)
        self._procedure: Sequential | Precision | None = None
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
                if measurement.pilot is None and self._is_hopeless(0.0, 0.0):
                    return
                with measurement.rounds(subject) as experiment:
                    self._run(experiment, subject, turn_ends)
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
            return self._result(undecided(self._bump), self._hopeless or Remark("busy"))
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
        if self._procedure is None or not len(self._procedure.blocks):
            return self._result(undecided(self._bump), self._hopeless or Remark("busy"), matched)
        return self._judged(self._procedure, matched)

    # ---- rounds ----

    def _run(self, experiment: Experiment, subject: Subject, turn_ends: float) -> None:
        measurement = self._measurement
        if measurement.pilot is None:
            measurement.fit(experiment, subject)
            if not self._is_hopeless(0.0, 0.0):
                self._plan(measurement.run_pilot(experiment))
        while not self.settled:
            # A pair that does not fit any more is not begun.
            if self._procedure is None or measurement.left_ns < measurement.pair_ns:
                self.settled = True
            elif time.perf_counter_ns() >= turn_ends:
                return
            else:
                state = self._procedure.update(_log_ratios(measurement.block(experiment)))
                self._watch.visited(self._bump, measurement.spent_ns, measurement.tally.pairs)
                self.settled = state is not None and measurement.spent_ns >= ENOUGH_NS

    def _plan(self, pilot: Pilot) -> None:
        """What to ask of the pairs that count, unless nothing was called or the time cannot suffice."""
        if not pilot.calls:
            return
        largest = bound(pilot.calls, self._bump.delay_ns, pilot.t0_ns)
        ratios = _log_ratios(pilot.pairs)
        if self._is_hopeless(largest, self._question.centre(ratios, largest)):
            return
        self._procedure = self._question.ask(largest)
        declared, theta_b, limit_ns = self._bump.declared, self._question.theta_b, self._rules.max_time_ns
        if declared is not None and theta_b is not None:
            floor = self._question.floor(ratios, largest, pilot.elapsed_ns, limit_ns)
            if theta_b < floor.theta < math.inf:
                self._doubt = Remark(
                    "below_floor",
                    limit=declared.limit,
                    floor=drop_from_theta(floor.theta),
                    limit_ns=limit_ns,
                    needed_ns=floor.needed_ns,
                )

    def _is_hopeless(self, largest: float, theta: float) -> bool:
        """Settles what the time limit cannot suffice for: not one pair, or not a pass, whatever the noise.

        Where the effect looks as if it broke the budget, by ``theta``, that is the question: it takes far fewer pairs.
        """
        pair_ns, limit_ns = self._measurement.pair_ns, self._rules.max_time_ns
        if pair_ns > limit_ns:
            self._needed_ns = LEAST_PAIRS * pair_ns
            advice = self._rules.advice(self._needed_ns)
            self._hopeless = Remark("too_long", pair_ns=pair_ns, limit_ns=limit_ns, advice=advice)
        theta_b, declared = self._question.theta_b, self._bump.declared
        if theta_b is not None and declared is not None and declared.kind == "insensitive" and theta <= theta_b:
            blocks = self._question.blocks_to_pass(largest)
            needed_ns = blocks * max(BLOCK_NS, pair_ns)
            if needed_ns > limit_ns:
                self._needed_ns = needed_ns
                self._hopeless = Remark(
                    "hopeless",
                    pairs=blocks,
                    needed_ns=needed_ns,
                    limit_ns=limit_ns,
                    advice=self._rules.advice(1.5 * needed_ns),
                )
        self.settled = bool(self._hopeless)
        return self.settled

    # ---- results ----

    def _judged(self, procedure: Sequential | Precision, matched: tuple[CodeCounts, ...]) -> Result:
        measurement = self._measurement
        judgement = judge(procedure, self._question.theta_b, measurement.tally)
        doubt = doubts(measurement.tally, measurement.conditions)
        reason = Remark()
        if judgement.verdict == "inconclusive":
            reason = Remark("time", spent_ns=measurement.spent_ns)
        probe_ns = measurement.tally.recent_control_ns - measurement.bare_ns
        return replace(
            self._result(judgement.verdict, reason, matched),
            needed_ns=self._time_that_would_do(procedure, judgement),
            warnings=tuple(str(one) for one in (self._doubt, *doubt, *judgement.warnings) if one),
            known_drop=judgement.drop,
            known_transmission=judgement.transmission,
            floor=judgement.floor,
            pairs=procedure.blocks.pairs,
            probe_ns=None if math.isnan(probe_ns) else probe_ns / measurement.iterations,
        )

    def _time_that_would_do(self, procedure: Sequential | Precision, judgement: Judgement) -> float | None:
        """For an interval where there is none, or for a floor under the budget; None where time was enough."""
        spent_ns, theta_b = self._measurement.spent_ns, self._question.theta_b
        if judgement.drop.low is None and judgement.drop.high is None:
            more = blocks_to_bound(self._question.alpha_end) - len(procedure.blocks)
            return self._rules.enough_ns(spent_ns + max(more, 1) * max(BLOCK_NS, self._measurement.pair_ns))
        if judgement.verdict == "inconclusive" and judgement.floor is not None and theta_b is not None:
            needed_ns = time_needed(theta_from_drop(judgement.floor), spent_ns, theta_b)
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
            control_ns=tally.median_control_ns / measurement.iterations if tally.pairs else None,
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
    theta_b = None if declared is None else theta_from_drop(declared.limit)
    return Question(theta_b, over, under, rules.alpha_end, PLAIN_WIDTH)


def _log_ratios(pairs: Sequence[Pair]) -> list[float]:
    return [log_ratio(pair.control.ns, pair.slowed.ns) for pair in pairs]
