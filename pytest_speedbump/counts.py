"""What a session counted, as people read it: by target as written, and by code object."""

from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING

from pytest_speedbump.targets import Targets

if TYPE_CHECKING:
    from pytest_speedbump._core import Session

__all__ = ["CodeCounts", "Snapshot", "TargetCounts", "take_snapshot"]


@dataclass(frozen=True, slots=True)
class TargetCounts:
    """Totals of one target as written, since the start. Times in ns.

    Attributes:
        late_ns: what preemption added to delays, kept out of ``delivered_ns``.
        waited_ns: time to get the GIL back after a delay had given it up; not delay.
    """

    name: str
    calls: int
    requested_ns: float
    delivered_ns: float
    late_ns: float
    waited_ns: float


@dataclass(frozen=True, slots=True)
class CodeCounts:
    """Totals of one code object. ``target`` is the index of the name that chose it."""

    module: str
    code: CodeType
    target: int
    calls: int
    requested_ns: float
    delivered_ns: float
    late_ns: float
    waited_ns: float

    @property
    def name(self) -> str:
        return f"{self.module}.{self.code.co_qualname}" if self.module else self.code.co_qualname

    @property
    def file(self) -> str:
        return self.code.co_filename

    @property
    def line(self) -> int:
        return self.code.co_firstlineno


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``targets`` holds one entry for each target that can match, in the order written; exclusions have none."""

    targets: tuple[TargetCounts, ...]
    matched: tuple[CodeCounts, ...]


def take_snapshot(session: "Session", targets: Targets) -> Snapshot:
    """Reads a session of ``targets``, armed or not. What was seen but never called while counting is left out."""
    matched = tuple(
        CodeCounts(module, code, targets.origins[pattern], calls, requested, delivered, late, waited)
        for code, module, pattern, calls, requested, delivered, late, waited in session.snapshot()
        if calls
    )
    return Snapshot(
        tuple(
            _total(name, [code for code in matched if code.target == index])
            for index, name in enumerate(targets.names)
            if not name.startswith("!")
        ),
        matched,
    )


def _total(name: str, codes: list[CodeCounts]) -> TargetCounts:
    return TargetCounts(
        name,
        sum(code.calls for code in codes),
        sum(code.requested_ns for code in codes),
        sum(code.delivered_ns for code in codes),
        sum(code.late_ns for code in codes),
        sum(code.waited_ns for code in codes),
    )
