"""The knee of a bent line: where it is, and how often its interval holds the truth."""

import math
from collections.abc import Sequence
from random import Random

import pytest
from chance import most
from hypothesis import given
from hypothesis import strategies as st
from traces import DELAY_NS, RECORDINGS, ROUND_NS, TRACES, MakeTrace, Recording, noiseless, noisy, quiet, recorded

from pytest_speedbump.inference.knee import FREE, Knee, Point, fit, point

DOSES = [share * 0.4 * ROUND_NS for share in (1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1)]
RUNS = 40

odd = st.sampled_from([0.0, math.nan, math.inf, -math.inf])


def bent(delay: float, knee: float, slope: float, free: float) -> float:
    return free * delay + slope * max(delay - knee, 0.0)


def points(trace: MakeTrace, knee: float, slope: float, free: float, seed: int, pairs: int) -> list[Point]:
    """Errors are estimated from as many pairs of every dose, in random order."""
    rng, rounds = Random(seed), trace(seed)
    added: dict[float, list[float]] = {dose: [] for dose in DOSES}
    for dose in rng.sample(DOSES * pairs, len(DOSES) * pairs):
        control, slowed = rng.sample([next(rounds), next(rounds)], 2)
        added[dose].append(slowed + bent(dose, knee, slope, free) - control)
    return [one for dose in DOSES if (one := point(dose, added[dose]))]


def fitted(points: Sequence[Point]) -> Knee:
    knee = fit(points)
    assert knee is not None
    return knee


@pytest.mark.parametrize("knee", [0.0, 2e3, 10e3, 20e3, 35e3, 60e3], ids="{:.0f}ns".format)
@pytest.mark.parametrize("trace", TRACES)
def test_the_interval_holds_the_knee(trace: MakeTrace, knee: float) -> None:
    """None at all, near the lowest dose, between doses, beyond all: whatever the noise, and what arrives beyond."""
    missed = 0
    for seed in range(RUNS):
        slope, free, pairs = Random(seed).choice([(1.0, 0.0, 10), (0.3, 0.0, 30), (0.6, 0.03, 10), (1.0, 0.05, 30)])
        low, high = fitted(points(trace, knee, slope, free, seed, pairs)).slack[1:]
        missed += not low - 1e-6 <= knee <= high + 1e-6
    assert missed <= most(0.05, RUNS)


@pytest.mark.parametrize("name", RECORDINGS)
def test_rounds_of_a_real_machine(name: Recording) -> None:
    """Whose slowed rounds took 5 us more; the rest of a larger dose is added."""
    rounds, missed, knee, doses = recorded(name), 0, 10e3, (5e3, 10e3, 15e3, 20e3, 30e3)
    runs = 60
    for seed in range(runs):
        rng = Random(seed)
        added = {
            dose: [
                one.slowed - DELAY_NS + bent(dose, knee, 1.0, 0.0) - one.control if rng.random() < 0.5
                else one.again + bent(dose, knee, 1.0, 0.0) - one.control
                for one in rng.sample(rounds, 20)
            ]
            for dose in doses
        }  # fmt: skip
        found = fitted([one for dose in doses if (one := point(dose, added[dose]))])
        missed += not found.slack.low <= knee <= found.slack.high
    assert missed <= most(0.05, runs)


def test_what_a_quiet_machine_tells() -> None:
    found = [fitted(points(quiet, 20e3, 1.0, 0.0, seed, 30)) for seed in range(20)]
    assert all(abs(one.slack.centre - 20e3) < 1e3 for one in found)
    assert all(one.slack.high - one.slack.low < 2.5e3 for one in found)
    assert all(abs(one.slope - 1) < 0.1 and one.free_slope < 0.03 for one in found)


def test_all_critical_has_no_slack_and_an_upper_bound() -> None:
    knee = fitted(points(quiet, 0.0, 1.0, 0.0, 1, 30))
    assert knee.slack.low == 0.0
    assert knee.slack.centre < knee.slack.high < 1e3


def test_a_knee_beyond_the_highest_dose_is_at_least_so_far() -> None:
    knee = fitted(points(quiet, 60e3, 1.0, 0.0, 1, 30))
    assert knee.slack.high == math.inf
    assert 30e3 < knee.slack.low == knee.slack.centre <= max(DOSES)


def test_noise_leaves_the_knee_open() -> None:
    for seed in range(20):
        _, low, high = fitted(points(noisy, 20e3, 1.0, 0.0, seed, 4)).slack
        assert high - low > 10e3


@given(
    knee=st.floats(100, 35e3),
    slope=st.floats(0.2, 3),
    free=st.floats(0, FREE),
    unit=st.floats(1e-3, 1e6),
)
def test_exact_points_are_found_exactly_in_any_unit(knee: float, slope: float, free: float, unit: float) -> None:
    found = fitted([Point(unit * one, unit * bent(one, knee, slope, free), unit * 1e-3 * one) for one in DOSES])
    assert found.slack.low <= unit * knee * (1 + 1e-9)
    assert found.slack.high >= unit * knee * (1 - 1e-9)
    assert abs(found.slack.centre - unit * knee) < 0.25 * unit * max(DOSES)


@given(
    st.lists(
        st.builds(
            Point,
            st.floats(1e-3, 6e10) | odd,
            st.floats(-1e12, 1e12) | odd,
            st.floats(0, 1e12) | odd,
        ),
        max_size=9,
    )
)
def test_any_points(some: list[Point]) -> None:
    knee = fit(some)
    if knee is not None:
        assert 0 <= knee.slack.low <= knee.slack.centre <= knee.slack.high
        assert 0 <= knee.free_slope <= FREE
        assert knee.slope >= 0


def test_fewer_than_three_delays_show_no_knee() -> None:
    assert fit([Point(1.0, 0.0, 0.1), Point(2.0, 1.0, 0.1)] * 5) is None
    assert point(1e3, [1.0]) is None


def test_a_delay_that_bites_in_some_rounds_weighs_what_it_costs() -> None:
    rng, rounds = Random(1), noiseless(1)
    added = [
        next(rounds) - next(rounds) + (30e3 if rng.random() < 0.2 else 0.0) + rng.gauss(0, 500) for _ in range(400)
    ]
    found = point(30e3, added)
    assert found is not None
    assert abs(found.added_ns - sum(added) / 400) < 1
    assert 450 < found.error_ns < 750
