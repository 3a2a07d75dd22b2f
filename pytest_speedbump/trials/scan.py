"""The scan of one benchmark: which of the functions that it calls matter?"""

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from statistics import median
from typing import Protocol

from pytest_speedbump.bump import Mode
from pytest_speedbump.experiment.plans import Dose
from pytest_speedbump.experiment.rounds import BrokenSubjectError
from pytest_speedbump.experiment.scheduler import Scheduler, this_scheduler
from pytest_speedbump.experiment.screening import Screening
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject, show_error
from pytest_speedbump.inference.ranking import (
    Gain,
    Push,
    Reach,
    additive,
    dropped,
    joint_slack,
    noise,
    ranks,
    reach,
)
from pytest_speedbump.inference.sequential import Interval
from pytest_speedbump.inference.shares import Own, bare_length, shares
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Estimate
from pytest_speedbump.slowing.session import DosedSession, TimingSession, make_session, make_timing_session
from pytest_speedbump.targets import Targets
from pytest_speedbump.trials.audit import audit_conditions, doubts_of
from pytest_speedbump.trials.candidate import FEWEST, LEAST_GAIN, Candidate, estimate_of
from pytest_speedbump.trials.confirmation import CLAIMS, Confirmation
from pytest_speedbump.trials.explain import explain

__all__ = ["Scan", "ScanRules", "Watch"]

LARGE, SMALL = 1 / 2, 1 / 8  # doses of the ladder, in rounds...
MIDDLE = 1 / 4  # ...and that of the confirmation
IDLE = 8  # pairs in which nothing is slowed: one pair of each function tells no noise
AGAIN = 3  # times that a pair is tried which could not be judged
JOINT = 25  # pairs in which the critical ones are slowed together...
MOST_SLACK = 60  # ...and the free ones, whose slack is a difference
PROBE_NS, THUNK_NS = 13.0, 5.0  # that a call takes longer to be counted, of a Python function and of one in C
EVERYTHING = Reach(1.0, 0.3)  # of a delay arrives, and one pair would say so
MOST_JOINT = 4  # rounds of delay in one, for the free ones together...
ENOUGH_JOINT = 0.4  # ...of which such a part is to arrive
COMPANY = 16  # cold functions that are slowed together, at most...
SPARE = 0.5  # ...of what may be without any of them mattering
MOST_ASIDE = 0.5  # of the pairs may have waited for a processor without that being said
TOP = 10  # that are confirmed
USUAL = 14  # pairs of one that is looked at closely, or confirmed
BLOCK_NS = 2e6  # of pairs that are one bet
PREPARING = 0.25  # of the time, after which no look at the functions is begun
LADDER_SHARE = 0.75  # of the time, after which what is left is for the joint checks and the confirmation
GROUP_SHARE = 0.4  # of the ladder's time, which six pairs of each hot function must not take; else groups come first
GROUPS_SHARE = 0.5  # of the time of the ladder, which as many groups may take
MOST_OF_GROUPS = 12  # pairs of each
ALMOST_ALL = 0.9  # of a group's delay must arrive, where all of it is to be critical


@dataclass(frozen=True, slots=True)
class ScanRules:
    """How far a scan is to go.

    Attributes:
        max_time_ns: for all of it.
        alpha: chance that any function is confirmed that should not be.
        seed: draws all orders.
        limited_by: the option that says ``max_time_ns``.
    """

    max_time_ns: float
    alpha: float
    seed: int
    limited_by: str = "--speedbump-max-time"


class Watch(Protocol):
    def scanned(self, stage: str, left: int, elapsed_ns: float, expected_ns: float) -> None:
        """``left`` functions are to be slowed yet in this ``stage``; all of the scan is expected to take so long."""
        ...


class _TimeUp(Exception):  # noqa: N818 - the ordinary end of what does not fit
    """No other pair fits into the time."""


class Scan:
    """Ranks what one subject calls: a ladder of doses, one function at a time.

    A big dose makes each pair tell as much as it can, and what does not hurt when a round has half its length more to
    carry cannot hurt when it has less, in any system of queues and waits, whose rounds are convex in the delay. So one
    pair of it dismisses most of the functions that take little time. Those that take much are slowed by a small dose
    as well, which shows what slack hides of the big one.

    Whatever ends it, Ctrl-C as well, :meth:`ranking` says what is known.
    """

    def __init__(
        self,
        test: str,
        targets: Targets,
        mode: Mode,
        rules: ScanRules,
        watch: Watch,
        make: Callable[[Targets, Mode, str], DosedSession] = make_session,
        make_timing: Callable[[Targets, str], TimingSession] = make_timing_session,
        scheduler: Scheduler | None = None,
    ) -> None:
        self._test, self._targets, self._mode, self._rules, self._watch = test, targets, mode, rules, watch
        self._rng = random.Random(rules.seed)  # noqa: S311 - no secret
        owner = f"the scan of {test}" if test else "a scan"
        self._timing = make_timing(targets, owner)
        session = make(targets, mode, owner)
        self._screening = Screening(session, self._rng, scheduler or this_scheduler())
        self._candidates: list[Candidate] = []
        self._noise = 0.0
        self._idle: list[Push] = []  # pairs in which nothing was slowed
        self._joint_slack: Estimate | None = None
        self._additive: bool | None = None
        self._reason = Remark()
        self._began_ns = self._stop_ns = self._spent_ns = 0.0
        self._stage, self._stage_ns, self._expected_ns = "", 0.0, 0.0
        self._to_come_ns: dict[str, float] = {}  # of the stages that are to come

    # ---- running ----

    def run(self, subject: Subject, stop_at: float = math.inf) -> None:
        """Until all is resolved, or its time is over, or that of ``stop_at`` by the performance counter, in ns.

        Raises:
            InputError: another bump is armed, no tool id is free, or time stands still.
        """
        self._began_ns = time.perf_counter_ns()
        self._stop_ns = min(self._began_ns + self._rules.max_time_ns, stop_at)
        try:
            with self._screening.attending(subject):
                self._screen(subject)
        except (BrokenSubjectError, CallableRaisedError) as error:
            arm = f"{error.arm} arm" if isinstance(error, BrokenSubjectError) else "unslowed"
            self._reason = Remark("raised", error=show_error(error.__cause__), round=error.round_number, arm=arm)
        finally:
            self._spent_ns = time.perf_counter_ns() - self._began_ns

    def _screen(self, subject: Subject) -> None:
        screening = self._screening
        deadline = self._began_ns + PREPARING * (self._stop_ns - self._began_ns)
        profile = screening.profile(self._timing, subject, deadline)
        with screening.armed():
            screening.look(profile, deadline)
            functions = screening.functions
            found = shares([[Own(*row) for row in one.times] for one in functions], self._bare_ns)
            self._candidates = list(map(Candidate, functions, found))
            if self._candidates:
                self._climb()
                with suppress(_TimeUp):
                    self._check_jointly()
                    self._confirm()
        if not self._candidates:
            names = [name for _, name in self._targets.chosen]
            uncalled = explain(names, subject if self._left_ns > 0 else None)
            self._reason = Remark("unmatched", target=", ".join(names), hint=uncalled.hint)

    def _climb(self) -> None:
        """The ladder. What there was no time for stays unresolved."""
        began = self._began_ns
        deadline = began + LADDER_SHARE * (self._stop_ns - began)
        try:
            with self._on("noise"):
                pushes = [self._push([], deadline) for _ in range(IDLE)]
                self._idle = [push for push in pushes if push is not None]
                self._renew_noise()
            hot: list[Candidate] = []
            cold: list[Candidate] = []
            for one in self._candidates:
                (cold if dropped(one.hot, EVERYTHING, LEAST_GAIN) else hot).append(one)
            self._expect(len(hot), len(_companies(cold)))
            if FEWEST * len(hot) * self._pair_ns(SMALL) > GROUP_SHARE * (deadline - began):
                hot = self._by_groups(hot, deadline)
            with self._on("hot functions"):
                self._measure(hot, deadline)
            with self._on("cold functions"):
                self._measure(self._dismiss(cold, deadline), deadline)
            with self._on("slack"):
                self._look_for_slack(deadline)
        except _TimeUp:
            self._reason = Remark("short_of_time", limit_ns=self._stop_ns - began, option=self._rules.limited_by)

    # ---- the ladder ----

    def _dismiss(self, cold: Sequence[Candidate], deadline: float) -> list[Candidate]:
        """One pair of the large dose for each that matters only if it has more effect than its share has it.

        The coldest are slowed together: what reaches the round time of all is at least what does of any. Returns those
        that were not dismissed.
        """
        groups = _companies(cold)
        left: list[Candidate] = []
        chosen = self._affordable(groups, LARGE, deadline)
        for index, group in enumerate(chosen):
            self._say(len(chosen) - index, LARGE)
            dose_ns = LARGE * self._bare_ns / len(group)
            push = self._push([one.dose(dose_ns) for one in group], deadline)
            if push is None:
                continue
            known = reach([push], self._noise)
            highest = len(group) * (known.tau + 2 * known.error)
            for one in group:
                if len(group) == 1:
                    one.large.append(push)
                one.bound, one.together = Reach(known.tau, (highest - known.tau) / 2), 1
                if one.hot * highest >= LEAST_GAIN:
                    left.append(one)
        if len(chosen) < len(groups):
            raise _TimeUp
        return left

    def _measure(self, candidates: Sequence[Candidate], deadline: float) -> None:
        """Pairs of each, until it is known well enough."""
        while candidates := [one for one in candidates if one.wants(self._noise)]:
            chosen = self._affordable([[one] for one in candidates], LARGE, deadline)
            for index, [one] in enumerate(chosen):
                share = SMALL if one.wants(self._noise) == "small" else LARGE
                self._say(len(chosen) - index, share)
                self._add(one, share, deadline)
            if len(chosen) < len(candidates):
                raise _TimeUp
            self._renew_noise()

    def _look_for_slack(self, deadline: float) -> None:
        while absorbing := [one for one in self._candidates if self._may_have_slack(one)]:
            for index, one in enumerate(self._rng.sample(absorbing, len(absorbing))):
                self._say(len(absorbing) - index, LARGE)
                self._add(one, LARGE, deadline)

    def _add(self, one: Candidate, share: float, deadline: float) -> None:
        push = self._push([one.dose(share * self._bare_ns)], deadline)
        if push is not None:
            (one.large if share == LARGE else one.small).append(push)

    def _affordable(self, groups: Sequence[list[Candidate]], share: float, deadline: float) -> list[list[Candidate]]:
        """Those that can have a pair in time, in random order; where it is short, the hottest."""
        fits = max(int((deadline - time.perf_counter_ns()) / self._pair_ns(share)), 0)
        chosen = sorted(groups, key=lambda group: -sum(one.hot for one in group))[:fits]
        self._rng.shuffle(chosen)
        return chosen

    def _may_have_slack(self, one: Candidate) -> bool:
        return bool(one.small) and len(one.large) < FEWEST and one.reach(self._noise).high < 1

    def _push(self, doses: Sequence[Dose], deadline: float) -> Push | None:
        """One judged pair; None where not one of a few could be judged."""
        for _ in range(AGAIN):
            if time.perf_counter_ns() >= deadline:
                raise _TimeUp
            screened = self._screening.pair(doses)
            if screened is not None:
                times = screened.times
                return Push(
                    times.slowed + times.spare / 2 - times.control,
                    times.delivered + times.late,
                    (times.slowed + times.control) / 2,
                    screened.more_calls,
                )
        return None

    # ---- groups ----

    def _by_groups(self, candidates: Sequence[Candidate], deadline: float) -> list[Candidate]:
        """Slows parts of modules first, each function in proportion to its share. Returns those to be looked at singly.

        What a group as a whole does bounds what each of it can do, as long as none speeds the program up when slowed.
        """
        groups = self._groups(candidates, deadline)
        pushes: list[list[Push]] = [[] for _ in groups]
        try:
            with self._on("groups of functions"):
                self._push_groups(groups, pushes, deadline)
        finally:
            level = noise(pushes)
            single: list[Candidate] = []
            for group, found in zip(groups, pushes, strict=True):
                if len(found) < FEWEST or not self._settle(group, reach(found, level), len(found)):
                    single += group
        return single

    def _push_groups(self, groups: Sequence[list[Candidate]], pushes: list[list[Push]], deadline: float) -> None:
        """Adds pairs of each group until all of it is known to be alike, or not to be."""
        asked = list(range(len(groups)))
        for number in range(MOST_OF_GROUPS):
            for index in self._rng.sample(asked, len(asked)):
                self._say(len(asked), LARGE)
                push = self._push(self._doses(groups[index], LARGE), deadline)
                if push is not None:
                    pushes[index].append(push)
            if number + 1 >= FEWEST:
                level = noise(pushes)
                reaches = {index: reach(pushes[index], level) for index in asked}
                asked = [index for index in asked if self._is_near(groups[index], reaches[index])]

    def _groups(self, candidates: Sequence[Candidate], deadline: float) -> list[list[Candidate]]:
        """Of each module, in parts of similar shares: as many as there is time for."""
        hot = sorted(candidates, key=lambda one: -one.hot)
        fits = GROUPS_SHARE * (deadline - time.perf_counter_ns()) / (FEWEST * self._pair_ns(LARGE))
        size = max(1, math.ceil(len(hot) / max(fits, 1)))
        groups = []
        for module in dict.fromkeys(one.function.site.module for one in hot):
            members = [one for one in hot if one.function.site.module == module]
            groups += [members[at : at + size] for at in range(0, len(members), size)]
        return groups

    def _is_near(self, group: Sequence[Candidate], known: Reach) -> bool:
        """Whether more pairs may show that all of a group are alike."""
        return not self._verdict_on(group, known) and (known.low < 0.1 or known.high > 0.9)

    @staticmethod
    def _verdict_on(group: Sequence[Candidate], known: Reach) -> str:
        """``free`` or ``critical`` where all of it must be, else nothing."""
        total = sum(one.hot for one in group)
        if total * known.high < LEAST_GAIN:
            return "free"
        # At so large a dose something always arrives: what slack there may be must be small as well.
        least = min(one.hot for one in group)
        return "critical" if len(group) > 1 and known.low > max(1 - least / total / 2, ALMOST_ALL) else ""

    def _settle(self, group: Sequence[Candidate], known: Reach, pairs: int) -> bool:
        """Whether the group's transmission says all that is needed of each."""
        found = self._verdict_on(group, known)
        total = sum(one.hot for one in group)
        for one in group if found else ():
            ratio = total / one.hot if found == "free" and one.hot else 1.0
            one.bound, one.together = Reach(known.tau, known.error * ratio), pairs
        return bool(found)

    def _doses(self, group: Sequence[Candidate], share: float) -> list[Dose]:
        """One dose in all, split in proportion to own shares."""
        floor = LEAST_GAIN / 10
        weights = [max(one.hot, floor) for one in group]
        total_ns = share * self._bare_ns / sum(weights)
        return [one.dose(total_ns * weight) for one, weight in zip(group, weights, strict=True)]

    # ---- checks ----

    def _check_jointly(self) -> None:
        """Do the free ones stay free, and do the critical ones add up?"""
        level = self._noise
        free = [one for one in self._candidates if one.reach(level).high < 0.5]
        critical = [one for one in self._candidates if one.standing(level) == "critical"]
        with self._on("together"):
            if len(free) > 1:
                self._joint_slack = self._absorbed_jointly(free)
            if len(critical) > 1 and (pushes := self._joint(critical, LARGE, JOINT)):
                parts = [
                    (dose.delay_ns * dose.share * one.function.calls, one.reach(level))
                    for dose, one in zip(self._doses(critical, LARGE), critical, strict=True)
                ]
                self._additive = additive(reach(pushes, level), parts)

    def _absorbed_jointly(self, free: Sequence[Candidate]) -> Estimate | None:
        """By a dose of which enough arrives to tell how much does not."""
        share = LARGE
        while share < MOST_JOINT and (tried := self._joint(free, share, AGAIN)):
            if reach(tried, self._noise).tau > ENOUGH_JOINT:
                break
            share *= 2
        pushes = self._joint(free, share, MOST_SLACK)
        if not pushes:
            return None
        absorbed = joint_slack(median([push.delivered_ns for push in pushes]), reach(pushes, self._noise))
        if absorbed is None:
            return None
        # What counts their calls takes of it as well, in both arms.
        probes_ns = sum(one.function.calls * (THUNK_NS if one.function.site.kind == "c" else PROBE_NS) for one in free)
        centre, low, high = (end + probes_ns for end in absorbed)
        return estimate_of(Interval(centre, low, high), self._screening.iterations)

    def _joint(self, group: Sequence[Candidate], share: float, pairs: int) -> list[Push]:
        """As many pairs as fit into a tenth of what is left."""
        deadline = time.perf_counter_ns() + self._left_ns / 10
        pushes: list[Push] = []
        doses = self._doses(group, share)
        while len(pushes) < pairs and (len(pushes) < AGAIN or time.perf_counter_ns() < deadline):
            self._say(pairs - len(pushes), share)
            push = self._push(doses, self._stop_ns)
            if push is None:
                break
            pushes.append(push)
        return pushes

    def _confirm(self) -> None:
        """Puts the best to the test on fresh pairs: whoever is picked for being best was lucky as well."""
        level = self._noise
        best = sorted(self._candidates, key=lambda one: -one.gain(level).low)
        claimed = [(one, one.standing(level)) for one in best if one.small]
        top = [(one, CLAIMS[said]) for one, said in claimed if said in CLAIMS][:TOP]
        tests = [(one, Confirmation(claim, self._rules.alpha / len(top))) for one, claim in top]
        a_block = max(1, math.ceil(BLOCK_NS / self._pair_ns(MIDDLE)))
        with self._on("confirming"):
            while open_tests := [(one, test) for one, test in tests if not test.settled]:
                for index, (one, test) in enumerate(self._rng.sample(open_tests, len(open_tests))):
                    self._say(len(open_tests) - index, MIDDLE)
                    dose = [one.dose(MIDDLE * self._bare_ns)]
                    block = [self._push(dose, self._stop_ns) for _ in range(a_block)]
                    judged = [push for push in block if push is not None]
                    test.blocks += not judged
                    if judged:
                        test.add(judged, level)
                    one.confirmed, one.refuted = test.holds, test.is_refuted

    # ---- time ----

    @property
    def _left_ns(self) -> float:
        return self._stop_ns - time.perf_counter_ns()

    @property
    def _bare_ns(self) -> float:
        return bare_length(self._screening.bare)

    def _pair_ns(self, share: float) -> float:
        return 2 * self._screening.round_ns + share * self._bare_ns

    def _expect(self, hot: int, cold: int) -> None:
        """How long each stage will take, to begin with."""
        pairs = {"hot functions": USUAL * hot, "cold functions": cold, "together": 2 * JOINT, "confirming": USUAL * TOP}
        self._to_come_ns = {stage: number * self._pair_ns(MIDDLE) for stage, number in pairs.items()}

    @contextmanager
    def _on(self, stage: str) -> Iterator[None]:
        self._stage, self._stage_ns = stage, time.perf_counter_ns()
        self._expected_ns = self._to_come_ns.pop(stage, 0.0)
        yield

    def _say(self, left: int, share: float) -> None:
        now_ns = time.perf_counter_ns()
        stage_ns = max(self._expected_ns - (now_ns - self._stage_ns), left * self._pair_ns(share))
        expected_ns = now_ns + stage_ns + sum(self._to_come_ns.values())
        self._watch.scanned(
            self._stage, left, now_ns - self._began_ns, min(expected_ns, max(self._stop_ns, now_ns)) - self._began_ns
        )

    def _renew_noise(self) -> None:
        """Of one pair, pooled over all functions: few pairs of each tell little."""
        self._noise = noise([self._idle, *(some for one in self._candidates for some in (one.large, one.small))])

    # ---- the answer ----

    def ranking(self) -> Ranking:
        """What is known so far. Where the audit fails nothing is."""
        screening, level = self._screening, self._noise
        problem = audit_conditions(screening.conditions) if screening.conditions.elapsed_ns else Remark()
        best = sorted(self._candidates, key=lambda one: (-one.gain(level).low, -one.hot))
        # Slower is no gain, and so no rank of its own.
        gains = [one.gain(level) for one in best]
        places = ranks([Gain(one.centre, max(one.low, 0.0), max(one.high, 0.0)) for one in gains])
        functions = [
            one.ranked(level, screening.iterations, self._bare_ns, place)
            for one, place in zip(best, places, strict=True)
        ]
        if problem:
            functions = [replace(one, verdict="unresolved", confirmed=False) for one in functions]
        return Ranking(
            test=self._test,
            targets=self._targets,
            mode=self._mode,
            round_ns=self._bare_ns / screening.iterations if screening.bare else None,
            seconds=self._spent_ns / 1e9,
            pairs=screening.spent.pairs,
            iterations=screening.iterations,
            functions=tuple(functions),
            joint_slack_ns=self._joint_slack,
            additive=self._additive,
            reason=problem or self._reason,
            warnings=tuple(str(one) for one in self._doubts()),
        )

    def _doubts(self) -> Iterator[Remark]:
        conditions, spent = self._screening.conditions, self._screening.spent
        yield from doubts_of(conditions)
        if spent.set_aside > MOST_ASIDE * spent.pairs:
            yield Remark("busy", waited=conditions.waited, aside=spent.set_aside, pairs=spent.pairs)


def _companies(cold: Sequence[Candidate]) -> list[list[Candidate]]:
    """Functions of similar shares, in groups so small that a usual effect of all leaves none that matters."""
    groups: list[list[Candidate]] = []
    for one in sorted(cold, key=lambda one: -one.hot):
        room = min(COMPANY, SPARE * LEAST_GAIN / max(groups[-1][0].hot, 1e-9)) if groups else 0
        if groups and len(groups[-1]) + 1 <= room:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups
