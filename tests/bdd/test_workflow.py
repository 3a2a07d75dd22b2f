"""The end-to-end benchmarks, as a maintainer runs them."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

ROOT = Path(__file__).resolve().parents[2]

scenarios("../../features/workflow.feature")


@dataclass(frozen=True, slots=True)
class Command:
    done: subprocess.CompletedProcess[str]
    output: Path

    @property
    def document(self) -> Any:
        return json.loads(self.output.read_text(encoding="utf-8"))


@given("hyperfine is not installed")
def _(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@given("hyperfine is installed")
def _() -> None:
    if shutil.which("hyperfine") is None:
        pytest.skip("hyperfine is not installed: apt-get install hyperfine")


@when(parsers.re(r'I ask for a (?P<effort>dry|smoke) run of "(?P<glob>\S+)"'), target_fixture="command")
def _(tmp_path: Path, effort: str, glob: str) -> Command:
    output = tmp_path / "output.json"
    option = {"dry": "--dry-run", "smoke": "--smoke"}[effort]
    words = [sys.executable, "-m", "benchmarks.e2e", option, "--output", str(output), "--scenario", glob]
    done = subprocess.run(words, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=120, check=False)
    return Command(done, output)


@then("the command succeeds")
def _(command: Command) -> None:
    assert command.done.returncode == 0, command.done.stderr


@then(parsers.parse('the command refuses: "{sentence}"'))
def _(command: Command, sentence: str) -> None:
    assert command.done.stderr == f"error: {sentence}\n"
    assert command.done.returncode == 3
    assert not command.output.exists()


@then("the plan names these scenarios:")
def _(command: Command, datatable: list[list[str]]) -> None:
    plan = command.document
    named = [scenario["name"] for scenario in (*plan["scenarios"], *plan["skipped"])]
    assert sorted(named) == sorted(name for (name,) in datatable)


@then(parsers.parse('the result has {times:d} times of "{scenario}"'))
def _(command: Command, times: int, scenario: str) -> None:
    (result,) = command.document["results"]
    assert (result["name"], len(result["times"])) == (scenario, times)
