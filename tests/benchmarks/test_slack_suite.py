"""The benchmark of slack: its tables, what it counts as held, and a look at every part."""

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from truth_records import ORIGIN

from benchmarks.slack import SCHEMA
from benchmarks.slack.jobs import FULL, SMOKE, jobs
from benchmarks.slack.systems import SYSTEMS
from benchmarks.slack.tables import covers, markdown

ROOT = Path(__file__).parents[2]


def found(low: float, high: float | None, true_ns: float = 300e3) -> dict[str, Any]:
    slack = {"estimate": low if high is None else (low + high) / 2, "low": low, "high": high}
    return {"kind": "found", "system": "one call", "condition": "quiet", "true_ns": true_ns, "slack_ns": slack,
            "seconds": 0.5}  # fmt: skip


@pytest.mark.parametrize(
    ("record", "held"),
    [
        (found(284e3, 317e3), True),
        (found(310e3, 320e3), False),
        (found(250e3, 290e3), False),
        (found(250e3, None), True),
        (found(350e3, None), False),
        (found(0.0, 1e3, true_ns=0.0), True),
        (found(10.0, 1e3, true_ns=0.0), False),
        ({"slack_ns": None, "true_ns": 1.0}, None),
    ],
)
def test_what_an_interval_holds(record: dict[str, Any], held: bool | None) -> None:
    assert covers(record) is held


def test_tables() -> None:
    declared = [
        {"kind": "declared", "share": 0.9, "condition": "hog", "verdict": verdict, "seconds": 2.0}
        for verdict in ("insensitive", "insensitive", "inconclusive")
    ]
    nothing = found(0, 1) | {"slack_ns": None}
    document = {
        "origin": ORIGIN, "seconds": 60.0, "complete": True, "note": "", "failures": [],
        "records": [found(284e3, 317e3), found(330e3, 350e3), nothing, *declared],
    }  # fmt: skip
    text = markdown(document)
    assert (
        "| one call | quiet     |      300us |    3 |  320us |      1 of 2 | 1 of 2 |         1 | 13us |     0.5 |"
        in text
    )
    assert (
        "| 0.9                         | hog       |    3 |           2 |            1 |         0 |     2.0 |" in text
    )


def test_the_full_suite_counts_errors() -> None:
    counts = {(job.name, job.condition): job.count for job in jobs(FULL, "*")}
    assert counts["found/one call", "quiet"] == 100
    assert {name.partition("/")[0] for name, _ in counts} == {"found", "declared"}
    assert {job.count for job in jobs(SMOKE, "*")} == {1}
    assert [job.count for job in jobs(FULL, "found/one call", 3)] == [3, 3]


def test_the_devices_keep_their_time() -> None:
    """A step takes no less than its device does, and what is called leaves no more than the device's time."""
    for system in SYSTEMS:
        system.step(random.Random(1))
        assert 0 <= system.slack_ns() <= max(system.device_ns - system.host_ns, 0) / system.calls


def test_the_hosts_of_an_experiment_tell_the_slack() -> None:
    """Those that were delayed are none of them; the few that are far too short by a clock that jumped, neither."""
    device = replace(SYSTEMS[0], device_ns=400.0, calls=2)
    hosts = [100.0, 101.0, 102.0] * 20 + [150.0, 250.0, 400.0] * 30 + [1.0]
    assert device.slack_beside_ns(hosts) == (400 - 101) / 2
    assert replace(device, device_ns=50.0).slack_beside_ns(hosts) == 0


def test_a_smoke_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.slack", "--output", str(tmp_path / "slack.json"), "--smoke"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    document = json.loads((tmp_path / "slack.json").read_text())
    assert (done.returncode, document["schema"], document["failures"]) == (0, SCHEMA, []), done.stderr
    kinds = [record["kind"] for record in document["records"]]
    assert (kinds.count("found"), kinds.count("declared")) == (2 * len(SYSTEMS), 4)
    assert "### Slack that is known" in done.stdout
    bad = subprocess.run([*command, "--runs", "0"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert bad.returncode == 2
    assert "--runs 0 is no number of runs; write 1 or more" in bad.stderr
