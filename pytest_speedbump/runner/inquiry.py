"""What is asked of a running program: its progress points, what they may lose, and how long that may take."""

import argparse
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pytest_speedbump.bump import Declaration
from pytest_speedbump.errors import InputError
from pytest_speedbump.program import ProgramAnswers
from pytest_speedbump.result import Severity
from pytest_speedbump.runner.settings import Settings
from pytest_speedbump.runner.watch import experiment
from pytest_speedbump.slowing.folder import Folder
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.rules import Rules, parse_limit, parse_seed
from pytest_speedbump.units import parse_share

__all__ = ["Inquiry", "add_inquiry"]

DEFAULT_MAX_TIME, DEFAULT_ERROR_RATE = "20s", "5%"
SEEDS = 1 << 31


def add_inquiry(parser: argparse.ArgumentParser) -> None:
    """The options of an experiment."""
    add = parser.add_argument
    add("--progress", action="append", default=[], metavar="PATTERN", help="a function whose calls are work done: "
        "measure what slowing costs of them; repeatable")  # fmt: skip
    add("--latency", nargs=2, metavar=("BEGIN", "END"), help="also the mean time between calls of two functions")
    add("--budget", metavar="SHARE", help="every progress point must lose less, as 2%%: fails with exit code 1")
    add("--max-time", metavar="TIME", help=f"limit of the experiment, the default is {DEFAULT_MAX_TIME}")
    add("--error-rate", metavar="SHARE", help=f"chance of any false failure, the default is {DEFAULT_ERROR_RATE}")
    add("--strict", action="store_true", help="what is inconclusive fails, too")
    add("--seed", metavar="N", help="order of the stretches; drawn where none is given, and printed")


@dataclass(frozen=True, slots=True)
class Inquiry:
    """An experiment on a program that runs.

    Attributes:
        points: progress points, as written.
        latency: the two functions between which time is measured; None: not asked.
        declared: what every point must keep; None: it is only measured.
    """

    points: tuple[str, ...]
    latency: tuple[str, str] | None
    declared: Declaration | None
    rules: Rules

    @classmethod
    def parse(cls, given: Mapping[str, Any], settings: Settings) -> Self | None:
        """None where no progress point is named.

        Args:
            given: by the names of the options, with underscores.

        Raises:
            InputError: one of them is bad, or has no progress point to be about.
        """
        points: list[str] = given["progress"]
        if not points:
            for name in ("latency", "budget", "max_time", "error_rate", "strict", "seed", "stop"):
                if given.get(name) not in (None, False):
                    raise InputError(
                        f"--{name.replace('_', '-')} is about an experiment, and there is none without a progress "
                        "point; name one, as in --progress 'engine.Engine.step'"
                    )
            return None
        if given["for"] is not None:
            raise InputError("--for is of a run without --progress; limit the experiment by --max-time")
        latency = tuple(given["latency"]) if given["latency"] else None
        for name, pattern in [("--progress", one) for one in points] + [("--latency", one) for one in latency or ()]:
            _check_point(name, pattern)
        if not settings.delay_ns:
            raise InputError("--delay '0ns' slows nothing, so --progress has nothing to compare; write more, as '50us'")
        error_rate = parse_share(given["error_rate"] or DEFAULT_ERROR_RATE, "--error-rate")
        rules = Rules(
            max_time_ns=parse_limit(given["max_time"] or DEFAULT_MAX_TIME, "--max-time"),
            alpha_fail=error_rate,
            severity=Severity(strict=given["strict"], advisory=False),
            seed=secrets.randbelow(SEEDS) if given["seed"] is None else parse_seed(given["seed"], "--seed"),
            limited_by="--max-time",
        )
        declared = None
        if given["budget"] is not None:
            declared = Declaration("insensitive", parse_share(given["budget"], "--budget"), "command line")
        return cls(tuple(points), latency, declared, rules)

    @property
    def all_points(self) -> tuple[str, ...]:
        """Progress points, then those of the latency."""
        return self.points + (self.latency or ())

    def ask(
        self,
        folder: Folder,
        settings: Settings,
        wait: Callable[[float], bool],
        explain: Callable[[str], str],
        guests: Sequence[int] = (),
    ) -> ProgramAnswers:
        """Runs the experiment, in a ``folder`` of all points; the rest as :func:`experiment` takes it."""
        answers = experiment(
            folder,
            settings.bump(self.declared),
            self.points,
            self.rules,
            wait,
            with_latency=self.latency is not None,
            explain=explain,
            guests=guests,
        )
        return ProgramAnswers(answers.results, answers.latency, self.latency, self.rules.seed, self.rules.alpha_fail)


def _check_point(name: str, pattern: str) -> None:
    """Raises InputError where it is no single pattern that chooses."""
    if pattern.startswith(("!", "@")):
        raise InputError(f"{name} {pattern!r} is no single pattern; write one, as in 'engine.Engine.step'")
    try:
        parse_targets([pattern])
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
