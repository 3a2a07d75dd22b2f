"""Sessions of the C core: made from targets, armed for the length of a block, and read."""

import time
from collections.abc import Buffer, Callable, Sequence
from contextlib import AbstractContextManager
from types import CodeType
from typing import Protocol, get_args

from pytest_speedbump import _core
from pytest_speedbump.bump import Mode
from pytest_speedbump.counts import CodeCounts, Counts, Kind, Site, Snapshot, TargetCounts
from pytest_speedbump.errors import InputError
from pytest_speedbump.slowing.callables import find_callables
from pytest_speedbump.targets import Targets

__all__ = [
    "DosedSession",
    "MakeSession",
    "Row",
    "Session",
    "TimingSession",
    "What",
    "armed",
    "clock_name",
    "ledger_site",
    "make_session",
    "make_timing_session",
    "read_clocks",
    "site_of",
    "take_snapshot",
]

type What = CodeType | _core.Site | Site
"""A code object, for its starts; or what else is slowed; or what another process has called."""

type Row = tuple[What, str, int, int, float, float, float, float]
"""What, its module, index of its pattern, and the five numbers of a count."""

_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}


class Session(Protocol):
    """A session as experiments see it, ``_core.Session`` or a simulated one. Times in ns."""

    def armed(self) -> AbstractContextManager[object]: ...
    def set_delay(self, delay_ns: float, /, every: int = 1) -> None: ...
    def pause(self) -> None: ...
    def totals(self) -> tuple[int, float, float, float, float]: ...
    def snapshot(self) -> Sequence[Row]: ...
    @property
    def intact(self) -> bool: ...
    @property
    def lost(self) -> int: ...


class DosedSession(Session, Protocol):
    """One that can delay each target by its own dose, as ``_core.Session`` documents it."""

    def set_doses(self, doses: Buffer, /) -> None: ...
    def read_counts(self, into: Buffer, /) -> int: ...


class TimingSession(Session, Protocol):
    """One that measures own times instead of slowing, as ``_core.Session`` of the mode ``time`` documents it."""

    def read_times(self, into: Buffer, /) -> int: ...


type MakeSession = Callable[[Targets, Mode, str], Session]
"""As :func:`make_session`."""


def make_timing_session(targets: Targets, owner: str) -> _core.Session:
    """As :func:`make_session`."""
    return _make(targets, "time", owner)


def make_session(targets: Targets, mode: Mode, owner: str) -> _core.Session:
    """A session that is not armed yet. ``owner`` names it in the error that a second one gets.

    Raises:
        InputError: a target is the plain name of something that cannot be slowed.
    """
    return _make(targets, mode, owner)


def _make(targets: Targets, mode: str, owner: str) -> _core.Session:
    patterns = targets.compile()
    if mode == "await":
        # Imported here, because it imports asyncio.
        from pytest_speedbump.slowing.functions import coroutine_functions
        from pytest_speedbump.slowing.later import later

        return _core.Session(patterns, mode, owner, coroutine_functions(targets), later)
    return _core.Session(patterns, mode, owner, find_callables(patterns) if "c" in patterns.kinds else ())


def armed(session: Session) -> AbstractContextManager[object]:
    """``with armed(session):`` arms it, paused, until the block is left, or what this returns is dropped.

    No variable in here holds the answer: where Ctrl-C comes before the block is entered, the answer goes, and disarms.

    Raises:
        InputError: another session is armed, or no tool id is free.
    """
    try:
        return session.armed()
    except RuntimeError as error:
        raise InputError(str(error)) from None


def take_snapshot(session: Session, targets: Targets, *, idle: bool = False) -> Snapshot:
    """Reads a session of ``targets``, armed or not. ``idle``: also what was never called while counting."""
    matched = tuple(
        CodeCounts(
            calls, requested, delivered, late, waited, site=site_of(what, module), target=targets.origins[pattern]
        )
        for what, module, pattern, calls, requested, delivered, late, waited in session.snapshot()
        if calls or idle
    )
    return Snapshot(
        tuple(_total(name, [code for code in matched if code.target == index]) for index, name in targets.chosen),
        matched,
    )


def site_of(what: What, module: str) -> Site:
    """As the core tells it."""
    if isinstance(what, CodeType):
        return Site("start", module, what.co_qualname, what)
    if isinstance(what, Site):
        return what
    return Site(_KINDS[what.kind], module, what.name, what.code, what.line)


def ledger_site(kind: str, module: str, qualname: str, file: str, line: int) -> Site:
    """As a ledger tells it, of another process."""
    return Site(_KINDS[kind], module, qualname, line=line, path=file)


def _total(name: str, codes: list[CodeCounts]) -> TargetCounts:
    total = sum(codes, Counts())
    return TargetCounts(total.calls, total.requested_ns, total.delivered_ns, total.late_ns, total.waited_ns, name=name)


def clock_name() -> str:
    """The clock that delays are measured with: ``tsc``, ``cntvct`` or ``clock_gettime``."""
    return _core.clock().name


def read_clocks() -> tuple[int, float]:
    """The operating system's clock and that of delays, at one moment, in ns.

    The closest of a few readings: a preemption between the two would look like a jump of one of them.
    """
    readings = []
    for _ in range(5):
        before, clock_ns = time.perf_counter_ns(), _core.now_ns()
        after = time.perf_counter_ns()
        readings.append((after - before, before, clock_ns))
    return min(readings)[1:]
