from math import inf, isclose, nan, sqrt
from random import Random
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from traces import alternating, bursts, jitter, pair

from pytest_speedbump.inference.excess import Sample, Spread, drop_from_excess, excess_from_drop, spread

NOT_FINITE = [nan, inf, -inf]

# A grid makes ties, and deviations of exactly one width, likely.
excesses = st.one_of(st.floats(-5, 5), st.integers(-8, 8).map(lambda i: i / 8), st.floats(-1e6, 1e6))
pairs = st.lists(excesses, min_size=1, max_size=50)
widths = st.one_of(st.floats(0.01, 3), st.sampled_from([0.125, 0.25, 1.0]))


# Excess and drop


@given(st.floats(1, 1e9), st.floats(0, 1e9))
def test_drop_is_the_share_of_throughput_lost(bare: float, added: float) -> None:
    assert isclose(drop_from_excess(added / bare), 1 - bare / (bare + added), rel_tol=1e-9, abs_tol=1e-9)


@given(st.floats(-3, 0.999))
def test_excess_from_drop_inverts_drop_from_excess(drop: float) -> None:
    assert isclose(drop_from_excess(excess_from_drop(drop)), drop, rel_tol=1e-9, abs_tol=1e-12)


def test_known_drops() -> None:
    assert drop_from_excess(0.0) == 0
    assert drop_from_excess(1.0) == 0.5
    assert drop_from_excess(inf) == 1
    assert excess_from_drop(0.5) == 1
    assert excess_from_drop(0.99) == pytest.approx(99)


@pytest.mark.parametrize("bad", [1.0, 2.0, *NOT_FINITE])
def test_no_drop_reaches_one(bad: float) -> None:
    with pytest.raises(ValueError, match="less than 1"):
        excess_from_drop(bad)


# Samples


def naive_mean(xs: list[float], centre: float, width: float) -> float:
    return fmean(max(-1.0, min(1.0, (x - centre) / width)) for x in xs)


@given(pairs, excesses, widths)
def test_clipped_mean_is_the_plain_mean(xs: list[float], centre: float, width: float) -> None:
    sample = Sample(xs)
    mean = sample.clipped_mean(centre, width)
    assert isclose(mean, naive_mean(xs, centre, width), abs_tol=1e-6)
    assert -1 <= mean <= 1
    assert sample.tails(centre, width) == (sum(x < centre - width for x in xs), sum(x > centre + width for x in xs))


@given(pairs, excesses, excesses, widths)
def test_clipped_mean_never_rises_with_the_centre(xs: list[float], one: float, other: float, width: float) -> None:
    sample = Sample(xs)
    assert sample.clipped_mean(max(one, other), width) <= sample.clipped_mean(min(one, other), width) + 1e-6


@given(pairs)
def test_a_sample_is_its_pairs_in_order(xs: list[float]) -> None:
    sample = Sample(iter(xs))
    assert list(sample) == sorted(xs)
    assert (len(sample), sample.first, sample.last) == (len(xs), min(xs), max(xs))


@pytest.mark.parametrize("bad", NOT_FINITE)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_pairs_that_are_not_finite_are_refused(bad: float, place: int) -> None:
    xs = [0.1, 0.2]
    xs.insert(place, bad)
    with pytest.raises(ValueError, match="finite"):
        Sample(xs)


def test_opposite_infinities_do_not_cancel() -> None:
    with pytest.raises(ValueError, match="finite"):
        Sample([inf, -inf])


def test_no_pairs_are_no_sample() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        Sample([])
    with pytest.raises(ValueError, match="no pairs"):
        spread([])


def test_a_round_of_an_hour_spoils_no_other_pair() -> None:
    """Its excess is a billion in rounds of a few microseconds."""
    for huge in (-1e9, 1e9):
        mean = Sample([huge, 0.010, 0.011, 0.012]).clipped_mean(0.011, 0.01)
        assert mean == pytest.approx(0.25 if huge > 0 else -0.25, abs=1e-3)


# Spread


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=50), st.floats(-5, 5), st.sampled_from([-2.0, 0.5, 4.0]))
def test_spread_stretches_with_the_pairs_and_stays_where_they_move(
    xs: list[float], shift: float, factor: float
) -> None:
    assert spread(xs) >= 0
    assert isclose(spread([factor * x + shift for x in xs]), abs(factor) * spread(xs), abs_tol=1e-6)


@pytest.mark.parametrize("effect", [0.0, 0.5])
def test_spread_is_the_standard_deviation_of_normal_pairs(effect: float) -> None:
    rounds, rng = jitter(0.02)(1), Random(2)
    xs = [pair(rounds, effect, rng) for _ in range(10_000)]
    assert spread(xs) == pytest.approx(0.02 * sqrt(2), rel=0.05)


def test_bursts_do_not_widen_it() -> None:
    rounds, rng = bursts(1), Random(2)
    xs = [pair(rounds, 0.0, rng) for _ in range(10_000)]
    assert spread(xs) < 0.03 < 10 < stdev(xs)


@pytest.mark.parametrize("pairs", [30, 31, 1000])
def test_where_every_other_round_is_longer_it_reaches_both_modes(pairs: int) -> None:
    """No pair is without that noise, though each lies near half of all others."""
    for seed in range(20):
        rounds, rng = alternating(seed), Random(seed)
        assert 0.3 < spread([pair(rounds, 0.0, rng) for _ in range(pairs)]) < 0.5


def test_few_pairs_have_some_spread() -> None:
    assert spread([0.3]) == 0
    assert spread([0.1, 0.2]) > 0
    assert spread([0.0, 0.001, 50.0]) < 0.01


@given(st.lists(st.lists(st.floats(-1, 1), max_size=5), max_size=20))
def test_the_spread_so_far_is_taken_anew_when_pairs_have_doubled(taken: list[list[float]]) -> None:
    running = Spread()
    seen: list[float] = []
    looked = 0
    assert running.value == 0
    for xs in taken:
        seen += xs
        running.add(xs)
        if len(seen) >= max(2 * looked, 1):
            looked = len(seen)
        assert running.value == (spread(seen[:looked]) if looked else 0)
