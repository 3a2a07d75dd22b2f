"""Simulations have fixed seeds: a count beyond its declared rate tells of a changed program."""

from collections.abc import Callable, Iterable
from math import inf, log, nan, prod
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from traces import TRACES, Trace, block, pair, periodic, phases, quiet

from pytest_speedbump.inference.effect import Blocks, centre, clip_scale, theta_from_drop
from pytest_speedbump.inference.sequential import (
    RESOLUTION,
    Sequential,
    State,
    blocks_to_pass,
    halves_disagree,
    interval,
    tail_alarm,
)

type MakeTrace = Callable[[int], Trace]

BUDGET = theta_from_drop(0.02)
SCALE = clip_scale(BUDGET, bound=0.01)
ALPHA = 0.05

# As large as the noise: bets are high, and wrong claims as likely as they get.
SMALL_BUDGET = 0.002
SMALL_SCALE = 5 * SMALL_BUDGET


def collect(taken: Iterable[Iterable[float]], s: float = SCALE) -> Blocks:
    blocks = Blocks(s)
    for ds in taken:
        blocks.add(ds)
    return blocks


def sequential(alpha_over: float = ALPHA, alpha_under: float = ALPHA, *, s: float = SCALE) -> Sequential:
    return Sequential(BUDGET, s, alpha_over, alpha_under)


def naive_capital(blocks: Blocks, theta: float, side: int) -> float:
    """Evidence that the effect lies above theta (side 1) or below it (-1), by raw products."""
    stakes = [0.9, 0.45, 0.225, 0.1125, 0.05625, 0.028125, 0.0140625]
    us = []
    for sample in blocks.samples:
        clipped = [max(-1.0, min(1.0, (d - theta) / blocks.s)) for d in sample]
        us.append(side * sum(clipped) / len(clipped))
    return sum(prod(1 + f * u for u in us) for f in stakes) / 7


# Blocks of a few pairs, with effects that come and go: verdicts are reached, and regretted.
small_blocks = st.lists(
    st.tuples(
        st.integers(1, 50),
        st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=3,
).map(lambda spells: [ds for times, ds in spells for _ in range(times)])


# The rule


@given(small_blocks, st.sampled_from([0.2, 0.05, 0.01]), st.sampled_from([0.2, 0.05, 0.01]))
def test_the_verdict_is_the_first_capital_to_reach_one_over_alpha(
    taken: list[list[float]], alpha_over: float, alpha_under: float
) -> None:
    verdict = sequential(alpha_over, alpha_under)
    seen = Blocks(SCALE)
    expected: State = None
    for ds in taken:
        seen.add(ds)
        over = naive_capital(seen, BUDGET, 1) * alpha_over
        under = naive_capital(seen, BUDGET, -1) * alpha_under
        if min(abs(over - 1), abs(under - 1)) < 1e-9:
            return  # rounding decides
        assert not (over >= 1 and under >= 1)
        expected = expected or ("over" if over >= 1 else "under" if under >= 1 else None)
        assert verdict.update(ds) == verdict.state == expected


def test_long_evidence_neither_underflows_nor_is_forgotten() -> None:
    """Raw products end at zero after 400 such blocks; logs find their way back."""
    verdict = sequential()
    blocks = collect([[-1.0]] * 1000 + [[1.0]] * 2000)
    assert blocks.clipped_means(BUDGET)[0] == -1
    assert interval(blocks, ALPHA, ALPHA).low > BUDGET
    assert [verdict.update([d]) for d in (1.0,) * 8][-1] == "over"


@pytest.mark.parametrize("bad", [[], [nan], [0.0, inf]])
def test_a_bad_block_changes_nothing(bad: list[float]) -> None:
    verdict = sequential()
    with pytest.raises(ValueError, match=r"pairs|finite"):
        verdict.update(bad)
    assert (verdict.state, verdict.blocks.pairs) == (None, 0)
    assert [verdict.update([0.0]) for _ in range(29)].index("under") == 28


@pytest.mark.parametrize(
    ("s", "alpha", "blocks"), [(5 * BUDGET, 0.05, 29), (5 * BUDGET, 0.0025, 48), (BUDGET / 2, 0.05, 8)]
)
def test_blocks_to_pass_is_what_a_noiseless_measurement_takes(s: float, alpha: float, blocks: int) -> None:
    verdict = sequential(alpha_under=alpha, s=s)
    states = [verdict.update([0.0]) for _ in range(blocks)]
    assert states == [None] * (blocks - 1) + ["under"]
    assert blocks_to_pass(BUDGET, s, alpha) == blocks


@given(st.floats(1e-3, 1), st.floats(1, 200), st.floats(1e-6, 0.5))
def test_blocks_to_pass_is_minimal(theta_b: float, width: float, alpha: float) -> None:
    n = blocks_to_pass(theta_b, width * theta_b, alpha)
    stakes = [0.9 * 2**-k for k in range(7)]
    before, after = (sum((1 + f / width) ** m for f in stakes) / 7 * alpha for m in (n - 1, n))
    assert before < 1 + 1e-9
    assert after > 1 - 1e-9


@pytest.mark.parametrize("theta_b", [0.0, -0.1, nan])
def test_without_a_budget_nothing_can_pass(theta_b: float) -> None:
    with pytest.raises(ValueError, match="positive budget"):
        blocks_to_pass(theta_b, 0.1, 0.05)


# Error rates


@pytest.mark.parametrize("make", TRACES)
def test_at_the_budget_each_wrong_claim_keeps_its_rate(make: MakeTrace) -> None:
    runs, states = 400, []
    for seed in range(runs):
        rng, rounds = Random(seed), make(seed)
        verdict = Sequential(SMALL_BUDGET, SMALL_SCALE, ALPHA, ALPHA)
        for _ in range(400):
            if verdict.update([pair(rounds, SMALL_BUDGET, rng)]):
                break
        states.append(verdict.state)
    for claim in ("over", "under"):
        wrong = states.count(claim)
        assert wrong <= ALPHA * runs, f"{make.__name__}: {wrong} of {runs} wrongly {claim}"


@pytest.mark.parametrize("make", TRACES)
@pytest.mark.parametrize(("drop", "truth"), [(0.0, "under"), (0.01, "under"), (0.03, "over"), (0.05, "over")])
def test_verdicts_are_right(make: MakeTrace, drop: float, truth: State) -> None:
    runs, states = 25, []
    for seed in range(runs):
        rng, rounds, verdict = Random(seed), make(seed), sequential()
        for _ in range(2500):
            if verdict.update(block(rounds, theta_from_drop(drop), rng)):
                break
        states.append(verdict.state)
    assert states.count(truth) == runs, f"{make.__name__}: {states.count(truth)} of {runs} right"


@pytest.mark.parametrize("make", TRACES)
def test_the_interval_misses_the_effect_no_more_often_than_declared(make: MakeTrace) -> None:
    """Looked at three times a run, since it must hold whenever one looks."""
    runs, effect, low_misses, high_misses = 150, 0.001, 0, 0
    for seed in range(runs):
        rng, rounds, blocks = Random(seed), make(seed), Blocks(SMALL_SCALE)
        seen = []
        for n in range(1, 151):
            blocks.add([pair(rounds, effect, rng)])
            if n % 50 == 0:
                seen.append(interval(blocks, 0.1, 0.1))
        low_misses += any(found.low > effect for found in seen)
        high_misses += any(found.high < effect for found in seen)
        assert -inf < seen[-1].low < seen[-1].high < inf
    assert max(low_misses, high_misses) <= 0.1 * runs, (
        f"{make.__name__}: {low_misses} above and {high_misses} below of {runs}"
    )


def test_a_fixed_order_takes_the_collector_for_an_effect() -> None:
    """Why the order is random: every tenth round is slow, and ABAB makes it always a slowed one."""

    def claims(*, random_order: bool, runs: int = 40) -> int:
        wrong = 0
        for seed in range(runs):
            rng, rounds = Random(seed) if random_order else None, periodic(seed)
            blocks = collect(block(rounds, 0.0, rng) for _ in range(60))
            wrong += interval(blocks, ALPHA, ALPHA).low > 0
        return wrong

    assert claims(random_order=False) == 40
    assert claims(random_order=True) <= 2


def test_a_delay_that_bites_in_few_rounds_needs_the_wide_clip() -> None:
    """11 % of the rounds at +20 %: over a budget of 1.9 %, but mostly outside a clip of 10 %."""
    runs, largest = 40, log(1.2)
    budget = theta_from_drop(0.019)

    def passes(s: float) -> int:
        count = 0
        for seed in range(runs):
            rng, rounds = Random(seed), quiet(seed)
            verdict = Sequential(budget, s, ALPHA, ALPHA)
            for _ in range(300):
                bites = [largest if rng.random() < 0.11 else 0.0 for _ in range(10)]
                verdict.update([pair(rounds, effect, rng) for effect in bites])
            count += verdict.state == "under"
        return count

    assert passes(clip_scale(budget, bound=0.0)) == runs
    assert passes(clip_scale(budget, bound=largest)) <= ALPHA * runs


# The interval


@given(small_blocks)
def test_the_ends_of_the_interval_are_where_the_evidence_suffices(taken: list[list[float]]) -> None:
    blocks = collect(taken)
    found = interval(blocks, 0.02, 0.2)
    step = 1.01 * RESOLUTION * SCALE
    for end, side, alpha in ((found.low, 1, 0.02), (found.high, -1, 0.2)):
        if abs(end) == inf:
            assert naive_capital(blocks, -side * 1e3, side) * alpha < 1 + 1e-9
        else:
            assert naive_capital(blocks, end, side) * alpha > 1 - 1e-9
            assert naive_capital(blocks, end + side * step, side) * alpha < 1 + 1e-9
    assert found.low <= found.theta <= found.high


@given(small_blocks)
def test_blocks_of_one_size_put_their_centre_inside(taken: list[list[float]]) -> None:
    blocks = collect([ds[0], ds[-1]] for ds in taken)
    assert interval(blocks, ALPHA, ALPHA).theta == centre(blocks, SCALE)


def test_one_huge_block_weighs_no_more_than_a_small_one() -> None:
    blocks = collect([[-0.05] * 1000] + [[0.05]] * 200)
    found = interval(blocks, ALPHA, ALPHA)
    assert centre(blocks, SCALE) < 0 < found.low == found.theta < 0.05 < found.high


def test_few_blocks_bound_nothing() -> None:
    theta, low, high = interval(collect([[0.01]] * 3), ALPHA, ALPHA)
    assert theta == pytest.approx(0.01)
    assert (low, high) == (-inf, inf)


def test_an_interval_without_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        interval(Blocks(SCALE), ALPHA, ALPHA)


@given(small_blocks, st.sampled_from([0.2, 0.01]), st.sampled_from([0.2, 0.01]))
def test_interval_and_verdict_never_contradict_each_other(
    taken: list[list[float]], alpha_over: float, alpha_under: float
) -> None:
    verdict = sequential(alpha_over, alpha_under)
    for ds in taken:
        verdict.update(ds)
    theta, low, high = verdict.interval()
    assert low <= theta <= high
    match verdict.state:
        case "over":
            assert BUDGET <= low < high
        case "under":
            assert low < high <= BUDGET
        case None:
            assert low <= BUDGET <= high


def test_a_verdict_outlives_evidence_that_fades() -> None:
    verdict = sequential()
    while verdict.update([0.0]) is None:
        pass
    for _ in range(20):
        verdict.update([0.05])
    assert interval(verdict.blocks, ALPHA, ALPHA).high > BUDGET
    found = verdict.interval()
    assert found.high == BUDGET
    assert -inf < found.low < found.theta <= found.high


@pytest.mark.parametrize(("first", "state"), [(-0.06, "under"), (0.1, "over")])
def test_a_verdict_refuted_later_stands_but_bounds_one_side_only(first: float, state: State) -> None:
    verdict = sequential()
    while verdict.update([first]) is None:
        pass
    for _ in range(300):
        verdict.update([2 * BUDGET - first])
    assert verdict.state == state
    assert verdict.interval() == ((BUDGET, -inf, BUDGET) if state == "under" else (BUDGET, BUDGET, inf))


# Warnings


@pytest.mark.parametrize("make", TRACES)
def test_the_tail_alarm_sleeps_where_only_noise_has_tails(make: MakeTrace) -> None:
    runs, alarms = 200, 0
    for seed in range(runs):
        rng, rounds = Random(seed), make(seed)
        blocks = collect((block(rounds, SMALL_BUDGET, rng) for _ in range(50)), SMALL_SCALE)
        assert sum(map(sum, (v.tails(SMALL_BUDGET, SMALL_SCALE) for v in blocks.samples))) > 10
        alarms += tail_alarm(blocks, SMALL_BUDGET)
    assert alarms <= runs / 100, f"{make.__name__}: {alarms} of {runs}"


@pytest.mark.parametrize("make", [quiet, periodic, phases])  # bursts have tails that drown it
def test_the_tail_alarm_hears_what_the_centre_cannot(make: MakeTrace) -> None:
    """5 % of the slowed rounds take three times as long; as clipped they stay within the budget."""
    runs, alarms = 10, 0
    for seed in range(runs):
        rng, rounds = Random(seed), make(seed)
        blocks = collect(
            [pair(rounds, log(3) if rng.random() < 0.05 else 0.0, rng) for _ in range(10)] for _ in range(300)
        )
        assert centre(blocks, SCALE) < BUDGET
        alarms += tail_alarm(blocks, BUDGET)
    assert alarms == runs, f"{make.__name__}: {alarms} of {runs}"


@pytest.mark.parametrize(("slower", "alarm"), [(10, False), (11, True)])
def test_the_tail_alarm_is_one_sided_and_needs_a_hundredfold(slower: int, alarm: bool) -> None:
    assert tail_alarm(collect([[1.0] * slower, [0.0] * 1000]), 0.0) is alarm
    assert not tail_alarm(collect([[-1.0] * slower, [0.0] * 1000]), 0.0)
    assert not tail_alarm(collect([[1.0, -1.0] * slower]), 0.0)
    assert not tail_alarm(collect([[1.0] * slower]), 1.0)


def test_no_blocks_raise_no_alarm() -> None:
    assert not tail_alarm(Blocks(SCALE), 0.0)
    assert not halves_disagree(Blocks(SCALE))


@pytest.mark.parametrize("make", TRACES)
def test_halves_of_one_effect_agree(make: MakeTrace) -> None:
    runs, warned = 200, 0
    for seed in range(runs):
        rng, rounds = Random(seed), make(seed)
        blocks = collect((block(rounds, BUDGET, rng) for _ in range(31)), SMALL_SCALE)
        warned += halves_disagree(blocks, least=0.0)
    assert warned <= 0.01 * runs, f"{make.__name__}: {warned} of {runs}"


@pytest.mark.parametrize("make", TRACES)
@pytest.mark.parametrize("effects", [(0.0, 0.04), (0.04, 0.0)])
def test_halves_of_two_effects_disagree(make: MakeTrace, effects: tuple[float, float]) -> None:
    rng, rounds = Random(3), make(3)
    assert halves_disagree(collect(block(rounds, effect, rng) for effect in effects for _ in range(60)))


def test_halves_are_halves() -> None:
    assert halves_disagree(collect([[0.0] * 10] * 3 + [[0.02] * 10] * 3))
    assert not halves_disagree(collect([[0.0] * 10, [0.02] * 10] * 2))


def test_halves_may_differ_a_little() -> None:
    steps = collect([[0.0] * 10] * 30 + [[0.009] * 10] * 30)
    assert not halves_disagree(steps)
    assert halves_disagree(steps, least=0.008)
