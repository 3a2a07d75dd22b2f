"""What the core costs and delivers, call by call."""

import cProfile
from collections.abc import Iterator
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import CodeType

from benchmarks.figures.figure import Figure
from benchmarks.micro.cases import CASES
from benchmarks.micro.delivery import DECADES, deliver
from benchmarks.micro.sidebyside import SideBySide, measure

__all__ = ["call_figures"]

UNITS = {1e2: "100 ns", 3e2: "300 ns", 1e3: "1 us", 1e4: "10 us", 1e5: "100 us", 1e6: "1 ms"}


def call_figures() -> Iterator[Figure]:
    yield _matched()
    yield _unmatched()
    yield from (_delivered(delay_ns) for delay_ns in DECADES)
    yield from (_first_pass(count, limit_ms) for count, limit_ms in ((100, 2.0), (1000, 10.0)))
    yield _profile()


def _measure(name: str) -> SideBySide:
    return measure(next(case for case in CASES if case.name == name))


def _matched() -> Figure:
    result = _measure("matched-call")
    ratio, core, floor = result.ratio("core", "empty-callback"), result.added("core"), result.added("empty-callback")
    assert ratio is not None
    assert core is not None
    assert floor is not None
    return Figure(
        "added per matched call at zero delay, against an empty C callback",
        "<= 1.2 x",
        f"{ratio:.2f} x ({core:.1f} ns, {floor:.1f} ns)",
        ratio <= 1.2,
        {"ratio": ratio, "core_ns": core, "floor_ns": floor},
    )


def _unmatched() -> Figure:
    result = _measure("unmatched-call")
    added, bare = result.added("core"), result.ns["uninstrumented"]
    assert added is not None
    return Figure(
        "added per call of unmatched code",
        "0 within noise",
        f"{added:+.2f} ns ({added / bare:+.1%} of a call)",
        abs(added) <= 0.03 * bare,
        {"added_ns": added, "bare_ns": bare},
    )


def _delivered(delay_ns: float) -> Figure:
    (delivery,) = deliver("core", [delay_ns])
    error = delivery.error_ns
    return Figure(
        f"delivered delay, {UNITS[delay_ns]}",
        "within max(5 ns, 1 %)",
        f"{error:+.1f} ns ({error / delay_ns:+.2%})",
        abs(error) <= max(5.0, 0.01 * delay_ns),
        {"requested_ns": delay_ns, "delivered_ns": delivery.delivered_ns},
    )


def _first_pass(count: int, limit_ms: float) -> Figure:
    case = next(case for case in CASES if case.name == f"first-pass-{count}")
    added = measure(case, backends=("uninstrumented", "core")).added("core")
    assert added is not None
    ms = added * case.operations / 1e6
    return Figure(
        f"first pass over {case.operations:,} functions with {count:,} patterns",
        f"<= {limit_ms:g} ms",
        f"{ms:.2f} ms",
        ms <= limit_ms,
        {"ms": ms},
    )


def _profile() -> Figure:
    what, promised = "calls per code object against cProfile, on graphql-core", "equal"
    try:
        from graphql import build_schema, graphql_sync
    except ImportError as error:
        return Figure.lacking(what, promised, f"graphql-core is missing: {error}")
    from pytest_speedbump import slow

    def request() -> None:
        schema = build_schema("type Query { a(x: Int = 1): [Int!]! b: String }")
        for _ in range(20):
            graphql_sync(schema, "query Q { a b again: a(x: 2) }", {"a": [1, 2, 3], "b": "c"})

    request()  # caches are full, so that every run does the same
    with slow("graphql.*", delay="0ns") as bump:
        request()
    matched = [code for code in bump.snapshot().matched if _starts_once(code.code)]
    profile = cProfile.Profile()
    profile.runcall(request)
    stats = profile.getstats()
    theirs = {id(entry.code): entry.callcount for entry in stats}  # by identity: generated code is often equal
    calls = sum(code.calls for code in matched)
    wrong = sum(theirs.get(id(code.code)) != code.calls for code in matched)
    return Figure(
        what,
        promised,
        f"{len(matched)} code objects, {calls:,} calls, {wrong} differ",
        wrong == 0 and bool(matched),
        {"codes": len(matched), "calls": calls, "differ": wrong},
    )


def _starts_once(code: CodeType) -> bool:
    """cProfile counts every resume of a generator as a call."""
    return not code.co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)
