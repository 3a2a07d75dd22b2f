"""What is to be run, how often, and in which order."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Literal

from benchmarks.truth.gates import compare_commits, cross_check
from benchmarks.truth.speedups import SPEEDUPS, predict_and_remove
from benchmarks.truth.systems import SYSTEMS, HiddenWork, RealWork, RealWorkOnce, System
from benchmarks.truth.trials import BUDGET, Try, measure

__all__ = ["FULL", "SMOKE", "Condition", "Counts", "Job", "jobs", "passes"]

Condition = Literal["quiet", "hog"]
Records = list[dict[str, Any]]

TINY_NS = 50.0  # delays under some 30 ns cannot be delivered exactly, and the audit says so
HIDDEN_NS = 2_000.0  # the tool's default delay...
MORE_HIDDEN_NS = 10_000.0  # ...and one that would show in no less than 20 % of a round: that takes more visits


@dataclass(frozen=True, slots=True)
class Job:
    """One measurement to be made ``count`` times under ``condition``; ``run`` takes a seed."""

    name: str
    condition: Condition
    count: int
    run: Callable[[int], Records]


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each kind of job is run under each condition, and how long one may take."""

    certain: int  # verdicts on no effect, and on twice the budget
    other: int  # on 1, 3 and 5 %
    at_budget: int  # on exactly the budget, where inconclusive is the right answer
    doses: dict[Condition, int]
    gates: dict[Condition, int]
    speedups: int
    verdict_ns: float
    at_budget_ns: float
    dose_ns: float
    predict_ns: float
    remove_ns: float
    gate_options: tuple[str, ...] = ()
    last_dose_only: bool = False


FULL = Counts(
    certain=300,
    other=40,
    at_budget=16,
    doses={"quiet": 3, "hog": 1},
    gates={"quiet": 30, "hog": 30},
    speedups=3,
    verdict_ns=10e9,
    at_budget_ns=3e9,
    dose_ns=4e9,
    predict_ns=4e9,
    remove_ns=1e9,
)
SMOKE = Counts(
    certain=2,
    other=1,
    at_budget=1,
    doses={"quiet": 1, "hog": 0},
    gates={"quiet": 1, "hog": 0},
    speedups=1,
    verdict_ns=2e9,
    at_budget_ns=0.3e9,
    dose_ns=0.8e9,
    predict_ns=1.5e9,
    remove_ns=0.1e9,
    gate_options=("--benchmark-max-time=0.1",),
    last_dose_only=True,
)


def jobs(counts: Counts, conditions: tuple[Condition, ...], only: str) -> list[Job]:
    """Those whose name matches the glob ``only``."""
    made = [job for condition in conditions for job in _jobs(counts, condition)]
    return [job for job in made if job.count and fnmatchcase(job.name, only)]


def passes(chosen: list[Job], number: int, seed: int) -> Iterator[tuple[int, Condition, list[Job]]]:
    """The jobs spread over so many passes, in random order within each, condition by condition.

    So whoever stops early has a little of everything, and no kind of job has an hour of the machine to itself.
    """
    coin = random.Random(seed)
    starts = [coin.randrange(number) for _ in chosen]  # else all that is done once would be done in the first pass
    for index in range(number):
        for condition in ("quiet", "hog"):
            due = [
                job
                for job, start in zip(chosen, starts, strict=True)
                if job.condition == condition
                for turn in range(job.count)
                if (start + turn * number // job.count) % number == index
            ]
            coin.shuffle(due)
            if due:
                yield index, condition, due


def _jobs(counts: Counts, condition: Condition) -> Iterator[Job]:
    def verdict(aim: float, system: type[System], count: int, delay_ns: float | None = None) -> Job:
        limit_ns = counts.at_budget_ns if aim == BUDGET else counts.verdict_ns

        def run(seed: int) -> Records:
            one = Try(system, BUDGET, limit_ns, seed, delay_ns or 0.0, None if delay_ns else aim)
            return [{"kind": "verdict", "aim": aim, **measure(one)}]

        return Job(f"verdict/{aim:.0%}/{system.name}" + (f"/{delay_ns:g}" if delay_ns else ""), condition, count, run)

    def dose(system: type[System], delay_ns: float) -> Job:
        def run(seed: int) -> Records:
            limit_ns = system.patience * counts.dose_ns
            return [{"kind": "dose", **measure(Try(system, None, limit_ns, seed, delay_ns))}]

        return Job(f"dose/{system.name}/{delay_ns:g}", condition, counts.doses[condition], run)

    half = counts.certain // 2
    yield verdict(0.0, RealWorkOnce, half, TINY_NS)
    yield verdict(0.0, HiddenWork, half, HIDDEN_NS)
    yield verdict(0.0, HiddenWork, counts.other, MORE_HIDDEN_NS)
    serial: tuple[type[System], ...] = (RealWork, RealWorkOnce)
    for system in serial:
        yield verdict(2 * BUDGET, system, half)
        for aim in (0.01, 0.03, 0.05):
            yield verdict(aim, system, -(-counts.other // 2))
        yield verdict(BUDGET, system, -(-counts.at_budget // 2))
    for system in SYSTEMS:
        for delay_ns in system.doses[-1:] if counts.last_dose_only else system.doses:
            yield dose(system, delay_ns)
    yield Job("gate", condition, counts.gates[condition], partial(_gates, counts.gate_options))
    if condition == "quiet":
        yield Job("command line", condition, 1, lambda _: [{"kind": "command line", **one} for one in cross_check()])
        for speedup in SPEEDUPS:
            run = partial(_speedup, speedup, counts)
            yield Job(f"speedup/{speedup.name}", condition, counts.speedups, run)


def _gates(options: tuple[str, ...], seed: int) -> Records:
    return [{"kind": "gate", **one} for one in compare_commits(*options)]


def _speedup(speedup: Any, counts: Counts, seed: int) -> Records:
    return [{"kind": "speedup", **predict_and_remove(speedup, counts.predict_ns, counts.remove_ns, seed)}]
