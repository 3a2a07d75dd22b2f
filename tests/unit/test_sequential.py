"""Simulations have fixed seeds: a count beyond its declared rate tells of a changed program."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, cycle
from math import inf, log, nan
from random import Random
from statistics import median

import pytest
from bets_oracle import STAKES, naive_capital, naive_capitals
from chance import most
from hypothesis import example, given, settings
from hypothesis import strategies as st
from traces import (
    DELAY_NS,
    RECORDINGS,
    TRACES,
    MakeTrace,
    Recording,
    Three,
    Trace,
    Way,
    alternating,
    block,
    bursts,
    exactly,
    jitter,
    noiseless,
    pair,
    periodic,
    recorded,
)

from pytest_speedbump.inference.bare import Bare
from pytest_speedbump.inference.bets import Block, Side, Terms, blocks_to_bound
from pytest_speedbump.inference.excess import Reading, Spread, drop_from_excess, excess_from_drop
from pytest_speedbump.inference.sequential import (
    LEAST,
    RESOLUTION,
    Interval,
    Precision,
    Sequential,
    State,
    block_of,
    blocks_to_pass,
    interval,
)

BUDGET = excess_from_drop(0.02)
TERMS = Terms(0.0, 5 * BUDGET)
ALPHA = 0.05
ALPHA_OVER, ALPHA_UNDER = 0.025, 0.01  # as in trials
PILOT = 10  # pairs
SIDES: tuple[Side, Side] = (1, -1)


def sequential(alpha_over: float = ALPHA, alpha_under: float = ALPHA, budget: float = BUDGET) -> Sequential:
    return Sequential(budget, alpha_over, alpha_under)


def one_each(excesses: Iterable[float], terms: Terms = TERMS) -> list[Block]:
    """Blocks of a single pair."""
    return [block_of([exactly(excess)], terms) for excess in excesses]


class Bench:
    """Blocks as a trial takes them: on terms that its pilot, and the pairs so far, have set."""

    def __init__(self, draw: Callable[[], float], largest: float) -> None:
        self._draw, self._largest = draw, largest
        self._spread = Spread()
        self._spread.add([draw() for _ in range(PILOT)])

    def block(self, pairs: int) -> tuple[list[Reading], Terms]:
        terms = Terms(self._spread.value, 1.25 * self._largest)
        taken = [exactly(self._draw()) for _ in range(pairs)]
        self._spread.add([one.most for one in taken])
        return taken, terms

    def judge(self, verdict: Sequential, blocks: int, pairs: int = 1) -> State:
        for _ in range(blocks):
            if verdict.update(*self.block(pairs)):
                break
        return verdict.state

    def blocks(self, blocks: int, pairs: int = 1) -> list[Block]:
        return [block_of(*self.block(pairs)) for _ in range(blocks)]


def steady(rounds: Trace, effect: float, rng: Random, way: Way = "added") -> Callable[[], float]:
    return lambda: pair(rounds, effect, rng, way)


def biting(rounds: Trace, every: int, effect: float, rng: Random, *, in_turn: bool = False) -> Callable[[], float]:
    """One of so many delays reaches the round time, whole: any of them, or one after so many others."""
    turns = count(rng.randrange(every))

    def draw() -> float:
        bites = next(turns) % every == 0 if in_turn else rng.random() < 1 / every
        return pair(rounds, effect if bites else 0.0, rng)

    return draw


# Blocks of a few pairs, with effects that come and go: verdicts are reached, and regretted.
readings = st.tuples(st.floats(-0.3, 0.3), st.one_of(st.just(0.0), st.floats(0, 0.1))).map(
    lambda one: Reading(one[0], one[0] + one[1])
)
terms = st.builds(Terms, spread=st.floats(0, 0.2), most=st.floats(0.001, 0.3), least=st.just(1e-3))
spells = st.lists(
    st.tuples(st.integers(1, 30), st.lists(readings, min_size=1, max_size=3), terms), min_size=1, max_size=3
)
small_blocks = spells.map(lambda found: [(taken, terms) for times, taken, terms in found for _ in range(times)])
small_alphas = st.sampled_from([0.2, 0.05, 0.01])

type Blocks = list[tuple[list[Reading], Terms]]


# The rule


@settings(max_examples=50)
@given(small_blocks, small_alphas, small_alphas)
def test_the_verdict_is_the_first_capital_to_reach_one_over_alpha(
    taken: Blocks, alpha_over: float, alpha_under: float
) -> None:
    verdict = sequential(alpha_over, alpha_under)
    blocks = [block_of(*one) for one in taken]
    over, under = (naive_capitals(blocks, BUDGET, side) for side in SIDES)
    expected: State = None
    for number, one in enumerate(taken):
        if min(abs(over[number] * alpha_over - 1), abs(under[number] * alpha_under - 1)) < 1e-9:
            return  # rounding decides
        if expected is None:
            expected = "over" if over[number] * alpha_over > 1 else "under" if under[number] * alpha_under > 1 else None
        assert verdict.update(*one) == verdict.state == expected
    assert verdict.over.stopped == pytest.approx(log(over[-1]), abs=1e-7)
    assert verdict.under.most == pytest.approx(max(0.0, *map(log, under)), abs=1e-7)


def test_long_evidence_neither_underflows_nor_is_forgotten() -> None:
    """Raw products end at zero after 300 such blocks; logs find their way back."""
    verdict = sequential()
    blocks = one_each([-1.0] * 1000 + [1.0] * 2000)
    assert naive_capital(blocks[:1000], BUDGET, 1) < 1e-8
    assert interval(blocks, ALPHA, ALPHA).low > BUDGET
    assert [verdict.update([exactly(1.0)], TERMS) for _ in range(6)][-1] == "over"
    assert verdict.over.stopped == verdict.over.most > 0 > verdict.under.stopped


@pytest.mark.parametrize("bad", [[], [nan], [0.0, inf]])
def test_a_bad_block_changes_nothing(bad: list[float]) -> None:
    verdict, plain = sequential(), Precision(ALPHA, 0.005, 0.1)
    for procedure in (verdict, plain):
        with pytest.raises(ValueError, match=r"pairs|finite"):
            procedure.update([exactly(one) for one in bad], TERMS)
        assert (procedure.state, procedure.blocks) == (None, [])
    assert (verdict.over.stopped, verdict.under.stopped) == (0, 0)
    needed = blocks_to_pass(BUDGET, TERMS, ALPHA)
    assert [verdict.update([exactly(0.0)], TERMS) for _ in range(needed)].index("under") == needed - 1


@pytest.mark.parametrize(("worth", "blocks"), [(0.5, 8), (1, 8), (2, 11), (3, 18), (5, 32), (10, 67), (20, 136)])
def test_blocks_to_pass_is_what_a_noiseless_measurement_takes(worth: float, blocks: int) -> None:
    """Under a delay that is worth so many budgets."""
    terms = Terms(0.0, 1.25 * worth * BUDGET)
    verdict = sequential(alpha_under=0.01)
    states = [verdict.update([exactly(0.0)], terms) for _ in range(blocks)]
    assert states == [None] * (blocks - 1) + ["under"]
    assert blocks_to_pass(BUDGET, terms, 0.01) == blocks


@given(st.floats(1e-9, 100), st.floats(0.2, 200), st.floats(1e-12, 0.5))
@example(1e-9, 0.5, 1e-12)
@example(99.0, 1e-9, 0.01)
def test_blocks_to_pass_is_minimal(budget: float, worth: float, alpha: float) -> None:
    terms = Terms(0.0, worth * budget)
    n = blocks_to_pass(budget, terms, alpha)
    narrow, wide = terms.widths(budget, -1)

    def capital(blocks: int) -> float:
        payoffs = [min(1.0, budget / width) for width in (narrow, wide)]
        return sum(q / 2 * (1 + f * u) ** blocks for f, q in STAKES.items() for u in payoffs) * alpha

    assert capital(n - 1) < 1 + 1e-6
    assert capital(n) > 1 - 1e-6


def test_a_budget_of_nearly_nothing_is_never_passed() -> None:
    assert blocks_to_pass(5e-324, Terms(0.0, 0.1), 0.01) == 2**60


@pytest.mark.parametrize("budget", [0.0, -0.1, nan])
def test_without_a_budget_nothing_can_pass(budget: float) -> None:
    with pytest.raises(ValueError, match="positive budget"):
        blocks_to_pass(budget, TERMS, 0.05)


# Error rates


@pytest.mark.parametrize("make", TRACES)
def test_at_the_budget_each_wrong_claim_keeps_its_rate(make: MakeTrace) -> None:
    """A constant effect, added or in proportion; the budget is smaller than the noise, so that bets are high."""
    runs, budget = 140, 0.002
    states = []
    for seed in range(runs):
        way: Way = "times" if seed % 4 == 0 and make not in CHANGING else "added"
        bench = Bench(steady(make(seed), budget, Random(seed), way), 2 * budget)
        states.append(bench.judge(sequential(budget=budget), 100, pairs=1 + seed % 2))
    for claim in ("over", "under"):
        wrong = states.count(claim)
        assert wrong <= most(ALPHA, runs), f"{make.__name__}: {wrong} of {runs} wrongly {claim}"


# What such a machine makes of an effect in proportion changes with its speed: no typical round has it.
CHANGING = [make for make in TRACES if make.__name__ in ("bursts", "phases")]


@pytest.mark.parametrize("make", [noiseless, jitter(0.003), jitter(0.02), *TRACES[1:]])
def test_delays_that_bite_in_some_rounds_weigh_what_they_cost(make: MakeTrace) -> None:
    """Mean time exactly at the budget, in bites of 1, 5, 10 and 20 budgets: clipped as noise they all would pass."""
    runs, states = 128, []
    for seed in range(runs):
        bite = (1, 5, 10, 20)[seed % 4]
        draw = biting(make(seed), bite, bite * BUDGET, Random(seed), in_turn=seed // 4 % 4 == 3)
        bench = Bench(draw, bite * BUDGET)
        pairs = 1 if seed < runs / 2 else 8
        states.append(bench.judge(sequential(ALPHA_OVER, ALPHA_UNDER), 150 if pairs == 1 else 80, pairs))
    passes, failures = states.count("under"), states.count("over")
    assert passes <= most(ALPHA_UNDER, runs), f"{make.__name__}: {passes} of {runs} wrongly pass"
    assert failures <= most(ALPHA_OVER, runs), f"{make.__name__}: {failures} of {runs} wrongly fail"


def test_bites_among_rounds_of_two_kinds_do_not_fail_what_keeps_its_budget() -> None:
    """Bites of ten budgets in a tenth of the rounds, and every other round longer by six: no pair is without noise.

    A bet without room for that noise pays for bites and not for what lies between them.
    """
    runs, states = 40, []
    for seed in range(runs):
        bench = Bench(biting(alternating(seed), 10, 10 * BUDGET, Random(seed)), 10 * BUDGET)
        states.append(bench.judge(sequential(ALPHA_OVER, ALPHA_UNDER), 120, pairs=10))
    assert states.count("over") <= most(ALPHA_OVER, runs)
    assert states.count("under") <= most(ALPHA_UNDER, runs)


@pytest.mark.parametrize("make", TRACES)
@pytest.mark.parametrize(("drop", "truth"), [(0.0, "under"), (0.01, "under"), (0.04, "over")])
def test_verdicts_are_right(make: MakeTrace, drop: float, truth: State) -> None:
    """Under a delay that is worth two budgets, and also where it takes longer to be sure."""
    runs, states = 6, []
    effect = excess_from_drop(drop)
    for seed in range(runs):
        bench = Bench(steady(make(seed), effect, Random(seed), "times" if seed % 2 else "added"), 2 * BUDGET)
        states.append(bench.judge(sequential(), 2000, pairs=20))
    assert states.count(truth) == runs, f"{make.__name__}: {states.count(truth)} of {runs} right"


def test_a_fixed_order_takes_the_collector_for_an_effect() -> None:
    """Why the order is random: every tenth round is slow, and ABAB makes it always a slowed one."""

    def claims(*, random_order: bool, runs: int = 40) -> int:
        wrong = 0
        for seed in range(runs):
            rng, rounds = Random(seed) if random_order else None, periodic(seed)
            blocks = [block_of(block(rounds, 0.0, rng), Terms(0.007, 0.1)) for _ in range(60)]
            wrong += interval(blocks, ALPHA, ALPHA).low > 0
        return wrong

    assert claims(random_order=False) == 40
    assert claims(random_order=True) <= most(ALPHA, 40)


# The interval


@pytest.mark.parametrize("make", [*TRACES, jitter(0.003)])
def test_intervals_cover_the_effect_as_often_as_declared(make: MakeTrace) -> None:
    """Looked at twice a run, since they must whenever one looks."""
    runs, low_misses, high_misses = 28, 0, 0
    for seed in range(runs):
        effect = (0.0, 0.001, 0.02, 1.04)[seed % 4]
        largest = max(1.5 * effect, 0.002)
        bench = Bench(steady(make(seed), effect, Random(seed)), largest)
        blocks: list[Block] = []
        seen = []
        for number in (25, 50):
            blocks += bench.blocks(number)
            seen.append(interval(blocks, 0.1, 0.1))
        low_misses += any(found.low > effect + 1e-9 for found in seen)
        high_misses += any(found.high < effect - 1e-9 for found in seen)
        assert -inf < seen[-1].low < seen[-1].high < inf
    assert max(low_misses, high_misses) <= most(0.1, runs), (
        f"{make.__name__}: {low_misses} above and {high_misses} below of {runs}"
    )


@pytest.mark.parametrize("make", [noiseless, jitter(0.003), bursts])
def test_intervals_cover_the_mean_of_an_effect_that_comes_and_goes(make: MakeTrace) -> None:
    """Half of the rounds take three times as long: a drop of 50 %."""
    runs, misses = 30, 0
    for seed in range(runs):
        bench = Bench(biting(make(seed), 2, 2.0, Random(seed)), 2.0)
        _, low, high = interval(bench.blocks(150), 0.025, 0.025)
        misses += not low <= 1.0 <= high
        assert high - low < 1.5
    assert misses <= most(0.05, runs), f"{make.__name__}: {misses} of {runs}"


def test_a_drop_of_half_is_known_to_a_point_and_a_half_after_100_blocks() -> None:
    """Of one pair each, noise .3 %."""
    effect = excess_from_drop(0.51)
    for seed in range(10):
        blocks = Bench(steady(jitter(0.003)(seed), effect, Random(seed)), effect).blocks(100)
        found, low, high = map(drop_from_excess, interval(blocks, 0.025, 0.025))
        assert 0.495 < low < 0.51 < high < 0.525
        assert found == pytest.approx(0.51, abs=0.002)


@settings(max_examples=50)
@given(small_blocks)
def test_the_centre_lies_between_the_ends(taken: Blocks) -> None:
    found = interval([block_of(*one) for one in taken], ALPHA, ALPHA)
    assert LEAST <= found.centre < inf
    assert found.low <= found.centre <= found.high
    assert found.low == -inf or found.low >= LEAST


@settings(max_examples=50)
@given(small_blocks)
def test_ends_within_which_not_all_is_disproved_are_where_the_evidence_suffices(taken: Blocks) -> None:
    blocks = [block_of(*one) for one in taken]
    found = interval(blocks, 0.02, 0.2)
    step = 1.01 * max(RESOLUTION * taken[-1][1].most, 1e-7)
    middle = (found.low + found.high) / 2
    if naive_capital(blocks, middle, 1) > 50 and naive_capital(blocks, middle, -1) > 5:
        return  # the ends have passed each other
    for end, side, alpha in zip(found[1:], SIDES, (0.02, 0.2), strict=True):
        if abs(end) < 0.9:  # all else is far from the pairs
            assert naive_capital(blocks, end, side) * alpha > 1 - 1e-6
            assert naive_capital(blocks, end + side * step, side) * alpha < 1 + 1e-6


def test_blocks_that_contradict_each_other_leave_room_between_them() -> None:
    """All candidates are disproved: the effect was not constant, and the ends have passed each other."""
    blocks = one_each([0.04, 0.04, -0.3] * 60, Terms(0.0, 0.3))
    found = interval(blocks, ALPHA, ALPHA)
    assert naive_capital(blocks, found.low, -1) * ALPHA > 1 - 1e-6
    assert naive_capital(blocks, found.high, 1) * ALPHA > 1 - 1e-6
    assert -0.3 < found.low < found.high < 0.04
    assert found.low <= found.centre <= found.high


def test_one_huge_block_weighs_no_more_than_a_small_one() -> None:
    terms = Terms(0.0, 0.1)
    blocks = [block_of([exactly(-0.05)] * 1000, terms), *one_each([0.05] * 200, terms)]
    found = interval(blocks, ALPHA, ALPHA)
    assert 0.04 < found.low <= found.centre < 0.05 < found.high < 0.06


def test_few_blocks_bound_nothing() -> None:
    found, low, high = interval(one_each([0.01] * 3), ALPHA, ALPHA)
    assert found == pytest.approx(0.01)
    assert (low, high) == (-inf, inf)


def test_an_interval_without_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match="no blocks"):
        interval([], ALPHA, ALPHA)


@pytest.mark.parametrize("excess", [-1.0, -5.0])
@pytest.mark.parametrize("blocks", [1, 200])
def test_no_drop_is_read_from_rounds_that_took_less_than_no_time(excess: float, blocks: int) -> None:
    """One control round that lost its processor is enough for an excess under -1, of which there is no drop."""
    found = interval(one_each([excess] * blocks), ALPHA, ALPHA)
    assert found.centre >= LEAST
    assert all(abs(end) == inf or drop_from_excess(end) < 1 for end in found)


@settings(max_examples=50)
@given(small_blocks, small_alphas, small_alphas, st.sampled_from([0.0, -8.0, 2.0]), st.sampled_from([0.0, -8.0, 2.0]))
def test_interval_and_verdict_never_contradict_each_other(
    taken: Blocks, alpha_over: float, alpha_under: float, before_over: float, before_under: float
) -> None:
    """Also where earlier attempts spoke for a verdict, or against it."""
    verdict = Sequential(BUDGET, alpha_over, alpha_under, (before_over, before_under))
    for one in taken:
        verdict.update(*one)
    found, low, high = verdict.interval()
    assert low <= found <= high
    match verdict.state:
        case "over":
            assert BUDGET <= low < high
        case "under":
            assert low < high <= BUDGET
        case None:
            assert low <= BUDGET <= high


def test_a_verdict_outlives_evidence_that_fades() -> None:
    verdict = sequential()
    while verdict.update([exactly(0.0)], TERMS) is None:
        pass
    best = verdict.under.most
    for _ in range(30):
        verdict.update([exactly(0.04)], TERMS)
    assert interval(verdict.blocks, ALPHA, ALPHA).high > BUDGET
    found = verdict.interval()
    assert found.high == BUDGET
    assert -inf < found.low < found.centre <= found.high
    assert verdict.under.stopped < verdict.under.most == best


@pytest.mark.parametrize(("first", "state"), [(-0.06, "under"), (0.1, "over")])
def test_a_verdict_refuted_later_stands_but_bounds_one_side_only(first: float, state: State) -> None:
    verdict = sequential()
    while verdict.update([exactly(first)], TERMS) is None:
        pass
    for _ in range(500):
        verdict.update([exactly(2 * BUDGET - first)], TERMS)
    assert verdict.state == state
    assert verdict.interval() == ((BUDGET, -inf, BUDGET) if state == "under" else (BUDGET, BUDGET, inf))


# Attempts


def test_earlier_evidence_multiplies() -> None:
    """A rerun needs as much less as the attempt before it had found, and finds against what that had found."""
    needed = []
    for before in (-1.0, 0.0, 1.0):
        verdict = Sequential(BUDGET, ALPHA, ALPHA, (0.0, before))
        assert (verdict.under.stopped, verdict.under.most, verdict.state) == (before, before, None)
        alone = sequential()
        while verdict.update([exactly(0.005)], TERMS) is None:
            alone.update([exactly(0.005)], TERMS)
        alone.update([exactly(0.005)], TERMS)
        assert verdict.under.stopped == pytest.approx(before + alone.under.stopped)
        needed.append(len(verdict.blocks))
    assert needed[0] > needed[1] > needed[2]


def test_reruns_accuse_no_more_often_than_one_long_run() -> None:
    """Three attempts at the budget, each cut short; asked anew every time they would be wrong three times as often."""
    runs, wrong = 100, 0
    for seed in range(runs):
        bench = Bench(steady(jitter(0.02)(seed), BUDGET, Random(seed)), 2 * BUDGET)
        prior = (0.0, 0.0)
        states = []
        for _ in range(3):
            verdict = Sequential(BUDGET, ALPHA, ALPHA, prior)
            states.append(bench.judge(verdict, 40))
            prior = verdict.over.stopped, verdict.under.stopped
        wrong += "over" in states
    assert wrong <= most(ALPHA, runs)


# Plain measurements


@pytest.mark.parametrize(("effect", "half"), [(0.0, 0.005), (0.02, 0.005), (1.0, 0.05)])
def test_a_measurement_stops_when_the_drop_is_known(effect: float, half: float) -> None:
    """To half a point, or to a tenth of itself."""
    plain = Precision(0.025, 0.005, 0.1)
    bench = Bench(steady(jitter(0.003)(1), effect, Random(1)), max(effect, 0.05))
    while plain.update(*bench.block(1)) is None:
        assert len(plain.blocks) < 500
    found, low, high = map(drop_from_excess, plain.interval())
    assert low <= drop_from_excess(effect) <= high
    assert low <= found <= high
    assert half / 4 < (high - low) / 2 <= half
    assert plain.update(*bench.block(1)) == "known"


def test_what_is_not_known_goes_on() -> None:
    plain = Precision(0.025, 0.005, 0.1)
    bench = Bench(steady(jitter(0.2)(1), 0.02, Random(1)), 0.05)
    assert {plain.update(*bench.block(1)) for _ in range(200)} == {None}


def test_a_measurement_looks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking takes longer the more there is to look at; not before so many blocks as could tell anything."""
    looks = []

    def look(self: Precision, bare: Bare) -> Interval:
        looks.append(len(self.blocks))
        return Interval(0.0, -inf, inf)

    monkeypatch.setattr(Precision, "interval", look)
    plain = Precision(0.025, 0.005, 0.1)
    for _ in range(1000):
        plain.update([exactly(0.0)], TERMS)
    assert looks[0] == blocks_to_bound(0.025)
    assert len(looks) < 40


# Recorded rounds


def typical(name: Recording) -> float:
    return median(three.control for three in recorded(name))


def alike(name: Recording, seed: int, added: float = 0.0) -> Callable[[], float]:
    """Pairs of two controls from a random place of a recording on, their labels drawn anew."""
    rng, bare = Random(seed), typical(name)
    threes = from_somewhere(name, rng)

    def draw() -> float:
        three = next(threes)
        return added + rng.choice((1, -1)) * (three.again - three.control) / bare

    return draw


def slowed(name: Recording, seed: int) -> Callable[[], float]:
    rng, bare = Random(seed), typical(name)
    threes = from_somewhere(name, rng)

    def draw() -> float:
        three = next(threes)
        return (three.slowed - rng.choice((three.control, three.again))) / bare

    return draw


def from_somewhere(name: Recording, rng: Random) -> Iterator[Three]:
    threes = recorded(name)
    start = rng.randrange(len(threes))
    return cycle(threes[start:] + threes[:start])


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_identical_rounds_are_not_called_different(name: Recording) -> None:
    """At a budget far under the noise; and with exactly the budget added, wrong claims keep their rates."""
    runs, budget = 120, 0.002
    same: list[State] = []
    added: list[State] = []
    for seed in range(runs):
        for states, effect in ((same, 0.0), (added, budget)):
            bench = Bench(alike(name, seed, effect), 2 * budget)
            states.append(bench.judge(sequential(ALPHA_OVER, ALPHA_UNDER, budget), 50, pairs=4))
    assert same.count("over") == 0
    assert same.count("under") > runs / 4
    assert added.count("over") <= most(ALPHA_OVER, runs)
    assert added.count("under") <= most(ALPHA_UNDER, runs)


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_known_delay_is_found_in_recorded_rounds(name: Recording) -> None:
    """5 us in rounds of 123 us: half of that as a budget is broken, twice of it is kept, and the interval has it."""
    known, runs, misses = DELAY_NS / typical(name), 40, 0
    for seed in range(runs):
        for budget, truth in ((known / 2, "over"), (2 * known, "under")):
            assert Bench(slowed(name, seed), known).judge(sequential(budget=budget), 900) == truth
        _, low, high = interval(Bench(slowed(name, seed), known).blocks(60, pairs=5), 0.025, 0.025)
        misses += not low <= known <= high
        assert high - low < known
    assert misses <= most(0.05, runs)


# Cost


def test_intervals_of_many_blocks_are_quick() -> None:
    """Counted, since no clock is to be trusted here: what it takes to find both ends."""
    rng = Random(1)
    blocks = [CountedBlock([rng.gauss(0.01, 0.02)]) for _ in range(300)]
    found = interval(blocks, 0.025, 0.025)  # type: ignore[arg-type] # all that is used of a block
    assert found.low < 0.01 < found.high
    assert CountedBlock.payments < 40 * len(blocks)


class CountedBlock:
    """A block that counts how often any was asked what it pays."""

    payments = 0

    def __init__(self, excesses: Sequence[float]) -> None:
        self._block = block_of([exactly(one) for one in excesses], Terms(0.02, 0.05))
        self.most, self.terms = self._block.most, self._block.terms

    def payoffs(self, candidate: float, side: Side) -> tuple[float, float]:
        CountedBlock.payments += 1
        return self._block.payoffs(candidate, side)
