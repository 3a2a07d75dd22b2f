"""Systems with targets of every kind, whose answer is known; see :mod:`benchmarks.truth.systems`."""

import asyncio
import inspect
import math
import time
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Self

from benchmarks.truth.closed_forms import Form, Overlap, Serial
from benchmarks.truth.systems import System, median_ns
from benchmarks.truth.systems.system import Mode, without_device
from benchmarks.truth.work import spin

__all__ = ["SYSTEMS"]

LOOKS = 200  # to calibrate


class _Serial(System):
    """The target on the critical path, ``calls`` times a step."""

    slowed = "step"
    calls: ClassVar[int] = 8

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.step, LOOKS), n=self.calls)


class Checksums(_Serial):
    """A callable of the standard library that is written in C."""

    name = "c: zlib.crc32 on the critical path"
    target = "c:zlib.crc32"
    doses: ClassVar[tuple[float, ...]] = (1_000.0, 4_000.0)
    DATA = bytes(range(256)) * 16

    def step(self) -> None:
        for _ in range(self.calls):
            zlib.crc32(self.DATA)
            spin(4_000)


class Roots(_Serial):
    """A symbol that an extension module imports from the C library."""

    name = "native: cbrt of libm on the critical path"
    target = "native:libm.so*:cbrt"
    doses: ClassVar[tuple[float, ...]] = (1_000.0, 4_000.0)

    def step(self) -> None:
        for _ in range(self.calls):
            math.cbrt(2.0)
            spin(4_000)


class Lines(_Serial):
    """One line of a function, in a loop."""

    name = "a line on the critical path"
    doses: ClassVar[tuple[float, ...]] = (1_000.0, 4_000.0)

    @property
    def target(self) -> str:
        lines, first = inspect.getsourcelines(Lines.step)
        return f"{__name__}:{first + next(i for i, line in enumerate(lines) if '# the line' in line)}"

    def step(self) -> None:
        total = 0
        for _ in range(self.calls):
            spin(4_000)
            total ^= 1  # the line


class Resumes(_Serial):
    """A generator that is resumed; its start is not slowed."""

    name = "resumes on the critical path"
    target = f"resume:{__name__}:Resumes.items"
    doses: ClassVar[tuple[float, ...]] = (1_000.0, 4_000.0)

    def step(self) -> None:
        for _ in self.items():
            spin(4_000)

    def items(self) -> Iterator[None]:
        for _ in range(self.calls):
            yield


class _Hidden(System):
    """Host work beside a device that was started before it."""

    slowed = "host"
    device_ns: float = 120_000.0

    def step(self) -> None:
        done_at = time.perf_counter_ns() + self.device_ns
        self.host()
        while time.perf_counter_ns() < done_at:
            pass

    @abstractmethod
    def host(self) -> None: ...

    def calibrate(self) -> Form:
        return Overlap(host_ns=without_device(self, LOOKS), device_ns=median_ns(self.step, LOOKS))


class _Product(_Hidden):
    """A product of matrices; needs numpy."""

    doses: ClassVar[tuple[float, ...]] = (20_000.0, 200_000.0)

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        import numpy as np

        self.left: Any = np.ones((48, 48))

    def host(self) -> None:
        self.left @ self.left


class Product(_Product):
    name = "c: numpy.matmul behind a device"
    target = "c:numpy.matmul"


class Kernel(_Product):
    name = "native: BLAS dgemm behind a device"
    target = "native:*openblas*:*dgemm*"


class _Awaited(System):
    """Latencies that an event loop waits for; ``mode="await"`` does not block it."""

    slowed = "first"
    mode: ClassVar[Mode] = "await"
    FIRST_S, SECOND_S = 0.002, 0.006

    def __enter__(self) -> Self:
        self._runner = self._stack.enter_context(asyncio.Runner())
        return self

    def step(self) -> None:
        self._runner.run(self.page())

    @abstractmethod
    async def page(self) -> None: ...

    async def first(self) -> None:
        await asyncio.sleep(self.FIRST_S)

    async def second(self) -> None:
        await asyncio.sleep(self.SECOND_S)


class Awaited(_Awaited):
    name = "an awaited latency on the critical path"
    doses: ClassVar[tuple[float, ...]] = (1e6, 4e6)

    async def page(self) -> None:
        await self.first()
        await self.second()

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.step, 20))


class AwaitedAside(_Awaited):
    name = "an awaited latency beside a longer one"
    doses: ClassVar[tuple[float, ...]] = (1e6, 8e6)

    async def page(self) -> None:
        await asyncio.gather(self.first(), self.second())

    def calibrate(self) -> Form:
        first = median_ns(lambda: self._runner.run(self.first()), 20)
        return Overlap(host_ns=first, device_ns=median_ns(self.step, 20))


SYSTEMS: tuple[type[System], ...] = (
    Checksums, Roots, Lines, Resumes, Product, Kernel, Awaited, AwaitedAside,
)  # fmt: skip
