"""A simulated machine: session, subject, scheduler and clock, whose rounds take exactly what they are told to."""

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import CodeType
from typing import Self
from unittest.mock import patch

from pytest_speedbump.experiment.scheduler import Wait
from pytest_speedbump.experiment.subject import CallableRaisedError
from pytest_speedbump.slowing.session import What

type Waiting = Callable[[float, float], Sequence[float]]

READING_NS = 100  # that a look at the clock takes


def target() -> None:
    """What is slowed."""


class Machine:
    """Rounds of ``round_ns``, ``calls`` calls of the target in each, of whose delay the share ``reaches`` arrives.

    Of the delay in a round, ``slack_ns`` are absorbed first.

    It is the session, the subject and the scheduler in one, and the clock while it is :meth:`running`. Attributes may
    be changed between rounds, by ``before_round`` for one.

    Attributes:
        noise: standard deviation of a round, as a share of it.
        delivers: share of the requested delay that is delivered.
        bites: share of the rounds in which a delay arrives; in the others it is absorbed.
        probe_ns: what counting adds to each call in a round, also where the delay is 0.
        raises_in: number of the round that raises; rounds count from 1.
        waiting: the waits for a processor in a round, of the time that it uses one and of the delay within that.
        late: share of such a wait that falls into the delay of a slowed round.
        clocked: delays go by the clock: what falls into one is only late by what goes beyond its end.
        sleeps: how often a round gives its processor up, to wait for something...
        naps: ...and how often a delay does.
        strays: share of the delay that is spent when the round is over.
        crowd: share of the processors that other processes use; None where the kernel does not tell.
        helpers: threads that work beside the one of the rounds, none of them in Python, as shares of its time...
        queue: ...and what these wait for a processor meanwhile, as a share of the round, which does not feel it.
        has_company: what the rounds wait for is a thread or a child of ours.
        delays: what the arms of the rounds were, in order; None where nothing was armed.
        waits: what each round waited, in order.
        now_ns: what the clock shows. Only rounds, and looks at it, take time.
    """

    def __init__(
        self,
        round_ns: float = 100e3,
        calls: int = 1,
        reaches: float = 1.0,
        *,
        noise: float = 0.0,
        delivers: float = 1.0,
        bites: float = 1.0,
        probe_ns: float = 0.0,
        raises_in: int | None = None,
        waiting: Waiting | None = None,
        late: float = 0.0,
        clocked: bool = False,
        sleeps: int = 0,
        naps: int = 0,
        strays: float = 0.0,
        slack_ns: float = 0.0,
        crowd: float | None = 0.0,
        helpers: float = 0.0,
        queue: float = 0.0,
        has_company: bool = True,
        code: CodeType = target.__code__,
    ) -> None:
        self.round_ns, self.calls, self.reaches, self.noise = round_ns, calls, reaches, noise
        self.delivers, self.bites, self.probe_ns, self.raises_in, self.code = delivers, bites, probe_ns, raises_in, code
        self.waiting, self.late, self.clocked, self.crowd = waiting, late, clocked, crowd
        self.sleeps, self.naps, self.strays = sleeps, naps, strays
        self.helpers, self.queue = helpers, queue
        self.slack_ns = slack_ns
        self.iterations = 1
        self.baseline_ns: float | None = None
        self.stretchable = False
        self.intact, self.lost = True, 0
        self.before_round: Callable[[], object] = lambda: None
        self.delays: list[float | None] = []
        self.waits: list[float] = []
        self.is_armed = self.is_attended = False
        self.has_company = has_company
        self.now_ns = 0
        self._delay_ns: float | None = None
        self._every = 1
        self._totals = [0, 0.0, 0.0, 0.0]
        self._strayed_ns = 0.0
        self._used_ns = self._waited_ns = self._seen_ns = 0.0
        self._switches = self._times = 0
        self._rng = random.Random(1)

    # ---- a subject ----

    def round(self, start: Callable[[], object], stop: Callable[[], object]) -> int:
        self.before_round()
        start()
        delay_ns, calls = self._delay_ns, self.calls * self.iterations
        self.delays.append(delay_ns)
        try:
            if len(self.delays) == self.raises_in:
                raise CallableRaisedError(len(self.delays)) from ValueError("no more")
        finally:
            stop()
        numbered = int(self._totals[0])
        delayed = (numbered + calls) // self._every - numbered // self._every
        delivered = delayed * (delay_ns or 0.0) * self.delivers
        reaches = self.reaches if self.bites == 1 or self._rng.random() < self.bites else 0.0
        own_ns = self.round_ns * self.iterations * self._rng.gauss(1, self.noise)
        if delay_ns is not None:
            own_ns += calls * self.probe_ns
        waits = self.waiting(own_ns + delivered, delivered) if self.waiting else []
        wait_ns, late, absorbed = sum(waits), 0.0, 0.0
        if delivered:
            late = self.late * wait_ns
            if self.clocked:
                late, absorbed = self._clock(waits, delivered / delayed, delivered / (own_ns + delivered))
        if delay_ns is not None:
            self._strayed_ns = self.strays * delivered
            told = delivered - self._strayed_ns
            for index, one in enumerate((calls, delayed * delay_ns - self._strayed_ns, told, late)):
                self._totals[index] += one
        ns = int(own_ns + reaches * max(delivered - self.slack_ns * self.iterations, 0.0) + wait_ns - absorbed)
        self.waits.append(wait_ns)
        self._times += len(waits)
        self.now_ns += ns
        self._used_ns += own_ns + delivered
        self._waited_ns += wait_ns + self.queue * ns
        self._switches += self.sleeps + (delayed * self.naps if delivered else 0)
        return ns

    def _clock(self, waits: Sequence[float], delay_ns: float, share: float) -> tuple[float, float]:
        """By how much delays are late, and how much of the waits they hide, where such a share falls into them."""
        late = absorbed = 0.0
        for wait in waits:
            if self._rng.random() < share:
                left_ns = self._rng.random() * delay_ns
                late += max(0.0, wait - left_ns)
                absorbed += min(wait, left_ns)
        return late, absorbed

    # ---- a session ----

    def arm(self) -> None:
        assert not self.is_armed
        self.is_armed = True

    @contextmanager
    def armed(self) -> Iterator[None]:
        self.arm()
        try:
            yield
        finally:
            self.is_armed = False
            self._delay_ns = None

    def set_delay(self, delay_ns: float, /, every: int = 1) -> None:
        if self.is_armed:
            self._delay_ns, self._every = delay_ns, every

    def pause(self) -> None:
        self._delay_ns = None

    def totals(self) -> tuple[int, float, float, float, float]:
        calls, requested, delivered, late = self._totals
        for index in (1, 2):  # what is spent later stands in what is read later
            self._totals[index] += self._strayed_ns
        self._strayed_ns = 0.0
        return int(calls), requested, delivered, late, 0.0

    def snapshot(self) -> list[tuple[What, str, int, int, float, float, float, float]]:
        calls, requested, delivered, late = self._totals
        return [(self.code, __name__, 0, int(calls), requested, delivered, late, 0.0)]

    # ---- a scheduler ----

    @contextmanager
    def attending(self) -> Iterator[None]:
        assert not self.is_attended
        self.is_attended = True
        try:
            yield
        finally:
            self.is_attended = False

    def refresh(self) -> None:
        self._seen_ns += 1e9  # of a thread that was not known before

    def waited(self) -> Wait:
        return Wait(int(self._waited_ns + self._seen_ns), self._times) if self.is_attended else Wait()

    def company(self) -> bool:
        return self.has_company

    def switches(self) -> int:
        return self._switches

    def others(self) -> float | None:
        return self.crowd

    # ---- a clock ----

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Its clocks are those of this process, as far as experiments ask for them."""
        experiment = "pytest_speedbump.experiment"
        with ExitStack() as stack:
            for name, clock in (
                ("time.perf_counter_ns", self._perf_counter_ns),
                ("time.thread_time_ns", lambda: int(self._used_ns)),
                ("time.process_time_ns", lambda: int(self._used_ns * (1 + self.helpers))),
                ("sys._current_frames", lambda: {threading.get_ident(): sys._getframe()}),
                (f"{experiment}.measurement.read_clocks", self._read_clocks),
                (f"{experiment}.pilot.read_clocks", self._read_clocks),
                (f"{experiment}.screening.read_clocks", self._read_clocks),
            ):
                stack.enter_context(patch(name, clock))
            yield self

    def _perf_counter_ns(self) -> int:
        self.now_ns += READING_NS
        return self.now_ns

    def _read_clocks(self) -> tuple[int, float]:
        now_ns = time.perf_counter_ns()
        return now_ns, float(now_ns)


def hogs(every_ns: float, wait_ns: float, seed: int = 1) -> Waiting:
    """Others that want the processor: once in about ``every_ns`` of using it, it is gone for about ``wait_ns``."""
    rng = random.Random(seed)

    def wait(used_ns: float, _: float) -> Sequence[float]:
        waits, left_ns = [], used_ns
        while (left_ns := left_ns - rng.expovariate(1 / every_ns)) > 0:
            waits.append(rng.expovariate(1 / wait_ns))
        return waits

    return wait


def deadline(share: float, wait_ns: float, seed: int = 1) -> Waiting:
    """As :func:`hogs`, beside a round that sleeps and is late whenever its delay has used up its turn.

    Such is code behind a deadline: the share of the slowed rounds waits, and a tenth as many of the others.
    """
    rng = random.Random(seed)

    def wait(_: float, delay_ns: float) -> Sequence[float]:
        return [rng.expovariate(1 / wait_ns)] if rng.random() < (share if delay_ns else share / 10) else []

    return wait
