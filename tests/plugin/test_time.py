"""How long measuring takes: the limits of a bump and of a run hold, and what is to come is said beforehand."""

import json
import re

import pytest
from suite import BRIEFLY, Suite

TESTS = """
def test_long(benchmark):
    benchmark(work.leaf)

@pytest.mark.speedbump_insensitive("work.leaf", delay="1s", budget="2%")
def test_declared(benchmark):
    benchmark.pedantic(work.leaf, iterations=10, rounds=5)
"""


def test_what_cannot_fit_is_not_begun(suite: Suite) -> None:
    """Rounds of 0.04 us hold a hundred calls and more: the pilot alone would have taken half an hour."""
    run = suite.run(TESTS, "--speedbump-target=work.leaf", "--speedbump-delay=1s", "--speedbump-max-time=500ms")
    assert run.code == 0
    assert [(result["verdict"], result["cause"], result["pairs"]) for result in run.results] == [
        ("measured", "too_long", 0),
        ("inconclusive", "hopeless", 0),
        ("measured", "too_long", 0),
    ]
    assert all("and the limit is 500ms; give it --speedbump-max-time " in one["reason"] for one in run.results)
    assert all(one["drop"] is one["transmission"] is None for one in run.results)
    assert all(one["requested_ns"] is None for one in run.results), "not one delay was spent"


FROZEN = """
@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    monkeypatch.setattr("time.perf_counter_ns", lambda: 0)  # as freezegun does

@pytest.mark.speedbump("work.leaf")
def test_ours(speedbump):
    speedbump(work.call)

@pytest.mark.speedbump("work.leaf")
def test_pedantic(benchmark):
    benchmark.pedantic(work.call, rounds=5)
"""


def test_where_time_stands_still_nothing_can_be_measured(suite: Suite) -> None:
    """No round was ever long enough, and no block at its end."""
    run = suite.run(FROZEN)
    assert (run.code, run.counts, run.results) == (1, {"failed": 2}, [])
    assert run.out.count("speedbump: time stands still: something, such as freezegun, has replaced time.perf_cou") == 2


# The first test needs longer for one round than all of them have.
GREEDY = """
import time

@pytest.mark.speedbump("work.leaf")
def test_long(speedbump):
    speedbump(lambda: (work.leaf(), time.sleep(0.4)))

@pytest.mark.speedbump_insensitive("work.leaf", budget="2%")
@pytest.mark.speedbump("work.leaf")
def test_without(speedbump):
    speedbump(work.call)
"""


@pytest.mark.parametrize("passes", ["1", "2"])
def test_the_total_time_is_shared_and_what_gets_none_is_told(suite: Suite, passes: str) -> None:
    options = ("--speedbump-total-time=300ms", "--speedbump-strict", f"--speedbump-passes={passes}")
    run = suite.run(GREEDY, *options)
    assert run.counts == {"passed": 1, "failed": 1}
    assert [(result["verdict"], result["outcome"], result["cause"]) for result in run.results] == [
        ("measured", "passed", "too_long"),
        ("measured", "passed", "total_time"),
        ("inconclusive", "failed", "total_time"),
    ]
    assert {result["limited_by"] for result in run.results} == {"--speedbump-total-time"}
    assert all(result["drop"] is result["requested_ns"] is None for result in run.results)
    long, _, used_up = (result["reason"] for result in run.results)
    assert "and the limit is 100ms; give it --speedbump-total-time " in long
    assert used_up == "the total time of 300ms is used up; give the run a longer --speedbump-total-time"
    assert f"inconclusive about 2.0%: {used_up}" in run.out
    assert "Noise" not in run.out
    assert f"[work.leaf +2us]: measured: {used_up}" in run.out
    assert "speedbump: 3 verdicts in 2 tests; at most 1s" in run.out


PLANNED = """
@pytest.mark.speedbump("work.leaf", delay="100us,200us")
def test_sweep(speedbump):
    speedbump(work.call)

@pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")
def test_sensitive(speedbump):
    speedbump(work.call)

@pytest.mark.speedbump_sensitive("work.leaf", delay="300us", at_least="10%")
def test_left_out(speedbump):
    speedbump(work.call)
"""
CACHE = ".pytest_cache/v/speedbump/seconds"


def test_what_is_to_come_is_said_beforehand(suite: Suite) -> None:
    run = suite.run(PLANNED, BRIEFLY, "-p", "cacheprovider", "--deselect=test_it.py::test_left_out")
    plan = "speedbump: 3 verdicts in 2 tests; "
    shared = "; they share the error rate with 1 that is not run"
    assert f"{plan}at most 1s{shared}\n" in run.out
    seconds = suite.read_json(CACHE)
    assert seconds == {
        "test_it.py::test_sweep": {
            f"work.leaf +{one['delay_ns'] / 1e3:.0f}us": pytest.approx(one["seconds"], abs=0.001)
            for one in run.results[:2]
        },
        "test_it.py::test_sensitive": {"work.leaf +100us": pytest.approx(run.results[2]["seconds"], abs=0.001)},
    }

    seconds["test_it.py::test_sweep"] = {"work.leaf +200us": 40, "work.leaf +100us": "long"}
    seconds["test_it.py::test_sensitive"] = ["broken"]
    seconds["test_it.py::test_gone"] = seconds["test_other.py::test_it"] = {"work.leaf +200us": 1.0}
    (suite.path / CACHE).write_text(json.dumps(seconds))
    run = suite.run(PLANNED, BRIEFLY, "-p", "cacheprovider", "--deselect=test_it.py::test_left_out")
    assert f"{plan}1 of them took 40s last time, at most 1s{shared}\n" in run.out
    assert suite.read_json(CACHE).keys() == {
        "test_it.py::test_sweep",
        "test_it.py::test_sensitive",
        "test_other.py::test_it",
    }, "a file that was looked at does not hold the test any more; what is in others is not known"


def test_a_cache_that_cannot_be_written_costs_nothing(suite: Suite) -> None:
    run = suite.run(PLANNED, BRIEFLY, "-p", "cacheprovider", "-o", "cache_dir=/proc/nowhere", "-k", "test_sensitive")
    assert (run.code, len(run.results)) == (0, 1)
    assert "could not create cache path" in run.out, "as pytest says"
    assert "speedbump/seconds" not in run.out


@pytest.mark.parametrize("options", [("-q",), ("--speedbump-list",), ("--collect-only",), ("-k", "nothing")])
def test_what_nobody_wants_to_know_is_not_said(suite: Suite, options: tuple[str, ...]) -> None:
    assert not re.search(r"speedbump: \d+ verdicts? in", suite.run(PLANNED, BRIEFLY, *options).out)
