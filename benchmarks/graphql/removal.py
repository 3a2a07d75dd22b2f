"""A cost that a scan found, really taken out: what does a request win, and what was promised?

    python -m benchmarks.graphql.removal

graphql-core asks of every value whether it has to be awaited. The function that it asks, `is_awaitable`, may be given
by the caller. Where resolvers are coroutine functions, as here, a method of C will do instead.
"""

import argparse
import asyncio
import random
import secrets
import sys
import time
import timeit
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from math import exp, floor, log, sqrt
from statistics import median
from types import CoroutineType
from typing import Any, TypeGuard

from graphql import ExecutionResult, execute, parse
from graphql.pyutils import is_awaitable

from benchmarks.exits import Exit, ends
from benchmarks.graphql.conftest import with_room
from benchmarks.graphql.library import (
    OVERVIEW,
    OVERVIEW_AND_STOCK,
    SCHEMA,
    VARIABLES,
    data_at_hand,
    data_from_backends,
)
from benchmarks.tables import table
from benchmarks.undisturbed import undisturbed
from pytest_speedbump import Estimate, scan
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.report.numbers import interval_text
from pytest_speedbump.report.ranked import standing_text

__all__ = ["IN_C", "TARGET", "predicted", "remove", "requests", "won"]

type IsAwaitable = Callable[[Any], TypeGuard[Awaitable[Any]]]
type Request = Callable[[IsAwaitable], ExecutionResult]

TARGET = "graphql.pyutils.is_awaitable:is_awaitable"
IN_C: IsAwaitable = CoroutineType.__instancecheck__  # type: ignore[assignment]  # a coroutine can be awaited
HEADER = ("benchmark", "calls", "share", "scan", "gain", "a call in C", "gain but for it", "really won")
CALLS = 10_000
LEAST_PAIRS = 3
NORMAL = 1.96  # standard errors to either side of what lies between them in 95 % of all cases


@contextmanager
def requests() -> Iterator[dict[str, Request]]:
    """The two executions of ``test_graphql.py`` by the names that they have there, for whatever is asked of values."""
    document, data = parse(OVERVIEW), data_at_hand()
    slow_document, slow_data = parse(OVERVIEW_AND_STOCK), data_from_backends()

    def at_hand(asked: IsAwaitable) -> ExecutionResult:
        result = execute(SCHEMA, document, data, variable_values=VARIABLES, is_awaitable=asked)
        assert isinstance(result, ExecutionResult)
        return result

    async def from_backends(asked: IsAwaitable) -> ExecutionResult:
        result = execute(SCHEMA, slow_document, slow_data, variable_values=VARIABLES, is_awaitable=asked)
        assert isinstance(result, Awaitable)
        return await result

    with asyncio.Runner() as runner:
        yield {
            "test_execute": with_room(at_hand),
            "test_execute_while_a_backend_is_awaited": with_room(lambda asked: runner.run(from_backends(asked))),
        }


def call_ns(function: IsAwaitable) -> float:
    """Of a value that is not to be awaited, like nearly all."""
    seconds = timeit.repeat("function('a title')", globals={"function": function}, repeat=50, number=CALLS)
    return min(seconds) / CALLS * 1e9


def remove(request: Request, seconds: float, seed: int) -> list[float]:
    """Pairs of rounds, with the one and with the other in random order: logarithms of what is left of a round."""
    assert request(IN_C) == request(is_awaitable)
    coin, left = random.Random(seed), list[float]()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(left) < LEAST_PAIRS:
        took = {}
        with undisturbed():
            for asked in coin.sample((is_awaitable, IN_C), 2):
                before = time.perf_counter_ns()
                request(asked)
                took[asked] = time.perf_counter_ns() - before
        left.append(log(took[IN_C] / took[is_awaitable]))
    return left


def won(left: Sequence[float]) -> Estimate:
    """As a share of a round: the median, and the interval that holds it in 95 % of all cases, whatever the noise."""
    ordered, n = sorted(left, reverse=True), len(left)
    first = max(0, floor((n - NORMAL * sqrt(n)) / 2))
    return Estimate(*(1 - exp(one) for one in (median(ordered), ordered[first], ordered[n - 1 - first])))


def predicted(ranking: Ranking, left_ns: float) -> Estimate | None:
    """The gain of a scan is that of a function that costs nothing; a call of what replaces this one costs some ns."""
    (one,) = ranking.functions
    if one.gain is None or one.transmission is None or not ranking.round_ns:
        return None
    left = one.transmission * one.calls * left_ns / ranking.round_ns
    return Estimate(one.gain - left, *(None if end is None else end - left for end in (one.gain.low, one.gain.high)))


def row(name: str, ranking: Ranking, left_ns: float, left: Sequence[float]) -> list[str]:
    (one,) = ranking.functions
    gain, kept, real = (
        "-" if figure is None else interval_text(figure, percent=True)
        for figure in (one.gain, predicted(ranking, left_ns), won(left))
    )
    share = "-" if one.share is None else f"{one.share:.1%}"
    return [name, f"{one.calls:g}", share, standing_text(one), gain, f"{left_ns:.0f}ns", kept, real]


def main() -> Exit:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.graphql.removal", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--max-time", default="60s", metavar="TIME", help="of each of the two scans")
    parser.add_argument(
        "--seconds", type=float, default=20, help="of rounds with it and without it, for each of the two"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of every order")
    options = parser.parse_args()
    rows = []
    with requests() as both:
        for name, request in both.items():
            ranking = scan(partial(request, is_awaitable), TARGET, max_time=options.max_time, seed=options.seed)
            left = remove(request, options.seconds, options.seed)
            rows.append(row(name, ranking, call_ns(IN_C), left))
    print("\n".join(table(HEADER, rows)))
    return Exit.OK


if __name__ == "__main__":
    sys.exit(ends(main))
