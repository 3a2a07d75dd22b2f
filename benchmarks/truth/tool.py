"""The tool under trial: what this suite uses of it, and the only module here that knows its rooms."""

from collections.abc import Callable
from typing import Any

from benchmarks.truth.systems import System
from pytest_speedbump.bump import Bump, Declaration, Mode
from pytest_speedbump.experiment.subject import PlainSubject
from pytest_speedbump.result import Severity
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.rules import Rules
from pytest_speedbump.trials.trial import try_bump

__all__ = ["Rounds", "ask", "ask_about", "recorded"]

ERROR_RATE = 0.05  # the tool's default, for one verdict in a run
ANSWERS = (
    "verdict", "reason", "warnings", "delay_ns", "drop", "transmission", "floor", "pairs", "iterations", "seconds",
    "seed", "bare_ns", "control_ns", "probe_ns", "calls", "delivered_ns", "late_ns", "waited_ns", "machine", "evidence",
)  # fmt: skip
NOTHING_FAILS = Severity(strict=False, advisory=True)  # verdicts are what counts here


class Rounds:
    """Rounds of a system's steps, as the tool times them. ``iterations``: steps in a round, which the tool may raise"""

    def __init__(self, system: System) -> None:
        self.subject = PlainSubject(system.step, (), {})
        self.subject.iterations = system.iterations

    @property
    def iterations(self) -> int:
        return self.subject.iterations

    def take(self) -> int:
        """One round, unslowed, in ns."""
        return self.subject.round(_nothing, _nothing)


def ask(
    system: System,
    rounds: Rounds,
    delay_ns: float,
    budget: float | None,
    max_time_ns: float,
    seed: int,
    between: Callable[[float], object] = lambda elapsed_ns: None,
) -> dict[str, Any]:
    """What the tool's document has of its result, as :func:`recorded`, through the door that the plugin uses.

    ``between`` is called between the tool's own rounds, with the ns since it began.
    """
    return ask_about(
        system.name, rounds.subject, system.target, system.mode, delay_ns, budget, max_time_ns, seed, between
    )


def ask_about(
    name: str,
    subject: PlainSubject,
    target: str,
    mode: Mode,
    delay_ns: float,
    budget: float | None,
    max_time_ns: float,
    seed: int,
    between: Callable[[float], object] = lambda elapsed_ns: None,
) -> dict[str, Any]:
    """The same of any target in any callable."""
    declared = None if budget is None else Declaration("insensitive", budget, "marker")
    bump = Bump(parse_targets([target]), delay_ns, mode, declared, "marker")
    rules = Rules(max_time_ns=max_time_ns, alpha_fail=ERROR_RATE, severity=NOTHING_FAILS, seed=seed)
    return recorded(try_bump(name, subject, bump, rules, _Watch(between)).to_json())


def recorded(result: dict[str, Any]) -> dict[str, Any]:
    """What is written down of an entry of the tool's document, as far as the entry has it."""
    budget = {"budget": result["declared"]["limit"]} if result["declared"] else {"budget": None}
    return {"test": result["test"], **budget, **{name: result[name] for name in ANSWERS if name in result}}


class _Watch:
    def __init__(self, between: Callable[[float], object]) -> None:
        self._between = between

    def visited(self, bump: Bump, elapsed_ns: float, pairs: int) -> None:
        self._between(elapsed_ns)


def _nothing() -> None:
    pass
