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

__all__ = ["KINDS", "Kind"]

type Loop = Callable[[int], int]
"""Makes so many calls of the target; returns the ns that they took."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``bound_ns``: what an armed, undelayed call may add; ``shortest_ns``: the least delay that is asked of it."""

    name: str
    target: str
    loop: Loop
    bound_ns: float
    mode: Mode = "spin"
    shortest_ns: float = 300.0


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


def _line_of(function: Callable[..., object], comment: str) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if line.rstrip().endswith(comment))


KINDS = (
    Kind("start", f"{__name__}:_start", _starts, 25),
    Kind("c: function", "c:zlib.crc32", _functions, 5),
    Kind("c: type", "c:collections.deque", _types, 5),
    Kind("native: symbol", "native:libm.so*:cbrt", _symbols, 3),
    Kind("line", f"{__name__}:{_line_of(_lines, '# the line')}", _lines, 20),
    Kind("resume", f"resume:{__name__}:_numbers", _resumes, 12),
    Kind("await", f"{__name__}:_nothing", _awaits, 1_000, "await", 1e6),
)
