"""Screening: pairs of rounds in which one function after the other is slowed, all in one armed session."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median
from typing import NamedTuple

from pytest_speedbump.counts import Site
from pytest_speedbump.experiment.conditions import Conditions
from pytest_speedbump.experiment.pilot import LONG_ROUND_NS, set_round_length, stretch
from pytest_speedbump.experiment.plans import Dose, DosePlan
from pytest_speedbump.experiment.profile import Profile
from pytest_speedbump.experiment.rounds import Experiment, Round, others_traced
from pytest_speedbump.experiment.scheduler import Scheduler
from pytest_speedbump.experiment.selection import Selection, Times
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.slowing.session import DosedSession, TimingSession, armed, read_clocks

__all__ = ["Function", "Screened", "Screening"]

ROUND_NS = 300e3  # under which rounds are made of more calls: each costs some 50 us beside its own length
GROUPS = 3  # of bare rounds, each with profiled ones after it: a machine that changes its speed changes both
BARE_NS, PROFILE_NS = 30e6, 90e6  # in a group; of long rounds there is one group...
LEAST_ROUNDS = 3  # ...of so many
WARM_ROUNDS = 3  # after a session was armed: code has become slower by what it looked at
FEWEST_LOOKS, LOOKS = 2, 10  # undelayed rounds in which calls are counted; of long rounds fewer
LATE = 0.1  # of a delay, from which on it was preempted rather than delivered


class Function(NamedTuple):
    """One that the subject calls.

    Attributes:
        target: its index in the session.
        calls: of a typical round.
        times: ``(own_ns, edges)`` in each of some rounds: see :class:`~pytest_speedbump.experiment.profile.Profile`.
    """

    target: int
    site: Site
    calls: float
    times: Sequence[tuple[float, float]]


class Screened(NamedTuple):
    """One judged pair: its times, and by how many calls more the slowed round had of what was slowed in it."""

    times: Times
    more_calls: float


@dataclass(slots=True)
class Spent:
    """Rounds so far: ``pairs`` of them were run, of which ``set_aside`` were not judged."""

    pairs: int = 0
    set_aside: int = 0


class Screening:
    """The facts about the functions of one subject.

    Attributes:
        iterations: calls of the callable in a round.
        bare: rounds without any instrumentation, in ns.
        round_ns: length of a control round; a pair takes about twice as much and the dose.
        functions: what is called; empty before :meth:`look`.
    """

    def __init__(self, session: DosedSession, rng: random.Random, scheduler: Scheduler) -> None:
        self._session, self._rng, self._scheduler = session, rng, scheduler
        self._plan = DosePlan(session)
        self._experiment: Experiment | None = None
        self.conditions, self.selection = Conditions(), Selection()
        self.spent = Spent()
        self.iterations = 1
        self.bare: list[float] = []
        self.round_ns = 0.0
        self.functions: list[Function] = []

    @contextmanager
    def attending(self, subject: Subject) -> Iterator[None]:
        """While it is open, rounds may be run. Leaves ``subject`` as it was.

        Raises:
            InputError: time stands still.
        """
        asked = subject.iterations
        try:
            with self._scheduler.attending():
                self.round_ns, shows_threads = set_round_length(subject)
                if self.round_ns < ROUND_NS:
                    self.round_ns = stretch(subject, ROUND_NS)
                self.iterations = subject.iterations
                self.conditions.hides_threads = not shows_threads
                self._experiment = Experiment(self._session, subject, self._plan, self._rng, self._scheduler)
                yield
        finally:
            subject.iterations = asked

    def profile(self, session: TimingSession, subject: Subject, deadline: float) -> Profile:
        """Own times, and bare rounds among them; no group is begun after the deadline but the first."""
        assert self._experiment is not None
        profile = Profile(session)
        is_long = self.round_ns >= LONG_ROUND_NS
        for group in range(1 if is_long else GROUPS):
            if group and time.perf_counter_ns() >= deadline:
                break
            for _ in range(0 if is_long else WARM_ROUNDS):
                self._experiment.warm_up()
            self.bare += [float(max(one.ns - one.waited_ns, 1)) for one in self._experiment.bare(BARE_NS)]
            profile.add(subject, max(LEAST_ROUNDS, int(PROFILE_NS / self.round_ns)))
        return profile

    @contextmanager
    def armed(self) -> Iterator[None]:
        """While it is open, pairs may be run.

        Raises:
            InputError: another session is armed, or no tool id is free.
        """
        with armed(self._session):
            armed_at = read_clocks()
            try:
                yield
            finally:
                self.conditions.traced = self.conditions.traced or others_traced()
                now = read_clocks()
                self.conditions.add(
                    intact=self._session.intact,
                    lost=self._session.lost,
                    elapsed_ns=now[0] - armed_at[0],
                    clock_ns=now[1] - armed_at[1],
                )

    def look(self, profile: Profile, deadline: float) -> None:
        """Counts the calls of undelayed rounds: of what is called in one of several only, nobody knows whether it will
        be called again."""
        assert self._experiment is not None
        missing = [(0.0, 0.0)] * profile.rounds
        self._experiment.warm_up()
        seen = [self._plan.look()]
        rounds: list[Round] = []
        for _ in range(LOOKS if self.round_ns < LONG_ROUND_NS else FEWEST_LOOKS):
            if len(rounds) >= FEWEST_LOOKS and time.perf_counter_ns() >= deadline:
                break
            rounds.append(self._experiment.undelayed())
            seen.append(self._plan.look())
        self.round_ns = median([one.ns for one in rounds])
        for target, site in enumerate(self._plan.sites()):
            totals = [one[target].calls if target < len(one) else 0.0 for one in seen]
            calls = [after - before for before, after in pairwise(totals)]
            if sum(map(bool, calls)) > 1:
                typical = median(calls) or mean(calls)
                self.functions.append(Function(target, site, typical, profile.times.get(site.key, missing)))

    def pair(self, doses: Sequence[Dose]) -> Screened | None:
        """Slows these targets in one of two rounds. None where the pair had waited for a processor, or its delay was
        preempted."""
        assert self._experiment is not None
        self._plan.choose(doses)
        self.selection.choose(self._scheduler.others(), alone=self.conditions.alone)
        with self.conditions.watching(self._experiment, self._scheduler):
            pairs = self._experiment.block(0)
        self.spent.pairs += 1
        for times in self.selection.take(pairs):
            if times.late <= LATE * times.delivered:
                [(control, slowed)] = pairs
                return Screened(times, slowed.counts.calls - control.counts.calls)
        self.spent.set_aside += 1
        return None
