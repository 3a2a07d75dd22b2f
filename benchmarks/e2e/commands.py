"""From scenarios to command lines. Pure: nothing is run, looked up or written here."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.e2e.scenarios import PipelineScenario, Scenario
from benchmarks.processes import PLUGIN, WITHOUT_PLUGIN, pytest_command

__all__ = ["FULL", "SMOKE", "Effort", "hyperfine_command", "scenario_command"]

SUITE = Path(__file__).parent / "suite"
TARGET = "*:Stage.run"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is run.

    Attributes:
        runs: of each command; ``warmup`` more before them.
        items: that go through the worker's pipeline.
        seconds: limit of the plugin's measurement in a pytest command.
    """

    name: str
    runs: int
    warmup: int
    items: int
    seconds: float


FULL = Effort("full", runs=10, warmup=1, items=20_000, seconds=1.0)
SMOKE = Effort("smoke", runs=2, warmup=0, items=200, seconds=0.1)


def scenario_command(scenario: Scenario, effort: Effort, python: str) -> list[str]:
    """The argument list that runs a scenario once."""
    if isinstance(scenario, PipelineScenario):
        return [
            python, "-m", "benchmarks.e2e.worker",
            "--backend", scenario.backend,
            "--stages", str(scenario.stages),
            "--payload", str(scenario.payload),
            "--delay-ns", f"{scenario.delay_ns:g}",
            "--items", str(effort.items),
        ]  # fmt: skip
    command = [*pytest_command(python), str(SUITE), "-c", str(SUITE / "pytest.ini")]
    command += WITHOUT_PLUGIN if scenario.state == "plain" else PLUGIN
    if scenario.state in ("armed", "slowed"):
        delay = "0ns" if scenario.state == "armed" else "2us"
        command += ["--speedbump-target", TARGET, "--speedbump-delay", delay]
        command += ["--speedbump-max-time", f"{effort.seconds:g}s", "--speedbump-seed", "1"]
    return command


def hyperfine_command(hyperfine: str, commands: Mapping[str, Sequence[str]], effort: Effort, export: Path) -> list[str]:
    """One call of hyperfine for all commands, each under its scenario's name."""
    line = [hyperfine, "--shell=none", "--style=basic", f"--runs={effort.runs}", f"--warmup={effort.warmup}"]
    line += ["--export-json", str(export)]
    for name, command in commands.items():
        line += ["--command-name", name, shlex.join(command)]
    return line
