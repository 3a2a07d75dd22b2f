"""The scan under trial: what this suite uses of it, and what is written down of its answers."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.exits import Exit, ExitError
from pytest_speedbump.ranking import Ranked, Ranking
from pytest_speedbump.result import Estimate

__all__ = ["DOSES", "SCAN", "Scan", "door", "dose_ns", "recorded"]

Scan = Callable[..., Ranking]
SCAN = "pytest_speedbump:scan"
DOSES = (1 / 2, 1 / 8)  # of the round, the first one and the last
FEWEST_AT_LAST_DOSE = 7  # pairs; a function that was dropped after the first dose had fewer


def door(name: str) -> Scan:
    """What ``module:function`` names. ExitError where there is no such thing."""
    module, _, function = name.partition(":")
    try:
        found: Scan = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ExitError(Exit.BAD_INPUT, f"--scanner {name!r} cannot be had: {error}") from None
    return found


def dose_ns(one: Ranked, round_ns: float) -> float:
    """The delay of one round at which its transmission was measured: the smallest that was tried."""
    told = getattr(one, "dose_ns", None)
    if told is not None:
        return float(told) * one.calls
    return round_ns * DOSES[one.pairs >= FEWEST_AT_LAST_DOSE]


def recorded(ranking: Ranking, more: Callable[[Ranked], dict[str, Any]] = lambda one: {}) -> dict[str, Any]:
    """``more``: what else is written down of a function."""
    return {
        **{name: getattr(ranking, name) for name in ("round_ns", "seconds", "pairs", "iterations", "additive")},
        "reason": str(ranking.reason),
        "warnings": [str(text) for text in ranking.warnings],
        "joint_slack_ns": _json(ranking.joint_slack_ns),
        "functions": [
            {
                "name": key(one.name, one.line),
                **{name: getattr(one, name) for name in ("calls", "share", "verdict", "confirmed", "rank", "pairs")},
                "transmission": _json(one.transmission),
                "gain": _json(one.gain),
                **more(one),
            }
            for one in ranking.functions
        ],
    }


def key(name: str, line: int | None) -> str:
    """Tells functions of one name apart, such as a property's getter and setter."""
    return f"{name}:{line}"


def _json(estimate: Estimate | None) -> dict[str, float | None] | None:
    return None if estimate is None else estimate.to_json()
