"""Threads that want the GIL.

A hand-over takes 2 to 50 us where the thread that waits has a processor of its own, and up to 4 ms where the scheduler
has put both on one. So each has its own here; what a hand-over takes then is measured in place.
"""

import itertools
import os
import sys
import threading
import time
from abc import abstractmethod
from statistics import mean, median
from typing import ClassVar, NamedTuple, Self

from benchmarks.truth.closed_forms import Form, SharedGil, Ticker
from benchmarks.truth.systems.system import System, median_ns
from benchmarks.truth.work import Document, spin

__all__ = ["GilShared", "GilTicker", "GilTickerReleased"]


class _Span(NamedTuple):
    """Readings of the clock, in ns."""

    begun: int
    ended: int

    @property
    def ns(self) -> int:
        return self.ended - self.begun


class _OtherThread(System):
    """Work of 40 us in the mean beside a thread that takes the GIL.

    Each step is of another length. Otherwise steps and turns of the GIL could keep in step, and a delay would come at
    the same place of every turn.
    """

    conditions = ("quiet",)
    patience = 4.0
    references = 0.2
    INTERVAL_NS: ClassVar[float]
    LENGTHS = 250  # of which rounds are multiples
    GAP_NS: ClassVar[float]  # Without another thread a loop on a quiet machine is not kept from running for so long.

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self.alone_ns = 0.0
        tokens = [max(1, round(self.coin.expovariate(1 / 48))) for _ in range(self.LENGTHS)]
        self._next = itertools.cycle([Document(n) for n in tokens]).__next__
        self._running = True
        self._stack.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(self.INTERVAL_NS * 1e-9)

    def __enter__(self) -> Self:
        self.alone_ns = median_ns(self._all_lengths, 10) / self.LENGTHS
        mine, others = self._processors()
        thread = threading.Thread(target=self._go, args=(others,), daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(setattr, self, "_running", False)
        self._go_to(mine)
        return self

    def _processors(self) -> tuple[set[int], set[int]]:
        """One for this thread, the rest for the other; this one is put back when the system ends."""
        if not hasattr(os, "sched_getaffinity"):
            return set(), set()
        all_of_them = os.sched_getaffinity(0)
        self._stack.callback(self._go_to, all_of_them)
        mine = {min(all_of_them)}
        return mine, all_of_them - mine

    def _go_to(self, processors: set[int]) -> None:
        if processors:
            os.sched_setaffinity(0, processors)

    def _go(self, processors: set[int]) -> None:
        self._go_to(processors)
        while self._running:
            self._turn()

    @abstractmethod
    def _turn(self) -> None:
        """What the other thread does again and again."""

    def step(self) -> None:
        self.header()
        self._next().read()

    def header(self) -> None:
        pass

    def _all_lengths(self) -> None:
        for _ in range(self.LENGTHS):
            self.step()

    def _gaps(self, length_ns: float) -> list[_Span]:
        """When this thread did not have the GIL, in so long a time."""
        gaps = []
        last = time.perf_counter_ns()
        end = last + length_ns
        while last < end:
            now = time.perf_counter_ns()
            if now - last > self.GAP_NS:
                gaps.append(_Span(last, now))
            last = now
        return gaps


class GilShared(_OtherThread):
    """Beside a thread that never rests: ``SharedGil``, every delay is felt twice."""

    name = "GIL contention, shared"
    slowed = "header"
    doses: ClassVar[tuple[float, ...]] = (20_000.0, 60_000.0)
    iterations = 1_000
    INTERVAL_NS = 500_000.0
    GAP_NS = 200_000.0
    WATCHED_NS = 200e6

    def _turn(self) -> None:
        spin(self.INTERVAL_NS)

    def calibrate(self) -> Form:
        gaps = self._gaps(self.WATCHED_NS)
        away = mean(gap.ns for gap in gaps)
        held = mean(later.begun - gap.ended for gap, later in itertools.pairwise(gaps))
        return SharedGil(call_ns=self.alone_ns, n=1, held_ns=held, away_ns=away)


class GilTicker(_OtherThread):
    """Beside a thread that takes the GIL every 12 ms, and is slowed: ``Ticker``."""

    name = "GIL contention, ticker"
    slowed = "beat"
    doses: ClassVar[tuple[float, ...]] = (1_500_000.0, 3_000_000.0)
    iterations = 2_500
    INTERVAL_NS = 2e6
    GAP_NS = 5_000.0
    PERIOD_NS = 12_000_000
    BEAT_NS = 500_000
    BEATS = 20  # to calibrate with

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._beat_ns = self.BEAT_NS
        self._due = 0
        self._beats: list[_Span] = []

    def _turn(self) -> None:
        self._due = max(self._due + self.PERIOD_NS, time.perf_counter_ns())
        time.sleep(max(0, self._due - time.perf_counter_ns()) * 1e-9)
        begun = time.perf_counter_ns()
        self.beat()
        self._beats.append(_Span(begun, time.perf_counter_ns()))

    def beat(self) -> None:
        spin(self._beat_ns)

    def calibrate(self) -> Form:
        return Ticker(
            work_ns=self.alone_ns,
            beat_ns=self.BEAT_NS,
            handover_ns=self._handover_ns(self.BEAT_NS),
            again_ns=self._handover_ns(0),
            period_ns=self.PERIOD_NS,
            holds=self.mode == "spin",
        )

    def _handover_ns(self, beat_ns: int) -> float:
        """What the GIL's way to the other thread and back takes, where that holds it for ``beat_ns``."""
        self._beat_ns = beat_ns
        time.sleep(self.PERIOD_NS * 1e-9)
        del self._beats[:]
        gaps = self._gaps(self.BEATS * self.PERIOD_NS)
        beats = list(self._beats)
        self._beat_ns = self.BEAT_NS
        return median(
            gap.ns - beat.ns for beat in beats for gap in gaps if gap.begun <= beat.begun and beat.ended <= gap.ended
        )


class GilTickerReleased(GilTicker):
    """The same with the GIL released: nobody feels more of a delay than another hand-over."""

    name = "GIL contention, ticker, released"
    slowed = "beat"
    mode = "sleep"
    doses: ClassVar[tuple[float, ...]] = (2_500_000.0, 5_000_000.0)
