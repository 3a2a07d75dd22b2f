"""--speedbump-scan: each benchmark is scanned after its bumps are judged, and nothing that is found fails a test."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from suite import BRIEFLY, Suite

SCAN = "--speedbump-scan=work.*"
BENCHMARK = """
    def test_it(benchmark):
        benchmark(work.call)
"""

# In the place of the procedure: looks at one round, as a listing does, and writes down what it was made with. The shape
# of what it ranks is all that is of interest here.
FAKE = """
    import json
    import os
    import time
    from dataclasses import asdict

    import pytest

    import pytest_speedbump.trials.scan as procedure
    from pytest_speedbump.experiment.rounds import look
    from pytest_speedbump.experiment.subject import CallableRaisedError, show_error
    from pytest_speedbump.ranking import Ranked, Ranking
    from pytest_speedbump.remarks import Remark
    from pytest_speedbump.slowing.session import armed, make_session, take_snapshot
    from pytest_speedbump.trials.explain import explain

    class Scan:
        def __init__(self, test, targets, mode, rules, watch):
            self.test, self.targets, self.mode, self.rules, self.watch = test, targets, mode, rules, watch
            self.session = make_session(targets, mode, "the scan")
            self.reason, self.seconds = Remark(), 0.0

        def run(self, subject, stop_at):
            self.seconds = 1.5
            with open("scans", "a") as file:
                left_s = (stop_at - time.perf_counter_ns()) / 1e9
                print(json.dumps(asdict(self.rules) | {"test": self.test, "left_s": left_s}), file=file)
            with armed(self.session):
                try:
                    began = time.perf_counter_ns()
                    for left in (2, 1, 0):
                        look(self.session, subject)
                        self.watch.scanned("doses", left, 1e9, 2e9)
                        if time.perf_counter_ns() - began > self.rules.max_time_ns:
                            break
                except CallableRaisedError as error:
                    self.reason = Remark("raised", error=show_error(error.__cause__), round=1, arm="unslowed")
            if not (self.reason or take_snapshot(self.session, self.targets).matched):
                target, hint = ", ".join(self.targets.names), explain(self.targets.names, subject).hint
                self.reason = Remark("unmatched", target=target, hint=hint)

        def ranking(self):
            rank = dict.fromkeys(("share", "transmission", "slack_ns", "gain", "gain_per_us"))
            rank |= {"verdict": "unresolved", "confirmed": False, "rank": 1, "pairs": 0}
            codes = take_snapshot(self.session, self.targets).matched
            functions = tuple(
                Ranked(name=c.name, file=c.file, line=c.line, calls=c.calls, **rank) for c in codes
            )
            return Ranking(test=self.test, targets=self.targets, mode=self.mode, functions=functions,
                           seconds=self.seconds, reason=self.reason)

    procedure.Scan = Scan
"""


@pytest.fixture
def scanning(suite: Suite) -> Suite:
    suite.pytester.makeconftest(FAKE)
    return suite


def begun(suite: Suite) -> list[dict[str, Any]]:
    """The rules of each scan that was begun."""
    return [json.loads(line) for line in (suite.path / "scans").read_text().splitlines()]


def names(scan: dict[str, Any]) -> set[str]:
    return {one["name"] for one in scan["functions"]}


ALL = """
    def test_plain():
        pass

    def test_deselected(benchmark):
        benchmark(work.call)

    @pytest.mark.parametrize("x", [1, 2])
    class TestClass:
        def test_method(self, benchmark, x):
            assert benchmark(work.call, x) == x

    @pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")
    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    def test_judged(speedbump):
        result = speedbump(work.call)
        assert [one.verdict for one in speedbump.results] == ["sensitive", "sensitive"]
        assert result is speedbump.results[0]
        assert speedbump.ranking.functions

    def test_scanned(speedbump):
        result = speedbump(work.call)
        assert (speedbump.results, result.verdict) == ((), "void")
        assert speedbump.ranking.test.endswith("test_scanned")
        with pytest.raises(LookupError, match="the test has no bump and was only scanned: `speedbump.ranking` is what"):
            result.drop
        with pytest.raises(pytest.fail.Exception, match="the speedbump fixture was used already in this test"):
            speedbump(work.call)

    def test_uses_the_drop(speedbump):
        assert speedbump(work.call).drop < 0.02

    def test_once(benchmark):
        inputs = [1]
        assert benchmark.pedantic(lambda: work.leaf(inputs.pop())) == 1

    def test_calls_nothing(benchmark):
        open("ran", "a").write("x")
        benchmark(int)
"""


def test_every_benchmark_is_scanned_once_its_bumps_are_judged(scanning: Suite) -> None:
    run = scanning.run(
        ALL, SCAN, "--speedbump-scan=!work.other", "-k", "not deselected", "--speedbump-scan-markers",
        "--speedbump-seed=7", "--speedbump-mode=nogil", "--speedbump-passes=2", "--benchmark-json=benchmark.json",
        "-p", "cacheprovider",
    )  # fmt: skip
    scans = {one["test"].removeprefix("test_it.py::"): one for one in run.document["scans"]}
    assert list(scans) == [
        "TestClass::test_method[1]", "TestClass::test_method[2]", "test_judged", "test_scanned", "test_uses_the_drop",
        "test_once", "test_calls_nothing",
    ]  # fmt: skip
    assert (run.code, run.counts) == (1, run.counts | {"failed": 2, "passed": 6, "deselected": 1})
    assert "the run fails" not in run.out
    assert all(one["targets"] == ["work.*", "!work.other"] and one["mode"] == "nogil" for one in scans.values())
    whole = {name for name, one in scans.items() if names(one) == {"work.call", "work.leaf"}}
    assert whole == set(scans) - {"test_once", "test_calls_nothing"}

    rules = begun(scanning)
    assert [one["test"].removeprefix("test_it.py::") for one in rules] == list(scans), "no early pass scans"
    assert (scanning.path / "ran").read_text() == "x", "nor is there one of what is scanned only"
    assert {(one["max_time_ns"], one["seed"], one["limited_by"], one["left_s"]) for one in rules} == {
        (2e9, 7, "--speedbump-max-time", float("inf"))
    }
    assert {one["alpha"] for one in rules} == {0.05 / 7}
    assert "speedbump: 2 verdicts and 7 scans in 7 tests; at most 18s" in run.out

    assert [result["verdict"] for result in run.results] == ["sensitive", "sensitive"], "what was scanned has none"
    assert "no drop is known for work.*, !work.other +0ns nogil: the test has no bump and was only scanned" in run.out
    assert "costs" in run.out, "the budget"

    assert scans["test_once"]["cause"] == "raised"
    assert "the callable raised IndexError('pop from empty list') when repeated" in run.out
    assert scans["test_calls_nothing"]["cause"] == "unmatched"
    assert "calls nothing that matches work.*" in run.out
    assert "speedbump: markers that pin what was found" in run.out
    assert "speedbump: --speedbump-passes has no effect on scans" in run.out

    rows = scanning.read_json("benchmark.json")["benchmarks"]
    assert [row["extra_info"]["speedbump_scan"] for row in rows] == [
        one for name, one in scans.items() if name not in ("test_judged", "test_scanned", "test_uses_the_drop")
    ]
    assert all("speedbump" not in row["extra_info"] for row in rows), "there is no bump"
    seconds = scanning.read_json(".pytest_cache/v/speedbump/seconds")
    assert seconds["test_it.py::test_scanned"] == {"scan of work.*, !work.other nogil": 1.5}
    assert len(seconds["test_it.py::test_judged"]) == 2, "one for both markers, which slow the same"


@pytest.mark.parametrize(
    ("options", "typed_by", "code"),
    [
        (("--speedbump-scan=work.laef",), "typed", 1),
        (("--speedbump-scan=work.laef", "--speedbump-list"), "typed", 1),
        (("--speedbump-scan=work.laef", "--speedbump-advisory"), "typed", 0),
        (("-o", "speedbump_scan=work.laef"), "ini", 1),
        (("-o", "speedbump_scan=work.laef", "test_it.py"), "ini, in part", 0),
    ],
)
def test_where_nothing_is_called_the_run_fails(
    scanning: Suite, options: tuple[str, ...], typed_by: str, code: int
) -> None:
    run = scanning.run(BENCHMARK, *options)
    assert (run.code, run.counts) == (code, {"passed": 1})
    said = "work.laef never ran" if "--speedbump-list" in options else "calls nothing that matches work.laef"
    sentence = (
        f"no benchmark of this run could be scanned: test_it.py::test_it: {said}; what did run has names like work"
    )
    assert f"speedbump: the run fails: {sentence}" in run.out or not code
    if typed_by == "ini, in part":
        assert re.search(f"speedbump: {sentence}.*; the target stands in an ini file, and a part of the", run.out)


def test_what_is_scanned_is_listed_without_being_scanned(scanning: Suite) -> None:
    run = scanning.run(
        """
        @pytest.mark.speedbump("work.leaf")
        def test_it(speedbump):
            assert speedbump(work.call).verdict == "listed"
        """,
        SCAN,
        "--speedbump-list",
        "--speedbump-target=work.laef",
    )
    assert (run.code, run.document["scans"]) == (1, [])
    assert "the run fails: no benchmark of this run calls its targets: work.laef never ran; " in run.out
    assert "could be scanned" not in run.out
    assert [{code["name"] for code in result["matched"]} for result in run.results] == [
        {"work.leaf"},
        set(),
        {"work.leaf", "work.other", "work.call"},
    ]
    assert [result["targets"] for result in run.results] == [["work.leaf"], ["work.laef"], ["work.*"]]
    assert not (scanning.path / "scans").exists()
    assert "scans in" not in run.out


INTERRUPTED = """
    rounds = iter(range(1000))

    def stop_at(number, how):
        def step():
            work.leaf()
            import sys
            if any(map(sys.monitoring.get_tool, (3, 4))) and next(rounds) == number:
                how()
        return step

    def fail():
        pytest.fail("enough")

    def interrupt():
        raise KeyboardInterrupt

    def test_gives_up(benchmark):
        benchmark.pedantic(stop_at(1, fail))

    def test_before_anything(speedbump):
        speedbump(stop_at(3, fail))

    def test_interrupted(benchmark):
        benchmark.pedantic(stop_at(5, interrupt))

    def test_after(benchmark):
        benchmark(work.call)
"""


def test_what_is_known_of_an_interrupted_scan_is_kept(scanning: Suite) -> None:
    run = scanning.run(INTERRUPTED, SCAN)
    assert (run.code, run.counts) == (pytest.ExitCode.INTERRUPTED, {"failed": 2})
    gave_up, _, interrupted = run.document["scans"]
    assert [names(one) for one in run.document["scans"]] == [{"work.leaf"}] * 3
    assert gave_up["reason"] == "the scan was interrupted by Failed; what is there was found until then"
    assert interrupted["reason"] == "the scan was interrupted by KeyboardInterrupt; what is there was found until then"
    assert run.out.count("the scan was interrupted by") == 3


def test_what_cannot_be_scanned_fails_no_test_but_the_run(scanning: Suite) -> None:
    run = scanning.run(
        """
        import sys

        @pytest.fixture(autouse=True)
        def greedy():
            for number in (3, 4):
                sys.monitoring.use_tool_id(number, "abacus")
            yield
            for number in (3, 4):
                sys.monitoring.free_tool_id(number)

        def test_it(benchmark):
            benchmark(work.call)
        """,
        SCAN,
    )
    assert (run.code, run.counts) == (1, {"passed": 1})
    reason = "no free sys.monitoring tool id: 3 is held by 'abacus'"
    assert run.document["scans"][0]["reason"].startswith(reason)
    assert (
        f"speedbump: the run fails: no benchmark of this run could be scanned: test_it.py::test_it: {reason}" in run.out
    )
    disabled = scanning.run(BENCHMARK, SCAN, "--benchmark-disable")
    assert (disabled.code, disabled.document["scans"]) == (1, [])
    assert "not measured: test_it.py::test_it: benchmarks are disabled" in disabled.out
    assert "the run fails: no benchmark was scanned for work.*" in disabled.out


def test_the_time_of_scans(scanning: Suite) -> None:
    """A fair share of the total for each scan and bump, and none where that is used up."""
    tests = """
        import time

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_both(speedbump):
            speedbump(lambda: (work.leaf(), time.sleep(0.15)))

        def test_slow(speedbump):
            speedbump(lambda: (work.leaf(), time.sleep(0.8)))

        def test_late(speedbump):
            speedbump(work.call)
    """
    run = scanning.run(tests, SCAN, "--speedbump-total-time=1s")
    assert run.code == 0
    assert "speedbump: 1 verdict and 3 scans in 3 tests; at most 1s" in run.out
    assert "and the limit is 250ms; give it --speedbump-total-time" in run.result["reason"], "a bump and three scans"
    assert [one["limited_by"] for one in begun(scanning)] == ["--speedbump-total-time"] * 2
    first, second = (one["max_time_ns"] / 1e6 for one in begun(scanning))
    assert first < (1000 - 150) / 3, "of what the bump has left; two others are to come"
    assert second < (1000 - 2 * 150) / 2
    both, slow, late = run.document["scans"]
    assert names(both) == names(slow) == {"work.leaf"}
    assert late["reason"] == "the total time of 1s is used up; give the run a longer --speedbump-total-time"


def test_a_ranking_belongs_to_an_attempt(scanning: Suite) -> None:
    pytest.importorskip("pytest_rerunfailures", reason="pytest-rerunfailures is not installed")
    tests = """
        attempts = iter(range(2))

        def test_it(speedbump):
            if next(attempts):
                pytest.skip("not again")
            speedbump(work.call)
            assert False
    """
    run = scanning.run(tests, SCAN, "--reruns=1", plugins=("benchmark", "speedbump", "rerunfailures"))
    assert (run.counts, len(begun(scanning))) == ({"skipped": 1, "rerun": 1}, 1)
    assert run.document["scans"] == []


def test_a_scan_may_take_a_minute_unless_it_is_said(scanning: Suite) -> None:
    scanning.write("test_it.py", "import work\ndef test_it(benchmark):\n    benchmark(work.call)\n")
    plugins = ("-p", "benchmark", "-p", "speedbump")
    runs = [((), 60e9, ""), (("-o", "speedbump_max_time=3s"), 3e9, "took 2s last time, ")]
    for number, (options, ns, last) in enumerate(runs):
        result = scanning.pytester.runpytest_subprocess(*plugins, SCAN, *options, timeout=120)
        assert result.ret == 0
        assert begun(scanning)[number]["max_time_ns"] == ns
        result.stdout.fnmatch_lines([f"speedbump: 1 scan in 1 test; {last}at most {ns / 1e9:.0f}s"])


def test_pytest_timeout_leaves_its_part(scanning: Suite) -> None:
    pytest.importorskip("pytest_timeout", reason="pytest-timeout is not installed")
    run = scanning.run(BENCHMARK, SCAN, "--timeout=1.5", plugins=("benchmark", "speedbump", "timeout"))
    assert run.code == 0
    (rules,) = begun(scanning)
    assert 0 < rules["left_s"] < 1.2
    (scan,) = run.document["scans"]
    assert scan["warnings"] == ["pytest-timeout left no time to go on; raise its limit, or lower --speedbump-max-time"]


def test_rankings_come_back_from_workers(scanning: Suite) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    tests = """
        def test_a(speedbump):
            speedbump(work.call)

        def test_b(speedbump):
            speedbump(int)
    """
    options = ("-n2", "--speedbump-scan-markers", "--speedbump-seed=3", "-k", "test")
    run = scanning.run(tests, SCAN, *options, plugins=("benchmark", "speedbump", "xdist"))
    assert (run.code, run.counts) == (0, {"passed": 2})
    a, b = sorted(run.document["scans"], key=lambda one: str(one["test"]))
    assert names(a) == {"work.call", "work.leaf", "work.other"}
    assert (b["cause"], b["functions"]) == ("unmatched", [])
    assert {(one["seed"], one["alpha"]) for one in begun(scanning)} == {(3, 0.025)}
    assert "calls nothing that matches work.*" in run.out
    assert "2 workers of pytest-xdist disturb each other's rounds" in run.out
    nothing = scanning.run(tests, "--speedbump-scan=work.laef", "-n1", plugins=("benchmark", "speedbump", "xdist"))
    assert nothing.code == 1
    assert "the run fails: no benchmark of this run could be scanned: test_it.py::test_" in nothing.out


def test_what_no_benchmark_calls_is_said(scanning: Suite) -> None:
    tests = """
        def test_a(benchmark):
            benchmark(work.other)

        def test_b(benchmark):
            benchmark(work.leaf)
    """
    run = scanning.run(tests, SCAN, BRIEFLY)
    assert "no benchmark calls these: 1\n  work.call\n" in run.out
    assert "no benchmark calls these" not in scanning.run(tests, SCAN, BRIEFLY, "-k", "test_a").out, (
        "of one benchmark the table says it"
    )


def test_the_procedure_is_there(suite: Suite) -> None:
    """Not the one above: under it the same benchmark has a ranking."""
    run = suite.run(BENCHMARK, SCAN, BRIEFLY)
    assert run.counts == {"passed": 1}
    (scan,) = run.document["scans"]
    assert (scan["test"], scan["targets"], scan["mode"]) == ("test_it.py::test_it", ["work.*"], "spin")


NOT_IMPORTED = """
    import sys

    def pytest_sessionfinish(session):
        with open("seen", "w") as file:
            print("pytest_speedbump.trials.scan" in sys.modules, file=file)
"""


@pytest.mark.parametrize(("option", "seen"), [("--speedbump-target=work.leaf", "False"), (SCAN, "True")])
def test_without_a_scan_the_procedure_is_not_imported(suite: Suite, option: str, seen: str) -> None:
    suite.pytester.makeconftest(NOT_IMPORTED)
    suite.run(BENCHMARK, option, BRIEFLY)
    assert Path(suite.path / "seen").read_text().strip() == seen


def test_patterns_come_from_files_and_ini_keys(scanning: Suite) -> None:
    scanning.write("hot.txt", "work.*\n!work.other\n")
    run = scanning.run(BENCHMARK, "--speedbump-scan", "@hot.txt")
    assert (run.code, names(run.document["scans"][0])) == (0, {"work.call", "work.leaf"})
    scanning.pytester.makeini("[pytest]\nspeedbump_scan =\n    @hot.txt\n    !work.call\nspeedbump_scan_markers = true")
    run = scanning.run(BENCHMARK)
    assert (run.code, names(run.document["scans"][0])) == (0, {"work.leaf"})
    assert "speedbump: markers that pin what was found" in run.out
