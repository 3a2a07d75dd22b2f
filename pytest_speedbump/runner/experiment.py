"""What an experiment on a running program asks, as the command line says it, and what it has found."""

import argparse
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.errors import InputError
from pytest_speedbump.program import Flight, Found
from pytest_speedbump.result import Severity
from pytest_speedbump.runner.settings import Settings
from pytest_speedbump.runner.watch import experiment
from pytest_speedbump.slowing.folder import Folder
from pytest_speedbump.trials.rules import Rules, parse_seed
from pytest_speedbump.units import parse_share, parse_span

__all__ = ["Experiment", "add_experiment"]

DEFAULT_MAX_TIME = "20s"
ERROR_RATE = 0.05
SEEDS = 10**6
NEED_PROGRESS = ("latency", "budget", "max_time", "seed", "strict", "stop")
NOT_WITH_PROGRESS = ("after", "for")


def add_experiment(parser: argparse.ArgumentParser) -> None:
    """Its options, but for ``--stop``."""
    add = parser.add_argument_group(
        "experiments", "The program is slowed and not slowed in turns while it runs, and its throughput is compared."
    ).add_argument
    add("--progress", action="append", metavar="PATTERN", help="a function whose calls are progress; repeatable")
    add("--latency", nargs=2, metavar=("BEGIN", "END"), help="say also how long it takes from one function to another")
    add("--budget", metavar="SHARE", help="fail where throughput drops by so much, as 2%%")
    add("--max-time", metavar="TIME", help=f"limit of the experiment, the default is {DEFAULT_MAX_TIME}")
    add("--seed", metavar="N", help="order of the turns, drawn and printed by default")
    add("--strict", action="store_true", help="what is inconclusive fails too")


@dataclass(frozen=True, slots=True)
class Experiment:
    """Frozen.

    Attributes:
        points: progress points, as written.
        latency: the two points that it lies between; None where it is not asked for.
        limit: the drop that must not be reached, as a fraction; None for a plain measurement.
    """

    points: tuple[str, ...]
    latency: tuple[str, str] | None
    limit: float | None
    rules: Rules

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
            idle = next((name for name in NEED_PROGRESS if given.get(name)), None)
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
            secrets.randbelow(SEEDS) if given["seed"] is None else parse_seed(given["seed"], called("seed")),
            limited_by=called("max_time"),
        )
        if not rules.max_time_ns:
            raise InputError(
                f"{called('max_time')} {max_time!r} is no time to measure in; write some seconds, as '20s'"
            )
        limit = None if given["budget"] is None else parse_share(given["budget"], called("budget"))
        latency = None if given["latency"] is None else tuple(given["latency"])
        return cls(tuple(points), latency, limit, rules)

    def bump(self, settings: Settings) -> Bump:
        return settings.bump(None if self.limit is None else Declaration("insensitive", self.limit, "command line"))

    @property
    def all_points(self) -> tuple[str, ...]:
        """Progress points, then those of the latency."""
        return self.points + (self.latency or ())

    def ask(
        self,
        folder: Folder,
        settings: Settings,
        wait: Callable[[float], bool],
        explain: Callable[[str], str] = lambda _: "",
        guests: Sequence[int] = (),
    ) -> Found:
        """What is found while the program runs. The arguments are those of :func:`experiment`."""
        rules, flight, no_flight = self.rules, None, ""
        results, latency, passed = experiment(
            folder,
            self.bump(settings),
            self.points,
            rules,
            wait,
            with_latency=self.latency is not None,
            explain=explain,
            guests=guests,
        )
        if self.latency is not None and latency is not None:
            flight = Flight(*self.latency, latency)
        elif self.latency is not None:
            begin, end = self.latency
            no_flight = (
                f"from {begin} to {end}: no answer, {begin} was called {_times(passed[0])} in stretches and {end} "
                f"{_times(passed[1])}; name two points that each unit passes once, the earlier one first"
            )
        return Found(results, flight, rules.seed, rules.alpha_fail, no_flight)


def _times(number: int) -> str:
    return f"{number} time{'s' * (number != 1)}"
