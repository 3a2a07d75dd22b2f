"""The C core against its oracle: the same session in Python sees, chooses and counts the same."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from reference_backend import Patterns, PythonBackend

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
