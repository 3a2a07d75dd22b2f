"""Stretches of a simulated program: what is looked at, and what is not."""

import itertools
import random

import pytest
from pipelines import MS, Line, S, Stage
from watching import pipeline, serial

from pytest_speedbump.experiment.stretches import BORDER, UNEVEN, Ended, Stretches


def stretches(line: Line, deadline_ns: float = 1e12) -> Stretches:
    return Stretches(line, [0], random.Random(1), deadline_ns)


def test_the_border_is_not_looked_at_and_the_rest_has_two_halves() -> None:
    line = serial()
    pair = stretches(line).pair(0.4 * S)
    for switched_ns, slowed in line.switches:
        first, middle, last = pair.slowed if slowed else pair.control
        length_ns = last.at_ns - switched_ns
        assert first.at_ns - switched_ns == pytest.approx(BORDER * length_ns)
        assert middle.at_ns - first.at_ns == pytest.approx(last.at_ns - middle.at_ns)
        assert 1 - UNEVEN <= length_ns / (0.4 * S) <= 1 + UNEVEN
    lengths = [other - one for (one, _), (other, _) in itertools.pairwise(line.switches)]
    assert len(set(lengths)) == len(lengths)
    assert pair.control.counts.requested_ns == 0
    assert pair.slowed.counts.requested_ns == pair.slowed.counts.calls * line.delay_ns


def test_a_unit_is_exact_however_few_there_are() -> None:
    """Between the last calls before the ends: 7.5 units fit into what is looked at."""
    line = Line(Stage(10 * MS, calls=2), delay_ns=1 * MS)
    pair = stretches(line).pair(100 * MS)
    assert pair.control.unit_ns(0) == pytest.approx(10 * MS)
    assert pair.slowed.unit_ns(0) == pytest.approx(12 * MS)
    assert pair.control.half_units_ns(0) == pytest.approx((10 * MS, 10 * MS))
    assert pair.control.target_ns == pytest.approx(5 * MS, rel=0.2)


def test_orders_are_drawn_and_arms_adjacent() -> None:
    line = serial()
    experiment = stretches(line)
    for _ in range(50):
        experiment.pair(10 * MS)
    arms = [slowed for _, slowed in line.switches]
    firsts = arms[::2]
    assert [not slowed for slowed in firsts] == arms[1::2]
    assert 10 < sum(firsts) < 40


def test_a_stretch_goes_on_until_there_is_progress_enough() -> None:
    line = Line(Stage(200 * MS, calls=1), delay_ns=0)
    line.sleep(1 * S)
    pair = stretches(line).pair(100 * MS)
    for stretch in pair:
        assert stretch.calls(0) >= 2
        assert stretch.unit_ns(0) == pytest.approx(200 * MS)


def test_a_program_that_makes_no_progress_is_not_waited_for_for_ever() -> None:
    line = Line(Stage(1e15), delay_ns=0)
    pair = stretches(line).pair(100 * MS)
    assert line.now_ns < 5 * S
    assert pair.control.unit_ns(0) == pair.control.ns


@pytest.mark.parametrize("limit", ["ends", "deadline"])
def test_a_stretch_that_is_cut_short_is_none(limit: str) -> None:
    line = serial(ends_ns=1 * S) if limit == "ends" else serial()
    experiment = stretches(line, 0.99 * S)

    def go_on() -> None:
        for _ in range(100):
            experiment.pair(50 * MS)

    with pytest.raises(Ended):
        go_on()
    assert 0.98 * S < line.now_ns < 1.1 * S


def test_a_simulated_pipeline_settles_at_the_pace_of_its_slowest_stage() -> None:
    """What the tests of trials rest on."""
    line = pipeline(1.9 * MS, 2 * MS, 100, 300e3, noise=0)
    line.sleep(5 * S)
    line.switch(slowed=True)
    calls = []
    for _ in range(8):
        before = line.read()
        line.sleep(1 * S)
        now = line.read()
        calls.append((now.points[0].calls - before.points[0].calls, now.counts.calls - before.counts.calls))
    assert calls[0] == pytest.approx((500, 455), abs=2), "the queue drains"
    assert calls[-1] == pytest.approx((455, 455), abs=2)
