"""What a whole program did while it was slowed, frozen: how it ended, who joined, and what all of them counted."""

import math
from dataclasses import asdict, dataclass
from signal import SIGRTMIN, Signals
from typing import Any, NamedTuple

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts, Counts, Snapshot
from pytest_speedbump.result import Estimate, Result

__all__ = ["UNKNOWN_TARGET", "Ending", "Flight", "Found", "Latency", "Process", "ProgramCounts", "ProgramRun"]

UNKNOWN_TARGET = -1  # of what is read from a document, which does not say which target chose it


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended: with an exit code or by a signal.

    Attributes:
        exit_code: None where a signal has ended it, or where nobody knows.
        signal: None likewise.
        seconds: from its start.
    """

    exit_code: int | None
    signal: int | None
    seconds: float

    def __str__(self) -> str:
        if self.signal is not None:
            return f"ended by {self.signal_name}"
        return "" if self.exit_code is None else f"exit code {self.exit_code}"

    @property
    def signal_name(self) -> str | None:
        """``SIGTERM``, or ``SIGRTMIN+3`` where there is no other name."""
        if self.signal is None:
            return None
        try:
            return Signals(self.signal).name
        except ValueError:
            return f"SIGRTMIN+{self.signal - SIGRTMIN}"


@dataclass(frozen=True, slots=True)
class Process:
    """One that has joined.

    Attributes:
        calls: of targets.
        lost: targets that were not slowed because its memory had run out.
        running: whether it was there still when the program had ended.
    """

    pid: int
    calls: int
    lost: int
    running: bool


@dataclass(frozen=True, slots=True)
class ProgramCounts:
    """The sums over all processes, by their ids. What was never called is not in ``snapshot.matched``."""

    snapshot: Snapshot
    processes: tuple[Process, ...]

    @property
    def lost(self) -> int:
        return sum(process.lost for process in self.processes)

    @property
    def running(self) -> int:
        return sum(process.running for process in self.processes)


class Latency(NamedTuple):
    """Mean times in ns.

    Attributes:
        added_ns: what the delay adds, with its interval of about 95 %.
        arrivals: calls of the second point, in both arms.
    """

    control_ns: float
    slowed_ns: float
    added_ns: Estimate
    arrivals: int

    def to_json(self) -> dict[str, Any]:
        return {
            "control_ns": self.control_ns,
            "slowed_ns": self.slowed_ns,
            "added_ns": self.added_ns.to_json(),
            "arrivals": self.arrivals,
        }


class Flight(NamedTuple):
    """How long it takes from the point ``begin`` to the point ``end``."""

    begin: str
    end: str
    latency: Latency

    def to_json(self) -> dict[str, Any]:
        return {"begin": self.begin, "end": self.end, **self.latency.to_json()}


@dataclass(frozen=True, slots=True)
class Found:
    """What an experiment on the running program has found: one result for each progress point.

    Attributes:
        no_flight: why there is no latency, although it was asked for.
    """

    results: tuple[Result, ...]
    flight: Flight | None
    seed: int
    error_rate: float
    no_flight: str = ""

    @property
    def fails(self) -> bool:
        return any(result.outcome == "failed" for result in self.results)

    def to_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "error_rate": self.error_rate,
            "results": [result.to_json() for result in self.results],
            "latency": self.flight and self.flight.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRun:
    """A program that was slowed. Times in ns and counts are sums over its whole life.

    Attributes:
        words: the program and its arguments, as they were written.
        bump: nothing is declared about it.
        after_ns, for_ns: when it began to be delayed, and for how long; infinite where nobody limited that.
        unrun: for each target that never ran, as written, what is known of the reason; "" is nothing.
        alone: why no process joined; "" where one did.
        found: by an experiment; None where there was none, and it was slowed for its whole life.
    """

    words: tuple[str, ...]
    bump: Bump
    after_ns: float
    for_ns: float
    ending: Ending
    counts: ProgramCounts
    unrun: dict[str, str]
    alone: str = ""
    found: Found | None = None

    def to_json(self) -> dict[str, Any]:
        """What the result document says of it, beside its environment."""
        ending, snapshot = self.ending, self.counts.snapshot
        return {
            "program": {
                "argv": list(self.words),
                "exit_code": ending.exit_code,
                "signal": ending.signal_name,
                "seconds": ending.seconds,
                "processes": [asdict(process) for process in self.counts.processes],
            },
            "mode": self.bump.mode,
            "delay_ns": self.bump.delay_ns,
            "every": self.bump.every,
            "after_ns": self.after_ns,
            "for_ns": None if math.isinf(self.for_ns) else self.for_ns,
            "targets": [
                {"target": one.name, **_numbers(one), "hint": self.unrun.get(one.name)} for one in snapshot.targets
            ],
            "matched": [{**_place(one), **_numbers(one)} for one in snapshot.matched],
            **({} if self.found is None else self.found.to_json()),
        }


def _place(one: CodeCounts) -> dict[str, Any]:
    file, line = (one.file, one.line) if one.file else (None, None)
    return {"name": one.name, "kind": one.site.kind, "file": file, "line": line}


def _numbers(one: Counts) -> dict[str, Any]:
    return {
        "calls": one.calls,
        "requested_ns": one.requested_ns,
        "delivered_ns": one.delivered_ns,
        "late_ns": one.late_ns,
        "waited_ns": one.waited_ns,
    }
