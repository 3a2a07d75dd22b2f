"""Trials of simulated programs."""

from typing import Any

from pipelines import MS, US, Line, Stage

from pytest_speedbump.bump import Bump, Declaration, Kind
from pytest_speedbump.result import Result, Severity
from pytest_speedbump.targets import Targets
from pytest_speedbump.trials.progress import Answers, ProgressTrial
from pytest_speedbump.trials.rules import Rules

TARGET, POINT = "engine.schedule", "engine.step"
RULES = Rules(20e9, 0.05, Severity(strict=False, advisory=False), seed=1, limited_by="--max-time")


def bump(delay_ns: float, budget: float | None = None, kind: Kind = "insensitive", every: int = 1) -> Bump:
    declared = None if budget is None else Declaration(kind, budget, "command line")
    targets = Targets((TARGET,), (TARGET,), (0,))
    return Bump(targets, delay_ns, "spin", declared, "command line", every=every)


def answers(line: Line, budget: float | None = None, *, points: int = 1, rules: Rules = RULES, **more: Any) -> Answers:
    """Of a line's points ``in`` and ``out``, as many as it is watched by but for those of a latency."""
    names = [POINT, f"{POINT}_2"][:points]
    latency = more.pop("with_latency", False)
    return ProgressTrial(
        names,
        bump(line.delay_ns, budget, **more),
        rules,
        line,
        with_latency=latency,
        explain=lambda name: f"there is {name}s",
    ).run()


def answer(line: Line, budget: float | None = None, **more: Any) -> Result:
    return answers(line, budget, **more).results[0]


def serial(delay_ns: float = 400 * US, **more: Any) -> Line:
    """2 ms of work a unit, the target in all of it."""
    return Line(Stage(2 * MS, calls=1, noise=0.02), delay_ns=delay_ns, **more)


def pipeline(host_ns: float, device_ns: float, room: float, delay_ns: float, noise: float = 0.01, **more: Any) -> Line:
    """The target's stage, a queue, and one that does not call it."""
    stages = Stage(host_ns, calls=1, noise=noise), Stage(device_ns, room=room, noise=noise)
    return Line(*stages, delay_ns=delay_ns, **more)
