"""The tool at work on a system whose truth is known."""

import time
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.truth.systems import System
from benchmarks.truth.tool import Rounds, ask
from benchmarks.undisturbed import undisturbed

__all__ = ["BUDGET", "Try", "measure"]

BUDGET = 0.02
REFERENCE_SHARE = 0.05  # of the time, spent on rounds of our own...
REFERENCE_ROUNDS = 9  # ...and this many at least
LONG_ROUND_NS = 1e6
ANSWERS = ("verdict", "reason", "warnings", "drop", "transmission", "floor", "pairs", "seconds", "control_ns", "seed")


@dataclass(frozen=True, slots=True)
class Try:
    """One bump on one system. ``aim`` is a drop that the delay is to make; with None ``delay_ns`` is given."""

    system: type[System]
    budget: float | None
    max_time_ns: float
    seed: int
    delay_ns: float = 0.0
    aim: float | None = None


class _Reference:
    """Times unslowed rounds of its own between the tool's: the machine of that very minute.

    A short one follows a round that is thrown away: after the tool's bookkeeping the caches are not what it is used to.
    """

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self._spent_ns = 0
        self.steps: list[float] = []

    def keep_up(self, elapsed_ns: float) -> None:
        if self._spent_ns < REFERENCE_SHARE * elapsed_ns:
            before = time.perf_counter_ns()
            self.take()
            self._spent_ns += time.perf_counter_ns() - before

    def take(self) -> None:
        with undisturbed():
            ns = self._rounds.take()
            if ns <= LONG_ROUND_NS:
                ns = self._rounds.take()
        self.steps.append(ns / self._rounds.iterations)  # of this moment: the tool may have stretched the round

    @property
    def step_ns(self) -> float:
        return median(self.steps)


def measure(one: Try) -> dict[str, Any]:
    """The tool's answer beside the truth."""
    with one.system() as system:
        form = system.calibrate()
        delay_ns = one.delay_ns if one.aim is None else _delay_for(one.aim, form.step_ns(0), form.calls(0))
        rounds = Rounds(system)
        reference = _Reference(rounds)
        answer = ask(system, rounds, delay_ns, one.budget, one.max_time_ns, one.seed, reference.keep_up)
        while len(reference.steps) < REFERENCE_ROUNDS:
            reference.take()
        form = form.fitted(reference.step_ns)
    return {
        "system": system.name,
        "mode": system.mode,
        "delay_ns": delay_ns,
        "budget": one.budget,
        "true_drop": form.drop(delay_ns),
        "true_transmission": form.transmission(delay_ns),
        "reference_ns": reference.step_ns,
        **{name: answer[name] for name in ANSWERS if name in answer},
    }


def _delay_for(drop: float, step_ns: float, calls: float) -> float:
    """The delay of a call that costs a serial system so much."""
    return drop / (1 - drop) * step_ns / calls
