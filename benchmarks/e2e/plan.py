"""What a run is going to do: which scenarios, by which command, and which not, and why."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.backends import missing
from benchmarks.e2e.commands import Effort, scenario_command
from benchmarks.e2e.scenarios import PipelineScenario, Scenario

__all__ = ["SCHEMA", "Plan", "make_plan"]

SCHEMA = "pytest-speedbump-e2e-plan/1"


@dataclass(frozen=True, slots=True)
class Plan:
    """``commands`` and ``skipped`` by name of the scenario, in order."""

    effort: Effort
    commands: dict[str, list[str]]
    skipped: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "effort": {"name": self.effort.name, "runs": self.effort.runs, "warmup": self.effort.warmup},
            "scenarios": [{"name": name, "command": command} for name, command in self.commands.items()],
            "skipped": [{"name": name, "reason": reason} for name, reason in self.skipped.items()],
        }


def make_plan(scenarios: Sequence[Scenario], effort: Effort) -> Plan:
    plan = Plan(effort, {}, {})
    for scenario in scenarios:
        reason = missing(_backend(scenario))
        if reason:
            plan.skipped[scenario.name] = reason
        else:
            plan.commands[scenario.name] = scenario_command(scenario, effort, sys.executable)
    return plan


def _backend(scenario: Scenario) -> str:
    if isinstance(scenario, PipelineScenario):
        return scenario.backend
    return "core" if scenario.state in ("armed", "slowed") else "uninstrumented"
