"""Calls are counted exactly: per code object, as cProfile and the Python reference do, and only while they should."""

import asyncio
import cProfile
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from types import CodeType
from typing import Any

import graphql
import pytest
from reference_backend import Patterns as ReferencePatterns
from reference_backend import PythonBackend
from sessions import MakeSession, code_of

from pytest_speedbump import _core

SCHEMA = """
type Author { name: String!, books: [Book!]! }
type Book { title: String!, pages: Int, author: Author! }
type Query { books(first: Int = 3): [Book!]!, author(name: String!): Author }
"""
QUERY = """
query Shelf($n: Int) {
  books(first: $n) { ...Cover author { name books { title } } }
  author(name: "Lem") { name }
}
fragment Cover on Book { title pages }
"""
LEM = {"name": "Lem", "books": [{"title": "Solaris"}]}
ROOT = {"books": [{"title": "Solaris", "pages": 204, "author": LEM}] * 5, "author": LEM}


def run_graphql() -> None:
    schema = graphql.build_schema(SCHEMA)
    document = graphql.parse(QUERY)
    assert graphql.validate(schema, document) == []
    result = graphql.execute_sync(schema, document, ROOT, variable_values={"n": 5})
    assert result.errors is None
    assert result.data is not None
    assert len(result.data["books"]) == 5


def leaf() -> int:
    return 42


def other() -> None:
    pass


def numbers(n: int) -> Generator[int, None, None]:
    yield from range(n)


async def answer() -> int:
    await asyncio.sleep(0)
    return leaf()


async def stream(n: int) -> AsyncIterator[int]:
    for i in range(n):
        await asyncio.sleep(0)
        yield i


def calls(session: _core.Session) -> dict[str, int]:
    """By qualname; what was seen but not counted included."""
    return {code_of(code).co_qualname: calls for code, _, _, calls, *_ in session.snapshot()}


def test_equal_to_cprofile_on_a_real_package(count: MakeSession) -> None:
    run_graphql()  # what runs once only, such as imports
    session = count("graphql.*")
    profile = cProfile.Profile()
    profile.enable()
    run_graphql()
    profile.disable()
    session.disarm()

    package = str(Path(graphql.__file__).parent)
    resumed = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR  # counted at each resume there

    def is_compared(code: object) -> bool:
        return isinstance(code, CodeType) and code.co_filename.startswith(package) and not code.co_flags & resumed

    expected = {id(entry.code): entry.callcount for entry in profile.getstats() if is_compared(entry.code)}
    counted = {id(code): calls for code, _, _, calls, *_ in session.snapshot() if is_compared(code)}
    assert counted == expected
    assert len(expected) > 100
    assert sum(expected.values()) > 5000


def test_equal_to_the_reference_on_a_real_package(count: MakeSession) -> None:
    patterns = ("graphql.*", "!graphql.*.__init__", "*lexer.py:*", "graphql.language.lexer:Lexer.advance")
    reference = PythonBackend(ReferencePatterns(patterns), "spin", "reference")
    session = count(*patterns)
    reference.arm()
    reference.set_delay(0)
    run_graphql()
    reference.disarm()
    session.disarm()

    def rows(backend: _core.Session | PythonBackend) -> list[tuple[int, str, int, int]]:
        return [(id(code), module, pattern, calls) for code, module, pattern, calls, *_ in backend.snapshot()]

    assert rows(session) == rows(reference)
    assert {pattern for _, _, pattern, _ in rows(session)} == {0, 2, 3}
    assert session.totals() == reference.totals()


def test_generators_count_their_starts(count: MakeSession) -> None:
    session = count(f"{__name__}:numbers")
    for _ in range(3):
        assert list(numbers(5)) == [0, 1, 2, 3, 4]
    begun = numbers(5)
    next(begun)
    begun.close()
    never_begun = numbers(5)
    never_begun.close()
    with pytest.raises(KeyError):
        numbers(5).throw(KeyError)
    assert calls(session) == {"numbers": 4}


def test_coroutines_and_async_generators_count_their_starts(count: MakeSession) -> None:
    async def main() -> list[int]:
        return [await answer(), *await asyncio.gather(answer(), answer()), *[i async for i in stream(3)]]

    session = count(f"{__name__}:answer", f"{__name__}:stream", f"{__name__}:leaf")
    assert asyncio.run(main()) == [42, 42, 42, 0, 1, 2]
    assert calls(session) == {"answer": 3, "leaf": 3, "stream": 1}


@pytest.mark.parametrize(
    "call",
    [
        leaf,
        lambda: functools.reduce(lambda *_: leaf(), [0, 0]),
        lambda: sorted([0], key=lambda _: leaf()),
        lambda: eval("leaf()"),
    ],
    ids=["python", "reduce", "key", "eval"],
)
def test_whoever_calls(count: MakeSession, call: Callable[[], object]) -> None:
    session = count(f"{__name__}:leaf")
    for _ in range(100):  # enough for the interpreter to specialise the call
        call()
    assert calls(session) == {"leaf": 100}


def test_class_bodies_properties_and_dunders(count: MakeSession) -> None:
    session = count(f"{__name__}:*Box*")

    class Box:
        @property
        def size(self) -> int:
            return 1

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    box = Box()
    assert box.size == 1
    assert box == 1
    assert box in [None, 2]
    here = test_class_bodies_properties_and_dunders.__qualname__
    assert calls(session) == {f"{here}.<locals>.Box{name}": n for name, n in [("", 1), (".size", 1), (".__eq__", 2)]}


def test_recursion(count: MakeSession) -> None:
    def descend(n: int) -> None:
        if n:
            descend(n - 1)

    session = count(f"{__name__}:*descend")
    descend(99)
    assert session.totals()[0] == 100


def test_nothing_while_paused(make_session: MakeSession) -> None:
    session = make_session(f"{__name__}:leaf")
    session.set_delay(0)
    session.arm()  # begins paused, whatever was set before
    leaf()
    assert calls(session) == {"leaf": 0}
    session.set_delay(0)
    leaf()
    session.pause()
    leaf()
    assert calls(session) == {"leaf": 1}
    session.set_delay(1000)
    leaf()
    assert calls(session) == {"leaf": 2}
    session.disarm()
    leaf()
    assert calls(session) == {"leaf": 2}


def test_snapshot_is_in_order_of_first_sight_and_sums_up_to_the_totals(make_session: MakeSession) -> None:
    session = make_session(f"{__name__}:leaf", f"{__name__}:other")
    session.arm()
    session.set_delay(2000)
    for function, times in [(other, 3), (leaf, 5)]:
        for _ in range(times):
            function()
    session.set_delay(0)
    other()
    rows: Any = session.snapshot()
    assert [row[:4] for row in rows] == [(other.__code__, __name__, 1, 4), (leaf.__code__, __name__, 0, 5)]
    total_calls, requested, delivered, late, waited = session.totals()
    assert total_calls == 9
    for index, total in [(4, requested), (5, delivered), (6, late), (7, waited)]:
        assert sum(row[index] for row in rows) == pytest.approx(total)


def test_unmatched_code_leaves_no_trace(count: MakeSession) -> None:
    session = count("no.such.thing")
    run_graphql()
    assert session.snapshot() == []
    assert session.totals() == (0, 0, 0, 0, 0)
    assert session.lost == 0
