"""What is counted of matched calls: the five numbers, and what they are counted for."""

from dataclasses import dataclass
from types import CodeType

__all__ = ["CodeCounts", "Counts", "Snapshot", "TargetCounts", "name_of"]


def name_of(code: CodeType, module: str) -> str:
    """``module.qualname``; the qualname alone where the globals that it ran under had no name."""
    return f"{module}.{code.co_qualname}" if module else code.co_qualname


@dataclass(frozen=True, slots=True)
class Counts:
    """Matched calls and what became of their delays. Times in ns; add, subtract, and divide to get means.

    Attributes:
        requested_ns: the sum of the delays asked for.
        delivered_ns: what the clock says was added, without ``late_ns``.
        late_ns: what preemption added on top.
        waited_ns: time to get the GIL back after a delay had given it up; not delay.
    """

    calls: float = 0
    requested_ns: float = 0.0
    delivered_ns: float = 0.0
    late_ns: float = 0.0
    waited_ns: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.calls + other.calls,
            self.requested_ns + other.requested_ns,
            self.delivered_ns + other.delivered_ns,
            self.late_ns + other.late_ns,
            self.waited_ns + other.waited_ns,
        )

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(
            self.calls - other.calls,
            self.requested_ns - other.requested_ns,
            self.delivered_ns - other.delivered_ns,
            self.late_ns - other.late_ns,
            self.waited_ns - other.waited_ns,
        )

    def __truediv__(self, n: float) -> "Counts":
        return Counts(
            self.calls / n, self.requested_ns / n, self.delivered_ns / n, self.late_ns / n, self.waited_ns / n
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCounts(Counts):
    """Totals of one target as written, since the start."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCounts(Counts):
    """Totals of one code object. ``target`` is the index of the name that chose it."""

    module: str
    code: CodeType
    target: int

    @property
    def name(self) -> str:
        return name_of(self.code, self.module)

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
