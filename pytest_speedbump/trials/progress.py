"""A bump tried on a program that runs: stretches until the answers are certain or time is up, audit, results.

How long must a stretch be? Long enough that the program feels, within it, all that a delay does to it; and nobody says
how long that is. So stretches begin short, and become longer until three signs are gone that more would come: see
:mod:`pytest_speedbump.inference.steadiness`. Some far longer ones, a twentieth of the limit, are there from the start
to compare with. What takes longer than those to be felt is not seen, but for queues, which cannot hide.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil, expm1, inf, sqrt
from statistics import median, stdev
from typing import NamedTuple

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import Counts
from pytest_speedbump.experiment.selection import QUIET, Times
from pytest_speedbump.experiment.stretches import LEAST_CALLS, Ended, Pair, Stretch, Stretches, World
from pytest_speedbump.inference.bare import PROBE_NS
from pytest_speedbump.inference.bets import blocks_to_bound
from pytest_speedbump.inference.excess import drop_from_excess, excess_from_drop
from pytest_speedbump.inference.sequential import Sequential
from pytest_speedbump.inference.steadiness import FEWEST, Paces, Steadiness
from pytest_speedbump.program import Latency
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Estimate, Evidence, Machine, Result, Verdict
from pytest_speedbump.trials.audit import DELIVERY_TOLERANCE, DELIVERY_TOLERANCE_NS
from pytest_speedbump.trials.case import Case
from pytest_speedbump.trials.judgement import is_broken, judge, undecided
from pytest_speedbump.trials.latency import latency_of, passed
from pytest_speedbump.trials.rules import Rules
from pytest_speedbump.units import format_time

__all__ = ["Answers", "ProgressTrial"]

SHORTEST_NS = 75e6  # a stretch: some switch intervals of the GIL, and ticks of any timer
LONG_SHARE = 1 / 20  # of the limit: the longest stretches, so that enough pairs of them fit
LONG_TIME = 0.35  # of the time, for the longest
NOISY = 0.2  # of a unit, by which pairs differ that are too short for what comes and goes in the program
ENOUGH_PAIRS = 16  # that must fit into the time, for stretches to become longer for that alone
MORE_PAIRS = 9  # that must fit for stretches to become longer at all
GROWTH = 3.0  # of stretches that are too short
PILOT = 2  # pairs of each length, which are no evidence
LOOK_NS = 50e6  # between two looks at a program that does not yet work
PACE_NS = 200e6  # that tell how often a point is called
PATIENCE_NS = 60e9  # until a program begins to work: imports, data that is read
LEAST_HIDDEN = 0.01  # as an excess: less than that may hide...
HIDDEN_OF_BUDGET = 0.25  # ...or such a share of the budget
LITTLE, MUCH = 0.05, 0.1  # of what is found without a budget: to lengthen stretches for, and to doubt it for
MOST_EXCESS = 2.0  # times the excess of a program that absorbs nothing: locks amplify
BUSY = 0.1  # of the time spent waiting for processors that others use, from which on they are what was in the way
SELDOM = 0.25  # of the slowed stretches without any delayed call
PROBE_TOLD = 0.01  # of a unit of progress, from which on it is said what probes may take
MARGIN, LEAST_PART = 1.5, 1 / 64  # of pairs, for a smaller delay that is recommended, and of that
POINT = 0.01  # to which a drop is known, of either side, when nothing is declared
LOOK_GROWTH = 1.15  # of the pairs between two looks
FLIGHTS = 4  # times what one unit is under way, at least, are the longest stretches


class Answers(NamedTuple):
    """One result for each progress point; how long it takes from one point to another, where that was asked.

    Attributes:
        passed: calls of those two points while it was measured.
    """

    results: tuple[Result, ...]
    latency: Latency | None
    passed: tuple[int, int] = (0, 0)


class _Level:
    """The pairs of stretches of one length."""

    def __init__(self, length_ns: float) -> None:
        self.length_ns = length_ns
        self.pairs: list[Pair] = []
        self.spent_ns = 0.0


class ProgressTrial:
    """One bump on one running program, by one or more progress points; then judged.

    ``world`` shows the progress points first; where a latency is asked for, the two points that it lies between follow.
    """

    def __init__(
        self,
        points: Sequence[str],
        bump: Bump,
        rules: Rules,
        world: World,
        *,
        with_latency: bool = False,
        explain: Callable[[str], str] = lambda _: "",
    ) -> None:
        """
        Args:
            rules: those of one verdict: the error rate is shared by all points before.
            explain: says, as the end of a sentence, why what is named so was never called; empty if it cannot tell.
        """
        self._explain = explain
        self._names, self._bump, self._rules, self._world = tuple(points), bump, rules, world
        rng = random.Random(f"{rules.seed} {' '.join(points)} {bump}")  # noqa: S311 - a coin, no secret
        self._points = range(len(points))
        self._latency_at = len(points) if with_latency else None
        self._question = rules.question(bump)
        self._cases = [Case(self._question, (0.0, 0.0)) for _ in points]
        budget = self._question.budget
        self._least_hidden = LEAST_HIDDEN if budget is None else min(LEAST_HIDDEN, HIDDEN_OF_BUDGET * budget)
        self._stretches = Stretches(world, self._points, rng, 0.0)
        self._began_ns = self._world.read().at_ns
        self._start = self._world.read()
        self._level: _Level | None = None
        self._long = _Level(LONG_SHARE * rules.max_time_ns)
        self._earlier: list[_Level] = []  # of lengths that were too short
        self._others: float | None = None
        self._next_look = 0
        self._ended = False

    # ---- the experiment ----

    def run(self) -> Answers:
        """Until all answers are certain, the time is up, or the program has ended."""
        try:
            if self._wait_for_work():
                self._measure()
        except Ended:
            self._ended = not self._world.alive
        finally:
            self._world.switch(slowed=False)
        latency, calls = None, (0, 0)
        if self._latency_at is not None:
            latency = latency_of(self._all_pairs, self._latency_at)
            calls = passed(self._all_pairs, self._latency_at)
        return Answers(tuple(self._result(point, latency) for point in self._points), latency, calls)

    @property
    def _spent_ns(self) -> float:
        return self._world.read().at_ns - self._began_ns

    @property
    def _left_ns(self) -> float:
        return self._rules.max_time_ns - self._spent_ns

    def _wait_for_work(self) -> bool:
        """Whether every point, and a target, is called before patience is at an end. The limit begins only then."""
        world, first, began_ns = self._world, self._start, None
        while True:
            now = world.read()
            calls = [now.points[point].calls - first.points[point].calls for point in self._points]
            calls.append(int(now.counts.calls - first.counts.calls))
            if all(calls):
                break
            if any(calls) and began_ns is None:
                began_ns = now.at_ns
            patience_ns = PATIENCE_NS if began_ns is None else began_ns + self._rules.max_time_ns - first.at_ns
            if not world.alive or now.at_ns - first.at_ns > patience_ns:
                self._ended = not world.alive
                return False
            world.sleep(LOOK_NS)
        self._start, self._began_ns = now, now.at_ns
        return True

    def _measure(self) -> None:
        self._stretches.deadline_ns = self._began_ns + 1.05 * self._rules.max_time_ns  # pairs that fit are begun
        self._level = _Level(self._first_length())
        while self._left_ns > 2 * self._level.length_ns:
            is_long = self._is_time_for_long()
            level = self._long if is_long else self._level
            began_ns = self._spent_ns
            self._others = max(self._world.others() or 0.0, self._others or 0.0)
            pair = self._stretches.pair(level.length_ns)
            level.spent_ns += self._spent_ns - began_ns
            level.pairs.append(pair)
            self._add(pair, pilot=not is_long and len(level.pairs) <= PILOT)
            if self._is_certain():
                return
            if not self._is_settled():
                if not self._lengthen():
                    return
            elif self._is_noisy and GROWTH * self._level.length_ns * 2 * ENOUGH_PAIRS < self._left_ns:
                self._lengthen()

    def _first_length(self) -> float:
        """That holds calls enough of each point."""
        world, first = self._world, self._start
        while True:
            if not world.alive:
                raise Ended
            world.sleep(PACE_NS)
            now = world.read()
            calls = min(now.points[point].calls - first.points[point].calls for point in self._points)
            if calls >= LEAST_CALLS or self._left_ns <= 0:
                break
        unit_ns = (now.at_ns - first.at_ns) / max(calls, 1)
        return min(max(SHORTEST_NS, 1.5 * LEAST_CALLS * unit_ns), max(self._long.length_ns, LEAST_CALLS * unit_ns))

    def _is_time_for_long(self) -> bool:
        """A share of the time is theirs, once there are others to compare with."""
        level, long = self._level, self._long
        assert level is not None
        if 2 * level.length_ns > long.length_ns or len(level.pairs) < PILOT + FEWEST:
            return False
        cost_ns = 2 * long.length_ns
        if cost_ns > self._left_ns:
            return False
        return long.spent_ns + cost_ns <= LONG_TIME * (self._spent_ns + cost_ns) or (
            self._is_decided and len(long.pairs) < 2
        )

    def _add(self, pair: Pair, *, pilot: bool) -> None:
        for point, case in zip(self._points, self._cases, strict=True):
            times = self._times(pair, point)
            if pilot or not case.is_open:
                case.open([times], [], self._doubtful_calls(point))
            else:
                case.add([times], MOST_EXCESS * self._largest(point))
                case.renew_bare([], [self._control_ns(point)] * len(self._pairs), self._doubtful_calls(point))

    def _times(self, pair: Pair, point: int) -> Times:
        """Per unit of progress.

        A stretch holds some calls more or less, as it falls; of how many there are in a unit all stretches tell.
        """
        slowed, unit_ns = pair.slowed, pair.slowed.unit_ns(point)
        one = slowed.counts / max(slowed.counts.calls, 1)
        calls = self._calls(point)
        return Times(pair.control.unit_ns(point), unit_ns, calls * one.delivered_ns, calls * one.late_ns)

    def _lengthen(self) -> bool:
        """Longer stretches, as long as enough of them fit; returns whether to go on at all.

        What shorter ones have shown of "under" is no evidence. A queue hides drops and makes none, so what they have
        shown of "over" remains.
        """
        level, long = self._level, self._long
        assert level is not None
        length_ns = min(GROWTH * level.length_ns, long.length_ns)
        if 2 * MORE_PAIRS * length_ns > self._left_ns:
            return True
        if length_ns < 1.5 * level.length_ns:
            return len(level.pairs) < blocks_to_bound(self._rules.alpha_end) or self._may_be_over
        self._earlier.append(level)
        self._level = _Level(length_ns)
        cases = []
        for point, case in zip(self._points, self._cases, strict=True):
            procedure, prior = case.procedure, (0.0, 0.0)
            if isinstance(procedure, Sequential):
                prior = procedure.over.stopped, min(0.0, procedure.under.stopped)
            cases.append(Case(self._question, prior))
            times = [self._times(pair, point) for pair in level.pairs]
            cases[-1].open(times, [], self._doubtful_calls(point))
        self._cases = cases
        if long.length_ns < 2 * length_ns:  # they are no longer ones any more
            self._level.pairs, long.pairs = long.pairs, []
            for pair in self._level.pairs:
                self._add(pair, pilot=False)
        return True

    # ---- what is known so far ----

    @property
    def _pairs(self) -> list[Pair]:
        """That are evidence."""
        return [] if self._level is None else [*self._level.pairs, *self._long.pairs]

    @property
    def _all_pairs(self) -> list[Pair]:
        return [pair for level in self._earlier for pair in level.pairs] + self._pairs

    def _steadiness(self, point: int) -> Steadiness:
        assert self._level is not None
        long = [_paces(pair, point) for pair in self._long.pairs]
        return Steadiness([_paces(pair, point) for pair in self._level.pairs], long)

    def _is_settled(self, of_excess: float = LITTLE) -> bool:
        return all(self._is_steady(self._steadiness(point), of_excess) for point in self._points)

    def _is_steady(self, steady: Steadiness, of_excess: float, known_to: float = 0.0) -> bool:
        """A budget says what may hide; else a part of what is found, or to what it is known."""
        may_hide = max(of_excess * abs(steady.excess), known_to) if self._question.budget is None else 0.0
        return steady.is_settled(max(self._least_hidden, may_hide))

    @property
    def _is_noisy(self) -> bool:
        return any(self._steadiness(point).noise > NOISY for point in self._points)

    @property
    def _is_decided(self) -> bool:
        return all(case.is_open and case.is_decided for case in self._cases)

    @property
    def _may_be_over(self) -> bool:
        budget = self._question.budget
        return budget is not None and any(case.guess > budget for case in self._cases)

    def _is_certain(self) -> bool:
        """Whether more stretches would change nothing that matters."""
        if not self._is_decided:
            return False
        for point, case in zip(self._points, self._cases, strict=True):
            if case.procedure.state != "over" and not self._is_proved(point):
                return False
        if self._question.budget is None:
            return self._is_known()
        return all(case.is_sharp() for case in self._cases) or self._left_ns < self._rules.max_time_ns / 2

    def _is_known(self) -> bool:
        """Whether drops are known to a point. Looks now and then: looking is dear, and this machine the program's."""
        if len(self._pairs) < self._next_look:
            return False
        self._next_look = ceil(LOOK_GROWTH * len(self._pairs))
        drops = [judge(case, self._largest(point)).drop for point, case in zip(self._points, self._cases, strict=True)]
        return all(
            drop.low is not None and drop.high is not None and drop.high - drop.low <= 2 * POINT for drop in drops
        )

    def _is_proved(self, point: int) -> bool:
        """Whether nothing can be hidden, that would matter, in the stretches of a point."""
        assert self._level is not None
        steady, budget = self._steadiness(point), self._question.budget
        longest_ns = max(self._level.length_ns, self._long.length_ns if self._long.pairs else 0.0)
        if not steady.is_settled(self._least_hidden) or longest_ns < 0.5 * self._long.length_ns:
            return False
        if budget is None:
            return True
        found = self._cases[point].interval.centre
        hidden = found + steady.most_hidden
        late = found + steady.longer.most if self._long.pairs else hidden
        return max(hidden, late) <= budget

    def _control_ns(self, point: int) -> float:
        """Of a unit of progress, pauses of the program included: what throughput is."""
        controls = [(pair.control.ns / pair.control.unit_ns(point), pair.control.ns) for pair in self._pairs]
        return sum(ns for _, ns in controls) / sum(units for units, _ in controls)

    def _calls(self, point: int) -> float:
        """Of targets, in a unit of progress."""
        stretches = [stretch for pair in self._all_pairs for stretch in pair]
        units = sum(stretch.ns / stretch.unit_ns(point) for stretch in stretches)
        return sum(stretch.counts.calls for stretch in stretches) / units

    def _doubtful_calls(self, point: int) -> int:
        """As many calls as would cost what nobody knows of a bare unit: that of the probes, and the pauses' share."""
        controls = [pair.control.unit_ns(point) for pair in self._pairs]
        error_ns = 2 * stdev(controls) / sqrt(len(controls)) if len(controls) > 1 else 0.0
        return round(self._probes(point) + error_ns / PROBE_NS)

    def _probes(self, point: int) -> float:
        """Calls that are counted in a unit of progress, those of points among them."""
        calls = [
            (stretch.counts.calls + sum(stretch.calls(index) for index in range(len(stretch.last.points))))
            * stretch.unit_ns(point)
            / stretch.ns
            for pair in self._pairs
            for stretch in pair
        ]
        return median(calls) if calls else 0.0

    def _largest(self, point: int) -> float:
        """Excess of a program that absorbs nothing, as an experiment on one of its threads."""
        shares = [
            pair.slowed.counts.requested_ns / pair.slowed.ns * pair.slowed.unit_ns(point) / pair.control.unit_ns(point)
            for pair in self._pairs
        ]
        return median(shares) if shares else 0.0

    @property
    def _waited(self) -> float:
        total_ns = sum(stretch.ns for pair in self._pairs for stretch in pair)
        return sum(stretch.waited_ns for pair in self._pairs for stretch in pair) / max(total_ns, 1.0)

    @property
    def _is_crowded(self) -> bool:
        return self._others is not None and self._others >= QUIET

    # ---- results ----

    def _result(self, point: int, latency: Latency | None) -> Result:
        case = self._cases[point]
        problem = self._why_void(point)
        if problem:
            return self._made(point, "void", problem)
        if not case.procedure.blocks:
            reason = self._why_nothing_began() or self._why_undecided(point) or self._too_few(point)
            return self._made(point, undecided(self._bump) if self._bump.declared else "inconclusive", reason)
        judgement = judge(case, self._largest(point))
        verdict, reason = judgement.verdict, judgement.reason
        steady = self._steadiness(point)
        doubt = self._why_doubted(point, verdict, judgement.drop, steady, latency)
        if doubt:
            verdict, reason = "inconclusive", doubt
        elif verdict == "inconclusive":
            reason = reason or self._why_undecided(point)
        drop, transmission = _with_room(judgement.drop, steady.most_hidden), judgement.transmission
        if not self._is_steady(steady, MUCH, _known_to(judgement.drop)):
            transmission = None
        elif transmission is not None:
            transmission = _widened(transmission, steady.most_hidden / max(self._largest(point), LEAST_HIDDEN))
        procedure, evidence = case.procedure, None
        if isinstance(procedure, Sequential):
            over, under = procedure.over, procedure.under
            evidence = Evidence(over.stopped, under.stopped, over.most, under.most)
        share = self._probes(point) * PROBE_NS / self._control_ns(point)
        probe = Remark("armed_only", share=share) if share > PROBE_TOLD else Remark()
        return replace(
            self._made(point, verdict, reason),
            warnings=tuple(str(one) for one in (probe, *judgement.warnings) if one),
            known_drop=None if reason.kind == "uneven" else drop,
            known_transmission=None if reason.kind == "uneven" else transmission,
            floor=judgement.floor,
            pairs=case.pairs,
            evidence=evidence,
        )

    def _why_void(self, point: int) -> Remark:
        now = self._world.read()
        spent_ns = now.at_ns - self._start.at_ns
        if not now.points[point].calls:
            return Remark(
                "no_progress", point=self._names[point], spent_ns=spent_ns, hint=self._hint(self._names[point])
            )
        if not now.counts.calls:
            hint = "".join(self._hint(name) for _, name in self._bump.targets.chosen[:1])
            return Remark("uncalled", target=str(self._bump.targets), hint=hint)
        slowed = self._slowed
        delayed = slowed.calls / self._bump.every
        error_ns = abs(slowed.delivered_ns - slowed.requested_ns)
        if error_ns > max(DELIVERY_TOLERANCE * slowed.requested_ns, DELIVERY_TOLERANCE_NS * delayed):
            if not slowed.delivered_ns:
                return Remark("unpaused")
            mean = slowed / delayed
            return Remark("delivery", delivered_ns=mean.delivered_ns, requested_ns=mean.requested_ns)
        return Remark()

    def _may_be_others(self, drop: Estimate) -> bool:
        """Whether a drop is over its budget only with what slowed stretches waited for processors."""
        slowed = [pair.slowed for pair in self._pairs]
        waited = sum(stretch.waited_ns for stretch in slowed) / sum(stretch.ns for stretch in slowed)
        budget = self._question.budget
        return budget is not None and (drop.low is None or drop.low - waited <= drop_from_excess(budget))

    def _hint(self, pattern: str) -> str:
        why = self._explain(pattern)
        return f"; {why}" if why else ""

    def _why_doubted(
        self, point: int, verdict: Verdict, drop: Estimate, steady: Steadiness, latency: Latency | None
    ) -> Remark:
        """Why what was decided does not stand, or nothing could be; empty where that is not so."""
        assert self._level is not None
        if self._is_crowded and (self._waited > BUSY or (verdict == "sensitive" and self._may_be_others(drop))):
            return Remark("program_busy", waited=self._waited, others=self._others)
        undelayed, pairs = sum(not pair.slowed.counts.requested_ns for pair in self._pairs), len(self._pairs)
        length_ns, advice = self._level.length_ns, self._rules.advice(4 * self._rules.max_time_ns)
        if self._bump.delay_ns and undelayed > SELDOM * pairs:
            return Remark("seldom_delayed", undelayed=undelayed, pairs=pairs, length_ns=length_ns, advice=advice)
        longest_ns = max([length_ns, *(pair.slowed.ns for pair in self._long.pairs)])
        if latency is not None and latency.slowed_ns * FLIGHTS > longest_ns:
            flight_ns = latency.slowed_ns
            return Remark("in_flight", latency_ns=flight_ns, length_ns=longest_ns, advice=advice)
        if steady.noise > NOISY and (drop.low is None or drop.high is None or drop.high - drop.low > NOISY):
            return Remark("uneven", point=self._names[point], length_ns=length_ns, advice=advice)
        hidden, name, known_to = steady.hidden, self._names[point], _known_to(drop)
        if hidden.exceeds(self._least_hidden):
            if hidden.value < 0:
                unlike = Remark("unlike", point=name, share=expm1(-hidden.value))
                return Remark() if verdict == "insensitive" else unlike
            if verdict in ("insensitive", "inconclusive") or (verdict == "measured" and hidden.value > known_to):
                share = -expm1(-hidden.value)
                return Remark("queued", point=name, share=share, length_ns=length_ns, advice=advice)
        if verdict == "insensitive" and not self._is_proved(point):
            return Remark("pace", length_ns=length_ns, advice=advice)
        if verdict != "sensitive" and not self._is_steady(steady, MUCH, known_to):
            return Remark("pace", length_ns=length_ns, advice=advice)
        return Remark()

    def _why_nothing_began(self) -> Remark:
        """Which point has kept all others waiting; empty where none has."""
        now = self._world.read()
        waits = [self._names[point] for point in self._points if not now.points[point].calls]
        return Remark("waits", point=waits[0]) if waits else Remark()

    def _why_undecided(self, point: int) -> Remark:
        if self._ended:
            return Remark("program_ended", spent_ns=self._spent_ns)
        if self._is_crowded and self._waited > BUSY:
            return Remark("program_busy", waited=self._waited, others=self._others)
        if not self._cases[point].procedure.blocks:
            return Remark()
        return Remark("time", spent_ns=self._spent_ns, instead=self._instead(point))

    def _instead(self, point: int) -> str:
        """A smaller delay, with which so many pairs would do; empty where it is not the delay that matters."""
        case, question, declared, share = self._cases[point], self._question, self._bump.declared, 1.0
        if question.budget is None or declared is None or declared.kind == "sensitive" or case.guess > question.budget:
            return ""
        largest, pairs = MOST_EXCESS * self._largest(point), len(case.procedure.blocks)
        while share > LEAST_PART and MARGIN * question.blocks_to_pass(share * largest) > pairs:
            share /= 2
        if share in (1.0, LEAST_PART):
            return ""
        return f", or slow it less: {format_time(share * self._bump.delay_ns, 1)} would do"

    def _too_few(self, point: int) -> Remark:
        calls = self._world.read().points[point].calls
        advice = self._rules.advice(4 * self._rules.max_time_ns)
        return Remark("too_few", point=self._names[point], calls=calls, spent_ns=self._spent_ns, advice=advice)

    @property
    def _slowed(self) -> Counts:
        return sum((pair.slowed.counts for pair in self._all_pairs), Counts())

    def _made(self, point: int, verdict: Verdict, reason: Remark) -> Result:
        bump, rules, pairs = self._bump, self._rules, self._pairs
        broken = verdict == "void" or is_broken(bump, verdict, uncalled=False)
        control_ns = self._control_ns(point) if pairs else None
        return Result(
            test=self._names[point],
            bump=bump,
            verdict=verdict,
            outcome=rules.severity.outcome(broken=broken, uncertain=verdict == "inconclusive"),
            reason=reason,
            seconds=self._spent_ns / 1e9,
            control_ns=control_ns,
            bare_ns=control_ns,
            counts=self._per_unit(point) if pairs else None,
            machine=self._machine() if pairs else None,
            limited_by=rules.limited_by,
        )

    def _per_unit(self, point: int) -> Counts:
        """Per unit of progress: of calls over both arms, of times over the slowed one."""
        slowed = sum((pair.slowed.counts for pair in self._pairs), Counts())
        calls = self._calls(point)
        return replace(slowed / (max(slowed.calls, 1) / calls), calls=calls) if calls else Counts()

    def _machine(self) -> Machine:
        slowed = self._slowed
        late = slowed.late_ns / slowed.delivered_ns if slowed.delivered_ns else None
        return Machine(self._waited, late, 0.0, self._others, 0, "all")


def _paces(pair: Pair, point: int) -> Paces:
    control, slowed = pair
    return Paces(
        control.unit_ns(point),
        slowed.unit_ns(point),
        control.target_ns,
        slowed.target_ns,
        _change(control, point),
        _change(slowed, point),
    )


def _change(stretch: Stretch, point: int) -> float:
    first, second = stretch.half_units_ns(point)
    return (second - first) / stretch.unit_ns(point)


def _known_to(drop: Estimate) -> float:
    """By how much more the excess may be, for all that its own interval says; what is known badly excuses nothing."""
    room = 0.0 if drop.high is None else excess_from_drop(drop.high) - excess_from_drop(drop)
    return min(room, 2 * POINT)


def _with_room(drop: Estimate, hidden: float) -> Estimate:
    """With room for what may be hidden, an excess."""
    if drop.high is None or hidden == inf:
        return Estimate(drop, drop.low, None)
    return Estimate(drop, drop.low, max(drop.high, drop_from_excess(excess_from_drop(drop) + hidden)))


def _widened(transmission: Estimate, hidden: float) -> Estimate:
    if transmission.high is None or hidden == inf:
        return Estimate(transmission, transmission.low, None)
    return Estimate(transmission, transmission.low, max(transmission.high, transmission + hidden))
