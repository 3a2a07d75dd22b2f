"""Delays as they arrive, seen from outside: a loop of slowed calls against the same loop unslowed, in random order.

A process keeps its share of the error for as long as it lives (how its spends fit into the clock's step, what it found
when it calibrated), so one process says little about the next: :func:`deliver_afresh` asks many.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.backends import factory
from benchmarks.measured import pin_core
from benchmarks.micro.sidebyside import undisturbed

__all__ = ["AFRESH", "DECADES", "Delivery", "deliver", "deliver_afresh", "slowed"]

DECADES = (100.0, 300.0, 1e3, 1e4, 1e5, 1e6)
AFRESH = (100.0, 300.0, 1e3)
BATCH_NS, BATCH_CALLS = 1e5, 50  # in one loop, at most: short, so that few loops meet a preemption
SECONDS = 0.5
FEWEST = 30
TOLERANCE_NS, TOLERANCE = 2.0, 0.005
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Delivery:
    """ns a call. ``delivered``: median over the loops of each loop's mean."""

    backend: str
    requested_ns: float
    delivered_ns: float

    @property
    def error_ns(self) -> float:
        return self.delivered_ns - self.requested_ns

    @property
    def is_exact(self) -> bool:
        """Within 2 ns or half a percent."""
        return abs(self.error_ns) <= max(TOLERANCE_NS, TOLERANCE * self.requested_ns)

    def to_json(self) -> dict[str, Any]:
        return {"backend": self.backend, "requested_ns": self.requested_ns, "delivered_ns": self.delivered_ns}


def slowed() -> None:
    pass


def deliver(name: str, delays_ns: Sequence[float], seconds: float = SECONDS) -> list[Delivery]:
    """``seconds`` for each delay, in turn, again and again: what changes meanwhile changes for all of them."""
    backend = factory(name, [f"{__name__}:slowed"])()
    coin = random.Random(os.getpid())

    def loop(delay_ns: float, calls: range) -> int:
        backend.set_delay(delay_ns)
        begin = time.perf_counter_ns()
        for _ in calls:
            slowed()
        return time.perf_counter_ns() - begin

    def added_ns(delay_ns: float) -> float:
        calls = range(max(1, min(BATCH_CALLS, round(BATCH_NS / delay_ns))))
        if coin.random() < 0.5:
            plain, late = loop(0.0, calls), loop(delay_ns, calls)
        else:
            late, plain = loop(delay_ns, calls), loop(0.0, calls)
        return (late - plain) / len(calls)

    added: dict[float, list[float]] = {delay_ns: [] for delay_ns in delays_ns}
    turns = -1  # the first is a warm-up
    backend.arm()
    try:
        with undisturbed():
            deadline = time.perf_counter() + seconds * len(added)
            while turns < FEWEST or time.perf_counter() < deadline:
                for delay_ns, values in added.items():
                    value = added_ns(delay_ns)
                    if turns >= 0:
                        values.append(value)
                turns += 1
    finally:
        backend.disarm()
    return [Delivery(name, delay_ns, median(values)) for delay_ns, values in added.items()]


def deliver_afresh(name: str, processes: int, delays_ns: Sequence[float] = AFRESH) -> list[list[Delivery]]:
    """What :func:`deliver` finds in so many processes, one after the other."""
    command = [sys.executable, "-m", __name__, name, *map(str, delays_ns)]
    found = []
    for _ in range(processes):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        found.append([Delivery(**fields) for fields in json.loads(done.stdout)])
    return found


if __name__ == "__main__":
    pin_core()
    print(json.dumps([result.to_json() for result in deliver(sys.argv[1], [*map(float, sys.argv[2:])], SECONDS / 2)]))
