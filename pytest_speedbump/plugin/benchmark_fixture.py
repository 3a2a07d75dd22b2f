"""The joint with pytest-benchmark: its fixture measures as ever, and then our rounds follow.

The fixture object that pytest-benchmark made is given a subclass of its own class, so that ``isinstance`` checks hold
and not one of its own numbers changes: the baseline runs first, un-armed. This leans on private names, hence
:func:`check_shape`.
"""

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from pytest_speedbump.errors import InputError
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject, Switch

__all__ = ["JoinedFixture", "check_shape", "join", "refuse_awaitable", "refuse_coroutine"]

WARM_ROUNDS = 5  # Of fewer rounds all may be cold, and the fastest of them is no baseline.

_SIGNATURES = {
    "_raw": ["self", "function_to_benchmark", "args", "kwargs"],
    "_raw_pedantic": [
        "self", "target", "args", "kwargs", "setup", "teardown", "rounds", "warmup_rounds", "iterations",
    ],
    "_make_runner": ["self", "function_to_benchmark", "args", "kwargs"],
}  # fmt: skip


def check_shape() -> None:
    """Raises InputError where pytest-benchmark is not built as we know it (5.2.3 to 5.3.1 are)."""
    import pytest_benchmark

    for name, expected in _SIGNATURES.items():
        method = getattr(BenchmarkFixture, name, None)
        if method is None or list(inspect.signature(method).parameters) != expected:
            raise InputError(
                f"pytest-benchmark {pytest_benchmark.__version__} has another BenchmarkFixture.{name} than "
                "pytest-speedbump knows; install pytest-benchmark 5.3.1, or a newer pytest-speedbump"
            )


def refuse_coroutine(function: Callable[..., object], door: str) -> None:
    """Fails the test for a coroutine function: a benchmark would time only the creation of its coroutine."""
    inner = inspect.unwrap(getattr(function, "func", function))
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        _fail_coroutine(getattr(inner, "__qualname__", repr(inner)), door)


def refuse_awaitable(returned: object, door: str) -> None:
    """The same for a plain function that returned a coroutine without awaiting it."""
    if inspect.iscoroutine(returned):
        returned.close()
        _fail_coroutine(returned.__qualname__, door)


def _fail_coroutine(name: str, door: str) -> NoReturn:
    pytest.fail(
        f"{door} was given the coroutine function {name} and would time only the creation of its coroutine; "
        f"give it a function that drives a loop, such as {door}(lambda: asyncio.run({name}()))",
        pytrace=False,
    )


class JoinedFixture(BenchmarkFixture):
    """A BenchmarkFixture that hands its callable on, once its own measurement is done."""

    _speedbump_measure: Callable[[Subject], object]
    _speedbump_instead: Callable[[Subject], object] | None
    _speedbump_disabled: Callable[[], object]

    def _raw(self, function_to_benchmark: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        refuse_coroutine(function_to_benchmark, "benchmark")
        subject = _BenchmarkSubject(self, function_to_benchmark, args, kwargs)
        if self._speedbump_instead is not None:
            return subject.run_once_and(self._speedbump_instead)
        result = super()._raw(function_to_benchmark, *args, **kwargs)  # type: ignore[no-untyped-call]
        refuse_awaitable(result, "benchmark")
        self._hand_on(subject)
        return result

    def _raw_pedantic(
        self,
        target: Callable[..., Any],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Any:
        refuse_coroutine(target, "benchmark.pedantic")
        subject = _BenchmarkSubject(self, target, args, kwargs or {}, setup, teardown, stretchable=False)
        if self._speedbump_instead is not None:
            return subject.run_once_and(self._speedbump_instead)
        result = super()._raw_pedantic(  # type: ignore[no-untyped-call]
            target, args, kwargs, setup, teardown, rounds, warmup_rounds, iterations
        )
        refuse_awaitable(result, "benchmark.pedantic")
        self._hand_on(subject)
        return result

    def _hand_on(self, subject: "_BenchmarkSubject") -> None:
        if self.stats is None:
            self._speedbump_disabled()
            return
        subject.iterations = self.stats.iterations
        if len(self.stats.stats.data) >= WARM_ROUNDS:
            subject.baseline_ns = self.stats.stats.min * subject.iterations * 1e9
        self._speedbump_measure(subject)


def join(
    fixture: BenchmarkFixture,
    measure: Callable[[Subject], object],
    disabled: Callable[[], object],
    instead: Callable[[Subject], object] | None = None,
) -> None:
    """Makes ``fixture`` call ``measure`` after its own measurement, or ``disabled`` where it does not measure.

    With ``instead`` it does not measure itself: it calls the callable once, for its result, and then ``instead``.
    """
    fixture.__class__ = JoinedFixture
    joined = cast("JoinedFixture", fixture)
    joined._speedbump_measure = measure
    joined._speedbump_disabled = disabled
    joined._speedbump_instead = instead


def _switching_timer(start: Switch, stop: Switch) -> Callable[[], int]:
    """The runner reads it just before the first call and just after the last one, and so nothing else is slowed: not
    what the runner itself calls, such as gc.enable. Not the benchmark's own timer: process_time is blind to sleep."""
    began = False

    def read() -> int:
        nonlocal began
        if began:
            now = time.perf_counter_ns()
            stop()
            return now
        began = True
        start()
        return time.perf_counter_ns()

    return read


class _BenchmarkSubject:
    """Rounds through the fixture's own runner; setup and teardown are run for each, as in pedantic mode."""

    def __init__(
        self,
        fixture: BenchmarkFixture,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        *,
        stretchable: bool = True,
    ) -> None:
        self.iterations = 1
        self.baseline_ns: float | None = None
        self.stretchable = stretchable
        self._rounds = 0
        self._fixture, self._function = fixture, function
        self._args, self._kwargs, self._setup, self._teardown = args, kwargs, setup, teardown

    def round(self, start: Switch, stop: Switch) -> int:
        self._rounds += 1
        try:
            args, kwargs = self._arguments()
            runner = self._fixture._make_runner(self._function, args, kwargs)
            try:
                ns: int = runner(range(self.iterations), _switching_timer(start, stop))
            finally:
                stop()
            if self._teardown is not None:
                self._teardown(*args, **kwargs)
        except Exception as error:
            raise CallableRaisedError(self._rounds) from error
        return ns

    def run_once_and(self, then: Callable[[Subject], object]) -> Any:
        """Calls the callable once, then ``then``; returns what the call returned."""
        args, kwargs = self._arguments()
        returned = self._function(*args, **kwargs)
        if self._teardown is not None:
            self._teardown(*args, **kwargs)
        then(self)
        return returned

    def _arguments(self) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        made = self._setup() if self._setup is not None else None
        return made or (self._args, self._kwargs)
