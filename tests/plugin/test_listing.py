"""--speedbump-list: what the targets match, how often one call of the benchmark calls it, and no measurement."""

import tempfile

import pytest
from suite import Suite

from pytest_speedbump.experiment.host import exclusive

TESTS = """
    from pathlib import Path

    def thrice():
        with open("calls", "a") as file:
            file.write("x")
        for _ in range(3):
            work.leaf()
        work.other()
        return "done"

    def test_it(benchmark):
        assert benchmark(thrice) == "done"

    def test_pedantic(benchmark):
        benchmark.pedantic(work.leaf, setup=lambda: ((1,), {}), rounds=1000)

    def test_not_called(benchmark):
        benchmark(work.other)

    @pytest.mark.speedbump_insensitive("work.laef", budget="2%")
    def test_guards_nothing(benchmark):
        benchmark(work.call)
"""


def test_listing(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(suite.path))
    with exclusive(lambda _: pytest.fail("nobody else is here")):  # it measures nothing, so it waits for nobody
        run = suite.run(TESTS, "--speedbump-list", "--speedbump-target=work.leaf", "--benchmark-json=benchmark.json")
    assert (run.code, run.counts) == (0, {"passed": 4})
    it, pedantic, not_called, gone, gone_suite_wide = run.results
    assert {result["verdict"] for result in run.results} == {"listed"}
    assert [(code["name"], code["line"], code["calls"]) for code in it["matched"]] == [("work.leaf", 1, 3)]
    assert it["calls"] == 3
    assert [(code["name"], code["calls"]) for code in pedantic["matched"]] == [("work.leaf", 1)]
    assert (not_called["matched"], not_called["calls"]) == ([], 0)
    assert (gone["targets"], gone["outcome"]) == (["work.laef"], "passed")
    assert "what did run has names like work.leaf" in gone["reason"]
    assert gone_suite_wide["calls"] == 1
    assert {(result["drop"], result["transmission"], result["control_ns"]) for result in run.results} == {(None,) * 3}

    assert len((suite.path / "calls").read_text()) <= 3, "once for the test, once to count"
    assert not (suite.path / "benchmark.json").exists(), "nothing was measured"
    run.pytest.stdout.re_match_lines([
        r"-+ speedbump: what the targets match, with calls in one run of the benchmark -+",
        r"test_it\.py::test_it  work\.leaf",
        r" +3  work\.leaf  \S+/work\.py:1",
        r"test_it\.py::test_not_called  work\.leaf",
        r"  work\.leaf never ran",
    ])  # fmt: skip


def test_listing_with_the_speedbump_fixture(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump("work.*")
        def test_it(speedbump):
            speedbump(work.call)
        """,
        "--speedbump-list",
    )
    assert {code["name"]: code["calls"] for code in run.result["matched"]} == {
        "work.call": 1, "work.leaf": 1, "work.other": 1
    }  # fmt: skip


def test_listing_a_callable_that_cannot_run_twice(suite: Suite) -> None:
    run = suite.run(
        """
        def test_it(benchmark):
            inputs = [1]
            benchmark.pedantic(lambda: work.leaf(inputs.pop()))
        """,
        "--speedbump-list",
        "--speedbump-target=work.leaf",
    )
    assert run.counts == {"passed": 1}
    assert run.result["verdict"] == "listed"
    assert "the callable raised IndexError('pop from empty list') when repeated" in run.result["reason"]


def test_listing_where_nothing_matches_fails_the_run(suite: Suite) -> None:
    run = suite.run(
        "def test_it(benchmark):\n    benchmark(work.call)", "--speedbump-list", "--speedbump-target=work.gone"
    )
    assert run.code == 1
    run.pytest.stdout.fnmatch_lines("speedbump: the run fails: no benchmark of this run calls * work.gone *")
