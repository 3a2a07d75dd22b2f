from collections.abc import Callable, Sequence
from math import inf, isclose, log
from statistics import fmean

import pytest
from bets_oracle import naive_capital, naive_payoffs
from hypothesis import given, settings
from hypothesis import strategies as st
from traces import exactly

from pytest_speedbump.inference.bets import (
    LEAST_WIDTH,
    NEAR,
    Block,
    Side,
    Terms,
    blocks_to_bound,
    centre,
    disproved_end,
    evidence,
    log_capital,
)
from pytest_speedbump.inference.excess import Reading, Sample
from pytest_speedbump.inference.sequential import block_of

ROUNDING = 1e-9

# A grid makes ties, and deviations of exactly one width, likely.
excesses = st.one_of(st.floats(-0.5, 1.5), st.integers(-8, 24).map(lambda i: i / 16))
candidates = st.floats(-0.9, 3)
sides: st.SearchStrategy[Side] = st.sampled_from((1, -1))
terms = st.builds(
    Terms,
    spread=st.one_of(st.just(0.0), st.floats(1e-4, 3)),
    most=st.floats(1e-4, 2),
    least=st.just(LEAST_WIDTH),
)
readings = st.tuples(excesses, st.floats(0, 0.5)).map(lambda pair: Reading(pair[0], pair[0] + pair[1]))
blocks = st.builds(block_of, st.lists(readings, min_size=1, max_size=5), terms)
spells = st.lists(st.tuples(st.integers(1, 40), blocks), min_size=1, max_size=3).map(
    lambda found: [block for times, block in found for _ in range(times)]
)


# Terms


@given(terms, candidates)
def test_widths_have_room_for_what_they_are_for(found: Terms, candidate: float) -> None:
    """Each way for noise, and towards the other side's effects: down to none for over, up to the largest for under."""
    noise = NEAR * found.spread
    over, wide = found.widths(candidate, 1)
    under, also_wide = found.widths(candidate, -1)
    assert over >= candidate + noise - ROUNDING
    assert under >= found.most - candidate + noise - ROUNDING
    assert wide == also_wide == max(over, under)
    assert min(over, under) >= max(noise, LEAST_WIDTH)
    assert found.width >= max(found.most, LEAST_WIDTH)


# Payoffs


@given(blocks, candidates, sides)
def test_payoffs_are_what_the_method_says(block: Block, candidate: float, side: Side) -> None:
    payoffs = block.payoffs(candidate, side)
    assert payoffs == pytest.approx(naive_payoffs(block, candidate, side), abs=ROUNDING)
    assert all(-1 <= u <= 1 for u in payoffs)


@given(blocks, candidates, candidates, sides)
def test_payoffs_fall_with_the_candidate_on_one_side_and_rise_on_the_other(
    block: Block, one: float, other: float, side: Side
) -> None:
    low, high = (block.payoffs(candidate, side) for candidate in sorted((one, other)))
    assert all(side * (a - b) >= -ROUNDING for a, b in zip(low, high, strict=True))


@given(st.floats(-5, 5), st.floats(0, 1), terms, sides)
def test_a_bet_against_the_truth_gains_nothing_whatever_the_noise(
    noise: float, effect: float, found: Terms, side: Side
) -> None:
    """Noise is what one round took longer than the other; the coin said which of them was slowed."""
    gains = [block_of([exactly(effect + turned)], found).payoffs(effect, side) for turned in (noise, -noise)]
    assert all(sum(us) <= ROUNDING for us in zip(*gains, strict=True))


@given(st.floats(0, 1), st.floats(1e-3, 1), st.floats(1e-4, 2), st.floats(-1, 1), st.floats(0, 1), sides)
def test_nor_where_delays_bite_in_some_rounds_only(
    share: float, bite: float, spread: float, noise: float, room: float, side: Side
) -> None:
    """No more than the mean effect at stake, bites within the largest, noise within what a quarter of the pairs has."""
    found = Terms(spread, (1 + room) * bite)
    mean, one = share * bite, noise * NEAR * spread
    gain = [0.0, 0.0]
    for effect, likely in ((bite, share), (0.0, 1 - share)):
        for turned in (one, -one):
            payoffs = block_of([exactly(effect + turned)], found).payoffs(mean, side)
            gain = [total + likely * u for total, u in zip(gain, payoffs, strict=True)]
    assert max(gain) <= ROUNDING


@given(st.lists(readings, min_size=1, max_size=5), terms, candidates)
def test_over_must_hold_without_late_time_and_under_with_it(
    found: list[Reading], taken: Terms, candidate: float
) -> None:
    block = block_of(found, taken)
    least, most = ([exactly(getattr(one, name)) for one in found] for name in ("least", "most"))
    assert block.payoffs(candidate, 1) == block_of(least, taken).payoffs(candidate, 1)
    assert block.payoffs(candidate, -1) == block_of(most, taken).payoffs(candidate, -1)


# Evidence


@given(spells, candidates, sides)
def test_evidence_is_the_log_of_the_raw_products(taken: list[Block], candidate: float, side: Side) -> None:
    capital = naive_capital(taken, candidate, side)
    assert isclose(evidence(taken, candidate, side), log(capital), abs_tol=1e-7)


@given(spells, candidates, candidates, sides)
def test_evidence_falls_with_the_candidate_on_one_side_and_rises_on_the_other(
    taken: list[Block], one: float, other: float, side: Side
) -> None:
    """So that there is one end to an interval, and a search finds it."""
    low, high = (evidence(taken, candidate, side) for candidate in sorted((one, other)))
    assert side * (low - high) >= -1e-6


def test_long_evidence_does_not_underflow() -> None:
    """Raw products end at zero after 400 such blocks."""
    lost = log_capital([[-1000.0 * k for k in range(1, 7)]] * 2)
    assert lost == pytest.approx(-1000 + log(0.5))
    assert log_capital([[0.0] * 6] * 2) == pytest.approx(0)


@pytest.mark.parametrize(("alpha", "blocks"), [(0.5, 2), (0.05, 6), (0.025, 7), (0.01, 8)])
def test_so_many_blocks_must_bet_before_anything_is_disproved(alpha: float, blocks: int) -> None:
    assert blocks_to_bound(alpha) == blocks


@given(st.floats(1e-12, 1))
def test_no_fewer_blocks_could_disprove_anything(alpha: float) -> None:
    taken = [block_of([exactly(1e6)], Terms(0.0, 1.0))] * blocks_to_bound(alpha)
    assert evidence(taken, 0.5, 1) >= -log(alpha) - ROUNDING
    assert len(taken) == 1 or evidence(taken[1:], 0.5, 1) < -log(alpha) + ROUNDING


# The ends of an interval


@settings(max_examples=50)
@given(spells, st.floats(-0.9, 2), sides, st.sampled_from([0.2, 0.02]))
def test_an_end_is_where_a_grid_has_it(taken: list[Block], start: float, side: Side, alpha: float) -> None:
    """All candidates outside of it are disproved, and none inside, but for the resolution."""
    resolution, least = 1e-4, -1.0
    end = disproved_end(taken, start, side, alpha, resolution=resolution, least=least)
    if abs(end) == inf:
        # Far away evidence comes near to what it can be at most, where it hardly suffices.
        outside, inside = [], [least, 0.0] if side > 0 else [1e4, 1.0]
    else:
        assert end >= least
        outside = [max(end - side * away, least) for away in (0.0, 1e-3, 0.03, 0.1, 0.3, 1.0, 10.0)]
        inside = [end + side * away for away in (1.01 * resolution, 1e-3, 0.03, 0.1, 0.3, 1.0)]
    assert all(naive_capital(taken, candidate, side) > 1 / alpha * (1 - 1e-6) for candidate in outside)
    assert all(naive_capital(taken, candidate, side) < 1 / alpha * (1 + 1e-3) for candidate in inside)


def test_few_blocks_have_no_end() -> None:
    taken = [block_of([exactly(0.01)], Terms(0.0, 0.1))] * (blocks_to_bound(0.05) - 1)
    assert disproved_end(taken, 0.01, 1, 0.05, resolution=1e-6) == -inf
    assert disproved_end(taken, 0.01, -1, 0.05, resolution=1e-6) == inf


@pytest.mark.parametrize("most", [1e-9, 0.02, 1.0, 2e6])
@pytest.mark.parametrize("effect", [0.0, 1e-6, 1.0, 1e6, 1e12])
@pytest.mark.parametrize("alpha", [0.025, 1e-12])
def test_ends_of_extreme_effects_are_found(effect: float, most: float, alpha: float) -> None:
    """A delay of a second in a round of a microsecond is a million times as long; the search must end, too."""
    taken = [block_of([exactly(effect)], Terms(0.0, most))] * 400
    resolution = max(most / 4096, 1e-7)
    low, high = (disproved_end(taken, effect, side, alpha, resolution=resolution) for side in (1, -1))
    assert low <= effect <= high
    if effect < 1e4 * max(most, LEAST_WIDTH):
        room = max(most, effect, LEAST_WIDTH)
        assert effect - room < low <= effect <= high < effect + room


# The centre


def naive_mean(samples: Sequence[Sequence[float]], at: float, width: float) -> float:
    return fmean(fmean(max(-1.0, min(1.0, (x - at) / width)) for x in xs) for xs in samples)


def bisected_roots(samples: Sequence[Sequence[float]], width: float) -> tuple[float, float]:
    """The first and the last root: slow, and too plain to be wrong."""

    def last(holds: Callable[[float], bool]) -> float:
        low, high = min(map(min, samples)) - 1, max(map(max, samples)) + 1
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if holds(naive_mean(samples, middle, width)) else (low, middle)
        return low

    return last(lambda mean: mean > ROUNDING), last(lambda mean: mean >= -ROUNDING)


samples_of_some = st.lists(st.lists(excesses, min_size=1, max_size=8), min_size=1, max_size=8)
some_widths = st.one_of(st.floats(0.01, 3), st.sampled_from([0.125, 0.25, 1.0]))


def find_centre(samples: Sequence[Sequence[float]], width: float) -> float:
    return centre([Sample(xs) for xs in samples], width)


@settings(max_examples=50)
@given(samples_of_some, some_widths)
def test_centre_is_where_a_slow_search_finds_it(samples: list[list[float]], width: float) -> None:
    """Each block weighs the same."""
    first, last = bisected_roots(samples, width)
    assert isclose(find_centre(samples, width), (first + last) / 2, abs_tol=1e-5 * max(width, 1))


@given(samples_of_some, st.floats(-1, 1), some_widths)
def test_centre_moves_turns_and_stretches_with_the_data(samples: list[list[float]], shift: float, width: float) -> None:
    found, near = find_centre(samples, width), 1e-5 * max(width, 1)
    assert isclose(find_centre([[x + shift for x in xs] for xs in samples], width), found + shift, abs_tol=near)
    assert isclose(find_centre([[-x for x in xs] for xs in samples], width), -found, abs_tol=near)
    assert isclose(find_centre([[2 * x for x in xs] for xs in samples], 2 * width), 2 * found, abs_tol=2 * near)


def test_centre_is_the_middle_where_a_range_solves_it() -> None:
    """The nearer end of it would be an effect that nobody saw."""
    assert find_centre([[-1.0], [3.0]], 0.1) == pytest.approx(1.0, abs=1e-6)
    assert find_centre([[-1.0, 3.0]] * 5 + [[-2.0, 2.5]], 0.1) == pytest.approx(0.75, abs=1e-6)


def test_centre_is_the_mean_of_what_is_not_clipped() -> None:
    assert find_centre([[0.01], [0.02], [0.06]], 0.1) == pytest.approx(0.03, abs=1e-6)


def test_centre_feels_an_outlier_only_as_far_as_the_width() -> None:
    assert find_centre([[0.0]] * 9 + [[50.0]], 0.1) == pytest.approx(0.1 / 9, abs=1e-6)


def test_a_large_block_weighs_no_more_than_a_small_one() -> None:
    assert find_centre([[0.0] * 1000, [0.04]], 0.1) == pytest.approx(0.02, abs=1e-6)


@pytest.mark.parametrize("huge", [1e6, 1e12, -1e15])
def test_a_centre_is_found_among_huge_numbers(huge: float) -> None:
    assert find_centre([[huge], [1.5 * huge]], LEAST_WIDTH) == pytest.approx(1.25 * huge, rel=0.21)
