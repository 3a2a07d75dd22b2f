"""What is measured: a callable that can be run in rounds, again and again, however the test wrote it down."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

__all__ = ["CallableRaisedError", "PlainSubject", "Subject", "show_error"]

LONGEST_ERROR = 300  # characters

Switch = Callable[[], object]


class Subject(Protocol):
    """Runs one round at a time.

    Attributes:
        iterations: calls in a round.
        baseline_ns: the fastest round as the test's own benchmark measured it, unslowed; None where nobody did, or
            in too few rounds to be warm.
        stretchable: whether more iterations may be put into a round than the test asked for.
    """

    iterations: int
    baseline_ns: float | None
    stretchable: bool

    def round(self, start: Switch, stop: Switch) -> int:
        """Time of one round in ns. ``start`` and ``stop`` enclose just the calls: setup and teardown stay outside."""
        ...


class CallableRaisedError(Exception):
    """The measured callable raised when it was run again; ``__cause__`` is what it raised.

    Attributes:
        round_number: from 1, over all rounds that followed the test's own benchmark, slowed or not.
    """

    def __init__(self, round_number: int) -> None:
        super().__init__(f"the callable raised in round {round_number}")
        self.round_number = round_number


def show_error(error: BaseException | None) -> str:
    """``repr(error)``, shortened where it would fill pages; its class alone where it cannot be had."""
    try:
        text = repr(error)
    except Exception:
        return f"{type(error).__name__}(...)"
    return text if len(text) <= LONGEST_ERROR else f"{text[:LONGEST_ERROR]}..."


class PlainSubject:
    """A callable timed by ourselves, where pytest-benchmark does not do it."""

    stretchable = True
    baseline_ns: float | None = None

    def __init__(self, function: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self._function, self._args, self._kwargs = function, args, kwargs
        self.iterations = 1
        self._rounds = 0

    def round(self, start: Switch, stop: Switch) -> int:
        function, args, kwargs = self._function, self._args, self._kwargs
        loops = range(self.iterations)
        self._rounds += 1
        start()
        try:
            before = time.perf_counter_ns()
            for _ in loops:
                function(*args, **kwargs)
            return time.perf_counter_ns() - before
        except Exception as error:
            raise CallableRaisedError(self._rounds) from error
        finally:
            stop()
