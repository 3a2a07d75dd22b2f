"""Predictions kept: a known delay that really is in the code, and is then really taken out."""

import random
import time
from dataclasses import dataclass
from math import exp, log
from statistics import median
from typing import Any

from benchmarks.truth.systems import Chain, DeviceQueue, EveryOther, Fork, PipelineEnd, System
from benchmarks.truth.tool import Rounds, ask
from benchmarks.undisturbed import undisturbed

__all__ = ["SPEEDUPS", "Speedup", "predict_and_remove"]


@dataclass(frozen=True, slots=True)
class Speedup:
    """``attribute`` of ``system``, the time of each call of its target, comes down from ``slow_ns`` to ``fast_ns``.

    ``crosses`` tells that the bottleneck moves on the way: a slope measured at the start cannot know.
    """

    name: str
    system: type[System]
    attribute: str
    slow_ns: float
    fast_ns: float
    crosses: bool = False


SPEEDUPS = (
    Speedup("serial chain", Chain, "parse_ns", 24_000, 20_000),
    Speedup("every other call", EveryOther, "flush_ns", 6_000, 2_000),
    Speedup("device queue, host the bottleneck", DeviceQueue, "host_ns", 60_000, 50_000),
    Speedup("device queue, device the bottleneck", DeviceQueue, "host_ns", 30_000, 20_000),
    Speedup("Amdahl, parallel part", Fork, "item_ns", 2e6, 1.5e6),
    Speedup("pipeline, slower stage", PipelineEnd, "take_ns", 2.5e6, 2e6),
    Speedup("device queue, bottleneck moves", DeviceQueue, "host_ns", 50_000, 30_000, crosses=True),
)


def predict_and_remove(speedup: Speedup, predict_ns: float, remove_ns: float, seed: int) -> dict[str, Any]:
    """Spends so long on each half. Speedups are shares of throughput gained, T_slow / T_fast - 1."""
    removed_ns = speedup.slow_ns - speedup.fast_ns
    with speedup.system(seed) as system:
        setattr(system, speedup.attribute, speedup.slow_ns)
        rounds = Rounds(system)
        answer = ask(system, rounds, removed_ns, None, predict_ns, seed)
        real = _remove(speedup, system, rounds, remove_ns, random.Random(seed))
    return {
        "speedup": speedup.name,
        "removed_ns": removed_ns,
        "transmission": answer["transmission"],
        "predicted": _predict(answer, removed_ns),
        "real": real,
        "crosses": speedup.crosses,
    }


def _predict(answer: dict[str, Any], removed_ns: float) -> float | None:
    """From the sensitivity of the program as it is; None where that is not known."""
    if answer["transmission"] is None:
        return None
    step_ns = answer.get("bare_ns") or answer["control_ns"]
    saved_ns = answer["transmission"]["estimate"] * removed_ns * answer["calls"]
    return float(step_ns / (step_ns - saved_ns) - 1)


def _remove(speedup: Speedup, system: System, rounds: Rounds, length_ns: float, coin: random.Random) -> float:
    """Pairs of rounds, with and without the delay in the code, in random order."""
    ratios: list[float] = []
    end = time.perf_counter_ns() + length_ns
    while time.perf_counter_ns() < end or len(ratios) < 3:
        order = [speedup.slow_ns, speedup.fast_ns]
        coin.shuffle(order)
        ns = {}
        with undisturbed():
            for setting in order:
                setattr(system, speedup.attribute, setting)
                ns[setting] = rounds.take()
        ratios.append(log(ns[speedup.slow_ns] / ns[speedup.fast_ns]))
    return exp(median(ratios)) - 1
