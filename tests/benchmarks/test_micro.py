"""The microbenchmarks' own logic, and that they run; what they measure is not judged here."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks.backends import BACKENDS, factory, matcher, missing, unable
from benchmarks.micro.cases import CASES, Case
from benchmarks.micro.delivery import Delivery
from benchmarks.micro.functions import FUNCTIONS, patterns
from benchmarks.micro.sidebyside import SideBySide, measure
from benchmarks.micro.tables import afresh_table, delivery_table, side_by_side_table
from pytest_speedbump import _core

ROOT = Path(__file__).resolve().parents[2]
CHEAP = [case for case in CASES if not case.name.endswith(("-100", "-1000")) or case.name.startswith("snapshot")]


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", CHEAP, ids=[case.name for case in CHEAP])
def test_every_case_runs_or_says_why_not(case: Case, backend: str) -> None:
    lacking = case.lacking(backend)
    if lacking:
        assert lacking.startswith(f"backend {backend} is not able to ")
        return
    with case.open(backend) as work:
        for _ in range(2):
            if work.before is not None:
                work.before()
            work.run()
            if work.after is not None:
                work.after()
    assert not any(sys.monitoring.get_tool(tool) for tool in (3, 4))


def test_missing_backend_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytest_speedbump._core", None)
    monkeypatch.delattr("pytest_speedbump._core", raising=False)
    assert missing("core").startswith("backend core is missing: ")
    assert missing("empty-callback").startswith("backend empty-callback is missing: ")
    assert missing("python") == missing("uninstrumented") == ""
    result = measure(CHEAP[0], ("uninstrumented", "core"), seconds=0.0)
    assert list(result.ns) == ["uninstrumented"]
    assert list(result.skipped) == ["core"]


def test_backends_agree_on_what_the_patterns_choose() -> None:
    names = [(f.__module__, f.__qualname__, f.__code__.co_filename) for f in FUNCTIONS]
    core, reference = (
        [matcher(backend, patterns(10)).match(*name) for name in names] for backend in ("core", "python")
    )
    assert core == reference
    assert sum(pattern >= 0 for pattern in core) == len(FUNCTIONS) // 50


def test_abilities() -> None:
    assert unable("core", "arm", "choose", "delay", "count") == ""
    assert unable("empty-callback", "arm", "delay", "count") == "backend empty-callback is not able to count or delay"
    with pytest.raises(ValueError, match="backend uninstrumented is not able to choose"):
        matcher("uninstrumented", ["f"])
    assert set(BACKENDS) == {"uninstrumented", "empty-callback", "core", "python"}
    assert factory("uninstrumented", ["f"])().snapshot() == ()


def test_ratios_are_of_what_is_added() -> None:
    result = SideBySide(
        "c", "call", {"uninstrumented": 20.0, "empty-callback": 30.0, "core": 32.0, "python": 140.0}, {}
    )
    assert result.ratio("core", "empty-callback") == pytest.approx(1.2)
    assert result.ratio("python", "core") == pytest.approx(10.0)
    assert result.added("core") == pytest.approx(12.0)


def test_ratios_of_what_cannot_be_done_bare_are_of_all() -> None:
    assert SideBySide("c", "set", {"core": 10.0, "python": 50.0}, {}).ratio("python", "core") == pytest.approx(5.0)


def test_nothing_is_divided_by_noise() -> None:
    assert (
        SideBySide("c", "call", {"uninstrumented": 20.0, "core": 20.1, "python": 21.0}, {}).ratio("python", "core")
        is None
    )
    assert SideBySide("c", "call", {"uninstrumented": 20.0, "core": 30.0}, {}).ratio("python", "core") is None


def test_tables() -> None:
    result = SideBySide("c", "call", {"uninstrumented": 20.0, "empty-callback": 30.0, "core": 1234.0}, {"python": "no"})
    cells = [cell.strip() for cell in side_by_side_table([result])[-1].strip("|").split("|")]
    assert cells == ["c", "call", "20.0", "30.0", "1,234", "-", "121.40 x", "-"]
    cells = [cell.strip() for cell in delivery_table([Delivery("core", 1000.0, 1005.0)])[-1].strip("|").split("|")]
    assert cells == ["core", "1000", "1005.0", "+5.0", "+0.50%"]


def test_fresh_processes_are_counted_where_they_are_exact() -> None:
    processes = [
        [Delivery("core", 100.0, 98.1), Delivery("core", 1000.0, 1004.9)],
        [Delivery("core", 100.0, 102.1), Delivery("core", 1000.0, 994.9)],
    ]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in afresh_table(processes)]
    assert lines[0] == ["process", "100 ns", "1000 ns"]
    assert lines[2:] == [["1", "-1.9", "+4.9"], ["2", "+2.1", "-5.1"], ["exact", "1 of 2", "1 of 2"]]


def test_command_prints_ratios_and_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "micro.json"
    chosen = "unmatched-call or (1e+06ns and core) or afresh or counting or plans"
    done = python("-m", "benchmarks.micro", "-q", "-k", chosen, "--smoke", "--output", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| unmatched-call |" in done.stdout
    assert "backend empty-callback is not able to choose" in done.stdout
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["schema"] == "pytest-speedbump-micro/1"
    assert document["origin"]["smoke"] is True
    assert f"measured {document['origin']['core']}" in done.stdout
    assert Path(document["origin"]["core"]).samefile(_core.__file__)
    assert [result["case"] for result in document["side_by_side"]] == ["unmatched-call"]
    assert set(document["side_by_side"][0]["ns"]) == {"uninstrumented", "core", "python"}
    assert [result["backend"] for result in document["delivery"]] == ["core"]
    assert [[r["requested_ns"] for r in found] for found in document["delivery_afresh"]] == [[100.0, 300.0, 1000.0]] * 2
    assert "| exact " in done.stdout
    assert document["plans"].keys() == {"uniform", "doses", "added"}
    assert f"{document['plans']['added']:+.2f} ns a matched call, undelayed under either" in done.stdout
    assert document["counting"]["differ"] == 0 < document["counting"]["calls"]


def test_output_that_cannot_be_written_is_found_before_anything_runs(tmp_path: Path) -> None:
    done = python("-m", "benchmarks.micro", "--output", str(tmp_path))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"--output '{tmp_path}' is a directory; name a file in it" in done.stderr
    assert "match-1" not in done.stdout


def test_ordinary_run_does_not_collect_them() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert config["tool"]["pytest"]["ini_options"]["testpaths"] == ["tests"]
