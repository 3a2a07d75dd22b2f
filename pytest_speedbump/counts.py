"""What is counted of matched calls: the five numbers, and what they are counted for."""

from dataclasses import dataclass
from types import CodeType
from typing import Literal

__all__ = ["CodeCounts", "Counts", "Kind", "Site", "Snapshot", "TargetCounts"]

Kind = Literal["start", "line", "resume", "c", "native"]


@dataclass(frozen=True, slots=True)
class Site:
    """What a target chose: a place in a program where calls are counted.

    Attributes:
        kind: ``start``: of a Python function; ``line``: execution arrives at it; ``resume``: of a generator or
            coroutine; ``c``: a callable implemented in C; ``native``: a symbol of a shared library.
        module: the ``__name__`` of the globals that it runs under, ``""`` where they have none; the file name of a
            ``native`` one's library.
        qualname: the symbol, where it is ``native``.
        code: None where there is none, of ``c`` and ``native``, and of what another process has called.
        line: of a ``line``; in another process also where a function begins; else 0.
        path: of the Python file, where there is one and no ``code``.
    """

    kind: Kind
    module: str
    qualname: str
    code: CodeType | None = None
    line: int = 0
    path: str = ""

    @property
    def name(self) -> str:
        """As it would be written as a target."""
        match self.kind:
            case "line":
                return f"{self.module or self.file}:{self.line}"
            case "native":
                return f"native:{self.module}:{self.qualname}"
            case "c":
                return f"c:{self._dotted.removeprefix('builtins.')}"
            case "resume":
                return f"resume:{self._dotted}"
            case "start":
                return self._dotted

    @property
    def _dotted(self) -> str:
        return f"{self.module}.{self.qualname}" if self.module else self.qualname

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from all others of its session, as long as that lives: equal code may be of two functions."""
        if self.code:
            return (self.kind, id(self.code), self.line)
        return (self.kind, self.module, self.qualname, self.path, self.line)

    @property
    def file(self) -> str:
        """``""`` where there is no Python file."""
        return self.code.co_filename if self.code else self.path

    @property
    def first_line(self) -> int:
        """0 where there is no Python file."""
        return self.line or (self.code.co_firstlineno if self.code else 0)


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
    """Totals of one site. ``target`` is the index of the name that chose it."""

    site: Site
    target: int

    @property
    def name(self) -> str:
        return self.site.name

    @property
    def file(self) -> str:
        return self.site.file

    @property
    def line(self) -> int:
        return self.site.first_line


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``targets`` holds one entry for each target that can match, in the order written; exclusions have none."""

    targets: tuple[TargetCounts, ...]
    matched: tuple[CodeCounts, ...]
