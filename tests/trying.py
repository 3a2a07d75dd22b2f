"""Whole trials on a simulated machine, where the truth is known and nothing flickers."""

import math

from machine import Machine

from pytest_speedbump.bump import Bump, Declaration, Kind, Mode
from pytest_speedbump.experiment.scheduler import Scheduler
from pytest_speedbump.result import Evidence, Result, Severity
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.rules import Rules
from pytest_speedbump.trials.slack import SlackTrial
from pytest_speedbump.trials.trial import Trial

__all__ = ["RULES", "on", "plain_trial", "slack_of"]

TARGETS = parse_targets(["machine:target"])
RULES = Rules(max_time_ns=3e9, alpha_fail=0.05, severity=Severity(strict=False, advisory=False), seed=1)


class Nobody:
    def visited(self, bump: Bump, elapsed_ns: float, pairs: int) -> None: ...


def slack_of(machine: Machine, rules: Rules = RULES, mode: Mode = "spin", every: int = 1) -> Result:
    """Looks for the slack that the machine has."""
    bump = Bump(TARGETS, math.nan, mode, None, "marker", every=every)
    one = SlackTrial("t.py::t", bump, rules, Nobody(), lambda *_: machine, machine)
    with machine.running():
        while not one.settled:
            one.measure(machine, rules.max_time_ns)
        result = one.result(None)
    assert not machine.is_armed
    return result


def plain_trial(machine: Machine, rules: Rules = RULES) -> Trial:
    """A measurement that is not begun yet. The machine must be running meanwhile."""
    bump = Bump(TARGETS, 1000.0, "spin", None, "marker")
    return Trial("t.py::t", bump, rules, Nobody(), lambda *_: machine, machine)


def on(
    machine: Machine,
    share: float | None,
    delay_ns: float = 1000.0,
    kind: Kind = "insensitive",
    rules: Rules = RULES,
    mode: Mode = "spin",
    scheduler: Scheduler | None = None,
    prior: Evidence | None = None,
    delay_share: float | None = None,
    every: int = 1,
) -> Result:
    """Tries a bump on the machine, with the share declared.

    Args:
        scheduler: what the experiment is told of processors, if not by the machine itself.
    """
    declared = None if share is None else Declaration(kind, share, "marker")
    delay_ns = delay_ns if delay_share is None else math.nan
    bump = Bump(TARGETS, delay_ns, mode, declared, "marker", (), delay_share, every)
    one = Trial("t.py::t", bump, rules, Nobody(), lambda *_: machine, scheduler or machine, prior)
    with machine.running():
        while not one.settled:
            one.measure(machine, rules.max_time_ns)
        result = one.result(None)
    assert not machine.is_armed
    assert not machine.is_attended
    return result
