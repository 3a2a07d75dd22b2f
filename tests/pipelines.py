"""Simulated programs, event by event: stages with queues between them, a target, points, and the clock of it all.

A :class:`Line` is the world that an experiment watches. It takes exactly the time that it is told to.
"""

import heapq
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pytest_speedbump.counts import Counts
from pytest_speedbump.experiment.stretches import Glance, Passed

S, MS, US = 1e9, 1e6, 1e3


@dataclass
class Stage:
    """One of a line.

    Attributes:
        ns: that one unit takes in it.
        servers: that work side by side.
        room: units that may wait before it; without room they are handed over.
        calls: of the target for each unit; of every ``nth`` one alone.
        noise: standard deviation of ``ns``, as a share.
        pauses: ``(every, how long)``: one server's pause every so many units.
    """

    ns: float
    servers: int = 1
    room: float = 0
    calls: int = 0
    nth: int = 1
    noise: float = 0.0
    pauses: tuple[int, float] | None = None
    idle: int = field(default=0, init=False)
    blocked: int = field(default=0, init=False)
    queue: int = field(default=0, init=False)
    begun: int = field(default=0, init=False)


class Point:
    def __init__(self) -> None:
        self.calls, self.last_ns, self._sum_ns = 0, 0.0, 0.0

    def call(self, now_ns: float, times: int = 1) -> None:
        self.calls += times
        self.last_ns = now_ns
        self._sum_ns += times * now_ns

    def passed(self, now_ns: float) -> Passed:
        return Passed(self.calls, self.last_ns, self.calls * now_ns - self._sum_ns)


class Line:
    """Units go through the stages in order; a stage whose next one is full waits with what it has done.

    Attributes:
        points: ``"in"``: units begin, ``"out"``: they are done, of the whole line; in the order of ``watched``.
        tokens: units in flight at most, as of clients that wait for each answer; None: as many as there is room for.
        speed: of the machine at a time, in which all stages share.
        opens_ns: before it nothing is called; ``ends_ns``: it ends then.
        free_ns: between two calls of the target in a loop of its own, which nobody waits for.
        delivers: share of the delay that is delivered.
        crowd: share of the processors that others use; waits are added as ``waits`` of the time.
        saves: time that a delay saves elsewhere, in delays: what helps, or, where it is negative, costs more.
        every: of the calls of ``out`` one is a call of the point: progress in chunks; ``times`` as many at once.
    """

    def __init__(
        self,
        *stages: Stage,
        delay_ns: float,
        seed: int = 1,
        watched: Sequence[str] = ("out",),
        tokens: float = math.inf,
        speed: Callable[[float], float] = lambda at_ns: 1.0,
        opens_ns: float = 0.0,
        ends_ns: float = math.inf,
        free_ns: float = 0.0,
        delivers: float = 1.0,
        crowd: float | None = 0.0,
        waits: float = 0.0,
        waits_slowed: float = 0.0,
        every: int = 1,
        times: int = 1,
        saves: float = 0.0,
    ) -> None:
        self.stages, self.delay_ns, self._watched = stages, delay_ns, watched
        self._rng, self._speed = random.Random(seed), speed
        self._ends_ns, self._free_ns, self._delivers = ends_ns, free_ns, delivers
        self._crowd, self._waits, self._waits_slowed = crowd, waits, waits_slowed
        self._saves = saves
        self._every, self._times, self._done = every, times, 0
        self._waited_ns = 0.0
        self._tokens = tokens
        self.now_ns, self.slowed = 0.0, False
        self.switches: list[tuple[float, bool]] = []
        self.points = {"in": Point(), "out": Point()}
        self.counts = Counts()
        self._events: list[tuple[float, int, int]] = []
        self._number = 0
        for stage in stages:
            stage.idle, stage.blocked, stage.queue, stage.begun = stage.servers, 0, 0, 0
        self._at(opens_ns, -1)
        if free_ns:
            self._at(opens_ns, -2)

    # ---- the world ----

    def switch(self, *, slowed: bool) -> None:
        self.slowed = slowed
        self.switches.append((self.now_ns, slowed))

    def read(self) -> Glance:
        points = tuple(self.points[name].passed(self.now_ns) for name in self._watched)
        return Glance(self.now_ns, points, self.counts, self._waited_ns)

    def sleep(self, ns: float) -> None:
        self._waited_ns += (self._waits_slowed if self.slowed else self._waits) * ns
        until = self.now_ns + ns
        while self._events and self._events[0][0] <= min(until, self._ends_ns):
            self.now_ns, _, what = heapq.heappop(self._events)
            if what == -1:
                self._start(0)
            elif what == -2:
                self._at(self.now_ns + self._free_ns + self._call(1), -2)
            else:
                self._finish(what)
        self.now_ns = until

    @property
    def alive(self) -> bool:
        return self.now_ns < self._ends_ns

    def others(self) -> float | None:
        return self._crowd

    # ---- the line ----

    def _at(self, ns: float, what: int) -> None:
        self._number += 1
        heapq.heappush(self._events, (ns, self._number, what))

    def _call(self, times: int) -> float:
        """Delay of so many calls of the target."""
        if not times:
            return 0.0
        spent_ns = times * self.delay_ns * self._delivers if self.slowed else 0.0
        requested_ns = times * self.delay_ns if self.slowed else 0.0
        self.counts += Counts(times, requested_ns, spent_ns)
        return spent_ns * (1 - self._saves)

    def _start(self, k: int) -> None:
        stage = self.stages[k]
        while stage.idle and (stage.queue if k else self._tokens >= 1):
            if k:
                stage.queue -= 1
            else:
                self._tokens -= 1
                self.points["in"].call(self.now_ns)
            stage.idle -= 1
            stage.begun += 1
            ns = stage.ns / self._speed(self.now_ns)
            if stage.noise:
                ns *= max(0.0, self._rng.gauss(1.0, stage.noise))
            if stage.pauses and stage.begun % stage.pauses[0] == 0:
                ns += stage.pauses[1]
            ns += self._call(stage.calls if stage.begun % stage.nth == 0 else 0)
            self._at(self.now_ns + ns, k)
            if k:
                self._unblock(k - 1)

    def _unblock(self, k: int) -> None:
        stage = self.stages[k]
        if stage.blocked and self._hand_on(k):
            stage.blocked -= 1
            stage.idle += 1
            self._start(k)

    def _hand_on(self, k: int) -> bool:
        if k + 1 == len(self.stages):
            self._tokens += 1
            self._done += 1
            if self._done % self._every == 0:
                self.points["out"].call(self.now_ns, self._times)
            if k:
                self._start(0)
            return True
        following = self.stages[k + 1]
        if following.queue >= following.room + following.idle:
            return False
        following.queue += 1
        self._start(k + 1)
        return True

    def _finish(self, k: int) -> None:
        stage = self.stages[k]
        if self._hand_on(k):
            stage.idle += 1
            self._start(k)
            if k:
                self._unblock(k - 1)
        else:
            stage.blocked += 1
