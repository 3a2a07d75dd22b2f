"""Calls as they are counted, against what cProfile counts, on requests to graphql-core."""

import cProfile
from dataclasses import asdict, dataclass
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import CodeType
from typing import Any

__all__ = ["Counting", "count"]


@dataclass(frozen=True, slots=True)
class Counting:
    """Code objects and their calls; ``differ``: code objects of which cProfile says another number."""

    codes: int
    calls: int
    differ: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def count() -> Counting:
    """ImportError without graphql-core."""
    from graphql import build_schema, graphql_sync

    from pytest_speedbump import slow

    def request() -> None:
        schema = build_schema("type Query { a(x: Int = 1): [Int!]! b: String }")
        for _ in range(20):
            graphql_sync(schema, "query Q { a b again: a(x: 2) }", {"a": [1, 2, 3], "b": "c"})

    request()  # caches are full, so that every run does the same
    with slow("graphql.*", delay="0ns") as bump:
        request()
    ours = [code for code in bump.snapshot().matched if _starts_once(code.site.code)]
    profile = cProfile.Profile()
    profile.runcall(request)
    theirs = {id(entry.code): entry.callcount for entry in profile.getstats()}  # by identity: code is often equal
    return Counting(
        codes=len(ours),
        calls=int(sum(code.calls for code in ours)),
        differ=sum(theirs.get(id(code.site.code)) != code.calls for code in ours),
    )


def _starts_once(code: CodeType | None) -> bool:
    """cProfile counts every resume of a generator as a call."""
    return code is not None and not code.co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)
