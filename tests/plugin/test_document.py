"""The result document and its copies: --speedbump-json, pytest-benchmark's extra_info, JUnit properties."""

import math
import platform
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from suite import BRIEFLY, Run, Suite

import pytest_speedbump

INTERFACE = {
    "test", "targets", "mode", "delay_ns", "declared", "verdict", "outcome", "reason", "drop", "transmission", "floor",
    "pairs", "iterations", "seconds", "bare_ns", "control_ns", "slowed_ns", "calls", "requested_ns", "delivered_ns",
    "late_ns", "probe_ns", "matched", "evidence", "machine",
}  # fmt: skip

TESTS = """
    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    def test_declared(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("work.leaf", "work.other", delay="100us")
    def test_plain(benchmark):
        benchmark.pedantic(work.call, iterations=3, rounds=5)

    @pytest.mark.speedbump("work.gone", delay="100us")
    def test_void(benchmark):
        benchmark(work.call)
"""


def test_document(suite: Suite) -> None:
    run = suite.run(TESTS, "--speedbump-seed=11", "--speedbump-error-rate=1%", "--speedbump-max-time=1s")
    document = run.document
    assert document.keys() == {
        *("schema", "seed", "error_rate", "family", "commit", "folder", "run", "attempt", "options", "environment"),
        *("failures", "results", "scans", "tests", "unmeasured"),
    }
    assert (document["schema"], document["seed"], document["error_rate"]) == ("pytest-speedbump/1", 11, 0.01)
    environment = document["environment"]
    assert environment.keys() == {"python", "gil", "machine", "cpus", "clock", "version"}
    assert environment["python"] == platform.python_version()
    assert environment["version"] == pytest_speedbump.__version__
    assert isinstance(environment["gil"], bool)

    declared, plain, void = run.results
    for result in run.results:
        assert result.keys() >= INTERFACE
    check_declared(declared)
    check_plain(plain, suite)
    check_void(void)


def check_declared(result: dict[str, Any]) -> None:
    assert result["declared"] == {"kind": "insensitive", "limit": 0.1, "by": "marker"}
    assert (result["test"], result["targets"], result["mode"]) == ("test_it.py::test_declared", ["work.leaf"], "spin")
    drop, transmission = result["drop"], result["transmission"]
    assert 0.1 <= drop["low"] <= drop["estimate"] <= drop["high"] <= 1
    assert transmission["low"] <= transmission["estimate"] <= transmission["high"]
    assert result["slowed_ns"] == result["bare_ns"] / (1 - drop["estimate"])
    assert result["slowed_ns"] > 100e3 > result["control_ns"] >= result["bare_ns"], "times are per call, not per round"
    assert result["probe_ns"] == pytest.approx(result["control_ns"] - result["bare_ns"], abs=1e-3)
    assert (result["calls"], result["delay_ns"]) == (1, 100e3)
    assert abs(result["requested_ns"] - 100e3) < 1
    assert abs(result["delivered_ns"] / result["requested_ns"] - 1) < 0.05, "the audit passed"
    assert result["pairs"] > 0
    assert result["seconds"] > 0
    check_evidence(result["evidence"], alpha=0.01)
    check_machine(result["machine"])


def check_evidence(evidence: dict[str, float], alpha: float) -> None:
    """Natural logs; its maximum over the attempt is what a failure rests on."""
    assert evidence.keys() == {"over", "under", "over_max", "under_max"}
    assert evidence["over_max"] >= max(evidence["over"], -math.log(alpha))
    assert evidence["under_max"] >= max(evidence["under"], 0)


def check_machine(machine: dict[str, Any]) -> None:
    assert machine.keys() == {"waited", "late", "switches", "others", "set_aside", "judged_by"}
    assert machine["judged_by"] in ("all", "unwaited", "net")
    assert all(machine[name] >= 0 for name in ("waited", "late", "switches", "set_aside"))
    assert machine["others"] is None or machine["others"] >= 0


def check_plain(result: dict[str, Any], suite: Suite) -> None:
    assert result["declared"] is result["evidence"] is None
    assert (result["verdict"], result["iterations"], result["calls"]) == ("measured", 3, 2)
    leaf, other = sorted(result["matched"], key=lambda code: code["name"])
    assert leaf.keys() == {"name", "file", "line", "calls", "delivered_ns", "kind"}
    assert (leaf["name"], leaf["file"], leaf["line"], leaf["calls"]) == ("work.leaf", str(suite.path / "work.py"), 1, 1)
    assert (other["name"], other["calls"]) == ("work.other", 1)
    total = leaf["delivered_ns"] + other["delivered_ns"]
    assert abs(total / result["delivered_ns"] - 1) < 0.1, "both are per call; the first pair only warms up"


def check_void(result: dict[str, Any]) -> None:
    assert (result["verdict"], result["outcome"]) == ("void", "failed")
    assert result["reason"].startswith("work.gone never ran in the measured rounds")
    unknown = ("drop", "transmission", "floor", "bare_ns", "slowed_ns", "probe_ns", "evidence")
    assert {result[name] for name in unknown} == {None}
    check_machine(result["machine"] | {"late": 0.0})
    assert result["machine"]["late"] is None, "nothing was delivered"
    assert (result["calls"], result["matched"]) == (0, [])


def test_a_callable_that_broke_has_nothing_known(suite: Suite) -> None:
    run = suite.run("""
        @pytest.mark.speedbump("work.leaf")
        def test_it(benchmark):
            inputs = [1]
            benchmark.pedantic(lambda: work.leaf(inputs.pop()))
    """)
    unknown = (
        "drop", "transmission", "floor", "bare_ns", "control_ns", "slowed_ns", "calls", "requested_ns", "delivered_ns",
        "machine", "evidence",
    )  # fmt: skip
    assert {run.result[name] for name in unknown} == {None}


def test_extra_info_holds_the_same_results(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump("work.leaf", delay="50us,100us")
        def test_it(benchmark):
            benchmark.extra_info["own"] = 1
            benchmark(work.call)
        """,
        "--benchmark-json=benchmark.json",
        BRIEFLY,
    )
    (row,) = suite.read_json("benchmark.json")["benchmarks"]
    assert row["extra_info"] == {"own": 1, "speedbump": run.results}
    assert len(run.results) == 2


def test_the_document_of_a_run_without_benchmarks_is_empty(suite: Suite) -> None:
    run = suite.run("def test_it():\n    pass")
    assert (run.code, run.results) == (0, [])


def test_an_old_document_is_replaced(suite: Suite) -> None:
    (suite.path / "old.json").write_text("old")
    run = suite.run("def test_it():\n    pass", "--speedbump-json=old.json")
    assert suite.read_json("old.json")["results"] == []
    assert run.document is None
    assert {path.name for path in suite.path.glob("*.json*")} == {"old.json"}, "nothing temporary is left"


def junit_properties(suite: Suite, run: Run) -> dict[str, dict[str, str]]:
    root = ET.parse(suite.path / "junit.xml").getroot()
    return {
        case.attrib["name"]: {item.attrib["name"]: item.attrib["value"] for item in case.iter("property")}
        for case in root.iter("testcase")
    }


def test_junit_properties(suite: Suite) -> None:
    run = suite.run(TESTS, "--junitxml=junit.xml", "--speedbump-max-time=1s")
    properties = junit_properties(suite, run)
    declared, void = properties["test_declared"], properties["test_void"]
    assert (declared["speedbump.0.verdict"], declared["speedbump.0.outcome"]) == ("sensitive", "failed")
    assert declared["speedbump.0.targets"] == "work.leaf"
    assert float(declared["speedbump.0.drop"]) == run.results[0]["drop"]["estimate"]
    assert void["speedbump.0.reason"] == run.results[2]["reason"]
    assert "speedbump.0.drop" not in void
    assert "None" not in {value for test in properties.values() for value in test.values()}, "unknown is left out"
    root = ET.parse(suite.path / "junit.xml").getroot()
    failures = {case.attrib["name"]: case.find("failure") for case in root.iter("testcase")}
    assert failures["test_plain"] is None
    assert failures["test_declared"] is not None
    assert "more than the budget of 10.0%" in failures["test_declared"].attrib["message"]
