"""The tool at work on a system whose truth is known."""

import time
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.truth.delays import Delay
from benchmarks.truth.systems import System
from benchmarks.truth.tool import Rounds, ask
from benchmarks.undisturbed import undisturbed

__all__ = ["Try", "measure"]

REFERENCE_ROUNDS = 9  # at least...
REFERENCE_NS = 0.2e9  # ...or as many as fit in here, but one
LONG_ROUND_NS = 1e6


@dataclass(frozen=True, slots=True)
class Try:
    """One bump on one system; without a budget it is measured and not judged."""

    system: type[System]
    delay: Delay
    budget: float | None
    max_time_ns: float
    seed: int


class _Reference:
    """Times unslowed rounds of its own between the tool's: the machine of that very minute.

    A short one follows a round that is thrown away: after the tool's bookkeeping the caches are not what it is used to.
    """

    def __init__(self, system: System, rounds: Rounds) -> None:
        self._system, self._rounds = system, rounds
        self._spent_ns = 0
        self._steps: list[float] = []

    def keep_up(self, elapsed_ns: float) -> None:
        if self._spent_ns < self._system.references * elapsed_ns:
            self._take()

    def finish(self) -> None:
        while not self._steps or (len(self._steps) < REFERENCE_ROUNDS and self._spent_ns < REFERENCE_NS):
            self._take()

    @property
    def step_ns(self) -> float:
        return median(self._steps)

    def _take(self) -> None:
        before = time.perf_counter_ns()
        with undisturbed():
            step_ns = self._step_ns()
            if time.perf_counter_ns() - before <= LONG_ROUND_NS:
                step_ns = self._step_ns()
        self._steps.append(step_ns)
        self._spent_ns += time.perf_counter_ns() - before

    def _step_ns(self) -> float:
        steps, step, clock = self._rounds.iterations, self._system.bare_step, self._system.clock
        before = clock()
        for _ in range(steps):
            step()
        return (clock() - before) / steps


def measure(one: Try) -> dict[str, Any]:
    """The tool's answer beside the truth."""
    with one.system(one.seed) as system:
        form = system.calibrate()
        delay_ns = one.delay.ns(form)
        rounds = Rounds(system)
        reference = _Reference(system, rounds)
        answer = ask(system, rounds, delay_ns, one.budget, one.max_time_ns, one.seed, reference.keep_up)
        reference.finish()
        form = form.fitted(reference.step_ns)
    return {
        "system": system.name,
        "mode": system.mode,
        "aim": one.delay.aim,
        "true_drop": form.drop(delay_ns),
        "true_transmission": form.transmission(delay_ns),
        "reference_ns": reference.step_ns,
        **answer,
    }
