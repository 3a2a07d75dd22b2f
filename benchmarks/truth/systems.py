"""Running systems, each with the closed form that tells what slowing it does.

Stages that hold the GIL spin until a deadline; stages of threads sleep, so that they do not disturb each other beyond
what the form says. ``calibrate`` measures what the form needs, without the tool and unslowed.
"""

import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from queue import Queue
from statistics import median
from types import TracebackType
from typing import ClassVar, Literal, Protocol, Self

from benchmarks.truth.closed_forms import Amdahl, BackOff, Convoy, FlowShop, Form, Overlap, Serial, SharedGil, Ticker
from benchmarks.truth.work import Document, pause, spin

__all__ = [
    "SYSTEMS",
    "Chain",
    "DeviceQueue",
    "EveryOther",
    "Fork",
    "HiddenWork",
    "PipelineEnd",
    "RealWork",
    "RealWorkOnce",
    "System",
    "median_ns",
]

Mode = Literal["spin", "nogil", "sleep"]


def median_ns(function: Callable[[], object], calls: int) -> float:
    """Median time of one call."""
    times = []
    for _ in range(calls):
        before = time.perf_counter_ns()
        function()
        times.append(time.perf_counter_ns() - before)
    return median(times)


class System(ABC):
    """Owns its threads, from ``with`` to the end of the block.

    Attributes:
        slowed: name of the method that is the target.
        doses: delays of one call, in ns.
        iterations: steps in a round, at least.
        patience: how much longer than others it may be measured; rounds of threads are long.
        deviates: why the real system cannot follow its form more closely; empty where it should.
    """

    name: ClassVar[str]
    slowed: ClassVar[str]
    mode: ClassVar[Mode] = "spin"
    doses: ClassVar[tuple[float, ...]]
    iterations: ClassVar[int] = 1
    patience: ClassVar[float] = 1.0
    deviates: ClassVar[str] = ""

    def __init__(self) -> None:
        self._stack = ExitStack()

    @property
    def target(self) -> str:
        for owner in type(self).__mro__:
            if self.slowed in vars(owner):
                return f"{owner.__module__}:{owner.__qualname__}.{self.slowed}"
        raise AttributeError(self.slowed)

    @abstractmethod
    def step(self) -> None: ...

    @abstractmethod
    def calibrate(self) -> Form:
        """The form, with constants as they are now."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


class _WithDevice(Protocol):
    device_ns: float

    def step(self) -> None: ...


def _without_device(system: _WithDevice, calls: int) -> float:
    """A step of the host alone: its work as it is in place, with all that Python adds."""
    device_ns, system.device_ns = system.device_ns, 0.0
    try:
        return median_ns(system.step, calls)
    finally:
        system.device_ns = device_ns


# ---- one thread ----


class Chain(System):
    """Three stages, one after the other: ``Serial``."""

    name = "serial chain"
    slowed = "parse"
    doses: ClassVar[tuple[float, ...]] = (1_600.0, 4_000.0, 8_000.0)
    parse_ns = 20_000.0

    def step(self) -> None:
        self.load()
        self.parse()
        self.store()

    def load(self) -> None:
        spin(10_000)

    def parse(self) -> None:
        spin(self.parse_ns)

    def store(self) -> None:
        spin(10_000)

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.step, 200))


class RealWork(System):
    """Work that the processor really does, and a target that is called eight times: ``Serial``."""

    name = "serial, real work"
    slowed = "line"
    doses: ClassVar[tuple[float, ...]] = (200.0, 500.0, 1_000.0)
    calls = Document.LINES

    def __init__(self) -> None:
        super().__init__()
        self._document = Document()

    @property
    def target(self) -> str:
        return f"benchmarks.truth.work:Document.{self.slowed}"

    def step(self) -> None:
        self._document.read()

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.step, 200), n=self.calls)


class RealWorkOnce(RealWork):
    """The same with a target that is called once."""

    name = "serial, real work, one call"
    slowed = "header"
    doses: ClassVar[tuple[float, ...]] = (1_600.0, 8_000.0)
    calls = 1


class HiddenWork(System):
    """Host work of 20 us beside a device that takes 40: ``Overlap``, slack 20 us."""

    name = "hidden behind a device"
    slowed = "log"
    doses: ClassVar[tuple[float, ...]] = (5_000.0, 15_000.0, 25_000.0)
    HOST_NS = 20_000
    device_ns = 40_000.0

    def step(self) -> None:
        done_at = time.perf_counter_ns() + self.device_ns
        self.log()
        while time.perf_counter_ns() < done_at:
            pass

    def log(self) -> None:
        spin(self.HOST_NS)

    def calibrate(self) -> Form:
        return Overlap(host_ns=_without_device(self, 200), device_ns=median_ns(self.step, 200))


class DeviceQueue(System):
    """Host work of 25 us an item and a device that takes 40: ``FlowShop``, slack 15 us.

    The device is a deadline, like one behind a driver's queue: it needs neither GIL nor processor.
    """

    name = "device queue"
    slowed = "prepare"
    doses: ClassVar[tuple[float, ...]] = (5_000.0, 10_000.0, 25_000.0, 40_000.0)
    ITEMS = 10
    host_ns = 25_000.0
    device_ns = 40_000.0

    def step(self) -> None:
        free_at = 0.0
        for _ in range(self.ITEMS):
            self.prepare()
            free_at = max(time.perf_counter_ns(), free_at) + self.device_ns
        while time.perf_counter_ns() < free_at:
            pass

    def prepare(self) -> None:
        spin(self.host_ns)

    def calibrate(self) -> Form:
        host = _without_device(self, 20) / self.ITEMS
        form = FlowShop(first_ns=host, second_ns=self.device_ns, items=self.ITEMS)
        return form.fitted(median_ns(self.step, 20))


class EveryOther(System):
    """A target that only every other step calls, in rounds of two steps: ``Serial`` with half a call a step."""

    name = "every other call"
    slowed = "flush"
    doses: ClassVar[tuple[float, ...]] = (1_600.0, 4_000.0, 12_000.0)
    iterations = 2
    flush_ns = 0.0

    def __init__(self) -> None:
        super().__init__()
        self._odd = False

    def step(self) -> None:
        spin(20_000)
        self._odd = not self._odd
        if self._odd:
            self.flush()

    def flush(self) -> None:
        spin(self.flush_ns)

    def calibrate(self) -> Form:
        def two() -> None:
            self.step()
            self.step()

        return Serial(work_ns=median_ns(two, 200) / 2, n=0.5)


class EveryOtherRound(EveryOther):
    """The same in rounds of one step: every other round holds the whole delay."""

    name = "every other round"
    slowed = "flush"
    iterations = 1
    doses: ClassVar[tuple[float, ...]] = (1_600.0, 4_000.0)
    deviates = "the mean of the logs of unequal rounds lies under the log of their mean"


class EagerPoll(System):
    """A poll that comes too early pays a pause: ``BackOff``. Slowing by 15 us and more saves it."""

    name = "helps when slowed"
    slowed = "submit"
    doses: ClassVar[tuple[float, ...]] = (5_000.0, 20_000.0, 30_000.0)
    HOST_NS, PAUSE_NS = 40_000, 45_000
    device_ns = 54_000.0

    def step(self) -> None:
        done_at = time.perf_counter_ns() + self.device_ns
        self.submit()
        while time.perf_counter_ns() < done_at:
            spin(self.PAUSE_NS)

    def submit(self) -> None:
        spin(self.HOST_NS)

    def calibrate(self) -> Form:
        host = _without_device(self, 200)
        return BackOff(host_ns=host, device_ns=self.device_ns, pause_ns=median_ns(self.step, 200) - host)


# ---- threads that sleep ----


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

    def __init__(self) -> None:
        super().__init__()
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

    def __init__(self) -> None:
        super().__init__()
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

    def __init__(self) -> None:
        super().__init__()
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


# ---- threads that want the GIL ----


class _OtherThread(System):
    """Some real work beside a thread that takes the GIL."""

    patience = 2.0
    INTERVAL_NS: ClassVar[float]

    def __init__(self) -> None:
        super().__init__()
        self._document = Document()
        self._alone_ns = 0.0
        self._running = False
        self._stack.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(self.INTERVAL_NS * 1e-9)

    def __enter__(self) -> Self:
        self._document.read()
        self._alone_ns = median_ns(self._document.read, 2_000)
        self._running = True
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(setattr, self, "_running", False)
        return self

    def step(self) -> None:
        self._document.read()

    def _round_ns(self) -> float:
        def one() -> None:
            for _ in range(self.iterations):
                self.step()

        return median_ns(one, 5) / self.iterations

    @abstractmethod
    def _run(self) -> None: ...


class GilShared(_OtherThread):
    """Beside a thread that never rests: ``SharedGil``, every delay is felt twice."""

    name = "GIL contention, shared"
    slowed = "header"
    doses: ClassVar[tuple[float, ...]] = (10_000.0, 20_000.0)
    iterations = 1_000
    INTERVAL_NS = 500_000.0

    @property
    def target(self) -> str:
        return "benchmarks.truth.work:Document.header"

    def _run(self) -> None:
        while self._running:
            pass

    def calibrate(self) -> Form:
        form = SharedGil(call_ns=self._alone_ns, n=1, others=1, interval_ns=self.INTERVAL_NS)
        return form.fitted(self._round_ns())


class GilTicker(_OtherThread):
    """Beside a thread that takes the GIL every 10 ms, and is slowed: ``Ticker``."""

    name = "GIL contention, ticker"
    slowed = "beat"
    doses: ClassVar[tuple[float, ...]] = (1_000_000.0, 2_000_000.0)
    iterations = 2_500
    deviates = "handing the GIL over costs some 0.1 ms a beat, and takes that from the period"
    INTERVAL_NS = 4e6
    PERIOD_NS = 10_000_000
    BEAT_NS = 100_000

    def _run(self) -> None:
        at = time.perf_counter_ns()
        while self._running:
            at = max(at + self.PERIOD_NS, time.perf_counter_ns())
            time.sleep(max(0, at - time.perf_counter_ns()) * 1e-9)
            self.beat()

    def beat(self) -> None:
        spin(self.BEAT_NS)

    def calibrate(self) -> Form:
        holds = self.mode == "spin"
        form = Ticker(work_ns=self._alone_ns, beat_ns=self.BEAT_NS, period_ns=self.PERIOD_NS, holds=holds)
        return form.fitted(self._round_ns())


class GilTickerReleased(GilTicker):
    """The same delays with the GIL released: nobody feels them. So it is the GIL that hurts."""

    name = "GIL contention, ticker, released"
    slowed = "beat"
    mode = "sleep"
    deviates = "the GIL is handed over once more for every delay, some 0.1 ms"


SYSTEMS: tuple[type[System], ...] = (
    Chain, RealWork, RealWorkOnce, EveryOther, EveryOtherRound, HiddenWork, DeviceQueue, EagerPoll, Pipeline,
    PipelineEnd, LockConvoy, LockConvoyOutside, Fork, ForkSerial, GilShared, GilTicker, GilTickerReleased,
)  # fmt: skip
