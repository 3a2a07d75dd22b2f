"""Backends measured side by side: in turn, in random order, again and again within one run.

Machines change their speed from second to second, so only ratios taken this way mean anything.
"""

import gc
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Self

from benchmarks.backends import BACKENDS
from benchmarks.micro.cases import Case, Work
from benchmarks.undisturbed import undisturbed

__all__ = ["SideBySide", "measure", "undisturbed"]

SECONDS = 1.0
FEWEST, MOST = 3, 60  # turns
BURST_SECONDS = 0.005  # of runs in a turn, the fastest of which counts
NOISE = 0.05  # of the bare work: what adds less adds nothing that could be divided by
SEED = 1


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Medians of ns an operation, by backend, and why the others were left out."""

    case: str
    unit: str
    ns: dict[str, float]
    skipped: dict[str, str]

    def added(self, backend: str) -> float | None:
        """What the backend adds to the bare work."""
        if backend not in self.ns or "uninstrumented" not in self.ns:
            return None
        return self.ns[backend] - self.ns["uninstrumented"]

    def ratio(self, backend: str, other: str) -> float | None:
        """Of what both add where the work can be done bare, else of what they take. None: nothing to divide by."""
        over, under = self.ns.get(backend), self.ns.get(other)
        if over is None or under is None:
            return None
        bare = self.ns.get("uninstrumented", 0.0)
        return (over - bare) / (under - bare) if under - bare > NOISE * bare else None

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        return cls(value["case"], value["unit"], value["ns"], value["skipped"])

    def to_json(self) -> dict[str, Any]:
        return {
            "case": self.case,
            "unit": self.unit,
            "ns": self.ns,
            "core_x_floor": self.ratio("core", "empty-callback"),
            "python_x_core": self.ratio("python", "core"),
            "skipped": self.skipped,
        }


def measure(
    case: Case, backends: Sequence[str] = BACKENDS, seconds: float = SECONDS, fewest: int = FEWEST
) -> SideBySide:
    """``seconds`` for each backend, or the ``fewest`` turns, where these take longer."""
    skipped = {name: reason for name in backends if (reason := case.lacking(name))}
    times: dict[str, list[float]] = {name: [] for name in backends if name not in skipped}
    order, coin = list(times), random.Random(SEED)
    deadline = time.perf_counter() + seconds * len(order)
    turns = 0
    with undisturbed():
        while turns < fewest or (turns < MOST and time.perf_counter() < deadline):
            coin.shuffle(order)
            for name in order:
                with case.open(name) as work:
                    times[name].append(_burst(work) / case.operations)
            gc.collect(0)
            turns += 1
    return SideBySide(case.name, case.unit, {name: median(values) for name, values in times.items()}, skipped)


def _burst(work: Work) -> float:
    """The fastest of some runs: not the first, then, in which code is instrumented."""
    fastest = spent = _timed(work)
    while spent < BURST_SECONDS * 1e9:
        ns = _timed(work)
        fastest, spent = min(fastest, ns), spent + ns
    return fastest


def _timed(work: Work) -> float:
    if work.before is not None:
        work.before()
    try:
        begin = time.perf_counter_ns()
        work.run()
        return time.perf_counter_ns() - begin
    finally:
        if work.after is not None:
            work.after()
