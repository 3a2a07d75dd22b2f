"""The benchmark of programs: their true answers, its tables, its document. Nothing is timed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from programs_records import cost, known, same
from truth_records import ORIGIN

from benchmarks.programs import SCHEMA, tally
from benchmarks.programs import known as programs
from benchmarks.programs.cases import CASES
from benchmarks.programs.jobs import FULL, SMOKE, jobs
from benchmarks.programs.tables import markdown

ROOT = Path(__file__).parents[2]


# Truths


def test_true_answers() -> None:
    truths = {case.program: (case.true_drop, case.true_transmission) for case in CASES}
    assert truths == {
        "serial": pytest.approx((0.2, 1)),
        "many calls": pytest.approx((0.2, 1)),
        "hidden": (0, 0),
        "half hidden": pytest.approx((1 / 6, 0.5)),
        "serial workers": pytest.approx((0.2, 0.5)),
        "hidden worker": (0, 0),
        "half hidden worker": pytest.approx((1 / 6, 0.5)),
        "deep queue": pytest.approx((1 / 11, 0.5)),
    }


def test_every_program_is_asked_about() -> None:
    assert {case.program for case in CASES} == set(programs.PROGRAMS)


class EnoughError(Exception):
    pass


def test_programs_call_what_their_cases_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of their own: how often a unit calls the target, and how long its stage sleeps."""
    calls: list[str] = []
    slept: list[float] = []

    def step() -> None:
        calls.append("step")
        if calls.count("step") == 3:
            raise EnoughError

    monkeypatch.setattr(programs, "schedule", lambda: calls.append("schedule"))
    monkeypatch.setattr(programs, "step", step)
    monkeypatch.setattr("time.sleep", slept.append)
    for case in CASES[:2]:
        calls.clear()
        slept.clear()
        with pytest.raises(EnoughError):
            programs.PROGRAMS[case.program]()
        assert calls.count("schedule") == 3 * case.calls
        assert slept == [case.stage_ns / 1e9] * 3


# Jobs and tallies


def test_all_is_measured_in_a_full_run_and_a_little_of_all_in_a_smoke_run() -> None:
    full, smoke = jobs(FULL, "*"), jobs(SMOKE, "*")
    assert [(job.name, job.condition) for job in full] == [(job.name, job.condition) for job in smoke]
    assert {(job.name, job.count) for job in full if job.name.startswith("same/")} == {
        ("same/quiet", 100),
        ("same/hog", 100),
    }
    assert {job.count for job in smoke} == {1}
    assert [job.name for job in jobs(FULL, "cost/*")] == ["cost/start", "cost/join", "cost/switch"]


@pytest.mark.parametrize(
    ("record", "near"),
    [
        (known("serial", 0.205), True),
        (known("serial", 0.211), False),
        (known("serial", 0.2, 0.96), False),
        (known("serial", 0.2, None), False),
        (known("serial", 0.2, seconds=20.1), False),
        (known("serial", None, None, verdict="void"), False),
        (known("deep queue", None, None, verdict="inconclusive", absorbs=True), True),
        (known("deep queue", 0.0, 0.0, absorbs=True), False),
    ],
)
def test_an_answer_is_near_or_not(record: dict[str, Any], near: bool) -> None:
    assert tally.Known(record).is_near == near


def test_tallies() -> None:
    records = [
        known("hidden", 0.2), known("another", 0.2), known("serial", 0.2),
        *(same("hog", verdict) for verdict in ("insensitive", "inconclusive", "insensitive")),
        *(cost("join", "added_ns", ns) for ns in (3e6, 1e6, 2e6)),
    ]  # fmt: skip
    assert [one.record["program"] for one in tally.knowns(records)] == ["serial", "hidden", "another"]
    assert tally.verdicts(records) == {"hog": {"insensitive": 2, "inconclusive": 1}}
    assert tally.medians(records, "join", "added_ns") == 2e6
    assert tally.medians(records, "start", "added_ns") is None


# Output


def test_markdown_holds_every_kind_of_record_and_says_what_broke() -> None:
    document = {
        "schema": SCHEMA,
        "origin": ORIGIN,
        "complete": False,
        "seconds": 120.0,
        "note": "Shared.",
        "records": [
            known("serial", 0.207, 0.95),
            known("hidden", None, None, verdict="void", reason="it never ran", true_drop=0.0, true_transmission=0.0),
            same("quiet", "insensitive"),
            same("quiet", "sensitive"),
            cost("start", "added_ns", 70e3),
            cost("join", "added_ns", 5e6),
        ],
        "failures": [{"job": "known/x", "error": "RuntimeError()"}],
    }
    text = markdown(document)
    for part in ("A processor", "2 min, incomplete. Shared.", "- known/x: RuntimeError()"):
        assert part in text
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    for row in (
        ["serial", "20.0%", "+0.007", "1.000", "-0.050", "12.0", "NO", "measured"],
        ["hidden", "0.0%", "-", "0.000", "-", "12.0", "NO", "void: it never ran"],
        ["quiet", "2", "1", "0", "1", "0"],
        ["a start, where nothing is set", "70us", "<= 1ms", "yes"],
        ["joining an experiment", "5ms", "<= 3ms", "NO"],
    ):
        assert row in rows


def command(*options: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "benchmarks.programs", *map(str, options)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_command_measures_writes_and_prints_again(tmp_path: Path) -> None:
    path, text = tmp_path / "programs.json", tmp_path / "programs.md"
    run = command("--smoke", "--only", "[kc]*/*s[ew]*", "--output", path, "--markdown", text, "--seed", 1)
    assert run.returncode == 0, run.stderr
    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["schema"], document["complete"], document["seed"]) == (SCHEMA, True, 1)
    assert document["origin"]["smoke"]
    kinds = {(one["kind"], one.get("program")) for one in document["records"]}
    assert kinds == {("known", "serial"), ("known", "serial workers"), ("switch", None)}
    (serial,) = (one for one in document["records"] if one.get("program") == "serial")
    assert serial["verdict"] in ("measured", "inconclusive"), serial["reason"]
    assert serial["calls"] == pytest.approx(1, abs=0.2)
    assert serial["latency"]["control_ns"] > 4e6
    assert text.read_text(encoding="utf-8") == run.stdout
    assert command("--table", path).stdout == run.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--output is missing; say where the JSON goes"),
        (["--output", os.devnull, "--only", "x"], "error: --only 'x' matches no job; try '*', "),
        (["--table", "/no/such/document"], "error: /no/such/document cannot be read"),
    ],
)
def test_bad_options_get_a_sentence(options: list[str], says: str) -> None:
    run = command(*options)
    assert (run.returncode, run.stdout) == (2, "")
    assert says in run.stderr
