"""Simulations have fixed seeds: a count beyond its declared rate tells of a changed program."""

from collections.abc import Iterator
from math import inf, nan
from random import Random

import pytest
from chance import most
from hypothesis import given
from hypothesis import strategies as st
from traces import (
    DELAY_NS,
    RECORDINGS,
    ROUND_NS,
    TRACES,
    MakeTrace,
    Recording,
    Trace,
    bursts,
    jitter,
    noiseless,
    phases,
    quiet,
    recorded,
)

from pytest_speedbump.inference.bets import Side, Terms
from pytest_speedbump.inference.excess import Sample
from pytest_speedbump.inference.transmission import HALVES_ALPHA, LEAST_CHANGE, MOST, Dose, Transmission, _Block

ALPHA = 0.025
SPENT_NS = 0.1 * ROUND_NS


def doses(rounds: Trace, tau: float, rng: Random, late: float = 0.0) -> Iterator[Dose]:
    """Endless pairs of which so much of the delay arrives; in a share of ``late`` of them preemption adds to it."""
    while True:
        control, slowed = next(rounds), next(rounds)
        if rng.random() < 0.5:
            control, slowed = slowed, control
        spent = SPENT_NS
        if rng.random() < late:
            spent += 20 * SPENT_NS
        yield Dose(slowed + tau * spent - control, spent)


def collect(found: Iterator[Dose], blocks: int = 60, pairs: int = 5) -> Transmission:
    transmission = Transmission()
    transmission.update([next(found) for _ in range(10)], pilot=True)
    for _ in range(blocks):
        transmission.update([next(found) for _ in range(pairs)])
    return transmission


def of(ys: list[float], times: int = 1) -> Transmission:
    transmission = Transmission()
    for y in ys * times:
        transmission.update([Dose(y * 1000, 1000)])
    return transmission


@pytest.mark.parametrize("tau", [-0.2, 0.0, 0.37, 1.0, 1.2])
def test_transmission_is_the_share_of_the_delay_that_arrives(tau: float) -> None:
    found = collect(doses(noiseless(1), tau, Random(1))).interval(ALPHA)
    assert found is not None
    assert found.centre == pytest.approx(tau, abs=1e-5)
    assert tau - 0.12 < found.low <= tau <= found.high < tau + 0.12


@pytest.mark.parametrize("make", [*TRACES, jitter(0.003)])
def test_intervals_cover_it_as_often_as_declared(make: MakeTrace) -> None:
    """For what is hidden, what is serial, and what is between them; whether or not delays are preempted."""
    runs, misses = 24, 0
    for seed in range(runs):
        tau = (0.0, 0.5, 1.0)[seed % 3]
        late = 0.1 if seed % 2 and tau in (0.0, 1.0) else 0.0
        found = collect(doses(make(seed), tau, Random(seed), late), blocks=40).interval(ALPHA)
        assert found is not None
        misses += not found.low - 1e-9 <= tau <= found.high + 1e-9
    assert misses <= most(2 * ALPHA, runs), f"{make.__name__}: {misses} of {runs}"


def test_neither_a_machine_that_changes_its_speed_nor_one_that_preempts_delays_shifts_it() -> None:
    """Delays that slow down with the machine are as long as was spent in them."""
    for tau in (0.0, 1.0):
        found = collect(doses(phases(3), tau, Random(3), late=0.2), blocks=400).interval(ALPHA)
        assert found is not None
        assert found.centre == pytest.approx(tau, abs=0.05)
        assert found.high - found.low < 0.2


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_serial_delay_is_found_whole_in_recorded_rounds(name: Recording) -> None:
    threes = recorded(name)
    transmission = Transmission()
    for at in range(0, len(threes), 5):
        transmission.update([Dose(one.slowed - one.control, DELAY_NS) for one in threes[at : at + 5]])
    found = transmission.interval(ALPHA)
    assert found is not None
    assert found.low <= 1.0 <= found.high
    assert found.centre == pytest.approx(1.0, abs=0.1)
    assert found.high - found.low < 0.4


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
def test_rounds_in_which_less_was_spent_weigh_what_was(tau: float) -> None:
    """A target that runs in every other round only, or for a fifth of the time: such rounds do not dilute it."""
    rng, rounds = Random(1), jitter(0.002)(1)
    transmission = Transmission()
    for number in range(400):
        spent = SPENT_NS * (1.0, 0.0, 1.0, 0.2)[number % 4]
        control, slowed = next(rounds), next(rounds)
        if rng.random() < 0.5:
            control, slowed = slowed, control
        transmission.update([Dose(slowed + tau * spent - control, spent)])
    found = transmission.interval(ALPHA)
    assert found is not None
    assert found.low <= tau <= found.high
    assert found.centre == pytest.approx(tau, abs=0.03)


def test_without_a_delay_there_is_none() -> None:
    transmission = Transmission()
    assert transmission.interval(ALPHA) is None
    transmission.update([])
    transmission.update([Dose(100.0, 0.0)])
    assert transmission.interval(ALPHA) is None
    assert not transmission.halves_disagree()


def test_a_pilot_is_no_evidence_but_tells_the_noise() -> None:
    """Noisy pairs before blocks without noise: their bets are wider, and so is the interval."""
    widths = []
    for noise in (0.0, 800.0):
        transmission = Transmission()
        transmission.update([Dose(1000.0 + sign * noise, 1000.0) for sign in (1, -1)] * 5, pilot=True)
        assert transmission.interval(ALPHA) is None
        for _ in range(9):
            transmission.update([Dose(1000.0, 1000.0)])
        found = transmission.interval(ALPHA)
        assert found is not None
        assert found.centre == pytest.approx(1.0)
        widths.append(found.high - found.low)
    assert widths[1] > 1.2 * widths[0]


@pytest.mark.parametrize("bad", [Dose(nan, 1.0), Dose(inf, 1.0), Dose(1.0, nan), Dose(1.0, inf)])
def test_a_bad_block_changes_nothing(bad: Dose) -> None:
    transmission = of([1.0], 20)
    before = transmission.interval(ALPHA)
    with pytest.raises(ValueError, match="finite"):
        transmission.update([Dose(1.0, 1.0), bad])
    assert transmission.interval(ALPHA) == before
    transmission.update([Dose(1000.0, 1000.0)])
    assert transmission.interval(ALPHA) != before


ys = st.lists(st.floats(-3, 3), min_size=1, max_size=3).map(Sample)
rests = st.lists(st.tuples(st.floats(-2, 2), st.floats(0, 0.5)), min_size=1, max_size=3).map(tuple)
spreads = st.one_of(st.floats(0, 0.1), st.floats(0, 5))
dose_blocks = st.builds(
    _Block, st.one_of(st.none(), ys), rests, st.builds(Terms, spreads, st.just(MOST), st.just(1e-3))
)


@given(dose_blocks, st.floats(-1, 2), st.floats(-1, 2), st.sampled_from((1, -1)))
def test_payoffs_fall_with_the_candidate_on_one_side_and_rise_on_the_other(
    block: _Block, one: float, other: float, side: Side
) -> None:
    low, high = (block.payoffs(candidate, side) for candidate in sorted((one, other)))
    assert all(side * (a - b) >= -1e-9 for a, b in zip(low, high, strict=True))
    assert all(-1 <= u <= 1 for u in low + high)


def test_a_huge_dose_is_no_reason_to_search_for_ever() -> None:
    found = of([1e9, 3e9], 20).interval(ALPHA)
    assert found is not None
    assert found.low <= found.centre <= found.high


# Halves


@pytest.mark.parametrize("make", TRACES)
def test_halves_of_one_transmission_agree(make: MakeTrace) -> None:
    runs, warned = 60, 0
    for seed in range(runs):
        warned += collect(doses(make(seed), seed % 2, Random(seed)), blocks=31, pairs=3).halves_disagree()
    assert warned <= most(HALVES_ALPHA, runs), f"{make.__name__}: {warned} of {runs}"


@pytest.mark.parametrize("make", [noiseless, quiet, phases, bursts])
@pytest.mark.parametrize("taus", [(0.0, 1.0), (1.0, 0.0)])
def test_halves_of_two_transmissions_disagree(make: MakeTrace, taus: tuple[float, float]) -> None:
    rng, rounds = Random(3), make(3)
    transmission = Transmission()
    for tau in taus:
        found = doses(rounds, tau, rng)
        for _ in range(60):
            transmission.update([next(found) for _ in range(5)])
    assert transmission.halves_disagree()


def test_halves_are_halves() -> None:
    assert of([0.0] * 20 + [1.0] * 20).halves_disagree()
    assert not of([0.0, 1.0] * 20).halves_disagree()
    assert not of([1.0]).halves_disagree()


@pytest.mark.parametrize(("change", "disagree"), [(0.9, False), (1.1, True)])
def test_halves_may_differ_a_little(change: float, disagree: bool) -> None:
    assert of([0.5] * 100 + [0.5 + change * LEAST_CHANGE] * 100).halves_disagree() is disagree
