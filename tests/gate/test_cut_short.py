"""Runs that end before their time: what was found so far is kept and reported."""

import xml.etree.ElementTree as ElementTree

import pytest
from locked import entry, guarded, lock, names_in
from suite import Suite

# The first bump is settled soon. The second is a plain measurement of a run whose time is a lottery: never.
TWO_BUMPS = """
    import random
    import signal
    import time

    calls = 0

    def step():
        global calls
        calls += 1
        if calls == 4000:
            signal.raise_signal(signal.SIGINT)
        done = time.perf_counter() + random.uniform(100e-6, 300e-6)
        work.leaf()
        while time.perf_counter() < done:
            pass

    @pytest.mark.speedbump("work.leaf", delay="10us")
    @pytest.mark.speedbump_insensitive("work.leaf", delay="20us", budget="80%")
    def test_interrupted(speedbump):
        speedbump(step)
"""


SHOWN = """
    @pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")
    def test_before(speedbump):
        speedbump(work.call)
"""


def test_ctrl_c_keeps_the_verdicts_reached_so_far(suite: Suite) -> None:
    lock(suite, entry("test_after"), entry("test_gone"))
    run = suite.run(SHOWN + TWO_BUMPS + guarded("test_after"), "--speedbump-max-time=60s", "--speedbump-save")
    assert run.code == 2
    assert [(result["test"], result["verdict"], result["delay_ns"]) for result in run.results] == [
        ("test_it.py::test_before", "sensitive", 100e3),
        ("test_it.py::test_interrupted", "insensitive", 20e3),
    ]
    run.pytest.stdout.fnmatch_lines(["* speedbump: 2 bumps *", "test_interrupted *insensitive", "*KeyboardInterrupt*"])
    assert names_in(suite) == ["test_after", "test_before", "test_gone", "test_interrupted"]


def test_ctrl_c_before_anything_was_found_makes_no_lockfile(suite: Suite) -> None:
    first = """
    def test_first():
        import signal

        signal.raise_signal(signal.SIGINT)
    """
    run = suite.run(first + guarded("test_after"), "--speedbump-save")
    assert (run.code, run.results) == (2, [])
    assert not (suite.path / ".speedbump.json").exists()
    assert "nothing changed" not in run.out


BROKEN = """
    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    def {name}(speedbump):
        speedbump(work.call)
"""


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_a_verdict_stops_a_run_as_any_failure_does(suite: Suite, option: str) -> None:
    run = suite.run(BROKEN.format(name="test_a") + BROKEN.format(name="test_b"), option)
    assert (run.code, run.counts, len(run.results)) == (1, {"failed": 1}, 1)


def test_a_verdict_is_a_failure_in_junit_and_no_error(suite: Suite) -> None:
    run = suite.run(BROKEN.format(name="test_a") + guarded("test_b"), "--junit-xml=junit.xml", "--tb=short")
    assert (run.code, run.counts) == (1, {"failed": 1, "passed": 1})
    (totals,) = ElementTree.parse(suite.path / "junit.xml").iter("testsuite")
    assert {name: totals.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "2",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
    }
    (failure,) = totals.iter("failure")
    assert "more than the budget of 10.0%" in (failure.get("message") or "")


@pytest.mark.parametrize(("strict", "outcome"), [("False", "xfailed"), ("True", "xfailed")])
def test_a_failure_that_is_expected(suite: Suite, strict: str, outcome: str) -> None:
    run = suite.run(f"@pytest.mark.xfail(strict={strict})\n" + BROKEN.format(name="test_a").replace("\n    ", "\n"))
    assert (run.code, run.counts, run.result["outcome"]) == (0, {outcome: 1}, "failed")


def test_a_failure_that_was_expected_and_did_not_come(suite: Suite) -> None:
    tests = guarded("test_a").replace("@", "@pytest.mark.xfail(strict=True)\n    @", 1)
    run = suite.run(tests)
    assert (run.code, run.counts) == (1, {"failed": 1})
