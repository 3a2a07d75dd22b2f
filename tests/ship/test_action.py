"""The composite action for GitHub: its commands, run by bash with the environment that its inputs make."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from shipped import ROOT

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed: the dependency group `docs` brings it")

ACTION = ROOT / ".github" / "actions" / "gate" / "action.yml"
SUITE = """
import pytest

def work(): return sum(range(500))

@pytest.mark.speedbump_sensitive("test_it.work", delay="200us", at_least="10%")
@pytest.mark.parametrize("size", ["a b", "$(touch c)"])
def test_it(benchmark, size): benchmark(work)

def test_left_out(): raise AssertionError
"""
BRIEF = "-p benchmark -p speedbump -p no:cacheprovider --benchmark-max-time=0.005"


def action() -> Any:
    return yaml.safe_load(ACTION.read_text(encoding="utf-8"))


def step(name: str) -> Any:
    (one,) = [one for one in action()["runs"]["steps"] if one["name"] == name]
    return one


class Runner:
    """What GitHub's runner does with a step of bash."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        defaults = {name: one["default"] for name, one in action()["inputs"].items()}
        self.values = {
            f"inputs.{name}": text for name, text in {**defaults, "python": sys.executable, **inputs}.items()
        }
        self.folder, self.temporary = folder, folder / "runner temp"
        self.values["runner.temp"] = str(self.temporary)
        self.temporary.mkdir(exist_ok=True)

    def run(self, name: str) -> "subprocess.CompletedProcess[str]":
        one = step(name)
        told = {
            key: re.sub(r"\${{ (.*?) }}", lambda match: self.values[match[1]], text) for key, text in one["env"].items()
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", one["run"]]
        environment = {
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(self.temporary / "output"),
            "GITHUB_STEP_SUMMARY": str(self.temporary / "summary"),
            **told,
        }
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120)

    def result(self) -> Any:
        named = (self.temporary / "output").read_text().strip().removeprefix("json=")
        return json.loads(Path(named).read_text(encoding="utf-8"))


def test_no_input_is_pasted_into_a_command() -> None:
    for one in action()["runs"]["steps"]:
        assert "${{" not in one.get("run", "")
        assert one.get("shell") == ("bash" if "run" in one else None)


def test_arguments_are_split_and_never_executed(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE)
    arguments = (
        f"""{BRIEF} "test_it.py::test_it[a b]" 'test_it.py::test_it[$(touch c)]' --deselect '`touch c`;$(touch c)'"""
    )
    runner = Runner(tmp_path, **{"pytest-args": arguments})
    done = runner.run("Run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [one["test"] for one in runner.result()["results"]] == [
        "test_it.py::test_it[a b]",
        "test_it.py::test_it[$(touch c)]",
    ]
    assert (runner.temporary / "speedbump" / "report.html").stat().st_size
    assert not list(tmp_path.rglob("c"))


def test_it_fails_as_pytest_does(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE)
    assert Runner(tmp_path, **{"pytest-args": f"{BRIEF} -k left_out"}).run("Run").returncode == 1
    assert Runner(tmp_path, **{"pytest-args": f"{BRIEF} --speedbump-delay=3"}).run("Run").returncode == 4
    assert Runner(tmp_path, **{"pytest-args": "'"}).run("Run").returncode != 0


def test_what_is_installed_is_one_word(tmp_path: Path) -> None:
    python = tmp_path / "py thon"
    python.write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
    python.chmod(0o755)
    runner = Runner(tmp_path, python=str(python), version="pytest-speedbump==0.1.0 $(touch c); touch c")
    assert runner.run("Install").stdout == "<-m><pip><install><-q><--><pytest-speedbump==0.1.0 $(touch c); touch c>"
    assert not (tmp_path / "c").exists()


def test_shards_are_merged_by_a_pattern(tmp_path: Path) -> None:
    """Names of documents hold what they will; what merging says of them is another matter."""
    for name in ("a b/result.json", "$(touch c)/deep/result.json"):
        path = tmp_path / "sha rds" / name
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n[ "$3" = merge ] && printf "{}" > "$5"\nprintf "<%s>" "$@"\n')
    python.chmod(0o755)
    runner = Runner(tmp_path, python=str(python), merge="sha rds/**/result.json")
    done = runner.run("Run")
    result = runner.temporary / "speedbump" / "result.json"
    shards = "<sha rds/$(touch c)/deep/result.json><sha rds/a b/result.json>"
    merged = f"<-m><pytest_speedbump><merge><--output><{result}>{shards}"
    assert (done.stdout, done.stderr) == (merged, "")
    reported = f"<-m><pytest_speedbump><report><{result}><--html><{result.with_name('report.html')}><--markdown><->"
    assert (runner.temporary / "summary").read_text() == reported
    assert not list(tmp_path.rglob("c"))
