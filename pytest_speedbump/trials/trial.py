"""One bump tried on one subject: pilot, rounds until the answer is certain or time is up, audit, result."""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_speedbump import _core
from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts, take_snapshot
from pytest_speedbump.experiment.pilot import LONG_ROUND_NS, Pilot, bare_round_ns, run_pilot, set_round_length
from pytest_speedbump.experiment.rounds import BrokenSubjectError, Experiment
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject
from pytest_speedbump.experiment.tally import Tally
from pytest_speedbump.inference.effect import (
    centre,
    clip_scale,
    drop_from_theta,
    floor,
    predict_floor,
    theta_from_drop,
    time_needed,
    transmission,
)
from pytest_speedbump.inference.sequential import (
    Interval,
    Precision,
    Sequential,
    halves_disagree,
    tail_alarm,
    blocks_to_pass,
)
from pytest_speedbump.result import Estimate, MatchedCode, Result, Verdict
from pytest_speedbump.slowing.session import armed
from pytest_speedbump.trials.audit import Conditions, audit, doubts, uncalled_target
from pytest_speedbump.trials.judgement import outcome_of
from pytest_speedbump.trials.suggest import suggest
from pytest_speedbump.units import format_share, format_time

__all__ = ["ENOUGH_NS", "Rules", "Trial", "Watch", "try_bump"]

BLOCK_NS = 2e6  # one bet each; 1-3 ms are best, and all alike, so that each pair weighs the same
ENOUGH_NS = 0.2e9  # a verdict that stops sooner knows its drop too badly to be of use
PLAIN_WIDTH = 0.005  # a plain measurement stops when the drop is known to +- so much


@dataclass(frozen=True, slots=True)
class Rules:
    """How far to go, and what fails.

    Attributes:
        max_time_ns: limit of one verdict.
        alpha_fail: chance that a program which keeps its declaration fails.
        alpha_pass: chance that one which breaks it passes. 0.01 costs 1.5 times the blocks of 0.05.
        alpha_end: most error at each end of an interval: 0.025, so that the whole covers 95 %, or less.
        strict: ``inconclusive`` fails too.
        advisory: nothing fails.
        seed: draws the order of the arms.
    """

    max_time_ns: float
    alpha_fail: float
    strict: bool
    advisory: bool
    seed: int
    alpha_pass: float = 0.01
    alpha_end: float = 0.025


class Watch(Protocol):
    """Who sees a trial go on: called between blocks, never inside a round."""

    def visited(self, bump: Bump, elapsed_ns: float, pairs: int) -> None: ...


def try_bump(test: str, subject: Subject, bump: Bump, rules: Rules, watch: Watch) -> Result:
    """Slows ``bump`` under ``subject`` and says what that does: a whole :class:`Trial` in one go."""
    trial = Trial(test, bump, rules, watch)
    trial.measure(subject, rules.max_time_ns)
    return trial.result(subject)


class Trial:
    """One bump under one test, measured in one or more stretches, and then judged.

    An ``Exception`` of the subject makes the result void; ``BaseException`` passes through, with everything disarmed.

    Attributes:
        settled: whether more rounds would change nothing.
    """

    def __init__(self, test: str, bump: Bump, rules: Rules, watch: Watch) -> None:
        self._test, self._bump, self._rules, self._watch = test, bump, rules, watch
        self._rng = random.Random(f"{rules.seed} {test} {bump}")  # noqa: S311 - a coin, no secret
        self._session: _core.Session | None = None
        self._pilot: Pilot | None = None
        self._question: Sequential | Precision | None = None
        self._tally = Tally()
        self._round_ns: float | None = None
        self._iterations = 1
        self._rounds = 0
        self._spent_ns = 0.0
        self._conditions = Conditions()
        self._bare_ns = math.nan
        self._hopeless = ""
        self._broken = ""
        self._warnings: list[str] = []
        self.settled = False

    def measure(self, subject: Subject, stretch_ns: float) -> None:
        """Runs rounds for about ``stretch_ns``, or until settled.

        Raises:
            InputError: another bump is armed, or no tool id is free.
        """
        if self.settled:
            return
        asked_iterations = subject.iterations
        started = time.perf_counter_ns()
        try:
            if self._round_ns is None:
                self._round_ns, warning = set_round_length(subject)
                self._warn(warning)
                self._iterations = subject.iterations
                self._hopeless = self._find_hopeless(2 * self._round_ns, bound=0.0)
            if self._hopeless:
                self.settled = True
                return
            subject.iterations = self._iterations
            if subject.baseline_ns is not None:
                self._conditions.baseline_ns = subject.baseline_ns * self._iterations / asked_iterations
            self._run_armed(subject, started, stretch_ns)
            if self._round_ns < LONG_ROUND_NS:
                self._bare_ns = bare_round_ns(subject)
        except (BrokenSubjectError, CallableRaisedError) as error:
            self._give_up(error)
        finally:
            subject.iterations = asked_iterations
            self._spent_ns += time.perf_counter_ns() - started

    def result(self, subject: Subject | None) -> Result:
        """The verdict after the audit; ``subject``, if given, runs once more where names are to be suggested."""
        if self._broken:
            return self._result("void", self._broken)
        if self._session is None or self._pilot is None or self._question is None:
            return self._result(self._undecided, self._hopeless or "no time was left to measure")
        snapshot = take_snapshot(self._session, self._bump.targets)
        matched = self._matched(snapshot.matched)
        uncalled = uncalled_target(self._bump, snapshot.matched)
        if uncalled is not None:
            hint = "" if subject is None else suggest(uncalled, subject)
            reason = f"{uncalled} never ran in the measured rounds{hint}"
            return self._result("void", reason, uncalled=True, matched=matched)
        problem = audit(self._tally, self._conditions)
        if problem:
            return self._result("void", problem, matched=matched)
        self._warn(doubts(self._tally, self._conditions))
        if self._hopeless or not len(self._question.blocks):
            reason = self._hopeless or "no time was left to measure"
            return self._result(self._undecided, reason, matched=matched)
        return self._result(self._verdict(), question=self._question, matched=matched)

    # ---- rounds ----

    def _run_armed(self, subject: Subject, started: int, stretch_ns: float) -> None:
        if self._session is None:
            owner = f"the bump {str(self._bump)!r} of {self._test}"
            self._session = _core.Session(self._bump.targets.compile(), self._bump.mode, owner)
        with armed(self._session):
            self._run_rounds(self._session, subject, started, stretch_ns)

    def _run_rounds(self, session: _core.Session, subject: Subject, started: int, stretch_ns: float) -> None:
        armed_at = _read_clocks()
        experiment = Experiment(session, subject, self._bump.delay_ns, self._rng)
        try:
            if self._round_ns is None or self._round_ns < LONG_ROUND_NS:
                experiment.block(0)  # to warm up: code is instrumented when it first runs
            if self._pilot is None:
                self._pilot = run_pilot(experiment, self._bump.delay_ns)
                for pair in self._pilot.pairs:
                    self._tally.add(pair)
                self._question = self._ask(self._pilot)
                pair_ns = self._pilot.elapsed_ns / len(self._pilot.pairs)
                theta = centre(self._pilot.log_ratios, clip_scale(self._theta_b, self._pilot.bound))
                self._hopeless = self._find_hopeless(pair_ns, self._pilot.bound, theta)
                self._predict_floor(self._pilot)
            if not self._pilot.calls or self._hopeless:
                self.settled = True
            else:
                self._block(experiment, started, stretch_ns)
        finally:
            self._rounds += experiment.rounds
            now = _read_clocks()
            self._conditions.add(
                intact=session.intact,
                lost=session.lost,
                elapsed_ns=now[0] - armed_at[0],
                clock_ns=now[1] - armed_at[1],
            )

    def _block(self, experiment: Experiment, started: int, stretch_ns: float) -> None:
        assert self._question is not None
        while True:
            here_ns = time.perf_counter_ns() - started
            elapsed_ns = self._spent_ns + here_ns
            if elapsed_ns >= self._rules.max_time_ns:
                self.settled = True
            if self.settled or here_ns >= stretch_ns:
                return
            pairs = experiment.block(BLOCK_NS)
            state = self._question.update([pair.log_ratio for pair in pairs])
            for pair in pairs:
                self._tally.add(pair)
            self._watch.visited(self._bump, elapsed_ns, self._tally.pairs)
            self.settled = state is not None and elapsed_ns >= ENOUGH_NS

    def _give_up(self, error: BrokenSubjectError | CallableRaisedError) -> None:
        """The callable raised when it was called again: that is the result."""
        arm = f"{error.arm} arm" if isinstance(error, BrokenSubjectError) else "unslowed"
        self._broken = (
            f"the callable raised {error.__cause__!r} when repeated (round {error.round_number}, {arm}); "
            "one that cannot run twice needs benchmark.pedantic(setup=...)"
        )
        self.settled = True

    @property
    def _theta_b(self) -> float | None:
        return None if self._bump.declared is None else theta_from_drop(self._bump.declared.limit)

    def _ask(self, pilot: Pilot) -> Sequential | Precision:
        scale = clip_scale(self._theta_b, pilot.bound)
        if self._bump.declared is None or self._theta_b is None:
            return Precision(scale, self._rules.alpha_end, PLAIN_WIDTH)
        rules = self._rules
        alpha_fail, alpha_pass = (min(alpha, rules.alpha_end) for alpha in (rules.alpha_fail, rules.alpha_pass))
        if self._bump.declared.kind == "insensitive":
            return Sequential(self._theta_b, scale, alpha_over=alpha_fail, alpha_under=alpha_pass)
        return Sequential(self._theta_b, scale, alpha_over=alpha_pass, alpha_under=alpha_fail)

    def _find_hopeless(self, pair_ns: float, bound: float, theta: float = 0.0) -> str:
        """Why the time limit cannot suffice for a pass, whatever the noise; '' if it can.

        Where the effect looks as if it broke the budget, ``theta``, that is the question: it takes far fewer pairs.
        """
        declared, theta_b = self._bump.declared, self._theta_b
        if declared is None or theta_b is None or declared.kind == "sensitive" or theta > theta_b:
            return ""
        blocks = blocks_to_pass(theta_b, clip_scale(theta_b, bound), min(self._rules.alpha_pass, self._rules.alpha_end))
        needed_ns = blocks * max(BLOCK_NS, pair_ns)
        if needed_ns <= self._rules.max_time_ns:
            return ""
        limit, enough = format_time(self._rules.max_time_ns), math.ceil(1.5 * needed_ns / 1e9)
        return (
            f"a pass takes {blocks} pairs of rounds, here about {format_time(needed_ns, 2)}, and the limit is {limit}; "
            f"give it --speedbump-max-time {enough}s, or make rounds shorter"
        )

    def _predict_floor(self, pilot: Pilot) -> None:
        """Warns, before the time is spent, of a budget that noise will hide."""
        declared, theta_b, limit_ns = self._bump.declared, self._theta_b, self._rules.max_time_ns
        if declared is None or theta_b is None:
            return
        ratios, scale = pilot.log_ratios, clip_scale(theta_b, pilot.bound)
        floor_pilot = floor(ratios, centre(ratios, scale), scale)
        predicted = predict_floor(floor_pilot, pilot.elapsed_ns, limit_ns)
        if theta_b < predicted < math.inf:
            self._warn(
                f"budget {format_share(declared.limit)} is below this machine's floor "
                f"(+-{format_share(drop_from_theta(predicted))} in {format_time(limit_ns)}); expect inconclusive; "
                f"needs about {format_time(time_needed(floor_pilot, pilot.elapsed_ns, theta_b), 2)}"
            )

    # ---- results ----

    @property
    def _undecided(self) -> Verdict:
        return "inconclusive" if self._bump.declared else "measured"

    def _verdict(self) -> Verdict:
        question = self._question
        if not isinstance(question, Sequential):
            return "measured"
        if question.state is None:
            return "inconclusive"
        return "sensitive" if question.state == "over" else "insensitive"

    def _matched(self, codes: Sequence[CodeCounts]) -> tuple[MatchedCode, ...]:
        calls = self._rounds * self._iterations
        return tuple(
            MatchedCode(code.name, code.file, code.line, code.calls / calls, code.delivered_ns / (calls / 2))
            for code in codes
        )

    def _warn(self, text: str) -> None:
        if text:
            self._warnings.append(text)

    def _result(
        self,
        verdict: Verdict,
        reason: str = "",
        *,
        uncalled: bool = False,
        question: Sequential | Precision | None = None,
        matched: tuple[MatchedCode, ...] = (),
    ) -> Result:
        bump, tally, iterations = self._bump, self._tally, self._iterations
        known_drop = known_transmission = least = None
        if question is not None:
            known_drop, known_transmission, least = self._numbers(question.interval(), question)
            if verdict == "inconclusive":
                reason = f"time ran out after {format_time(self._spent_ns, 2)}"

        def per_call(total: float) -> float | None:
            """Of a sum over one arm's rounds."""
            return total / tally.pairs / iterations if tally.pairs else None

        return Result(
            test=self._test,
            bump=bump,
            verdict=verdict,
            outcome=outcome_of(
                bump, verdict, uncalled=uncalled, strict=self._rules.strict, advisory=self._rules.advisory
            ),
            reason=reason,
            warnings=tuple(self._warnings),
            known_drop=known_drop,
            known_transmission=known_transmission,
            floor=least,
            pairs=tally.pairs,
            iterations=iterations,
            seconds=self._spent_ns / 1e9,
            control_ns=tally.median_control_ns / iterations if tally.pairs else None,
            probe_ns=None
            if question is None or math.isnan(self._bare_ns)
            else (tally.recent_control_ns - self._bare_ns) / iterations,
            calls=per_call(tally.total_calls / 2),
            requested_ns=per_call(tally.requested_ns),
            delivered_ns=per_call(tally.delivered_ns),
            late_ns=per_call(tally.late_ns),
            waited_ns=per_call(tally.waited_ns),
            matched=matched,
        )

    def _numbers(
        self, bounds: Interval, question: Sequential | Precision
    ) -> tuple[Estimate, Estimate | None, float | None]:
        """Drop, transmission and floor; also warns of rounds that do not tell one story."""
        blocks, tally = question.blocks, self._tally
        drop = _estimate(bounds, drop_from_theta)
        reaches = None
        if tally.delivered_ns > 0:
            t0, delivered = tally.median_control_ns, tally.delivered_ns / tally.pairs
            reaches = _estimate(bounds, lambda theta: transmission(t0, theta, delivered))
        least = floor(blocks, bounds.theta, blocks.s)
        if tail_alarm(blocks, self._theta_b or bounds.theta):
            self._warn("some slowed rounds are far slower than the drop tells; look at the tail of the round times")
        if halves_disagree(blocks):
            self._warn("the first and the second half of the rounds disagree; the effect changed while it was measured")
        return drop, reaches, drop_from_theta(least) if math.isfinite(least) else None


def _read_clocks() -> tuple[int, float]:
    """The operating system's clock and that of delays, at one moment, in ns.

    The closest of a few readings: a preemption between the two would look like a jump of one of them.
    """
    readings = []
    for _ in range(5):
        before, clock_ns = time.perf_counter_ns(), _core.now_ns()
        after = time.perf_counter_ns()
        readings.append((after - before, before, clock_ns))
    return min(readings)[1:]


def _estimate(bounds: Interval, unit: Callable[[float], float]) -> Estimate:
    low = unit(bounds.low) if math.isfinite(bounds.low) else None
    high = unit(bounds.high) if math.isfinite(bounds.high) else None
    return Estimate(unit(bounds.theta), low, high)
