"""Sweeps: which results belong together, and which slack they show."""

from dataclasses import replace

import pytest
from reports import SLACK, SOME, a_result, sweep

from pytest_speedbump.report.sweeps import slack_text, sweeps
from pytest_speedbump.result import Estimate


def test_results_of_one_question_are_a_sweep() -> None:
    some = sweep(slack_ns=300e3, delays_us=(500, 50, 100, 200, 300, 400, 600))
    [found] = sweeps([*SOME, *some, SLACK, *sweep("other", delays_us=(1, 2, 3))])
    assert [result.bump.delay_ns for result in found.results] == [50e3, 100e3, 200e3, 300e3, 400e3, 500e3, 600e3]
    slack = found.slack_ns
    assert slack is not None
    assert slack.low is not None
    assert slack.high is not None
    assert slack.low <= 300e3 <= slack.high
    assert abs(slack - 300e3) < 30e3


def test_slack_is_of_each_delayed_call() -> None:
    """Ten calls in a run, of which every second is delayed: 30us of each are 150us in all."""
    some = [
        replace(one, bump=replace(one.bump, every=2))
        for delay in (10e3, 20e3, 40e3, 50e3, 60e3)
        for added in [5 * max(delay - 30e3, 0.0)]
        for one in [a_result(delay_ns=delay, calls=10.0, drop=added / (400e3 + added), half=0.01)]
    ]
    [found] = sweeps(some)
    assert found.slack_ns == pytest.approx(30e3, rel=0.1)
    assert found.knee is not None
    assert found.knee.slope == pytest.approx(1.0, abs=0.1)


def test_what_was_not_measured_says_nothing() -> None:
    void = [a_result(delay_ns=delay, verdict="void", drop=None) for delay in (1e3, 2e3, 3e3, 4e3)]
    [found] = sweeps(void)
    assert (found.knee, found.slack_ns) == (None, None)


@pytest.mark.parametrize(
    ("slack", "said"),
    [
        (Estimate(301e3, 284e3, 317e3), "301us [284, 317]"),
        (Estimate(980.0, 950.0, 1020.0), "0.980us [0.950, 1.020]"),
        (Estimate(500e3, 500e3, None), "at least 500us"),
        (Estimate(1e3, 0.0, 20e3), "less than 20us"),
    ],
)
def test_slack_as_people_read_it(slack: Estimate, said: str) -> None:
    assert slack_text(slack) == said
