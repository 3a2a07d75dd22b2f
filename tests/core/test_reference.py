"""The C core against its oracle: the same session in Python sees, chooses and counts the same."""

import sys
from array import array
from collections.abc import Callable, Iterator
from itertools import batched
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_backend import Patterns, PythonBackend
from sessions import code_of

from pytest_speedbump import _core

PATTERNS = [f"{__name__}.*", f"!{__name__}:*Oracle*", f"{__name__}:*.excluded", "nowhere:f"]


class Fib:
    def __call__(self, n: int) -> int:
        return n if n < 2 else self(n - 1) + self(n - 2)

    @staticmethod
    def excluded() -> None:
        pass


def numbers() -> Iterator[int]:
    yield from range(3)


def twins() -> list[Callable[[], None]]:
    """Code objects that are equal, and not one."""
    made = []
    for _ in range(2):
        names: dict[str, Any] = {"__name__": __name__}
        exec(compile("def twin(): pass", "<twin>", "exec"), names)
        made.append(names["twin"])
    return made


def one() -> None:
    pass


def two() -> None:
    pass


def three() -> None:
    pass


def without_module() -> Callable[[], None]:
    names: dict[str, Any] = {}
    exec("def f(): pass", names)
    function: Callable[[], None] = names["f"]
    return function


def work(session: Any) -> None:
    """Everything a session can be told, while code of several kinds runs."""
    Fib()(3)  # paused: seen, not counted
    session.set_delay(0.0)
    assert Fib()(6) == 8
    assert sum(numbers()) == sum(n for n in numbers()) == 3
    session.set_delay(1000.0)
    for twin, times in zip(TWINS, (2, 3), strict=True):
        for _ in range(times):
            twin()
    session.pause()
    Fib.excluded()
    session.set_delay(0.0)
    sorted([3, 1, 2], key=lambda n: -n)
    without_module()()
    with pytest.raises(ZeroDivisionError):
        (lambda n: 1 / n)(0)


TWINS = twins()


def test_sessions_count_alike() -> None:
    seen: list[Any] = []
    for session in (
        _core.Session(_core.Patterns(PATTERNS), "spin", "the core"),
        PythonBackend(Patterns(PATTERNS), "spin", "the oracle"),
    ):
        session.arm()
        try:
            assert session.intact
            work(session)
        finally:
            session.disarm()
        assert not session.intact
        assert session.totals()[0] == sum(row[3] for row in session.snapshot())
        seen.append([(id(row[0]), row[1:5], row[5]) for row in session.snapshot()])
    core, oracle = seen
    assert [row[0] for row in core] == [row[0] for row in oracle]  # the same code objects, in order of first sight
    for (_, (module, pattern, calls, requested), _), theirs in zip(core, oracle, strict=True):
        assert (module, pattern, calls) == theirs[1][:3]
        assert requested == pytest.approx(theirs[1][3], rel=1e-3)
        assert (requested > 0) == (theirs[2] > 0)
    assert sum(calls for _, (_, _, calls, _), _ in core) > 30


SINGLES = (one, two, three)
DELAYS = st.floats(100, 2000) | st.just(0.0)
SHARES = st.floats(0.01, 0.99) | st.sampled_from([0.0, 2.0**-33, 0.5, 1.0])
DOSES = st.lists(st.tuples(DELAYS, SHARES), min_size=1, max_size=4)
PLANS = st.tuples(st.just("doses"), DOSES) | st.tuples(st.sampled_from(["delay", "pause"]), DELAYS)
CALLS = st.lists(st.tuples(st.sampled_from(SINGLES), st.integers(1, 40)), min_size=1, max_size=6)


def follow(session: Any, plan: str, numbers: Any) -> None:
    if plan == "doses":
        session.set_doses(array("d", [number for dose in numbers for number in dose]))
    elif plan == "delay":
        session.set_delay(numbers)
    else:
        session.pause()


@settings(max_examples=150)
@given(
    seen_first=st.lists(st.sampled_from(SINGLES), min_size=1, unique=True),
    steps=st.lists(st.tuples(PLANS, CALLS), min_size=2, max_size=6),
)
def test_doses_are_followed_alike(seen_first: list[Callable[[], None]], steps: list[Any]) -> None:
    """Call by call: which targets they concern, which of their calls, and what of it is booked."""
    seen: list[Any] = []
    patterns = [f"{__name__}:{function.__name__}" for function in SINGLES]
    for session in (
        _core.Session(_core.Patterns(patterns), "spin", "the core"),
        PythonBackend(Patterns(patterns), "spin", "the oracle"),
    ):
        session.arm()
        try:
            for function in seen_first:
                function()
            for plan, calls in steps:
                follow(session, *plan)
                for function, times in calls:
                    for _ in range(times):
                        function()
        finally:
            session.disarm()
        into = array("d", [7.0]) * 20
        n = session.read_counts(into)
        rows = list(batched(into, 5))
        assert rows[:n] == [row[3:] for row in session.snapshot()]
        assert rows[n:] == [(0.0,) * 5] * (4 - n)
        seen.append([(code_of(row[0]).co_name, row[3], row[4]) for row in session.snapshot()])
    core, oracle = seen
    assert [row[:2] for row in core] == [row[:2] for row in oracle]
    for (_, n_calls, requested), theirs in zip(core, oracle, strict=True):
        assert requested == pytest.approx(theirs[2], rel=1e-6, abs=1e-3 * n_calls)


def test_oracle_leaves_the_interpreter_as_it_was() -> None:
    tools = [sys.monitoring.get_tool(tool) for tool in range(6)]
    session = PythonBackend(Patterns(["*"]), "sleep", "the oracle")
    session.disarm()
    session.arm()
    assert "reference" in [sys.monitoring.get_tool(tool) for tool in range(6)]
    session.disarm()
    assert [sys.monitoring.get_tool(tool) for tool in range(6)] == tools


def test_oracle_has_no_mode_that_python_cannot_do() -> None:
    with pytest.raises(ValueError, match="cannot delay in mode 'nogil'"):
        PythonBackend(Patterns(["*"]), "nogil", "the oracle")
