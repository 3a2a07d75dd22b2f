"""Systems of a dozen functions or two, each of whose transmissions follows from a formula.

Those of one thread spin, also where a device is waited for, which is a deadline; those of several sleep, so that they
do not disturb each other beyond what the form says. A delay is told by what it adds up to in a round: it is spread
evenly over the calls of its function, as a scan doses it.
"""

import asyncio
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from queue import Queue
from types import TracebackType
from typing import ClassVar, Self

from benchmarks.scan.cast import KINDS, MODULE, Kind, Part, Work
from benchmarks.truth.closed_forms import Amdahl, Convoy, FlowShop, Form, Overlap, Serial
from benchmarks.truth.hog import CONDITIONS, Condition
from benchmarks.truth.systems.sleepers import Crew
from benchmarks.truth.systems.system import Mode, median_ns
from benchmarks.truth.work import pause, spin

__all__ = ["SYSTEMS", "Anything", "Known", "Tail"]

Turn = Callable[[], None]


class Known(ABC):
    """Owns its threads, from ``with`` to the end of the block.

    Attributes:
        work: what each call does for its time.
        parts: its functions, by the group of those that a delay meets alike.
        conditions: under which its forms hold.
        slack_ns: delay of one round that all functions which are free absorb together; None where they are not one
            behind the other, so that it would depend on who is delayed.
    """

    name: ClassVar[str]
    mode: ClassVar[Mode] = "spin"
    work: Work = staticmethod(spin)
    conditions: ClassVar[tuple[Condition, ...]] = CONDITIONS
    targets: ClassVar[tuple[str, ...]] = (f"{MODULE}:*",)
    slack_ns: float | None = None

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._lines = count(1)
        self.parts = self.cast()
        self._groups = {part.name: group for group, parts in self.parts.items() for part in parts}

    @abstractmethod
    def cast(self) -> dict[str, list[Part]]: ...

    @abstractmethod
    def step(self) -> None:
        """One round."""

    @abstractmethod
    def calibrate(self) -> None:
        """Measures what the forms need, as it is now, unslowed."""

    @abstractmethod
    def form(self, group: str) -> tuple[Form, float]:
        """What a delay in ``group`` does, and into how many the form divides the delay of a round."""

    def truth(self, name: str, delay_ns: float) -> float:
        """Transmission of ``delay_ns`` a round in the function that a ranking calls ``name``. Calibrate first."""
        form, parts = self.form(self._groups[name])
        return form.transmission(delay_ns / parts)

    @property
    def names(self) -> list[str]:
        return list(self._groups)

    def part(self, label: str) -> Part:
        return next(part for parts in self.parts.values() for part in parts if part.label == label)

    def turn(self, group: str) -> Turn:
        """Makes all calls of one turn of a group."""
        turns = [part.turn(self.work, next(self._lines)) for part in self.parts[group]]

        def turn() -> None:
            for one in turns:
                one()

        return turn

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def parts(prefix: str, works: Sequence[tuple[int, float]], kinds: Sequence[Kind] = KINDS) -> list[Part]:
    """One part for each (calls, ns of one), of all kinds in turn."""
    return [
        Part(f"{prefix}{number}", kinds[number % len(kinds)], calls, ns) for number, (calls, ns) in enumerate(works)
    ]


class Chain(Known):
    """One after the other, called from once to 2,000 times: ``Serial``, every delay arrives."""

    name = "serial chain"

    def __init__(self) -> None:
        super().__init__()
        self._all = self.turn("all")

    def cast(self) -> dict[str, list[Part]]:
        once = [(1, ns) for ns in (400_000, 200_000, 100_000, 50_000, 20_000, 5_000, 1_000)]
        some = [(3, 30_000), (10, 20_000), (10, 5_000), (40, 3_000), (100, 1_000), (100, 0), (300, 400)]
        return {"all": parts("link", [*once, *some, (1_000, 0), (2_000, 0)])}

    def step(self) -> None:
        self._all()

    def calibrate(self) -> None:
        self._form = Serial(work_ns=median_ns(self.step, 50))

    def form(self, group: str) -> tuple[Form, float]:
        return self._form, 1


class AllHidden(Known):
    """All behind a device, a deadline set at the beginning of a round: ``Overlap``, nothing is critical.

    Attributes:
        device_ns: what makes the slack a share of ``slack`` of it, at the pace of the machine.
        varies_ns: by which the device does; else the delay decides how far the waiting loop is in its turn when the
            device is done.
    """

    name = "device deadline"
    slack: float = 0.4

    def __init__(self, seed: int = 0) -> None:
        self.coin = random.Random(seed)
        super().__init__()
        self._hidden = self.turn("hidden")
        self.device_ns = 0.0
        self.varies_ns = 1_000.0

    def __enter__(self) -> Self:
        self.device_ns = median_ns(self._hidden, 50) / (1 - self.slack)
        return self

    def cast(self) -> dict[str, list[Part]]:
        # In all no more calls than so many: the slack of an armed program is less by what probes take.
        works = [
            (1, 300_000), (1, 100_000), (1, 50_000), (1, 10_000), (4, 50_000), (10, 10_000), (20, 2_000), (50, 1_000),
            (100, 500), (50, 0), (200, 0), (500, 0),
        ]  # fmt: skip
        return {"hidden": parts("hidden", works)}

    def step(self) -> None:
        done_at = time.perf_counter_ns() + self.coin.gauss(self.device_ns, self.varies_ns)
        self._hidden()
        while time.perf_counter_ns() < done_at:
            pass

    def calibrate(self) -> None:
        host_ns = median_ns(self._hidden, 50)
        self._form = Overlap(host_ns=host_ns, device_ns=self.device_ns)
        self.slack_ns = self.device_ns - host_ns

    def form(self, group: str) -> tuple[Form, float]:
        return self._form, 1


class Tail(AllHidden):
    """The same with a head before the device begins, and a tail after it is done: those two are critical."""

    name = "device between head and tail"

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._head, self._tail = self.turn("head"), self.turn("tail")

    def cast(self) -> dict[str, list[Part]]:
        hidden = [(1, 300_000), (20, 5_000), (4, 50_000), (100, 500), (300, 0), (10, 10_000)]
        return {
            "hidden": parts("hidden", hidden),
            "head": parts("head", [(1, 150_000), (5, 5_000), (200, 300), (1, 3_000)]),
            "tail": parts("tail", [(20, 5_000), (1, 50_000), (50, 500), (1, 3_000)], KINDS[::-1]),
        }

    def step(self) -> None:
        self._head()
        super().step()
        self._tail()

    def calibrate(self) -> None:
        super().calibrate()
        self._serial = Serial(work_ns=median_ns(self.step, 50))

    def form(self, group: str) -> tuple[Form, float]:
        return super().form(group) if group == "hidden" else (self._serial, 1)


class Pipeline(Known):
    """A maker of 1 ms an item, a taker of 2, and a queue of two between them: ``FlowShop``, the maker has slack."""

    name = "pipeline"
    mode = "sleep"
    work = staticmethod(pause)
    ITEMS = 8

    def __init__(self) -> None:
        super().__init__()
        self._make, self._take = self.turn("make"), self.turn("take")
        self._queue: Queue[int] = Queue(2)

    def cast(self) -> dict[str, list[Part]]:
        return {
            "make": parts("make", [(1, 400_000), (2, 100_000), (1, 200_000), (1, 50_000), (1, 0)]),
            "take": parts("take", [(1, 900_000), (2, 300_000), (1, 200_000), (1, 50_000), (1, 0)], KINDS[::-1]),
        }

    def __enter__(self) -> Self:
        self._taker = Crew(self._stack, self._take_all)
        return self

    def step(self) -> None:
        self._taker.start()
        for item in range(self.ITEMS):
            self._make()
            self._queue.put(item)
        self._taker.wait()

    def _take_all(self) -> None:
        for _ in range(self.ITEMS):
            self._queue.get()
            self._take()

    def calibrate(self) -> None:
        self._first, self._second = median_ns(self._make, 20), median_ns(self._take, 20)

    def form(self, group: str) -> tuple[Form, float]:
        form = FlowShop(
            first_ns=self._first,
            second_ns=self._second,
            items=self.ITEMS,
            slowed="first" if group == "make" else "second",
        )
        return form, self.ITEMS


class _FairLock:
    """Goes to whoever has waited longest: a plain one goes to anybody, and a convoy of three then has no closed form
    (delays in the longest of its functions were seen to arrive by 0.7, those in shorter ones by 1.3)."""

    def __init__(self) -> None:
        self._state, self._held = threading.Lock(), False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._state:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def __exit__(self, *exception: object) -> None:
        with self._state:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


class LockConvoy(Known):
    """Three threads, 1 ms inside a lock and 1.3 ms outside, nine turns in all: ``Convoy``.

    The lock is the bottleneck: what is done in it arrives in full, and of what is done outside one delay in nine, until
    the slack is used up. Whoever is free takes the next turn, so that no thread is left to finish alone.
    """

    name = "lock convoy"
    mode = "sleep"
    work = staticmethod(pause)
    THREADS, TURNS = 3, 3

    def __init__(self) -> None:
        super().__init__()
        self._inside, self._outside = self.turn("inside"), self.turn("outside")
        self._lock = _FairLock()
        self._left = 0

    def cast(self) -> dict[str, list[Part]]:
        return {
            "inside": parts("inside", [(1, 400_000), (1, 200_000), (2, 50_000), (1, 0)]),
            "outside": parts("outside", [(1, 500_000), (2, 150_000), (1, 200_000), (1, 0)], KINDS[::-1]),
        }

    def __enter__(self) -> Self:
        self._crew = Crew(self._stack, *[self._turns] * self.THREADS)
        return self

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
                self._inside()
            self._outside()

    def calibrate(self) -> None:
        self._inside_ns, self._outside_ns = median_ns(self._inside, 20), median_ns(self._outside, 20)

    def form(self, group: str) -> tuple[Form, float]:
        form = Convoy(
            inside_ns=self._inside_ns,
            outside_ns=self._outside_ns,
            threads=self.THREADS,
            turns=self.TURNS,
            slowed="inside" if group == "inside" else "outside",
        )
        return form, self.THREADS * self.TURNS


class Fork(Known):
    """A serial part of 2 ms, then four workers with two items of 1 ms each: ``Amdahl``, 1 and a quarter."""

    name = "Amdahl"
    mode = "sleep"
    work = staticmethod(pause)
    WORKERS, SHARE = 4, 2

    def __init__(self) -> None:
        super().__init__()
        self._serial, self._item = self.turn("serial"), self.turn("item")

    def cast(self) -> dict[str, list[Part]]:
        return {
            "serial": parts("serial", [(1, 1_000_000), (2, 200_000), (1, 200_000), (1, 50_000), (1, 0)]),
            "item": parts("item", [(1, 500_000), (2, 100_000), (1, 150_000), (1, 0)], KINDS[::-1]),
        }

    def __enter__(self) -> Self:
        self._crew = Crew(self._stack, *[self._items] * self.WORKERS)
        return self

    def step(self) -> None:
        self._serial()
        self._crew.start()
        self._crew.wait()

    def _items(self) -> None:
        for _ in range(self.SHARE):
            self._item()

    def calibrate(self) -> None:
        self._serial_ns, self._item_ns = median_ns(self._serial, 20), median_ns(self._item, 20)

    def form(self, group: str) -> tuple[Form, float]:
        form = Amdahl(
            serial_ns=self._serial_ns,
            item_ns=self._item_ns,
            share=self.SHARE,
            workers=self.WORKERS,
            slowed="serial" if group == "serial" else "item",
        )
        return form, 1 if group == "serial" else self.SHARE * self.WORKERS


class Gather(Known):
    """Three coroutines at once: one asks, awaits an answer and reads it; two work meanwhile: ``Overlap``.

    The longest chain, asking and reading, is critical; the work of the others is free as long as it is done before the
    answer is there. That comes at a deadline, for which the loop is asked at every turn: its own timers are rounded to
    milliseconds.
    """

    name = "asyncio overlap"
    slack = 0.4

    def __init__(self) -> None:
        super().__init__()
        self.answer_ns = 0.0
        self._turns = {
            group: [part.awaited(self.work, next(self._lines)) for part in parts] for group, parts in self.parts.items()
        }

    def cast(self) -> dict[str, list[Part]]:
        coroutines: tuple[Kind, ...] = ("coroutine",)
        return {
            "ask": parts("ask", [(1, 100_000), (20, 2_000), (1, 5_000)], coroutines),
            "read": parts("read", [(1, 150_000), (50, 1_000), (1, 5_000)], coroutines),
            "work": parts("work", [(1, 200_000), (10, 10_000), (100, 1_000), (1, 20_000)], coroutines),
            "log": parts("log", [(1, 150_000), (30, 2_000), (300, 0), (5, 10_000)], coroutines),
        }

    def __enter__(self) -> Self:
        self._runner = self._stack.enter_context(asyncio.Runner())
        self.answer_ns = self._host_ns() / (1 - self.slack)
        return self

    def step(self) -> None:
        self._runner.run(self._page())

    async def _page(self) -> None:
        await asyncio.gather(self._answered(), self._busy("work"), self._busy("log"))

    async def _answered(self) -> None:
        for turn in self._turns["ask"]:
            await turn()
        due = time.perf_counter_ns() + self.answer_ns
        while time.perf_counter_ns() < due:
            await asyncio.sleep(0)
        for turn in self._turns["read"]:
            await turn()

    async def _busy(self, group: str) -> None:
        for turn in self._turns[group]:
            await turn()
            await asyncio.sleep(0)

    def calibrate(self) -> None:
        host_ns = self._host_ns()
        self._overlap = Overlap(host_ns=host_ns, device_ns=self.answer_ns)
        self._serial = Serial(work_ns=median_ns(self.step, 50))
        self.slack_ns = self.answer_ns - host_ns

    def _host_ns(self) -> float:
        """What is done between asking and reading, with all that coroutines and their loop add."""
        answer_ns, self.answer_ns = self.answer_ns, 0.0
        whole_ns = median_ns(self.step, 50)
        self.answer_ns = answer_ns
        return whole_ns - median_ns(lambda: self._runner.run(self._critical()), 50)

    async def _critical(self) -> None:
        for group in ("ask", "read"):
            for turn in self._turns[group]:
                await turn()

    def form(self, group: str) -> tuple[Form, float]:
        return self._serial if group in ("ask", "read") else self._overlap, 1


class Anything(AllHidden):
    """All hidden, and no two alike: functions, calls, work, slack and noise are drawn.

    The slack is more than the last dose of a scan, an eighth of the round: what is hidden shows nothing at all there.
    """

    name = "nothing critical"

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self.slack = self.coin.uniform(0.2, 0.5)

    def __enter__(self) -> Self:
        super().__enter__()
        self.varies_ns = self.device_ns * self.coin.choice((0.001, 0.01, 0.03))
        return self

    def cast(self) -> dict[str, list[Part]]:
        coin = self.coin
        number = coin.randint(5, 40)
        weights = [coin.paretovariate(1) for _ in range(number)]
        work_ns = coin.uniform(4e5, 8e5) / sum(weights)
        works = []
        for weight in weights:
            calls = round(10 ** coin.uniform(0, 2))
            works.append((calls, weight * work_ns / calls))
        return {"hidden": parts("hidden", works, coin.sample(KINDS, len(KINDS)))}


# In the order of the tables.
SYSTEMS: tuple[type[Known], ...] = (Chain, AllHidden, Tail, Pipeline, LockConvoy, Fork, Gather)
