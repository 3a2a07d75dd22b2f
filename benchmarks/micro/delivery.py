"""Delays as they arrive, seen from outside: a loop of slowed calls against the same loop unslowed, in random order."""

import random
import time
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.backends import factory
from benchmarks.micro.sidebyside import SEED, undisturbed

__all__ = ["DECADES", "Delivery", "deliver", "slowed"]

DECADES = (100.0, 300.0, 1e3, 1e4, 1e5, 1e6)
BATCH_NS = 1e5  # of delay in one loop: short, so that few loops meet a preemption
SECONDS = 0.5
FEWEST = 30


@dataclass(frozen=True, slots=True)
class Delivery:
    """ns a call. ``delivered``: median over the loops of each loop's mean."""

    backend: str
    requested_ns: float
    delivered_ns: float

    @property
    def error_ns(self) -> float:
        return self.delivered_ns - self.requested_ns

    def to_json(self) -> dict[str, Any]:
        return {"backend": self.backend, "requested_ns": self.requested_ns, "delivered_ns": self.delivered_ns}


def slowed() -> None:
    pass


def deliver(name: str, delay_ns: float, seconds: float = SECONDS) -> Delivery:
    backend = factory(name, [f"{__name__}:slowed"])()
    calls = range(max(1, round(BATCH_NS / delay_ns)))

    def loop(delay: float) -> int:
        backend.set_delay(delay)
        begin = time.perf_counter_ns()
        for _ in calls:
            slowed()
        return time.perf_counter_ns() - begin

    added: list[float] = []
    coin = random.Random(SEED)
    backend.arm()
    try:
        with undisturbed():
            loop(0.0), loop(delay_ns)
            deadline = time.perf_counter() + seconds
            while len(added) < FEWEST or time.perf_counter() < deadline:
                if coin.random() < 0.5:
                    plain, late = loop(0.0), loop(delay_ns)
                else:
                    late, plain = loop(delay_ns), loop(0.0)
                added.append((late - plain) / len(calls))
    finally:
        backend.disarm()
    return Delivery(name, delay_ns, median(added))
