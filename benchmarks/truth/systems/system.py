"""What every system is: a step that is run again and again, a target in it, and a form that tells what slowing does."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from types import TracebackType
from typing import ClassVar, Literal, Protocol, Self

from benchmarks.truth.closed_forms import Form
from benchmarks.truth.hog import CONDITIONS, Condition

__all__ = ["Clock", "System", "WithDevice", "median_ns", "without_device"]

Mode = Literal["spin", "nogil", "sleep", "await"]
Clock = Callable[[], int]


def median_ns(function: Callable[[], object], calls: int, clock: Clock = time.perf_counter_ns) -> float:
    """Median time of one call."""
    times = []
    for _ in range(calls):
        before = clock()
        function()
        times.append(clock() - before)
    return median(times)


class System(ABC):
    """Owns its threads, from ``with`` to the end of the block.

    Attributes:
        slowed: name of the method that is the target.
        doses: delays of one call, in ns.
        iterations: steps in a round, at least.
        conditions: under which its form holds. One with several threads asks for free processors.
        patience: how much longer than others it may be measured; rounds of threads are long.
        references: share of the time for unslowed rounds of our own, from which the form's constants are taken.
        deviates: why the real system cannot follow its form more closely; empty where it should.
    """

    name: ClassVar[str]
    slowed: ClassVar[str]
    mode: ClassVar[Mode] = "spin"
    doses: ClassVar[tuple[float, ...]] = ()
    iterations: ClassVar[int] = 1
    conditions: ClassVar[tuple[Condition, ...]] = CONDITIONS
    patience: ClassVar[float] = 1.0
    references: ClassVar[float] = 0.05
    deviates: ClassVar[str] = ""

    def __init__(self, seed: int = 0) -> None:
        self._stack = ExitStack()
        self.coin = random.Random(seed)

    @property
    def target(self) -> str:
        for owner in type(self).__mro__:
            if self.slowed in vars(owner):
                return f"{owner.__module__}:{owner.__qualname__}.{self.slowed}"
        raise AttributeError(self.slowed)

    @property
    def clock(self) -> Clock:
        """By which an unslowed step is as long beside others as alone."""
        return time.perf_counter_ns

    @abstractmethod
    def step(self) -> None: ...

    def bare_step(self) -> None:
        """A step without a probe in it, also while the tool is armed: the same one where a probe would not show."""
        self.step()

    @abstractmethod
    def calibrate(self) -> Form:
        """The form, with constants as they are now, measured without the tool and unslowed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


class WithDevice(Protocol):
    device_ns: float

    def step(self) -> None: ...


def without_device(system: WithDevice, calls: int) -> float:
    """A step of the host alone: its work as it is in place, with all that Python adds."""
    device_ns, system.device_ns = system.device_ns, 0.0
    try:
        return median_ns(system.step, calls)
    finally:
        system.device_ns = device_ns
