"""What is measured: each case says what it needs of a backend, and makes its work for one."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from benchmarks.backends import Ability, Backend, factory, matcher, missing, unable
from benchmarks.micro.functions import FUNCTIONS, call_all, patterns

__all__ = ["CASES", "Case", "Work"]

CALLS = range(2000)
ITEMS = range(2000)
MATCHED = 100
N_PATTERNS = (1, 10, 100, 1000)


@dataclass(frozen=True, slots=True)
class Work:
    """``run`` is timed; ``before`` and ``after`` enclose each run, untimed."""

    run: Callable[[], object]
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """``open(backend)`` sets up and takes down; one run of the work is ``operations`` times ``unit``.

    Attributes:
        needs: what a backend must be able to.
        bare: whether the work can be done without any, too.
    """

    name: str
    unit: str
    operations: int
    needs: tuple[Ability, ...]
    bare: bool
    open: Callable[[str], AbstractContextManager[Work]]

    def lacking(self, backend: str) -> str:
        """Why the case is not measured for ``backend``; '' if it is."""
        if backend == "uninstrumented" and self.bare:
            return ""
        return unable(backend, *self.needs) or missing(backend)


def matched() -> None:
    pass


def unmatched() -> None:
    pass


def handle(item: int) -> int:
    return item + 1


def _target(function: Callable[..., object]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


@contextmanager
def _armed(name: str, targets: Sequence[str]) -> Iterator[Backend]:
    backend = factory(name, targets)()
    backend.arm()
    try:
        backend.set_delay(0.0)
        yield backend
    finally:
        backend.disarm()


def _calling(function: Callable[[], None]) -> Callable[[str], AbstractContextManager[Work]]:
    @contextmanager
    def open_(name: str) -> Iterator[Work]:
        def run() -> None:
            for _ in CALLS:
                function()

        with _armed(name, [_target(matched)]):
            yield Work(run)

    return open_


@contextmanager
def _consumer(name: str) -> Iterator[Work]:
    def run() -> int:
        queue, total = deque(ITEMS), 0
        while queue:
            total += handle(queue.popleft())
        return total

    with _armed(name, [_target(handle)]):
        yield Work(run)


@contextmanager
def _clock_read(name: str) -> Iterator[Work]:
    """Called from Python; the core reads its own clock without that."""
    if name == "core":
        from pytest_speedbump import _core

        read: Callable[[], float] = _core.now_ns
    else:
        read = time.perf_counter_ns

    def run() -> None:
        for _ in CALLS:
            read()

    yield Work(run)


@contextmanager
def _arming(name: str) -> Iterator[Work]:
    backend = factory(name, [_target(matched)])()

    def run() -> None:
        backend.arm()
        backend.disarm()

    yield Work(run)


@contextmanager
def _snapshot(name: str) -> Iterator[Work]:
    chosen = FUNCTIONS[:MATCHED]
    with _armed(name, sorted({_target(function) for function in chosen})) as backend:
        for function in chosen:
            function()
        assert len(backend.snapshot()) == MATCHED
        yield Work(backend.snapshot)


def _compiling(count: int) -> Callable[[str], AbstractContextManager[Work]]:
    @contextmanager
    def open_(name: str) -> Iterator[Work]:
        targets = patterns(count)
        yield Work(lambda: factory(name, targets))

    return open_


def _matching(count: int) -> Callable[[str], AbstractContextManager[Work]]:
    @contextmanager
    def open_(name: str) -> Iterator[Work]:
        match = matcher(name, patterns(count)).match
        names = [(f.__module__, f.__qualname__, f.__code__.co_filename) for f in FUNCTIONS]

        def run() -> None:
            for module, qualname, file in names:
                match(module, qualname, file)

        yield Work(run)

    return open_


def _first_pass(count: int) -> Callable[[str], AbstractContextManager[Work]]:
    """Every function is classified at its first call after arming: what matching costs, as users pay for it."""

    @contextmanager
    def open_(name: str) -> Iterator[Work]:
        new = factory(name, patterns(count))
        backend = new()

        def before() -> None:
            nonlocal backend
            backend = new()
            backend.arm()

        yield Work(call_all, before, lambda: backend.disarm())

    return open_


CASES = (
    Case("matched-call", "call", len(CALLS), ("arm",), True, _calling(matched)),
    Case("unmatched-call", "call", len(CALLS), ("choose",), True, _calling(unmatched)),
    Case("consumer-loop", "item", len(ITEMS), ("arm",), True, _consumer),
    Case("clock-read", "read", len(CALLS), ("delay",), False, _clock_read),
    Case("arm-and-disarm", "time", 1, ("arm",), False, _arming),
    Case(f"snapshot-{MATCHED}", "snapshot", 1, ("count",), False, _snapshot),
    *(Case(f"compile-{n}", "set", 1, ("choose",), False, _compiling(n)) for n in N_PATTERNS),
    *(Case(f"match-{n}", "function", len(FUNCTIONS), ("choose",), False, _matching(n)) for n in N_PATTERNS),
    *(Case(f"first-pass-{n}", "function", len(FUNCTIONS), ("arm",), True, _first_pass(n)) for n in N_PATTERNS),
)
