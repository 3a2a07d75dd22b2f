"""One thread, and devices that are deadlines."""

import time
from typing import ClassVar

from benchmarks.truth.closed_forms import BackOff, FlowShop, Form, Overlap, Serial
from benchmarks.truth.systems.system import Clock, System, median_ns, without_device
from benchmarks.truth.work import Document, burn, spin

__all__ = [
    "Chain",
    "ChainOf1s",
    "ChainOf200ms",
    "Computing",
    "DeviceQueue",
    "EagerPoll",
    "EveryOther",
    "EveryOtherRound",
    "HiddenOf1s",
    "HiddenOf4ms",
    "HiddenOf200ms",
    "HiddenWork",
    "RealWork",
    "RealWorkOf1ms",
    "RealWorkOnce",
    "Recursion",
]


class Chain(System):
    """Three stages, one after the other: ``Serial``."""

    name = "serial chain"
    slowed = "parse"
    doses: ClassVar[tuple[float, ...]] = (1_600.0, 4_000.0, 8_000.0)
    LOAD_NS = STORE_NS = 10_000
    parse_ns = 20_000.0
    looks: ClassVar[int] = 200  # to calibrate

    def step(self) -> None:
        self.load()
        self.parse()
        self.store()

    def load(self) -> None:
        spin(self.LOAD_NS)

    def parse(self) -> None:
        spin(self.parse_ns)

    def store(self) -> None:
        spin(self.STORE_NS)

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.step, self.looks, self.clock))


class ChainOf200ms(Chain):
    """Rounds so long that there can be but few."""

    name = "serial chain, 0.2 s"
    doses = ()
    LOAD_NS = STORE_NS = 50_000_000
    parse_ns = 100e6
    looks = 3


class ChainOf1s(ChainOf200ms):
    """Fewer still."""

    name = "serial chain, 1 s"
    LOAD_NS = STORE_NS = 250_000_000
    parse_ns = 500e6
    looks = 1


class Computing(System):
    """A chain of 2 ms of processor time, which a preemption lengthens by all that it takes."""

    name = "serial, 2 ms of processor time"
    slowed = "parse"
    doses: ClassVar[tuple[float, ...]] = (80_000.0, 400_000.0)

    @property
    def clock(self) -> Clock:
        return time.thread_time_ns

    def step(self) -> None:
        burn(500_000)
        self.parse()
        burn(500_000)

    def parse(self) -> None:
        burn(1_000_000)

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.step, 20, self.clock))


class RealWork(System):
    """Work that the processor really does, and a target that is called eight times: ``Serial``."""

    name = "serial, real work"
    slowed = "line"
    doses: ClassVar[tuple[float, ...]] = (200.0, 500.0, 1_000.0)
    calls = Document.LINES
    tokens = 48

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._document = Document(self.tokens)

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


class RealWorkOf1ms(RealWorkOnce):
    """More of it."""

    name = "serial, real work, 1 ms"
    doses = ()
    tokens = 1_200


def rfib(n: int) -> int:
    """Calls itself 177 times for ``n`` = 10, in some 5 us."""
    return n if n < 2 else rfib(n - 1) + rfib(n - 2)


def bare_rfib(n: int) -> int:
    """The same under a name that is not slowed, and so never instrumented."""
    return n if n < 2 else bare_rfib(n - 1) + bare_rfib(n - 2)


class Recursion(System):
    """Calls so short that the probe is a good part of the round: ``Serial``, of the program without it."""

    name = "serial, 177 calls in 5 us"
    slowed = "rfib"
    doses: ClassVar[tuple[float, ...]] = (100.0, 300.0)
    CALLS = 177

    @property
    def target(self) -> str:
        return f"{__name__}:{self.slowed}"

    def step(self) -> None:
        rfib(10)

    def bare_step(self) -> None:
        bare_rfib(10)

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.bare_step, 1_000), n=self.CALLS)


class HiddenWork(System):
    """Host work of 20 us beside a device that takes 40: ``Overlap``, slack 20 us.

    How long the device takes varies by a little. Otherwise the delay would decide how far the waiting loop is in its
    turn of 50 ns when the device is done, and that is an effect, of up to 0.1 %.
    """

    name = "hidden behind a device"
    slowed = "log"
    doses: ClassVar[tuple[float, ...]] = (5_000.0, 15_000.0, 25_000.0)
    HOST_NS = 20_000
    device_ns = 40_000.0
    VARIES_NS = 40
    looks: ClassVar[int] = 200  # to calibrate

    def step(self) -> None:
        done_at = time.perf_counter_ns() + self.coin.gauss(self.device_ns, self.VARIES_NS)
        self.log()
        while time.perf_counter_ns() < done_at:
            pass

    def log(self) -> None:
        spin(self.HOST_NS)

    def calibrate(self) -> Form:
        return Overlap(host_ns=without_device(self, self.looks), device_ns=median_ns(self.step, self.looks))


class HiddenOf4ms(HiddenWork):
    """Long enough to be preempted: 1 ms of processor time beside a device that takes 4."""

    name = "hidden behind a device, 4 ms"
    doses = ()
    device_ns = 4e6
    looks = 20

    def log(self) -> None:
        burn(1e6)


class HiddenOf200ms(HiddenWork):
    """Rounds so long that there can be but few."""

    name = "hidden behind a device, 0.2 s"
    doses = ()
    HOST_NS = 100_000_000
    device_ns = 200e6
    looks = 3


class HiddenOf1s(HiddenOf200ms):
    """Fewer still."""

    name = "hidden behind a device, 1 s"
    HOST_NS = 500_000_000
    device_ns = 1e9
    looks = 1


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
        host = without_device(self, 20) / self.ITEMS
        form = FlowShop(first_ns=host, second_ns=self.device_ns, items=self.ITEMS)
        return form.fitted(median_ns(self.step, 20))


class EveryOther(System):
    """A target that only every other step calls, in rounds of two steps: ``Serial`` with half a call a step."""

    name = "every other call"
    slowed = "flush"
    doses: ClassVar[tuple[float, ...]] = (1_600.0, 4_000.0, 12_000.0)
    iterations = 2
    flush_ns = 0.0

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
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
        host = without_device(self, 200)
        return BackOff(host_ns=host, device_ns=self.device_ns, pause_ns=median_ns(self.step, 200) - host)
