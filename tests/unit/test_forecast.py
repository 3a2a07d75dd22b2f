"""How long measuring will take: what is known counts first, and what only the limits tell is called so."""

import math

import pytest

from pytest_speedbump.report.forecast import Forecast, TimeLeft, duration_text

S = 1e9
PLAN = {"a": ["x", "y"], "b": ["x"], "c": ["x"]}
LAST = {"a": {"x": 1 * S, "y": 3 * S}, "b": {"x": 2 * S}, "c": {"x": 8 * S}}


@pytest.mark.parametrize(
    ("last", "total_s", "text"),
    [
        ({}, math.inf, "4 verdicts in 3 tests; at most 40s"),
        (LAST, math.inf, "4 verdicts in 3 tests; took 14s last time, at most 40s"),
        (LAST, 12, "4 verdicts in 3 tests; took 14s last time, at most 12s"),
        (LAST, 100, "4 verdicts in 3 tests; took 14s last time, at most 40s"),
        ({"b": {"x": 0.0}, "a": {"z": S}}, 1e9, "4 verdicts in 3 tests; 1 of them took 1s last time, at most 40s"),
    ],
)  # fmt: skip
def test_what_is_said_before_the_first_verdict(last: dict[str, dict[str, float]], total_s: float, text: str) -> None:
    assert str(Forecast(PLAN, last, 10 * S, total_s * S)) == text


def test_one_is_not_many() -> None:
    assert str(Forecast({"a": ["x"]}, {}, 200e6, math.inf)) == "1 verdict in 1 test; at most 1s"


SCANNED: dict[str, list[str]] = {"a": ["x", "y"], "b": [], "c": []}
SCANS = dict.fromkeys(SCANNED, "scan")


@pytest.mark.parametrize(
    ("plan", "last", "total_s", "text"),
    [
        (SCANNED, {}, math.inf, "2 verdicts and 3 scans in 3 tests; at most 3min"),
        (SCANNED, LAST, 30, "2 verdicts and 3 scans in 3 tests; 2 of them took 4s last time, at most 30s"),
        ({"a": [], "b": [], "c": []}, {}, 10, "3 scans in 3 tests; at most 10s"),
        ({"a": [], "b": [], "c": []}, {"b": {"scan": 7 * S}}, 99, "3 scans in 3 tests; 1 of them took 7s last time, "),
    ],
)
def test_scans_are_said_beside_verdicts(
    plan: dict[str, list[str]], last: dict[str, dict[str, float]], total_s: float, text: str
) -> None:
    assert str(Forecast(plan, last, 10 * S, total_s * S, SCANS, 50 * S)).startswith(text)


def test_what_is_left_of_scans() -> None:
    """What a bump took tells nothing of a scan but the share of its limit."""
    forecast = Forecast(SCANNED, {"c": {"scan": 70 * S}}, 10 * S, math.inf, SCANS, 50 * S)
    forecast.begin("a", 0)
    assert forecast.left(5 * S) == TimeLeft((70 - 5 + 50 + 50) * S, at_most=True)
    forecast.end(7 * S)  # the bumps are judged,
    forecast.end(35 * S)  # and the scan is through: half of the 70 s that they might have taken
    forecast.begin("b", 35 * S)
    assert forecast.left(36 * S) == TimeLeft((25 - 1 + 50) * S, at_most=False)


def test_what_is_left_by_the_last_run() -> None:
    forecast = Forecast(PLAN, LAST, 10 * S, math.inf)
    forecast.begin("a", 100 * S)
    assert forecast.number == "1 of 3"
    assert forecast.left(101 * S) == TimeLeft(13 * S, at_most=False)
    assert forecast.left(199 * S) == TimeLeft(10 * S, at_most=False), "it took longer this time"
    forecast.end(105 * S)
    forecast.begin("b", 112 * S)  # other tests, or pytest-benchmark's own rounds, took 7 s
    assert forecast.left(112 * S) == TimeLeft((2 + 8 + 7) * S, at_most=False)


def test_what_is_left_by_the_tests_before() -> None:
    forecast = Forecast(PLAN, {}, 10 * S, math.inf)
    forecast.begin("a", 0)
    assert forecast.left(1 * S) == TimeLeft(39 * S, at_most=True)
    forecast.end(6 * S)
    forecast.begin("b", 6 * S)
    assert forecast.left(7 * S) == TimeLeft((2 + 3) * S, at_most=False), "3 s a bump"


def test_what_is_known_of_some() -> None:
    forecast = Forecast(PLAN, {"a": {"x": 50 * S}, "b": {"x": 2 * S}}, 10 * S, math.inf)
    forecast.begin("a", 0)
    assert forecast.left(0) == TimeLeft((10 + 10 + 2 + 10) * S, at_most=True), "none takes longer than its limit"


def test_the_total_time_holds() -> None:
    forecast = Forecast(PLAN, LAST, 10 * S, 6 * S)
    forecast.begin("a", 0)
    assert forecast.left(2 * S) == TimeLeft(4 * S, at_most=True)
    assert forecast.left(7 * S) == TimeLeft(0, at_most=True)


def test_a_test_that_is_rerun_or_comes_again_in_the_next_pass() -> None:
    forecast = Forecast(PLAN, {}, 10 * S, math.inf)
    for test in ("a", "b", "c"):
        forecast.begin(test, 0)
        forecast.end(1 * S)
    forecast.begin("a", 3 * S)
    assert forecast.left(3 * S) == TimeLeft(40 * S, at_most=True), "the early pass tells nothing of the last one"
    forecast.end(7 * S)
    forecast.begin("a", 7 * S)
    assert forecast.number == "1 of 3"
    assert forecast.left(7 * S) == TimeLeft((4 + 4) * S, at_most=False)


def test_a_test_that_is_not_in_the_plan_breaks_nothing() -> None:
    forecast = Forecast({}, {}, 10 * S, math.inf)
    assert forecast.number == ""
    forecast.begin("a", 0)
    assert forecast.left(0) == TimeLeft(0, at_most=False)


@pytest.mark.parametrize(
    ("seconds", "text", "up"),
    [
        (0.2, "1s", "1s"), (40.4, "40s", "41s"), (89, "89s", "89s"), (100, "2min", "2min"), (150, "2min", "3min"),
        (7200, "2h", "2h"), (0, "1s", "1s"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str, up: str) -> None:
    """A limit is not rounded down."""
    assert (duration_text(seconds * S), duration_text(seconds * S, up=True)) == (text, up)
