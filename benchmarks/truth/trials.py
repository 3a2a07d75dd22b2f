"""The tool at work on a system whose truth is known. In this process, through the door that the plugin uses."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.truth.systems import System
from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.experiment.rounds import undisturbed
from pytest_speedbump.experiment.subject import PlainSubject
from pytest_speedbump.result import Result
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.trial import Rules, try_bump

__all__ = ["BUDGET", "ERROR_RATE", "Try", "measure"]

BUDGET = 0.02
ERROR_RATE = 0.05  # the tool's default, for one verdict in a run
REFERENCE_SHARE = 0.05  # of the time, spent on rounds of our own...
REFERENCE_ROUNDS = 9  # ...and this many at least
LONG_ROUND_NS = 1e6


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
    """Times unslowed rounds of its own between the tool's visits: the machine of that very minute.

    A short one follows a round that is thrown away: after a visit's bookkeeping the caches are not what it is used to.
    """

    def __init__(self, subject: PlainSubject) -> None:
        self._subject = subject
        self._spent_ns = 0
        self.steps: list[float] = []

    def visited(self, bump: Bump, elapsed_ns: float, pairs: int) -> None:
        if self._spent_ns < REFERENCE_SHARE * elapsed_ns:
            before = time.perf_counter_ns()
            self.take()
            self._spent_ns += time.perf_counter_ns() - before

    def take(self) -> None:
        with undisturbed():
            ns = self._subject.round(_nothing, _nothing)
            if ns <= LONG_ROUND_NS:
                ns = self._subject.round(_nothing, _nothing)
        self.steps.append(ns / self._subject.iterations)  # of this moment: the tool may have stretched the round

    @property
    def step_ns(self) -> float:
        return median(self.steps)


def measure(one: Try) -> dict[str, Any]:
    """The tool's answer beside the truth."""
    with one.system() as system:
        form = system.calibrate()
        delay_ns = one.delay_ns if one.aim is None else _delay_for(one.aim, form.step_ns(0), form.calls(0))
        declared = None if one.budget is None else Declaration("insensitive", one.budget, "marker")
        bump = Bump(parse_targets([system.target]), delay_ns, system.mode, declared, "marker")
        subject = PlainSubject(system.step, (), {})
        subject.iterations = system.iterations
        reference = _Reference(subject)
        rules = Rules(max_time_ns=one.max_time_ns, alpha_fail=ERROR_RATE, strict=False, advisory=False, seed=one.seed)
        result = try_bump(system.name, subject, bump, rules, reference)
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
        **_answer(result),
    }


def _delay_for(drop: float, step_ns: float, calls: float) -> float:
    """The delay of a call that costs a serial system so much."""
    return drop / (1 - drop) * step_ns / calls


def _answer(result: Result) -> dict[str, Any]:
    wanted = (
        "verdict",
        "reason",
        "warnings",
        "drop",
        "transmission",
        "floor",
        "pairs",
        "seconds",
        "control_ns",
        "seed",
    )
    answer = result.to_json()
    return {name: answer[name] for name in wanted if name in answer}


_nothing: Callable[[], None] = lambda: None  # noqa: E731
