"""One bump on one subject, measured in one or more turns: what was done, and under which conditions."""

import math
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pytest_speedbump.bump import Bump, share_delay_ns
from pytest_speedbump.counts import CodeCounts, Counts
from pytest_speedbump.experiment.pilot import (
    LONG_ROUND_NS,
    Pilot,
    bare_round_ns,
    others_run,
    run_pilot,
    set_round_length,
)
from pytest_speedbump.experiment.rounds import Experiment, Pair, others_traced
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.experiment.tally import Tally
from pytest_speedbump.slowing.session import Session, armed, read_clocks, take_snapshot

__all__ = ["BLOCK_NS", "LEAST_PAIRS", "Conditions", "Measurement"]

BLOCK_NS = 2e6  # one bet each; 1-3 ms are best, and all alike, so that each pair weighs the same
LEAST_PAIRS = 50  # that must fit into the limit, before rounds are made shorter than the benchmark's own


@dataclass(slots=True)
class Conditions:
    """What the rounds ran under, summed over all turns.

    Attributes:
        intact: the events were still on at the end of each.
        lost: code objects that could not be slowed.
        elapsed_ns: time armed, by the operating system's clock.
        clock_ns: the same by the clock that delays are measured with.
        baseline_ns: fastest round of the test's own benchmark, None where there was none.
        hides_threads: other threads run, and rounds are too short to show what these lose.
        traced: a tracer followed other threads.
    """

    intact: bool = True
    lost: int = 0
    elapsed_ns: float = 0.0
    clock_ns: float = 0.0
    baseline_ns: float | None = None
    hides_threads: bool = False
    traced: bool = False

    def add(self, *, intact: bool, lost: int, elapsed_ns: float, clock_ns: float) -> None:
        """Adds a turn."""
        self.intact = self.intact and intact
        self.lost = lost
        self.elapsed_ns += elapsed_ns
        self.clock_ns += clock_ns


class Measurement:
    """The facts about one bump. Rounds are as long as the benchmark's own unless the limit asks for shorter ones.

    Attributes:
        limit_ns: of all that is spent; may change between turns.
        iterations: calls of the callable in a round.
        round_ns: length of a round before anything was armed; None before the first turn.
        pair_ns: what a pair is expected to take, were nothing absorbed; without the delay as long as no call was seen.
        pilot: None until it was run.
        tally: all pairs, the pilot's among them.
        bare_ns: the last turn's unarmed round; NaN where none was timed.
    """

    def __init__(self, bump: Bump, session: Session, rng: random.Random, limit_ns: float) -> None:
        self._bump, self._session, self._rng, self.limit_ns = bump, session, rng, limit_ns
        self.iterations = 1
        self.round_ns: float | None = None
        self.pair_ns = 0.0
        self.bare_ns = math.nan
        self.pilot: Pilot | None = None
        self.tally = Tally()
        self.conditions = Conditions()
        self._runs = self._slowed_runs = 0
        self._spent_ns = 0
        self._turn_began = 0

    # ---- turns ----

    @contextmanager
    def turn(self, subject: Subject) -> Iterator[None]:
        """A slice of time for this bump; the first one finds out how long a round is. Leaves ``subject`` as it was.

        Raises:
            InputError: time stands still.
        """
        asked, self._turn_began = subject.iterations, time.perf_counter_ns()
        try:
            if self.round_ns is None:
                self.round_ns, shows_threads = set_round_length(subject)
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
    def rounds(self, subject: Subject) -> Iterator[Experiment]:
        """Armed and warm, within a turn.

        Raises:
            InputError: another bump is armed, or no tool id is free.
        """
        assert self.round_ns is not None
        experiment = Experiment(self._session, subject, self._bump.delay_ns, self._rng)
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
        if self.round_ns < LONG_ROUND_NS and self.tally.pairs:
            self.bare_ns = bare_round_ns(subject)

    def fit(self, experiment: Experiment, subject: Subject) -> None:
        """Looks what is called in a round, and shortens rounds that the delay would make too long for the limit.

        A benchmark's own rounds hold many calls of a short callable. A hundred of them, each delayed by 1 s, are more
        than anybody waits for.
        """
        control = experiment.undelayed()
        self._resolve(experiment, control.counts.calls)
        self.pair_ns = 2 * control.ns + control.counts.calls * self._bump.delay_ns
        fitting_ns = self.left_ns / LEAST_PAIRS
        if self.pair_ns > fitting_ns and subject.stretchable and subject.iterations > 1:
            self.iterations = max(1, int(subject.iterations * fitting_ns / self.pair_ns))
            self.pair_ns *= self.iterations / subject.iterations
            subject.iterations = self.iterations
            self.conditions.hides_threads = self.conditions.hides_threads or others_run(subject)

    def _resolve(self, experiment: Experiment, calls: float) -> None:
        """What a share comes to where so many calls are in a round."""
        if self._bump.delay_share is not None and self.round_ns is not None:
            self._bump = self._bump.resolved(share_delay_ns(self._bump.delay_share, self.round_ns, calls))
            experiment.slow_by(self._bump.delay_ns)

    def run_pilot(self, experiment: Experiment) -> Pilot:
        self.pilot = run_pilot(experiment, self.left_ns / 4)
        self.pair_ns = self.pilot.pair_ns
        for pair in self.pilot.pairs:
            self.tally.add(pair)
        if not self._bump.delay_ns:  # What is called in some rounds only may have been missing in the first.
            self._resolve(experiment, self.tally.calls)
        return self.pilot

    def block(self, experiment: Experiment) -> list[Pair]:
        """The pairs of about 2 ms."""
        pairs = experiment.block(BLOCK_NS)
        for pair in pairs:
            self.tally.add(pair)
        return pairs

    # ---- reading ----

    @property
    def bump(self) -> Bump:
        """With what a share comes to, once a round was looked at."""
        return self._bump

    @property
    def matched(self) -> tuple[CodeCounts, ...]:
        """What was called in counted rounds, with the totals of each code object."""
        return take_snapshot(self._session, self._bump.targets).matched

    def per_call(self, total: Counts) -> Counts:
        """A total as means per call of the benchmarked callable: of calls over both arms, of times over the slowed."""
        if not self._slowed_runs:
            return Counts(total.calls / max(self._runs, 1))
        return replace(total / self._slowed_runs, calls=total.calls / self._runs)
