"""One loop for each kind of target: calls that do next to nothing, so that what slowing adds stands out."""

import asyncio
import collections
import inspect
import math
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_speedbump.bump import Mode

__all__ = ["DELAYS_NS", "KINDS", "Kind", "Loop", "bystander", "line_of"]

DELAYS_NS = (300.0, 1e3, 1e4, 1e6)

type Loop = Callable[[int], int]
"""Makes so many calls of the target; returns the ns that they took."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``delays_ns``: those that are asked of it."""

    name: str
    target: str
    loop: Loop
    mode: Mode = "spin"
    delays_ns: tuple[float, ...] = DELAYS_NS


def _start() -> None:
    pass


def _starts(calls: int) -> int:
    before = time.perf_counter_ns()
    for _ in range(calls):
        _start()
    return time.perf_counter_ns() - before


def _functions(calls: int) -> int:
    function, data = zlib.crc32, b""
    before = time.perf_counter_ns()
    for _ in range(calls):
        function(data)
    return time.perf_counter_ns() - before


def _types(calls: int) -> int:
    kind = collections.deque
    before = time.perf_counter_ns()
    for _ in range(calls):
        kind()
    return time.perf_counter_ns() - before


def _symbols(calls: int) -> int:
    function, number = math.cbrt, 2.0
    before = time.perf_counter_ns()
    for _ in range(calls):
        function(number)
    return time.perf_counter_ns() - before


def _lines(calls: int) -> int:
    before = time.perf_counter_ns()
    for number in range(calls):
        _ = number  # the line
    return time.perf_counter_ns() - before


def _numbers(calls: int) -> Iterator[None]:
    for _ in range(calls):
        yield


def _resumes(calls: int) -> int:
    numbers = _numbers(calls)
    next(numbers)
    before = time.perf_counter_ns()
    for _ in numbers:
        pass
    return time.perf_counter_ns() - before


async def _nothing() -> None:
    pass


def _awaits(calls: int) -> int:
    async def run() -> int:
        before = time.perf_counter_ns()
        for _ in range(calls):
            await _nothing()
        return time.perf_counter_ns() - before

    return asyncio.run(run())


def _other() -> None:
    pass


def _others(calls: int) -> Iterator[None]:
    for _ in range(calls):
        yield


def bystander(calls: int) -> int:
    """A loop like the others, of as many calls in all: resumes, starts, C callables and native symbols, no targets."""
    function, symbol, number = abs, math.exp2, 2.0
    before = time.perf_counter_ns()
    for _ in _others(calls // 4):
        _other()
        function(number)
        symbol(number)
    return time.perf_counter_ns() - before


def line_of(function: Callable[..., object], comment: str) -> int:
    """The number of the line that ends in ``comment``."""
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if line.rstrip().endswith(comment))


KINDS = (
    Kind("start", f"{__name__}:_start", _starts),
    Kind("c: function", "c:zlib.crc32", _functions),
    Kind("c: type", "c:collections.deque", _types),
    Kind("native: symbol", "native:libm.so*:cbrt", _symbols),
    Kind("line", f"{__name__}:{line_of(_lines, '# the line')}", _lines),
    Kind("resume", f"resume:{__name__}:_numbers", _resumes),
    Kind("await", f"{__name__}:_nothing", _awaits, "await", (1e6,)),
)
