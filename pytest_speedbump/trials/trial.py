"""One bump tried on one subject: pilot, rounds until the answer is certain or time is up, audit, result."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts, Counts
from pytest_speedbump.experiment.measurement import Measurement
from pytest_speedbump.experiment.rounds import BrokenSubjectError, Experiment
from pytest_speedbump.experiment.scheduler import Scheduler, this_scheduler
from pytest_speedbump.experiment.selection import Times
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject, show_error
from pytest_speedbump.inference.bare import PROBE_NS
from pytest_speedbump.inference.sequential import Sequential
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Evidence, MatchedCode, Result, Verdict
from pytest_speedbump.slowing.session import MakeSession, make_session
from pytest_speedbump.trials.audit import audit, doubts, too_seldom, uncalled_targets
from pytest_speedbump.trials.case import Case
from pytest_speedbump.trials.explain import explain_bump
from pytest_speedbump.trials.judgement import describe, is_broken, judge, undecided
from pytest_speedbump.trials.prospect import Prospect
from pytest_speedbump.trials.reach import unreached
from pytest_speedbump.trials.rules import Rules
from pytest_speedbump.uncalled import Uncalled

__all__ = ["ENOUGH_NS", "KNOWN_NS", "Trial", "Watch", "try_bump"]

ENOUGH_NS = 0.2e9  # after which a verdict stops however badly it knows the drop
KNOWN_NS = 0.5e9  # by which the kernel has told how busy others are, if it ever does
LEAST_PROBE = 0.001  # of a round: less than that is nothing to measure
HEAVY_PROBE = 0.05  # of a round, from which on no verdict rests on a few bare rounds
STRAYED_SHARE = 0.05  # of the delay, from which on it is said that rounds do not wait for it
PROBE_SHARE = 0.1  # of a round, from which on the probe is said to be heavy


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
        make_session: MakeSession = make_session,
        scheduler: Scheduler | None = None,
        prior: Evidence | None = None,
    ) -> None:
        """``prior``: what earlier attempts at the same verdict had found when they stopped."""
        self._test, self._rules, self._watch = test, rules, watch
        session = self._session = make_session(bump.targets, bump.mode, f"the bump {str(bump)!r} of {test}")
        self._rng = random.Random(f"{rules.seed} {test} {bump}")  # noqa: S311 - a coin, no secret
        self._measurement = Measurement(bump, session, self._rng, rules.max_time_ns, scheduler or this_scheduler())
        self._case = Case(rules.question(bump), (0.0, 0.0) if prior is None else (prior.over, prior.under))
        self._prior = prior
        self._prospect = Prospect(self._measurement, self._case, rules)
        self._broken = self._hopeless = self._doubt = Remark()
        self.settled = False

    @property
    def _bump(self) -> Bump:
        return self._measurement.bump

    @property
    def spent_ns(self) -> float:
        return self._measurement.spent_ns

    def allow(self, rules: Rules) -> None:
        """Other rules, which differ from those that it was made with in the limit alone."""
        self._rules = self._prospect.rules = rules
        self._measurement.limit_ns = rules.max_time_ns

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
            uncalled = Uncalled(names[0])
            if subject is not None:
                uncalled = explain_bump(self._bump, self._session, names, subject if time_left else None)
            reason = Remark("uncalled", target=", ".join(names), hint=uncalled.hint)
            return replace(self._result("void", reason, matched), uncalled=uncalled)
        problem = audit(measurement.tally, measurement.conditions, self._bump.every if self._bump.delay_ns else 1)
        if problem:
            return self._result("void", problem, matched)
        if not self._is_measured:
            return self._result(undecided(self._bump), self._hopeless or self._why_unmeasured(), matched)
        return self._judged(matched)

    # ---- rounds ----

    def _run(self, experiment: Experiment, subject: Subject, turn_ends: float) -> None:
        """Until settled, or the turn is over, or it is time for bare rounds."""
        measurement, case = self._measurement, self._case
        if measurement.pilot is None:
            measurement.fit(experiment, subject)
            self._weigh()
            if self._is_hopeless():
                return
            pilot = measurement.run_pilot(experiment)
            tally, bump = measurement.tally, self._bump
            self.settled = not tally.most_calls or (bump.delay_ns != 0 and bool(too_seldom(tally, bump.every)))
            if pilot and not self.settled:
                self._open(pilot)
        while not self.settled:
            # A pair that does not fit any more is not begun.
            if measurement.left_ns < measurement.pair_ns:
                self.settled = True
            elif time.perf_counter_ns() >= turn_ends or measurement.stretch_over:
                return
            else:
                self._step(experiment)
                case.renew_bare(measurement.bare, measurement.controls, measurement.tally.most_calls)
                self._watch.visited(self._bump, measurement.spent_ns, measurement.tally.pairs)

    def _step(self, experiment: Experiment) -> None:
        """A block, and whether more of them are needed."""
        measurement, case = self._measurement, self._case
        self._weigh()
        most = self._prospect.most()
        others_known = measurement.conditions.others is not None or measurement.spent_ns >= KNOWN_NS
        judged = measurement.block(experiment)
        if case.is_open and measurement.is_bare_known:
            case.add(judged, most)
        elif judged and not case.is_open:  # All pairs of the pilot had waited.
            self._open(judged)
        self.settled = (
            case.is_decided
            and (measurement.spent_ns >= ENOUGH_NS or case.is_sharp())
            and (others_known or not self._prospect.is_unseen or case.procedure.state != "over")
        )

    @property
    def _is_measured(self) -> bool:
        """Whether there is any evidence."""
        return bool(self._case.procedure.blocks)

    def _why_unmeasured(self) -> Remark:
        return self._prospect.why_undecided()

    def _open(self, pilot: Sequence[Times]) -> None:
        """Learns from pairs, which then are no evidence, what is to be expected."""
        measurement, case = self._measurement, self._case
        self._weigh()
        case.open(pilot, measurement.bare, measurement.tally.most_calls)
        probe = measurement.tally.most_calls * PROBE_NS / case.bare.ns
        measurement.bare_matters, measurement.is_heavy = probe > LEAST_PROBE, probe > HEAVY_PROBE
        if not self._is_hopeless():
            self._doubt = self._prospect.doubt()

    def _weigh(self) -> None:
        """What a declared slack may cost is a share of the delay, which depends on the calls that were seen so far."""
        declared, delayed_ns = self._bump.declared, self._prospect.delayed_ns
        if declared is not None and declared.kind == "slack" and delayed_ns:
            self._case.delayed_ns = delayed_ns
            self._measurement.selection.keep_to(declared.limit * delayed_ns / (self._measurement.round_ns or 1.0))

    def _is_hopeless(self) -> bool:
        self._hopeless = self._prospect.hopeless()
        self.settled = bool(self._hopeless)
        return self.settled

    # ---- results ----

    def _judged(self, matched: tuple[CodeCounts, ...]) -> Result:
        measurement, case = self._measurement, self._case
        judgement = judge(case, self._prospect.largest)
        doubt = doubts(measurement.tally, measurement.conditions)
        verdict, reason = judgement.verdict, judgement.reason
        if verdict == "sensitive" and self._prospect.is_unseen:
            verdict, reason = "inconclusive", Remark("unseen")
        if verdict == "inconclusive":
            reason = reason or self._prospect.why_undecided()
        control_ns, probe_share = measurement.median_control_ns, 1 - case.bare.share
        expected = self._doubt if verdict == "inconclusive" else Remark()
        earlier = Remark("earlier") if self._prior else Remark()
        procedure, evidence = case.procedure, None
        if isinstance(procedure, Sequential):
            over, under = procedure.over, procedure.under
            evidence = Evidence(over.stopped, under.stopped, over.most, under.most).after(self._prior)
        return replace(
            self._result(verdict, reason, matched),
            needed_ns=self._prospect.time_that_would_do(judgement),
            warnings=tuple(
                str(one) for one in (expected, self._heavy, self._strayed, earlier, *doubt, *judgement.warnings) if one
            ),
            known_drop=judgement.drop,
            known_transmission=judgement.transmission,
            floor=judgement.floor,
            pairs=case.pairs,
            bare_ns=case.bare.share * control_ns / measurement.iterations,
            probe_ns=probe_share * control_ns / measurement.iterations,
            evidence=evidence,
        )

    @property
    def _heavy(self) -> Remark:
        share = 1 - self._case.bare.share
        return Remark("probe", share=share) if share > PROBE_SHARE else Remark()

    @property
    def _strayed(self) -> Remark:
        share = self._measurement.strayed
        return Remark("strayed", share=share) if share > STRAYED_SHARE else Remark()

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
            warnings=(str(self._strayed),) if self._strayed else (),
            iterations=measurement.iterations,
            seconds=measurement.spent_ns / 1e9,
            control_ns=measurement.median_control_ns / measurement.iterations if tally.pairs else None,
            machine=describe(measurement) if tally.pairs else None,
            counts=measurement.per_call(sum(matched, Counts())) if tally.pairs else None,
            needed_ns=None if self._prospect.needed_ns is None else rules.enough_ns(self._prospect.needed_ns),
            limited_by=rules.limited_by,
            unreached=unreached(bump.targets),
            matched=tuple(MatchedCode.of(code, measurement.per_call(code)) for code in matched),
        )
