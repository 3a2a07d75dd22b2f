"""The tool under trial: what this suite uses of it."""

import math
from collections.abc import Callable
from typing import Any

from benchmarks.truth.tool import ERROR_RATE, NOTHING_FAILS
from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.experiment.subject import PlainSubject
from pytest_speedbump.inference.knee import FREE
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.rules import Rules
from pytest_speedbump.trials.slack import SlackTrial
from pytest_speedbump.trials.trial import Trial

__all__ = ["declare", "search"]

ANSWERS = ("verdict", "reason", "warnings", "transmission", "slack_ns", "doses", "pairs", "seconds", "machine")


class _Nobody:
    def visited(self, bump: Bump, elapsed_ns: float, pairs: int) -> None: ...


def search(step: Callable[[], object], target: str, limit_ns: float, seed: int) -> dict[str, Any]:
    """What ``--speedbump-slack`` finds."""
    return _try(SlackTrial, step, Bump(parse_targets([target]), math.nan, "spin", None, "marker"), limit_ns, seed)


def declare(step: Callable[[], object], target: str, at_least_ns: float, limit_ns: float, seed: int) -> dict[str, Any]:
    """What becomes of ``@pytest.mark.speedbump_slack``."""
    declared = Declaration("slack", FREE, "marker")
    return _try(Trial, step, Bump(parse_targets([target]), at_least_ns, "spin", declared, "marker"), limit_ns, seed)


def _try(kind: type[Trial], step: Callable[[], object], bump: Bump, limit_ns: float, seed: int) -> dict[str, Any]:
    subject = PlainSubject(step, (), {})
    rules = Rules(max_time_ns=limit_ns, alpha_fail=ERROR_RATE, severity=NOTHING_FAILS, seed=seed)
    trial = kind("slack", bump, rules, _Nobody())
    trial.measure(subject, limit_ns)
    found = trial.result(subject).to_json()
    return {name: found[name] for name in ANSWERS}
