from collections.abc import Callable
from math import inf, isclose, log, nan, sqrt
from random import Random
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from traces import TRACES, Trace, block

from pytest_speedbump.inference.effect import (
    Blocks,
    Sample,
    centre,
    clip_scale,
    drop_from_theta,
    floor,
    log_ratio,
    predict_floor,
    theta_from_drop,
    time_needed,
    transmission,
)

NOT_FINITE = [nan, inf, -inf]

# A grid makes ties, and residuals of exactly one clip scale, likely.
ratios = st.one_of(st.floats(-5, 5), st.integers(-8, 8).map(lambda i: i / 8))
pairs = st.lists(ratios, min_size=1, max_size=50)
scales = st.one_of(st.floats(0.01, 3), st.sampled_from([0.125, 0.25, 1.0]))


def naive_sum(ds: list[float], theta: float, s: float) -> float:
    return sum(max(-1.0, min(1.0, (d - theta) / s)) for d in ds)


def bisected_centre(ds: list[float], s: float) -> float:
    """The middle of all roots, one float at a time: slow, and too plain to be wrong."""

    def last(holds: Callable[[float], bool]) -> float:
        low, high = min(ds) - 2 * s, max(ds) + 2 * s
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if holds(middle) else (low, middle)
        return low

    rounding = 1e-9 * len(ds)
    first_root = last(lambda theta: naive_sum(ds, theta, s) > rounding)
    last_root = last(lambda theta: naive_sum(ds, theta, s) >= -rounding)
    return (first_root + last_root) / 2


def test_log_ratio_is_positive_where_slowed_is_longer() -> None:
    assert log_ratio(100, 110) == pytest.approx(log(1.1))
    assert log_ratio(110, 100) == pytest.approx(-log(1.1))


@pytest.mark.parametrize("bad", [*NOT_FINITE, 0, -1])
def test_log_ratio_refuses_what_no_clock_shows(bad: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        log_ratio(bad, 100)
    with pytest.raises(ValueError, match="positive and finite"):
        log_ratio(100, bad)


@given(st.floats(1, 1e9), st.floats(1, 1e9))
def test_drop_is_the_share_of_throughput_lost(control: float, slowed: float) -> None:
    drop = drop_from_theta(log_ratio(control, slowed))
    assert isclose(drop, 1 - control / slowed, rel_tol=1e-9, abs_tol=1e-9)


@given(st.floats(-3, 0.99))
def test_theta_from_drop_inverts_drop_from_theta(drop: float) -> None:
    assert isclose(drop_from_theta(theta_from_drop(drop)), drop, rel_tol=1e-12, abs_tol=1e-12)


def test_open_bounds_stay_open_as_drops() -> None:
    assert drop_from_theta(-inf) == -inf
    assert drop_from_theta(inf) == 1


@pytest.mark.parametrize("bad", [1.0, 2.0, nan])
def test_no_drop_reaches_one(bad: float) -> None:
    with pytest.raises(ValueError, match="less than 1"):
        theta_from_drop(bad)


@pytest.mark.parametrize("share", [-0.5, 0.0, 0.3, 1.0, 2.5])
def test_transmission_is_the_share_of_the_delay_that_arrives(share: float) -> None:
    theta = log_ratio(1000, 1000 + share * 200)
    assert transmission(1000, theta, 200) == pytest.approx(share)


@pytest.mark.parametrize(
    ("theta_b", "bound", "s"),
    [(0.02, 0.01, 0.10), (0.02, 0.2, 0.4), (None, 0.01, 0.10), (None, 0.2, 0.4)],
)
def test_clip_scale_covers_budget_and_largest_effect(theta_b: float | None, bound: float, s: float) -> None:
    assert clip_scale(theta_b, bound) == pytest.approx(s)


@given(pairs, ratios, scales)
def test_clipped_sum_is_the_plain_sum(ds: list[float], theta: float, s: float) -> None:
    sample = Sample(ds)
    assert isclose(sample.clipped_sum(theta, s), naive_sum(ds, theta, s), abs_tol=1e-9)
    assert isclose(sample.clipped_mean(theta, s) * len(ds), naive_sum(ds, theta, s), abs_tol=1e-9)
    assert sample.tails(theta, s) == (
        sum(d < theta - s for d in ds),
        sum(d > theta + s for d in ds),
    )


@pytest.mark.parametrize("bad", NOT_FINITE)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_block_that_is_not_finite_is_refused_whole(bad: float, place: int) -> None:
    ds = [0.1, 0.2]
    ds.insert(place, bad)
    blocks = Blocks(0.1)
    with pytest.raises(ValueError, match="finite"):
        blocks.add(ds)
    with pytest.raises(ValueError, match="finite"):
        centre(ds, 0.1)
    assert (len(blocks), blocks.pairs) == (0, 0)


def test_opposite_infinities_do_not_cancel() -> None:
    with pytest.raises(ValueError, match="finite"):
        Sample([inf, -inf])


def test_a_block_without_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        Blocks(0.1).add([])


@pytest.mark.parametrize("bad", [0, -0.1, *NOT_FINITE])
def test_a_clip_scale_that_cannot_clip_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="clip scale"):
        Blocks(bad)


@given(st.lists(pairs, min_size=1, max_size=5), ratios, scales)
def test_blocks_keep_every_pair_in_its_block(taken: list[list[float]], theta: float, s: float) -> None:
    blocks = Blocks(s)
    for ds in taken:
        blocks.add(ds)
    assert (len(blocks), blocks.pairs) == (len(taken), sum(map(len, taken)))
    assert sorted(blocks) == sorted(d for ds in taken for d in ds)
    assert blocks.clipped_means(theta) == pytest.approx([naive_sum(ds, theta, s) / len(ds) for ds in taken], abs=1e-9)


@given(pairs, scales)
def test_centre_is_where_brute_force_finds_it(ds: list[float], s: float) -> None:
    assert isclose(centre(ds, s), bisected_centre(ds, s), abs_tol=1e-6)


@given(pairs, scales, ratios)
def test_centre_moves_turns_and_stretches_with_the_data(ds: list[float], s: float, shift: float) -> None:
    theta = centre(ds, s)
    assert isclose(centre([d + shift for d in ds], s), theta + shift, abs_tol=1e-6)
    assert isclose(centre([-d for d in ds], s), -theta, abs_tol=1e-6)
    assert isclose(centre([2 * d for d in ds], 2 * s), 2 * theta, abs_tol=1e-6)


def test_centre_is_the_mean_of_what_is_not_clipped() -> None:
    assert centre([0.01, 0.02, 0.06], 0.1) == pytest.approx(0.03)


def test_centre_feels_an_outlier_only_as_far_as_the_clip() -> None:
    assert centre([0.0] * 9 + [50.0], 0.1) == pytest.approx(0.1 / 9)


def test_centre_is_the_middle_where_a_range_solves_it() -> None:
    assert centre([-1.0, 3.0], 0.1) == pytest.approx(1.0)


@given(st.lists(ratios, min_size=2, max_size=50), ratios, scales)
def test_floor_is_three_standard_errors(ds: list[float], theta: float, s: float) -> None:
    us = [max(-1.0, min(1.0, (d - theta) / s)) for d in ds]
    q = fmean(abs((d - theta) / s) <= 1 for d in ds)
    expected = 3 * sqrt(fmean(u * u for u in us)) * s / (q * sqrt(len(ds))) if q else inf
    assert isclose(floor(ds, theta, s), expected, rel_tol=1e-9)


def test_one_pair_has_no_floor() -> None:
    assert floor([0.0], 0.0, 0.1) == inf


@pytest.mark.parametrize("trace", TRACES)
def test_floor_is_three_times_what_the_centre_really_scatters(
    trace: Callable[[int], Trace],
) -> None:
    """Held by random order alone: the rounds of most traces are far from independent."""
    rng = Random(5)
    rounds = trace(5)
    thetas, floors = [], []
    for _ in range(150):
        ds = block(rounds, 0.01, rng, pairs=100)
        thetas.append(centre(ds, 0.1))
        floors.append(floor(ds, thetas[-1], 0.1))
    ratio = sqrt(fmean(f * f for f in floors)) / stdev(thetas)
    assert 2.4 < ratio < 3.6, f"the floor is {ratio:.2f} standard deviations of the centre"


@given(st.floats(1e-4, 1), st.floats(0.01, 10), st.floats(1e-3, 1))
def test_the_floor_reaches_the_budget_when_predicted(pilot: float, t_pilot: float, theta_b: float) -> None:
    t = time_needed(pilot, t_pilot, theta_b)
    assert isclose(predict_floor(pilot, t_pilot, t), theta_b, rel_tol=1e-9)
    assert predict_floor(pilot, t_pilot, 4 * t_pilot) == pytest.approx(pilot / 2)
