"""Scenarios and the command lines that they become. Pure."""

import json
import shlex
from pathlib import Path

import pytest

from benchmarks.e2e import plan
from benchmarks.e2e.commands import FULL, SMOKE, hyperfine_command, scenario_command
from benchmarks.e2e.plan import make_plan
from benchmarks.e2e.scenarios import SCENARIOS, PipelineScenario, PytestScenario, select


def test_names_tell_scenarios_apart() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


def test_backends_that_cannot_delay_are_not_asked_to() -> None:
    delayed = {s.backend for s in SCENARIOS if isinstance(s, PipelineScenario) and s.delay_ns}
    assert delayed == {"core", "python"}


def test_glob_selects_by_name() -> None:
    assert [s.name for s in select("pytest/*e*")] == ["pytest/inert", "pytest/armed", "pytest/slowed"]
    assert select("*") == list(SCENARIOS)


def test_glob_without_match_names_the_glob() -> None:
    with pytest.raises(ValueError, match="'pipline/"):
        select("pipline/*")


def test_pipeline_command_carries_its_parameters() -> None:
    command = scenario_command(PipelineScenario("n", "core", 4, 64, 2000.0), SMOKE, "/bin/py thon")
    assert command[:3] == ["/bin/py thon", "-m", "benchmarks.e2e.worker"]
    options = dict(zip(command[3::2], command[4::2], strict=True))
    assert options == {
        "--backend": "core",
        "--stages": "4",
        "--payload": "64",
        "--delay-ns": "2000",
        "--items": str(SMOKE.items),
    }


def test_pytest_commands_differ_in_the_plugin_only() -> None:
    plain, inert, armed, slowed = (
        scenario_command(PytestScenario("n", state), FULL, "py") for state in ("plain", "inert", "armed", "slowed")
    )
    assert inert == [*plain, "-p", "pytest_speedbump.plugin"]
    assert armed[: len(inert)] == inert
    assert [("0ns", "2us") for a, s in zip(armed, slowed, strict=True) if a != s] == [("0ns", "2us")]


def test_hyperfine_gets_each_command_whole_and_under_its_name() -> None:
    commands = {"b/1": ["py", "-c", "print('a b')"], "a/2": ["x"]}
    line = hyperfine_command("/bin/hyperfine", commands, SMOKE, Path("out.json"))
    named = [(line[i + 1], shlex.split(line[i + 2])) for i, word in enumerate(line) if word == "--command-name"]
    assert named == list(commands.items())
    assert f"--runs={SMOKE.runs}" in line


def test_missing_backend_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "missing", lambda name: "backend core is missing: no luck" if name == "core" else "")
    made = make_plan(select("p*/*"), FULL)
    assert set(made.commands) | set(made.skipped) == {s.name for s in select("p*/*")}
    assert {name.split("/")[1] for name in made.skipped} == {"core", "armed", "slowed"}
    assert set(made.skipped.values()) == {"backend core is missing: no luck"}


def test_plan_document_is_versioned() -> None:
    document = json.loads(json.dumps(make_plan(select("pytest/plain"), SMOKE).to_json()))
    assert document["schema"] == "pytest-speedbump-e2e-plan/1"
    assert [scenario["name"] for scenario in document["scenarios"]] == ["pytest/plain"]
