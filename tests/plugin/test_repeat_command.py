"""The command that repeats a test asks what the run asked, however it was asked."""

import math
import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import SCAN, a_result
from suite import Suite

from pytest_speedbump.bump import Declaration
from pytest_speedbump.report.repeat import repeat, repeat_scan
from pytest_speedbump.result import Result
from pytest_speedbump.units import parse_delays

TESTS = """
@pytest.mark.parametrize("word", ["it's a [word]; $HOME", "plain"])
@pytest.mark.speedbump_insensitive("work.leaf", delay="5us", budget="2%")
@pytest.mark.speedbump("work.other")
def test_marked(benchmark, word):
    benchmark(work.call)

@pytest.mark.speedbump_insensitive()
def test_taken_over(benchmark):
    benchmark(work.call)

def test_plain(benchmark):
    benchmark(work.call)
"""

ASKED = ("test", "targets", "targets_by", "mode", "delay_ns", "share", "every", "declared", "given")


def asked(one: dict[str, Any]) -> list[Any]:
    return [one[name] for name in ASKED]


@pytest.mark.parametrize(
    "options",
    [
        ("--speedbump-target=work.*", "--speedbump-target=!work.call", "--speedbump-budget=2.125%"),
        (
            "--speedbump-target=@patterns",
            "--speedbump-delay=1.2345us,5%,0.1234567%",
            "--speedbump-mode=nogil",
            "--speedbump-every=3",
            "--speedbump-budget=1%",
        ),
    ],
)
def test_it_asks_what_the_run_asked(suite: Suite, options: tuple[str, ...]) -> None:
    suite.write("patterns", "work.le*\n")
    found = suite.run(TESTS, "--speedbump-list", "--speedbump-seed=7", *options).document
    commands = {repeat(Result.from_json(one), found["seed"]): one for one in found["results"]}
    for command, one in list(commands.items())[-5:]:  # of each kind of test, and of each delay
        again = suite.run(TESTS, "--speedbump-list", *shlex.split(command)[1:]).document
        assert asked(one) in map(asked, again["results"]), command
        assert {other["test"] for other in again["results"]} == {one["test"]}
        assert again["seed"] == 7


def test_what_a_marker_says_is_not_repeated() -> None:
    assert repeat(a_result("t.py::test_x[a b]", limit=0.02), 3) == "pytest 't.py::test_x[a b]' --speedbump-seed 3"
    assert repeat(a_result("t.py::test_x"), None) == "pytest t.py::test_x"


def test_slack_has_a_delay_of_its_own() -> None:
    bump = replace(a_result().bump, given=("delay", "every", "mode"), mode="sleep")
    declared = replace(a_result("t.py::x"), bump=replace(bump, declared=Declaration("slack", 0.05, "marker")))
    assert repeat(declared, None) == "pytest t.py::x --speedbump-mode sleep"
    looked_for = replace(a_result("t.py::x"), bump=replace(bump, delay_ns=math.nan, targets_by="command line"))
    said = "pytest t.py::x --speedbump-target=engine.log:emit --speedbump-slack --speedbump-mode sleep"
    assert repeat(looked_for, None) == said


def test_of_a_scan() -> None:
    said = "pytest bench/test_engine.py::test_decode_step '--speedbump-scan=engine.*' --speedbump-seed 1"
    assert repeat_scan(SCAN, 1) == said


@given(st.floats(0, 6e10))
def test_a_delay_is_read_back_exactly(delay_ns: float) -> None:
    one = a_result(delay_ns=delay_ns, drop=None)
    words = shlex.split(repeat(replace(one, bump=replace(one.bump, given=("delay",))), None))
    (delay,) = parse_delays(words[words.index("--speedbump-delay") + 1], "delay")
    assert delay.ns == delay_ns
