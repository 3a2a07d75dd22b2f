"""What an experiment on a running program asks, as the command line says it, and what it has found."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.errors import InputError
from pytest_speedbump.program import Flight
from pytest_speedbump.result import Severity
from pytest_speedbump.runner.settings import Settings
from pytest_speedbump.runner.supervisor import Program
from pytest_speedbump.runner.watch import create_folder, experiment
from pytest_speedbump.slowing.folder import Folder
from pytest_speedbump.trials.progress import Answers
from pytest_speedbump.trials.rules import Rules
from pytest_speedbump.units import parse_share, parse_span

__all__ = ["DEFAULT_MAX_TIME", "Experiment"]

DEFAULT_MAX_TIME = "20s"
ERROR_RATE = 0.05
LONGEST_SEED = 100  # digits
NEED_PROGRESS = ("latency", "budget", "max_time", "seed", "strict", "stop")
NOT_WITH_PROGRESS = ("after", "for")


@dataclass(frozen=True, slots=True)
class Experiment:
    """Frozen.

    Attributes:
        points: progress points, as written.
        latency: the two points that it lies between; None where it is not asked for.
        limit: the drop that must not be reached, as a fraction; None for a plain measurement.
        stop: whether the program is to end once all is answered.
    """

    points: tuple[str, ...]
    latency: tuple[str, str] | None
    limit: float | None
    rules: Rules
    stop: bool

    @classmethod
    def parse(cls, given: Mapping[str, Any], called: Callable[[str], str]) -> Self | None:
        """What was asked for; None where there is no progress point.

        Args:
            given: by their names; None or false is not given.
            called: how an error is to call each of these.

        Raises:
            InputError: one of them is bad, or does nothing.
        """
        points = given["progress"]
        if not points:
            idle = next((name for name in NEED_PROGRESS if given[name]), None)
            if idle is not None:
                raise InputError(
                    f"{called(idle)} does nothing without {called('progress')}; "
                    f"name a function whose calls are progress, as {called('progress')} 'engine.Engine.step'"
                )
            return None
        for name in NOT_WITH_PROGRESS:
            if given[name] is not None:
                raise InputError(
                    f"{called(name)} does not go with {called('progress')}, which slows and does not slow in turns; "
                    "leave one of them out"
                )
        max_time = given["max_time"] or DEFAULT_MAX_TIME
        rules = Rules(
            parse_span(max_time, called("max_time")),
            ERROR_RATE,
            Severity(strict=given["strict"], advisory=False),
            _parse_seed(given["seed"], called("seed")),
            limited_by=called("max_time"),
        )
        if not rules.max_time_ns:
            raise InputError(
                f"{called('max_time')} {max_time!r} is no time to measure in; write some seconds, as '20s'"
            )
        limit = None if given["budget"] is None else parse_share(given["budget"], called("budget"))
        latency = None if given["latency"] is None else tuple(given["latency"])
        return cls(tuple(points), latency, limit, rules, given["stop"])

    def bump(self, settings: Settings) -> Bump:
        declared = None if self.limit is None else Declaration("insensitive", self.limit, "command line")
        return Bump(settings.targets, settings.delay_ns, settings.mode, declared, "command line", every=settings.every)

    def create_folder(self, settings: Settings) -> Folder:
        """Raises InputError: a point is no pattern, there are too many, or there is no place for the folder."""
        return create_folder(settings.targets, [*self.points, *(self.latency or ())], settings.mode)

    def watch(self, program: Program, folder: Folder, settings: Settings, explain: Callable[[str], str]) -> Answers:
        """Answers while the program runs, and ends it afterwards where that was asked for."""
        found = experiment(
            folder,
            self.bump(settings),
            self.points,
            self.rules,
            program.wait,
            with_latency=self.latency is not None,
            explain=explain,
        )
        if self.stop:
            program.stop()
        return found

    def flight(self, found: Answers) -> Flight | None:
        """The latency, with the names of its ends; None where it was not asked for, or is not known."""
        latency = found.latency
        if self.latency is None or latency is None:
            return None
        return Flight(*self.latency, latency.control_ns, latency.slowed_ns, latency.added_ns, latency.arrivals)


def _parse_seed(text: str | None, name: str) -> int:
    if text is None:
        return int.from_bytes(os.urandom(4), "big") % 10**6
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_SEED):
        raise InputError(f"{name} {text!r} is not a seed; write a whole number, 0 or more")
    return int(text)
