"""One bump on one subject, measured in one or more turns: what was done, and under which conditions."""

import math
import random
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from statistics import median

from pytest_speedbump.bump import Bump, least_delay_ns, share_delay_ns
from pytest_speedbump.counts import CodeCounts, Counts
from pytest_speedbump.experiment.conditions import Conditions
from pytest_speedbump.experiment.pilot import (
    LONG_ROUND_NS,
    Pilot,
    others_run,
    run_pilot,
    set_round_length,
)
from pytest_speedbump.experiment.plans import DelayPlan
from pytest_speedbump.experiment.rounds import Experiment, Round, others_traced
from pytest_speedbump.experiment.scheduler import Scheduler
from pytest_speedbump.experiment.selection import Selection, Times
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.experiment.tally import Tally
from pytest_speedbump.slowing.session import Session, armed, read_clocks, take_snapshot

__all__ = ["BLOCK_NS", "LEAST_PAIRS", "Measurement"]

BLOCK_NS = 2e6  # one bet each, to begin with; 1-3 ms are best
BLOCK_SHARE = 1 / 250  # of the time so far, which blocks grow to: more of them would be dearer to judge, and no sharper
STRETCH_NS = 30e6  # of pairs between two groups of bare rounds...
FIRST_STRETCH_NS = 5e6  # as long as there are fewer groups than...
BARE_GROUPS = 5  # ...make a median that no change of the machine's speed moves
STRETCH_PAIRS = 10  # ...and at least so many pairs
BARE_SHARE = 0.1  # of a stretch, for the bare rounds that follow it
FIRST_DOSE = 0.1  # of the round, where the slack is asked for: a tenth of that drowns in noise
LEAST_PAIRS = 50  # that must fit into the limit, before rounds are made shorter than the benchmark's own


class Measurement:
    """The facts about one bump. Rounds are as long as the benchmark's own unless the limit asks for shorter ones.

    Attributes:
        limit_ns: of all that is spent; may change between turns.
        iterations: calls of the callable in a round.
        round_ns: length of a round before anything was armed; None before the first turn.
        pair_ns: what a pair is expected to take, were nothing absorbed; without the delay as long as no call was seen.
        calls: matched calls that are expected in a round; 0 as long as none was seen.
        pilot: None until it was run.
        tally: all pairs, the pilot's among them.
        controls: lengths of the control rounds that were judged.
        bare: groups of unarmed rounds: how many ``controls`` there were before, and the lengths.
        selection: which pairs are judged.
        bare_matters: a probe could be seen in a round, so that bare rounds go on; the first group is always there.
        is_heavy: the probe may be so much of a round that no verdict should rest on a few bare ones.
        longest_block_ns: that blocks may grow to, so that there are as many as the question takes.
    """

    def __init__(self, bump: Bump, session: Session, rng: random.Random, limit_ns: float, scheduler: Scheduler) -> None:
        self._bump, self._session, self._rng, self.limit_ns = bump, session, rng, limit_ns
        self._scheduler = scheduler
        self._plan = DelayPlan(session, bump.delay_ns, bump.every)
        self.iterations = 1
        self.round_ns: float | None = None
        self.pair_ns = 0.0
        self.calls = 0.0
        self.pilot: Pilot | None = None
        self.tally = Tally()
        self.controls = array("d")
        self.bare: list[tuple[int, list[float]]] = []
        self.selection = Selection(1.0 if bump.declared is None else bump.declared.limit)
        self.bare_matters, self.is_heavy = True, False
        self.longest_block_ns = math.inf
        self.conditions = Conditions()
        self._runs = self._slowed_runs = 0
        self._spent_ns = 0
        self._turn_began = 0
        self._stretch_ns = self._stretch_pairs = 0
        self._first_bare: list[Round] = []  # Until the pilot tells in which way they are to be read.

    # ---- turns ----

    @contextmanager
    def turn(self, subject: Subject) -> Iterator[None]:
        """A slice of time for this bump; the first one finds out how long a round is. Leaves ``subject`` as it was.

        Raises:
            InputError: time stands still.
        """
        asked, self._turn_began = subject.iterations, time.perf_counter_ns()
        try:
            with self._scheduler.attending():
                if self.round_ns is None:
                    before = self._scheduler.waited()
                    self.round_ns, shows_threads = set_round_length(subject)
                    if self.round_ns >= LONG_ROUND_NS:
                        wait = self._scheduler.waited().since(before)
                        self._first_bare = [Round(int(self.round_ns), Counts(), *wait)]
                    self.pair_ns = 2 * self.round_ns
                    self.iterations = subject.iterations
                    self.conditions.hides_threads = not shows_threads
                subject.iterations = self.iterations
                yield
        finally:
            if subject.baseline_ns is not None:
                self.conditions.baseline_ns = subject.baseline_ns * self.iterations / asked
            subject.iterations = asked
            self._spent_ns += time.perf_counter_ns() - self._turn_began
            self._turn_began = 0

    @property
    def spent_ns(self) -> float:
        """By all turns, the present one included."""
        return self._spent_ns + (time.perf_counter_ns() - self._turn_began if self._turn_began else 0)

    @property
    def left_ns(self) -> float:
        """Until the limit of the verdict."""
        return self.limit_ns - self.spent_ns

    @contextmanager
    def stretch(self, subject: Subject) -> Iterator[Experiment]:
        """Armed and warm, within a turn; bare rounds follow.

        Raises:
            InputError: another bump is armed, or no tool id is free.
        """
        assert self.round_ns is not None
        experiment = Experiment(self._session, subject, self._plan, self._rng, self._scheduler)
        if not self._first_bare:
            self._first_bare = experiment.bare(BLOCK_NS)
        with armed(self._session):
            armed_at = read_clocks()
            try:
                if self.round_ns < LONG_ROUND_NS:
                    experiment.warm_up()
                yield experiment
            finally:
                self._runs += experiment.runs
                self._slowed_runs += experiment.slowed_runs
                self.conditions.traced = self.conditions.traced or others_traced()
                now = read_clocks()
                self.conditions.add(
                    intact=self._session.intact,
                    lost=self._session.lost,
                    elapsed_ns=now[0] - armed_at[0],
                    clock_ns=now[1] - armed_at[1],
                )
        if self.stretch_over:
            if self.left_ns > self.round_ns:
                if self.round_ns < LONG_ROUND_NS:
                    experiment.warm_up()
                self._add_bare(experiment.bare(BARE_SHARE * self._stretch_ns))
            self._stretch_ns = self._stretch_pairs = 0

    @property
    def block_pairs(self) -> int:
        """Pairs that are expected in a block, to begin with."""
        return max(1, math.ceil(BLOCK_NS / self.pair_ns))

    @property
    def block_ns(self) -> float:
        """What a block is expected to take, and its share of the bare rounds that follow."""
        return (1 + BARE_SHARE) * self.block_pairs * self.pair_ns

    @property
    def stretch_over(self) -> bool:
        """Whether it is time for bare rounds."""
        if self.is_heavy and not self.is_bare_known:
            return self._stretch_ns >= FIRST_STRETCH_NS
        return self.bare_matters and self._stretch_ns >= STRETCH_NS and self._stretch_pairs >= STRETCH_PAIRS

    @property
    def is_bare_known(self) -> bool:
        """Whether it is known how long a round is without its probe, as well as that can matter."""
        return not self.is_heavy or len(self.bare) >= BARE_GROUPS

    def _add_bare(self, rounds: list[Round]) -> None:
        lengths = self.selection.controls(rounds)
        if lengths:
            self.bare.append((len(self.controls), lengths))

    def fit(self, experiment: Experiment, subject: Subject) -> None:
        """Looks what is called in a round, and shortens rounds that the delay would make too long for the limit.

        A benchmark's own rounds hold many calls of a short callable. A hundred of them, each delayed by 1 s, are more
        than anybody waits for.
        """
        control = experiment.undelayed()
        self.calls = control.counts.calls
        self._resolve(self.calls)
        self.pair_ns = self.pair_of(self._plan.delay_ns, control.ns)
        fitting_ns = self.left_ns / LEAST_PAIRS
        if self.pair_ns > fitting_ns and subject.stretchable and subject.iterations > 1:
            self.iterations = max(1, int(subject.iterations * fitting_ns / self.pair_ns))
            share = self.iterations / subject.iterations
            self.pair_ns *= share
            self.calls *= share
            self.round_ns = share * (self.round_ns or 0.0)
            self._first_bare = [one._replace(ns=int(one.ns * share)) for one in self._first_bare]
            subject.iterations = self.iterations
            self.conditions.hides_threads = self.conditions.hides_threads or others_run(subject)

    def _resolve(self, calls: float) -> None:
        """What a share comes to where so many calls are in a round, and so the first dose where slack is asked for."""
        bump = self._bump
        share = FIRST_DOSE if bump.asks_slack else bump.delay_share
        if share is not None:
            bare_ns = median([one.ns for one in self._first_bare])
            delay_ns = share_delay_ns(share, bare_ns, calls / bump.every)
            self.slow_by(least_delay_ns(bump.mode, delay_ns) if bump.asks_slack else delay_ns)
            self._bump = bump if bump.asks_slack else bump.resolved(delay_ns)

    def slow_by(self, delay_ns: float) -> None:
        """Another delay from the next pair on, where the slack is asked for."""
        self._plan.delay_ns = delay_ns

    @property
    def delay_ns(self) -> float:
        """Of the pairs that run now."""
        return self._plan.delay_ns

    def pair_of(self, delay_ns: float, round_ns: float) -> float:
        """What a pair is expected to take under that delay, were nothing absorbed."""
        return 2 * round_ns + self.calls / self._bump.every * delay_ns

    def run_pilot(self, experiment: Experiment) -> list[Times]:
        """Returns those of its pairs that would be judged. They are no evidence."""
        with self.conditions.watching(experiment, self._scheduler):
            self.pilot = run_pilot(experiment, self.left_ns / 4)
        self.pair_ns, self.calls = self.pilot.pair_ns, self.pilot.calls
        for pair in self.pilot.pairs:
            self.tally.add(pair)
        self.selection.look_at(self.pilot.pairs)
        self._choose()
        first_ns = self._first_bare[0].ns
        if first_ns < LONG_ROUND_NS or first_ns <= self.pilot.pairs[0].control.ns:
            self._add_bare(self._first_bare)  # A single long round that takes longer than one with a probe was cold.
        if not self._plan.delay_ns:  # What is called in some rounds only may have been missing in the first.
            self._resolve(self.tally.calls)
        return self.selection.sift(self.pilot.pairs)

    def block(self, experiment: Experiment) -> list[Times]:
        """The pairs of about 2 ms, or of a small share of the time so far; those of them that are to be judged."""
        self._choose()
        began = time.perf_counter_ns()
        with self.conditions.watching(experiment, self._scheduler):
            longest_ns = self.longest_block_ns - self.pair_ns  # the last pair begins before the end
            pairs = experiment.block(max(BLOCK_NS, min(BLOCK_SHARE * self.spent_ns, longest_ns)))
        self._stretch_ns += time.perf_counter_ns() - began
        self._stretch_pairs += len(pairs)
        for pair in pairs:
            self.tally.add(pair)
        judged = self.selection.take(pairs)
        self.controls.extend([one.control for one in judged])
        return judged

    def _choose(self) -> None:
        self.selection.choose(self._scheduler.others(), alone=self.conditions.alone)

    # ---- reading ----

    @property
    def bump(self) -> Bump:
        """With what a share comes to, once a round was looked at."""
        return self._bump

    @property
    def median_control_ns(self) -> float:
        """Of the rounds that were judged; of all where none was."""
        return median(self.controls or self.tally.control_ns)

    @property
    def strayed(self) -> float:
        """Share of the delay that was spent when its round was over, by threads or processes that nobody waits for."""
        total_ns = self._plan.counts().requested_ns
        return 1 - self.tally.slowed.requested_ns / total_ns if total_ns else 0.0

    @property
    def matched(self) -> tuple[CodeCounts, ...]:
        """What was called in counted rounds, with the totals of each code object."""
        return take_snapshot(self._session, self._bump.targets).matched

    def per_call(self, total: Counts) -> Counts:
        """A total as means per call of the benchmarked callable: of calls over both arms, of times over the slowed."""
        if not self._slowed_runs:
            return Counts(total.calls / max(self._runs, 1))
        return replace(total / self._slowed_runs, calls=total.calls / self._runs)
