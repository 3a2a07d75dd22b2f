"""How long it takes from one point to another."""

import math

import pytest
from pipelines import MS, US, Line, Stage
from watching import answers

from pytest_speedbump.counts import Counts
from pytest_speedbump.experiment.stretches import Glance, Pair, Passed, Stretch
from pytest_speedbump.trials.latency import latency_of, passed


def test_it_is_exact_whatever_number_is_under_way() -> None:
    """Ten at once, each of 20 ms and then 30."""
    line = Line(
        Stage(20 * MS, servers=10, calls=1, noise=0.2), delay_ns=10 * MS, tokens=10, watched=("out", "in", "out")
    )
    found = answers(line, with_latency=True).latency
    assert found is not None
    assert found.control_ns == pytest.approx(20 * MS, rel=0.02)
    assert found.slowed_ns == pytest.approx(30 * MS, rel=0.02)
    assert found.added_ns.low is not None
    assert found.added_ns.high is not None
    assert found.added_ns.low <= 10 * MS <= found.added_ns.high
    assert found.added_ns.high - found.added_ns.low < 2 * MS
    assert found.to_json()["added_ns"]["estimate"] == found.slowed_ns - found.control_ns


def test_intervals_cover_the_truth() -> None:
    """None is added to any of 40 programs; 95 % of intervals hold that."""
    covered = 0
    for seed in range(40):
        line = Line(
            Stage(20 * MS, servers=10, calls=1, noise=0.5), delay_ns=0, tokens=10, watched=("out", "in", "out"),
            seed=seed,
        )  # fmt: skip
        found = answers(line, 0.02, with_latency=True).latency
        assert found is not None
        covered += (found.added_ns.low or 0) <= 0 <= (found.added_ns.high or 0)
    assert covered >= 34


def test_a_delay_may_be_hidden_from_throughput_and_not_from_latency() -> None:
    line = Line(
        Stage(1 * MS, calls=1), Stage(2 * MS, room=2), delay_ns=400 * US, tokens=3, watched=("out", "in", "out")
    )
    found = answers(line, with_latency=True)
    assert found.results[0].drop == pytest.approx(0, abs=0.01)
    assert found.latency is not None
    assert found.latency.control_ns == pytest.approx(6 * MS, rel=0.02), "three are under way, and one is done each 2 ms"


def stretch(began: int, ended: int) -> Stretch:
    """Of a second, in which so many began at its start, and ended at its middle."""
    first = Glance(0.0, (Passed(), Passed()), Counts())
    last = Glance(1e9, (Passed(began, 0.0, began * 1e9), Passed(ended, 5e8, ended * 5e8)), Counts())
    return Stretch(first, first, last)


def test_of_few_pairs_there_is_no_interval_and_of_no_arrivals_nothing() -> None:
    assert latency_of([], 0) is None
    assert latency_of([Pair(stretch(3, 3), stretch(3, 0))], 0) is None
    found = latency_of([Pair(stretch(3, 3), stretch(4, 2))] * 2, 0)
    assert found is not None
    assert (found.control_ns, found.slowed_ns, found.arrivals) == (5e8, 1.5e9, 10)
    assert (found.added_ns.low, found.added_ns.high) == (None, None)
    many = latency_of([Pair(stretch(3, 3), stretch(4, 2))] * 8, 0)
    assert many is not None
    assert many.added_ns.low == pytest.approx(1e9)
    assert not math.isnan(many.added_ns)


def test_points_that_not_every_unit_passes_once_have_no_latency() -> None:
    for began, ended in ((0, 1000), (50, 1000), (1000, 50)):
        pairs = [Pair(stretch(began, ended), stretch(began, ended))] * 8
        assert latency_of(pairs, 0) is None, "what is under way would grow, or be less than nothing"
        assert passed(pairs, 0) == (16 * began, 16 * ended)
    assert latency_of([Pair(stretch(10, 9), stretch(10, 8))] * 8, 0) is not None, "some requests fail"


def test_points_in_the_wrong_order_have_no_latency() -> None:
    line = Line(
        Stage(20 * MS, servers=10, calls=1, noise=0.2), delay_ns=10 * MS, tokens=10, watched=("out", "out", "in")
    )
    found = answers(line, with_latency=True)
    assert found.latency is None
    assert found.passed[0] == pytest.approx(found.passed[1], abs=20)


@pytest.mark.parametrize(("ns", "is_told"), [(50.0, True), (0.0, True), (-50.0, False)])
def test_an_end_that_comes_before_its_beginning_has_no_latency(ns: float, is_told: bool) -> None:
    """A function and the one that calls it, in the wrong order."""
    first = Glance(0.0, (Passed(), Passed()), Counts())
    last = Glance(1e9, (Passed(100, 5e8, 100 * 5e8), Passed(100, 5e8 + ns, 100 * (5e8 - ns))), Counts())
    one = Stretch(first, first, last)
    found = latency_of([Pair(one, one)] * 8, 0)
    assert (found is not None) == is_told
