"""Gains kept: a known cost that really is in the code, and is then really taken out."""

import random
import time
from dataclasses import dataclass
from math import exp, log
from statistics import median
from typing import Any

from benchmarks.scan.door import Scan
from benchmarks.scan.systems import Tail
from benchmarks.undisturbed import undisturbed

__all__ = ["REMOVALS", "Removal", "predict_and_remove"]


@dataclass(frozen=True, slots=True)
class Removal:
    """The part ``label`` of :class:`Tail` comes to cost nothing but its calls."""

    name: str
    label: str


REMOVALS = (Removal("critical", "tail0"), Removal("hidden", "hidden1"))


def predict_and_remove(removal: Removal, scan: Scan, max_time: str, remove_ns: float, seed: int) -> dict[str, Any]:
    """Gains are what they are in a ranking, shares of the round as it was."""
    with Tail(seed) as system:
        part = system.part(removal.label)
        removed_ns = part.calls * part.ns
        ranking = scan(system.step, *system.targets, mode=system.mode, max_time=max_time, seed=seed)
        predicted = [one.gain for one in ranking.functions if one.name == part.name]
        slow_ns = part.ns
        ratios: list[float] = []
        coin = random.Random(seed)
        end = time.perf_counter_ns() + remove_ns
        while time.perf_counter_ns() < end or len(ratios) < 3:
            settings = [slow_ns, 0.0]
            coin.shuffle(settings)
            took = {}
            with undisturbed():
                for part.ns in settings:
                    before = time.perf_counter_ns()
                    system.step()
                    took[part.ns] = time.perf_counter_ns() - before
            ratios.append(log(took[0.0] / took[slow_ns]))
    return {
        "removal": removal.name,
        "removed_ns": removed_ns,
        "round_ns": ranking.round_ns,
        "predicted": predicted[0].to_json() if predicted and predicted[0] is not None else None,
        "real": 1 - exp(median(ratios)),
        "seconds": ranking.seconds,
    }
