"""Rounds: random-order pairs of a control and a slowed round, block by block. No statistics, no output."""

import gc
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from pytest_speedbump.counts import Counts
from pytest_speedbump.experiment.plans import Plan
from pytest_speedbump.experiment.scheduler import Scheduler, Wait
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject
from pytest_speedbump.slowing.session import Session

__all__ = ["BrokenSubjectError", "Experiment", "Pair", "Round", "look", "others_traced", "undisturbed"]


type Arm = Literal["control", "slowed"]

SELDOM_NS = 0.1e9

# Without a GIL there are no generations: a collection looks at everything, which takes longer than a block.
_HAS_GENERATIONS = getattr(sys, "_is_gil_enabled", lambda: True)()


def look(session: Session, subject: Subject) -> None:
    """One undelayed round, which is counted. Raises CallableRaisedError."""
    subject.round(lambda: session.set_delay(0.0), session.pause)


class Round(NamedTuple):
    """One round: how long it took, in ns and never less than 1, what was counted, and the wait for a processor.

    It was had again ``times`` times; a round that never gave it up has none.
    """

    ns: int
    counts: Counts
    waited_ns: int = 0
    times: int = 0


class Pair(NamedTuple):
    """Two adjacent rounds, in the order that the coin chose."""

    control: Round
    slowed: Round


class BrokenSubjectError(Exception):
    """The callable raised when repeated: a :class:`CallableRaisedError`, and the ``arm`` in which it came."""

    def __init__(self, round_number: int, arm: str) -> None:
        super().__init__(f"the callable raised in round {round_number}, {arm} arm")
        self.round_number = round_number
        self.arm = arm


class Experiment:
    """Runs rounds of ``subject`` under an armed ``session``.

    The order inside each pair is drawn from ``rng``: a fixed order resonates with anything periodic, such as garbage
    collection: once it showed a drop of 2.1-2.4 % where there was none. The collector is off inside a pair, and young
    garbage is collected between pairs, so that neither arm pays for the other's; without a GIL between blocks.

    Attributes:
        runs: calls of the benchmarked callable that were counted, in both arms.
        slowed_runs: those of the slowed arm.
        rounds_ns: length of all rounds of blocks; ``waited_ns`` of it threads waited for a processor.
        switches: how often this thread gave its processor up in control rounds. A delay that sleeps does so by itself.
    """

    def __init__(
        self, session: Session, subject: Subject, plan: Plan, rng: random.Random, scheduler: Scheduler
    ) -> None:
        self._session = session
        self._scheduler = scheduler
        self._subject = subject
        self._plan = plan
        self._rng = rng
        self._collected_ns = 0
        self.runs = self.slowed_runs = 0
        self.rounds_ns = self.waited_ns = self.switches = 0
        self._wait = Wait()  # the scheduler's total, when the last round began or ended

    def warm_up(self) -> None:
        """One round, paused: code is looked at, and instrumented, when it first runs."""
        with undisturbed():
            self._subject.round(_nothing, _nothing)

    def undelayed(self) -> Round:
        """One control round by itself: what is called in it, before any delay is spent."""
        with undisturbed():
            return self._round("control")

    def pair(self) -> Pair:
        """Runs both arms once, from the same frame: a callable may be slower one frame deeper, where its own begin."""
        if self._rng.random() < 0.5:
            control = self._round("control")
            return Pair(control, self._round("slowed"))
        slowed = self._round("slowed")
        return Pair(self._round("control"), slowed)

    def block(self, length_ns: float) -> list[Pair]:
        """As many pairs as fit into ``length_ns``, one at least."""
        pairs: list[Pair] = []
        self._scheduler.refresh()
        deadline = time.perf_counter_ns() + length_ns
        with undisturbed():
            while not pairs or time.perf_counter_ns() < deadline:
                self._wait = self._scheduler.waited()
                pairs.append(self.pair())
                self._collect()
        return pairs

    def bare(self, length_ns: float) -> list[Round]:
        """Rounds of a session that is not armed: as many as ``length_ns`` holds, at least one. Nothing is counted."""
        rounds: list[Round] = []
        self._scheduler.refresh()
        deadline = time.perf_counter_ns() + length_ns
        with undisturbed():
            while not rounds or time.perf_counter_ns() < deadline:
                before = self._scheduler.waited()
                ns = self._subject.round(_nothing, _nothing)
                rounds.append(Round(max(ns, 1), Counts(), *self._scheduler.waited().since(before)))
                self._collect()
        return rounds

    def _collect(self) -> None:
        if _HAS_GENERATIONS:
            gc.collect(0)
        elif time.perf_counter_ns() - self._collected_ns > SELDOM_NS:
            gc.collect()
            self._collected_ns = time.perf_counter_ns()

    def _round(self, arm: Arm) -> Round:
        plan, scheduler = self._plan, self._scheduler
        before, switches = plan.counts(), scheduler.switches()
        try:
            ns = self._subject.round(plan.slowed if arm == "slowed" else plan.control, self._session.pause)
        except CallableRaisedError as error:
            raise BrokenSubjectError(error.round_number, arm) from error.__cause__
        self.runs += self._subject.iterations
        if arm == "slowed":
            self.slowed_runs += self._subject.iterations
        else:
            self.switches += scheduler.switches() - switches
        wait_before, self._wait = self._wait, self._scheduler.waited()
        done = Round(max(ns, 1), plan.counts() - before, *self._wait.since(wait_before))
        self.rounds_ns += done.ns
        self.waited_ns += done.waited_ns
        return done


@contextmanager
def undisturbed() -> Iterator[None]:
    """No collector, and no Python tracer or profiler in this thread or in those it starts; all put back as they were.

    What other threads have set for themselves stays: see :func:`others_traced`.
    """
    collecting = gc.isenabled()
    hooks: list[tuple[Callable[[Any], object], Any]] = [
        (switch, hook)
        for switch, hook in (
            (sys.settrace, sys.gettrace()),
            (sys.setprofile, sys.getprofile()),
            (threading.settrace, threading.gettrace()),
            (threading.setprofile, threading.getprofile()),
        )
        if hook is not None
    ]
    gc.disable()
    for switch, _ in hooks:
        switch(None)
    try:
        yield
    finally:
        for switch, hook in reversed(hooks):
            switch(hook)
        if collecting:
            gc.enable()


def others_traced() -> bool:
    """Whether other threads live that a tracer such as coverage's follows.

    One traced thread makes all code of the interpreter run with a tracer's instructions in it, also where nobody traces
    (CPython keeps one count of tracing threads): a loop of calls was seen to take twice its time.
    """
    return threading.gettrace() is not None and len(sys._current_frames()) > 1


def _nothing() -> None:
    pass
