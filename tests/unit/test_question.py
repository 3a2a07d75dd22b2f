"""Simulations have fixed seeds: a count beyond its declared rate tells of a changed program."""

from math import inf, sqrt
from random import Random
from statistics import fmean, stdev

import pytest
from chance import most
from hypothesis import example, given
from hypothesis import strategies as st
from traces import TRACES, MakeTrace, block, exactly, jitter, pair, periodic, phases, quiet

from pytest_speedbump.inference.bets import Block, Terms, centre
from pytest_speedbump.inference.excess import excess_from_drop, spread
from pytest_speedbump.inference.question import SES, TAIL_ALARM, Question, floor, tail_alarm
from pytest_speedbump.inference.sequential import Precision, Sequential, block_of, blocks_to_pass, interval

BUDGET = excess_from_drop(0.02)
TERMS = Terms(0.0, 0.1)
ALPHA = 0.025


def question(budget: float | None = BUDGET) -> Question:
    return Question(budget, alpha_over=0.001, alpha_under=0.01, alpha_end=ALPHA, width=0.005, share=0.1)


def blocks_of(*taken: list[float], terms: Terms = TERMS) -> list[Block]:
    return [block_of([exactly(one) for one in excesses], terms) for excesses in taken]


# What is asked


def test_with_a_budget_a_verdict_is_asked_for() -> None:
    procedure = question().ask((0.5, -0.5))
    assert isinstance(procedure, Sequential)
    assert (procedure.budget, procedure.alpha_over, procedure.alpha_under) == (BUDGET, 0.001, 0.01)
    assert (procedure.over.prior, procedure.under.prior) == (0.5, -0.5)


def test_an_interval_is_never_wider_than_the_verdict_beside_it_needs() -> None:
    procedure = Question(BUDGET, 0.2, 0.1, ALPHA, 0.005, 0.1).ask()
    assert isinstance(procedure, Sequential)
    assert (procedure.alpha_over, procedure.alpha_under) == (ALPHA, ALPHA)


def test_without_a_budget_a_size_is_asked_for() -> None:
    procedure = question(None).ask()
    assert isinstance(procedure, Precision)
    assert (procedure.alpha, procedure.width, procedure.share) == (ALPHA, 0.005, 0.1)


@pytest.mark.parametrize(
    ("budget", "largest", "still", "waiting"),
    [(0.02, 0.01, 0.0125, 0.1), (0.02, 0.2, 0.25, 0.4), (None, 0.01, 0.0125, 0.1), (None, 0.2, 0.25, 0.4)],
)
def test_rounds_that_wait_may_lose_more_than_the_delay(
    budget: float | None, largest: float, still: float, waiting: float
) -> None:
    asked = question(budget)
    assert asked.most(largest, waits=False) == pytest.approx(still)
    assert asked.most(largest, waits=True) == asked.scale(largest) == pytest.approx(waiting)


@pytest.mark.parametrize("most", [0.0, 1e-9, 0.1, 1e6])
def test_blocks_to_pass_are_those_of_the_verdict(most: float) -> None:
    assert question().blocks_to_pass(most) == blocks_to_pass(BUDGET, Terms(0.0, most), 0.01)
    assert question(None).blocks_to_pass(most) == 0


# The floor


@pytest.mark.parametrize("make", TRACES)
def test_floor_is_three_times_what_the_centre_really_scatters(make: MakeTrace) -> None:
    """Held by random order alone: the rounds of most traces are far from independent."""
    rng, rounds = Random(5), make(5)
    terms = Terms(spread(pair(rounds, 0.005, rng) for _ in range(100)), 0.01)
    centres, floors = [], []
    for _ in range(60):
        blocks = [block_of(block(rounds, 0.005, rng, pairs=1), terms) for _ in range(100)]
        centres.append(centre([one.most for one in blocks], terms.width))
        floors.append(floor(blocks, ALPHA))
    ratio = sqrt(fmean(f * f for f in floors)) / stdev(centres)
    assert 0.8 * SES < ratio < 1.2 * SES, f"the floor is {ratio:.2f} standard deviations of the centre"


@pytest.mark.parametrize("blocks", [30, 100, 300])
@pytest.mark.parametrize("most", [0.01, 0.1, 2.0])
def test_without_noise_the_floor_is_where_the_interval_ends(blocks: int, most: float) -> None:
    taken = blocks_of(*[[0.0]] * blocks, terms=Terms(0.0, most))
    found = floor(taken, ALPHA)
    assert 0.7 * found < interval(taken, ALPHA, ALPHA).high < 1.3 * found


def test_one_block_has_no_floor() -> None:
    assert floor([], ALPHA) == inf
    assert floor(blocks_of([0.0] * 10), ALPHA) == inf
    assert question().floor(blocks_of([0.0]), 1e6, 1e9, 1e6).excess == inf


@given(st.floats(0.001, 0.2), st.floats(1e5, 1e9))
def test_the_floor_is_the_budget_in_the_time_that_is_needed(noise: float, block_ns: float) -> None:
    rng = Random(1)
    pilot = blocks_of(*([rng.gauss(0.0, noise)] for _ in range(10)))
    needed_ns = question().floor(pilot, 10 * block_ns, 1e9, block_ns).needed_ns
    then = question().floor(pilot, 10 * block_ns, needed_ns, block_ns).excess
    assert then == pytest.approx(BUDGET, rel=0.02)
    later = question().floor(pilot, 10 * block_ns, 4 * needed_ns, block_ns).excess
    assert then / 6 < later < 0.51 * then  # by bets it shrinks as time grows, by noise as its root does


def test_pairs_that_all_are_clipped_have_no_floor() -> None:
    assert floor(blocks_of([1.0], [-1.0], [1.0], [-1.0]), ALPHA) == inf


def test_without_a_budget_no_time_is_known_to_do() -> None:
    assert question(None).floor(blocks_of([0.0], [0.01]), 1e6, 1e9, 1e6).needed_ns == inf


@given(
    st.floats(1e-12, 100), st.floats(0, 1e6), st.floats(1.0, 1e12), st.floats(1.0, 1e12), st.lists(st.floats(-1, 1e6))
)
@example(5e-324, 1.0, 1e9, 1e9, [0.0, 1.0])
@example(1e-200, 1.0, 1e9, 1e9, [0.0, 1.0])
@example(0.02, 0.0, 1e9, 1e9, [0.0, 0.0])
@example(0.02, 1.0, 1e3, 1e6, [0.0, 0.1])
def test_floors_are_numbers_whatever_is_asked(
    budget: float, largest: float, limit_ns: float, block_ns: float, excesses: list[float]
) -> None:
    """Or inf: also for a delay of nothing, a limit far under a block, and a budget that nobody could measure."""
    pilot = blocks_of(*([one] for one in [*excesses, 0.0]), terms=Terms(0.01, largest))
    found = question(budget).floor(pilot, 1e6, limit_ns, block_ns)
    assert found.excess >= 0
    assert found.needed_ns >= 0
    assert floor(pilot, ALPHA) >= 0


# The tail


@pytest.mark.parametrize("make", TRACES)
def test_the_tail_alarm_sleeps_where_only_noise_has_tails(make: MakeTrace) -> None:
    runs, alarms, budget, scale = 150, 0, 0.002, 0.01
    for seed in range(runs):
        rng, rounds = Random(seed), make(seed)
        blocks = [block_of(block(rounds, budget, rng), TERMS) for _ in range(20)]
        assert sum(sum(one.most.tails(budget, scale)) for one in blocks) > 5
        alarms += tail_alarm(blocks, budget, scale)
    assert alarms <= most(1 / TAIL_ALARM, runs), f"{make.__name__}: {alarms} of {runs}"


@pytest.mark.parametrize("make", [quiet, jitter(0.003), periodic, phases])  # bursts have tails that drown it
def test_the_tail_alarm_hears_what_the_centre_cannot(make: MakeTrace) -> None:
    """5 % of the slowed rounds take three times as long; as clipped they stay within the budget."""
    runs, alarms, scale = 5, 0, 5 * BUDGET
    for seed in range(runs):
        rng, rounds = Random(seed), make(seed)
        blocks = [
            block_of([exactly(pair(rounds, 2.0 if rng.random() < 0.05 else 0.0, rng)) for _ in range(10)], TERMS)
            for _ in range(300)
        ]
        assert centre([one.most for one in blocks], scale) < BUDGET
        alarms += tail_alarm(blocks, BUDGET, scale)
    assert alarms == runs, f"{make.__name__}: {alarms} of {runs}"


@pytest.mark.parametrize(("slower", "alarm"), [(9, False), (10, True)])
def test_the_tail_alarm_is_one_sided_and_needs_a_hundredfold(slower: int, alarm: bool) -> None:
    """At one of six stakes: .95 of all, as long as it wins."""
    assert (1.95**slower / 6 >= TAIL_ALARM) is alarm
    assert tail_alarm(blocks_of([1.0] * slower, [0.0] * 1000), 0.0, 0.1) is alarm
    assert not tail_alarm(blocks_of([-1.0] * slower, [0.0] * 1000), 0.0, 0.1)
    assert not tail_alarm(blocks_of([1.0, -1.0] * slower), 0.0, 0.1)
    assert not tail_alarm(blocks_of([1.0] * slower), 1.0, 0.1)


def test_late_time_counts_in_the_tail() -> None:
    """It is time lost; whether it would have been lost without the delay nobody knows, and a pass must hold anyway."""
    late = [exactly(0.0)._replace(most=1.0)] * 20
    assert tail_alarm([block_of(late, TERMS)], 0.0, 0.1)


def test_no_blocks_raise_no_alarm() -> None:
    assert not tail_alarm([], 0.0, 0.1)
