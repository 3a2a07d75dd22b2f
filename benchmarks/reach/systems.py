"""Systems with targets of every kind, whose answer is known; see :mod:`benchmarks.truth.systems`."""

import asyncio
import math
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Self

from benchmarks.exits import Exit, ExitError
from benchmarks.reach.kinds import line_of
from benchmarks.truth.closed_forms import Form, Overlap, Serial
from benchmarks.truth.systems import HiddenWork, System, median_ns
from benchmarks.truth.systems.system import Mode
from benchmarks.truth.work import pause, spin

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
        return f"{__name__}:{line_of(Lines.step, '# the line')}"

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


class _Product(HiddenWork):
    """A product of matrices, of numpy, where the host has its work: some 20 us beside a device that takes 120."""

    doses: ClassVar[tuple[float, ...]] = (20_000.0, 200_000.0)
    device_ns = 120_000.0

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        try:
            import numpy as np
        except ImportError:
            raise ExitError(Exit.MISSING_TOOL, "numpy is missing; install it: pip install numpy") from None
        self._left: Any = np.ones((48, 48))

    def log(self) -> None:
        self._left @ self._left


class Product(_Product):
    name = "c: numpy.matmul behind a device"
    target = "c:numpy.matmul"


class Kernel(_Product):
    name = "native: BLAS dgemm behind a device"
    target = "native:*openblas*:*dgemm*"


class _Awaited(System):
    """Latencies that an event loop waits for; ``mode="await"`` does not block it.

    They are slept in threads: the loop's own timers round up to milliseconds, how far depends on what else it waits
    for, and the delay would change that.
    """

    slowed = "first"
    mode: ClassVar[Mode] = "await"
    FIRST_NS, SECOND_NS = 2e6, 6e6
    looks: ClassVar[int] = 20  # to calibrate

    def __enter__(self) -> Self:
        self._runner = self._stack.enter_context(asyncio.Runner())
        return self

    def step(self) -> None:
        self._runner.run(self.page())

    @abstractmethod
    async def page(self) -> None: ...

    async def first(self) -> None:
        await asyncio.to_thread(pause, self.FIRST_NS)

    async def second(self) -> None:
        await asyncio.to_thread(pause, self.SECOND_NS)


class Awaited(_Awaited):
    name = "an awaited latency on the critical path"
    doses: ClassVar[tuple[float, ...]] = (1e6, 4e6)

    async def page(self) -> None:
        await self.first()
        await self.second()

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.step, self.looks))


class AwaitedAside(_Awaited):
    name = "an awaited latency beside a longer one"
    doses: ClassVar[tuple[float, ...]] = (2e6, 8e6)

    async def page(self) -> None:
        await asyncio.gather(self.first(), self.second())

    def calibrate(self) -> Form:
        form = Overlap(host_ns=self.FIRST_NS, device_ns=self.SECOND_NS)
        return form.fitted(median_ns(self.step, self.looks))  # each of the two wakes up as late as the other


SYSTEMS: tuple[type[System], ...] = (
    Checksums, Roots, Lines, Resumes, Product, Kernel, Awaited, AwaitedAside,
)  # fmt: skip
