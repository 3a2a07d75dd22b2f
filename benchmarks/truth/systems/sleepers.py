"""Threads that sleep, so that they do not disturb each other beyond what their form says."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from queue import Queue
from typing import ClassVar, Literal

from benchmarks.truth.closed_forms import Amdahl, Convoy, FlowShop, Form
from benchmarks.truth.systems.system import System, median_ns
from benchmarks.truth.work import pause

__all__ = ["Fork", "ForkSerial", "LockConvoy", "LockConvoyOutside", "Pipeline", "PipelineEnd"]


class Crew:
    """Threads that each run one function once per call of ``work``, which waits until all are done."""

    def __init__(self, stack: ExitStack, *functions: Callable[[], object]) -> None:
        self._go = [threading.Semaphore(0) for _ in functions]
        self._done = threading.Semaphore(0)
        self._ended = False
        threads = [
            threading.Thread(target=self._run, args=(go, function), daemon=True)
            for go, function in zip(self._go, functions, strict=True)
        ]
        for thread in threads:
            thread.start()
            stack.callback(thread.join)
        stack.callback(self._end)

    def start(self) -> None:
        for go in self._go:
            go.release()

    def wait(self) -> None:
        for _ in self._go:
            self._done.acquire()

    def _run(self, go: threading.Semaphore, function: Callable[[], object]) -> None:
        while True:
            go.acquire()
            if self._ended:
                return
            function()
            self._done.release()

    def _end(self) -> None:
        self._ended = True
        self.start()


class Pipeline(System):
    """A maker of 1 ms an item, a taker of 2 ms, and a queue of two between them: ``FlowShop``."""

    name = "pipeline, faster stage"
    slowed = "make"
    mode = "sleep"
    doses: ClassVar[tuple[float, ...]] = (500_000.0, 2_000_000.0, 3_000_000.0)
    ITEMS = 8
    MAKE_NS = 1e6
    take_ns = 2e6
    SLOWED: ClassVar[Literal["first", "second"]] = "first"

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._queue: Queue[int] = Queue(2)
        self._taker = Crew(self._stack, self._take_all)

    def step(self) -> None:
        self._taker.start()
        for item in range(self.ITEMS):
            self.make()
            self._queue.put(item)
        self._taker.wait()

    def _take_all(self) -> None:
        for _ in range(self.ITEMS):
            self._queue.get()
            self.take()

    def make(self) -> None:
        pause(self.MAKE_NS)

    def take(self) -> None:
        pause(self.take_ns)

    def calibrate(self) -> Form:
        form = FlowShop(
            first_ns=median_ns(self.make, 20),
            second_ns=median_ns(self.take, 20),
            items=self.ITEMS,
            slowed=self.SLOWED,
        )
        return form.fitted(median_ns(self.step, 5))


class PipelineEnd(Pipeline):
    """Its slower stage: all of the delay shows."""

    name = "pipeline, slower stage"
    slowed = "take"
    doses: ClassVar[tuple[float, ...]] = (250_000.0, 1_000_000.0)
    SLOWED = "second"


class LockConvoy(System):
    """Three threads, 1 ms inside a lock and 1.5 ms outside, nine turns in all: ``Convoy``. The lock is the bottleneck.

    Whoever is free takes the next turn, so that an unfair lock does not leave one thread to finish alone.
    """

    name = "lock convoy, inside"
    slowed = "inside"
    mode = "sleep"
    doses: ClassVar[tuple[float, ...]] = (250_000.0, 1_000_000.0)
    THREADS, TURNS = 3, 3
    INSIDE_NS, OUTSIDE_NS = 1e6, 1.5e6
    SLOWED: ClassVar[Literal["inside", "outside"]] = "inside"

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._lock = threading.Lock()
        self._left = 0
        self._crew = Crew(self._stack, *[self._turns] * self.THREADS)

    def step(self) -> None:
        self._left = self.THREADS * self.TURNS
        self._crew.start()
        self._crew.wait()

    def _turns(self) -> None:
        while True:
            with self._lock:
                if not self._left:
                    return
                self._left -= 1
                self.inside()
            self.outside()

    def inside(self) -> None:
        pause(self.INSIDE_NS)

    def outside(self) -> None:
        pause(self.OUTSIDE_NS)

    def calibrate(self) -> Form:
        form = Convoy(
            inside_ns=median_ns(self.inside, 20),
            outside_ns=median_ns(self.outside, 20),
            threads=self.THREADS,
            turns=self.TURNS,
            slowed=self.SLOWED,
        )
        return form.fitted(median_ns(self.step, 5))


class LockConvoyOutside(LockConvoy):
    """What happens outside the lock has 0.5 ms of slack."""

    name = "lock convoy, outside"
    slowed = "outside"
    doses: ClassVar[tuple[float, ...]] = (250_000.0, 2_500_000.0)
    SLOWED = "outside"


class Fork(System):
    """A serial part of 2 ms, then four workers with two items of 1 ms each: ``Amdahl``."""

    name = "Amdahl, parallel part"
    slowed = "item"
    mode = "sleep"
    doses: ClassVar[tuple[float, ...]] = (500_000.0, 1_000_000.0, 2_000_000.0)
    WORKERS, SHARE = 4, 2
    SERIAL_NS = 2e6
    item_ns = 1e6
    SLOWED: ClassVar[Literal["serial", "item"]] = "item"

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._crew = Crew(self._stack, *[self._items] * self.WORKERS)

    def step(self) -> None:
        self.serial()
        self._crew.start()
        self._crew.wait()

    def _items(self) -> None:
        for _ in range(self.SHARE):
            self.item()

    def serial(self) -> None:
        pause(self.SERIAL_NS)

    def item(self) -> None:
        pause(self.item_ns)

    def calibrate(self) -> Form:
        form = Amdahl(
            serial_ns=median_ns(self.serial, 10),
            item_ns=median_ns(self.item, 10),
            share=self.SHARE,
            workers=self.WORKERS,
            slowed=self.SLOWED,
        )
        return form.fitted(median_ns(self.step, 5))


class ForkSerial(Fork):
    """Its serial part."""

    name = "Amdahl, serial part"
    slowed = "serial"
    doses: ClassVar[tuple[float, ...]] = (250_000.0, 1_000_000.0)
    SLOWED = "serial"
