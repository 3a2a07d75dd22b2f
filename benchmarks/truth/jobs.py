"""What is to be run, how often, and in which order."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from benchmarks.truth.cases import CASES, Case
from benchmarks.truth.delays import Delay
from benchmarks.truth.gates import compare_commits, cross_check
from benchmarks.truth.hog import CONDITIONS, Condition
from benchmarks.truth.readme import awaited_test, first_command
from benchmarks.truth.speedups import SPEEDUPS, Speedup, predict_and_remove
from benchmarks.truth.systems import SYSTEMS, System
from benchmarks.truth.trials import Try, measure

__all__ = ["FULL", "SMOKE", "Extent", "Job", "Records", "jobs", "passes"]

Records = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Job:
    """One measurement to be made ``count`` times under ``condition``; ``run`` takes a seed."""

    name: str
    condition: Condition
    count: int
    run: Callable[[int], Records]


@dataclass(frozen=True, slots=True)
class Extent:
    """How often each kind of job is run under each condition, and how long one may take.

    Attributes:
        most: verdicts of one case.
        most_s: the limit of one verdict.
        doses: of each system, where its form holds.
        gates: trios of runs under pytest-benchmark.
        commands: of the README.
    """

    most: int
    most_s: float
    doses: dict[Condition, int]
    gates: dict[Condition, int]
    commands: dict[Condition, int]
    speedups: int
    dose_ns: float
    predict_ns: float
    remove_ns: float
    gate_options: tuple[str, ...] = ()
    command_options: tuple[str, ...] = ()
    last_dose_only: bool = False


FULL = Extent(
    most=1_000,
    most_s=60,
    doses={"quiet": 3, "hog": 1, "hogs": 1},
    gates={"quiet": 15, "hog": 15, "hogs": 0},
    commands={"quiet": 3, "hog": 3, "hogs": 6},
    speedups=3,
    dose_ns=4e9,
    predict_ns=4e9,
    remove_ns=1e9,
)
SMOKE = Extent(
    most=1,
    most_s=0.3,
    doses={"quiet": 1, "hog": 0, "hogs": 0},
    gates={"quiet": 1, "hog": 0, "hogs": 0},
    commands={"quiet": 1, "hog": 0, "hogs": 1},
    speedups=1,
    dose_ns=0.5e9,
    predict_ns=1.5e9,
    remove_ns=0.1e9,
    gate_options=("--benchmark-max-time=0.1",),
    command_options=("--speedbump-max-time=0.2s",),
    last_dose_only=True,
)


def jobs(extent: Extent, conditions: tuple[Condition, ...], only: str) -> list[Job]:
    """Those whose name matches the glob ``only``."""
    made = [job for condition in conditions for job in _jobs(extent, condition)]
    return [job for job in made if job.count and fnmatchcase(job.name, only)]


def passes(chosen: list[Job], number: int, seed: int) -> Iterator[tuple[int, Condition, list[Job]]]:
    """The jobs spread over so many passes, in random order within each, condition by condition.

    So whoever stops early has a little of everything, and no kind of job has an hour of the machine to itself.
    """
    coin = random.Random(seed)
    starts = [coin.randrange(number) for _ in chosen]  # else all that is done once would be done in the first pass
    for index in range(number):
        for condition in CONDITIONS:
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


def _jobs(extent: Extent, condition: Condition) -> Iterator[Job]:
    for case in CASES:
        count = min(case.counts.get(condition, 0), extent.most)
        yield Job(f"verdict/{case.name}/{case.label}", condition, count, partial(_verdict, case, extent.most_s))
    for system in SYSTEMS:
        if condition in system.conditions:
            for delay_ns in system.doses[-1:] if extent.last_dose_only else system.doses:
                delay = Delay.exactly(delay_ns)
                run = partial(_dose, system, delay, system.patience * extent.dose_ns)
                yield Job(f"dose/{system.name}/{delay}", condition, extent.doses[condition], run)
    yield Job("gate", condition, extent.gates[condition], partial(_gates, extent.gate_options))
    if condition == "quiet":
        yield Job("command line", condition, 1, lambda _: [{"kind": "command line", **one} for one in cross_check()])
        for speedup in SPEEDUPS:
            run = partial(_speedup, speedup, extent.predict_ns, extent.remove_ns)
            yield Job(f"speedup/{speedup.name}", condition, extent.speedups, run)
    options = extent.command_options
    if condition == "hogs":  # where the whole first command would take minutes; its awaited test is what is of interest
        yield Job("readme/awaited", condition, extent.commands[condition], partial(_readme_awaited, options))
    else:
        yield Job("readme/first command", condition, extent.commands[condition], partial(_readme_first, options))


def _verdict(case: Case, most_s: float, seed: int) -> Records:
    limit_ns = min(case.limit_s, most_s) * 1e9
    answer = measure(Try(case.system, case.delay, case.budget, limit_ns, seed))
    return [{"kind": "verdict", "case": case.name, "label": case.label, **answer}]


def _dose(system: type[System], delay: Delay, limit_ns: float, seed: int) -> Records:
    return [{"kind": "dose", **measure(Try(system, delay, None, limit_ns, seed))}]


def _gates(options: tuple[str, ...], seed: int) -> Records:
    return [{"kind": "gate", **one} for one in compare_commits(*options)]


def _speedup(speedup: Speedup, predict_ns: float, remove_ns: float, seed: int) -> Records:
    return [{"kind": "speedup", **predict_and_remove(speedup, predict_ns, remove_ns, seed)}]


def _readme_first(options: tuple[str, ...], seed: int) -> Records:
    return [{"kind": "first command", **first_command(seed, *options)}]


def _readme_awaited(options: tuple[str, ...], seed: int) -> Records:
    return [{"kind": "verdict", "case": "hidden", **awaited_test(seed, *options)}]
