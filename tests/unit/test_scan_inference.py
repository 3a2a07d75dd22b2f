"""What slowing each function by itself tells of it.

Seeds are fixed: a count beyond its declared rate tells of a changed program.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf, isfinite, isnan, nan, sqrt
from random import Random
from typing import get_args

import pytest
from chance import most
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump import ranking as noun
from pytest_speedbump.inference.ranking import (
    FEW,
    LEAST_NOISE,
    UNKNOWN_NOISE,
    Gain,
    Push,
    Reach,
    Standing,
    additive,
    dropped,
    enough,
    gain,
    joint_slack,
    noise,
    ranks,
    reach,
    slack,
    standing,
)

ROUND_NS = 1e6
LEAST = 0.005
HALF = "hidden in half of all rounds"
Tau = float | str
Jitter = Callable[[Random, int], float]


def truth(tau: Tau) -> float:
    return 0.5 if isinstance(tau, str) else tau


# What a round takes, in rounds without noise; the standard deviation of a pair is told.
def normal(sigma: float) -> Jitter:
    return lambda rng, _: 1 + sigma / sqrt(2) * rng.gauss(0, 1)


def spikes(sigma: float) -> Jitter:
    quiet = normal(sigma)
    return lambda rng, at: quiet(rng, at) + (rng.expovariate(1 / 1.5) if rng.random() < 0.05 else 0.0)


def heavy_tails(sigma: float) -> Jitter:
    """Student's t with three degrees of freedom."""
    return lambda rng, _: max(0.2, 1 + sigma / sqrt(2) * rng.gauss(0, 1) / sqrt(rng.gammavariate(1.5, 2) / 3))


def drift(sigma: float) -> Jitter:
    quiet = normal(sigma)
    return lambda rng, at: quiet(rng, at) * (1 + 0.3 * math.sin(at / 150))


MACHINES = {
    "normal 1 %": normal(0.01),
    "normal 2.5 %": normal(0.025),
    "normal 5 %": normal(0.05),
    "spikes": spikes(0.025),
    "heavy tails": heavy_tails(0.025),
    "drift": drift(0.025),
}


class Machine:
    """Pairs of rounds, one after the other."""

    def __init__(self, jitter: Jitter, rng: Random) -> None:
        self.jitter, self.rng, self.rounds = jitter, rng, 0

    def round(self) -> float:
        self.rounds += 1
        return self.jitter(self.rng, self.rounds)

    def push(self, tau: Tau, dose: float) -> Push:
        control, slowed = self.round(), self.round()
        if self.rng.random() < 0.5:
            control, slowed = slowed, control
        slowed += dose * (float(self.rng.random() < 0.5) if isinstance(tau, str) else tau)
        return Push((slowed - control) * ROUND_NS, dose * ROUND_NS, (slowed + control) / 2 * ROUND_NS)

    def group(self, tau: Tau, dose: float, count: int) -> list[Push]:
        return [self.push(tau, dose) for _ in range(count)]


def exact(taus: Sequence[float], dose_ns: float = 500_000) -> list[Push]:
    return [Push(tau * dose_ns, dose_ns, ROUND_NS) for tau in taus]


# -- noise


@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_noise_is_the_standard_deviation_of_a_push(count: int) -> None:
    machine = Machine(normal(0.025), Random(count))
    found = noise([machine.group(0, 0.125, count) for _ in range(400)])
    assert found == pytest.approx(0.025, rel=0.15)


def test_neither_interruptions_nor_the_few_that_scatter_widen_it() -> None:
    rng = Random(1)
    machine = Machine(normal(0.025), rng)
    groups = [machine.group(0, 0.5, 7) for _ in range(40)]
    clean = noise(groups)
    scattering = [machine.group(HALF, 0.5, 60) for _ in range(6)]  # more pushes than all others together
    assert noise(groups + scattering) < 1.5 * clean
    machine.jitter = spikes(0.025)
    assert noise([machine.group(0, 0.5, 7) for _ in range(40)]) < 1.5 * clean


def test_without_two_pushes_of_one_function_the_noise_is_unknown() -> None:
    assert noise([]) == noise([[], exact([1.0]), exact([0.0])]) == UNKNOWN_NOISE
    assert noise([exact([1.0] * 5)]) == LEAST_NOISE, "equal by chance"


@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=6), max_size=6))
def test_noise_is_the_median_of_all_differences(added: list[list[float]]) -> None:
    groups = [[Push(ns, 0, ROUND_NS) for ns in some] for some in added]
    sizes = sorted(abs(b - a) / ROUND_NS / sqrt(2) for some in added for a, b in pairwise(some))
    if sizes:
        middle = sizes[(len(sizes) - 1) // 2] * (1 + 1.5 / len(sizes)) / 0.6745
        assert noise(groups) == pytest.approx(max(middle, LEAST_NOISE))


# -- reach


@given(st.floats(-0.5, 1.5), st.integers(FEW, 12), st.floats(1, 1e9), st.floats(0.002, 0.1))
def test_without_noise_the_transmission_is_found(tau: float, count: int, dose_ns: float, sigma: float) -> None:
    found = reach([Push(tau * dose_ns, dose_ns, 3 * dose_ns)] * count, sigma)
    assert found.tau == pytest.approx(tau, abs=1e-6)
    assert found.error == pytest.approx(sigma * 3 / sqrt(count))


@given(
    st.lists(st.tuples(st.floats(-5e5, 1e6), st.floats(1e4, 5e5), st.floats(-3, 3)), min_size=1, max_size=12),
    st.floats(0.01, 100),
    st.randoms(use_true_random=False),
)
def test_neither_the_unit_of_time_nor_the_order_matters(
    some: list[tuple[float, float, float]], times: float, rng: Random
) -> None:
    pushes = [Push(added, delivered, ROUND_NS, round(more)) for added, delivered, more in some]
    found = reach(pushes, 0.025)
    scaled = [Push(push[0] * times, push[1] * times, push[2] * times, push[3]) for push in pushes]
    rng.shuffle(scaled)
    other = reach(scaled, 0.025)
    assert found.error > 0
    if isfinite(found.error) and found.error < 1e3:
        assert other.tau == pytest.approx(found.tau, rel=1e-3, abs=1e-3)
        assert other.error == pytest.approx(found.error, rel=1e-3, abs=1e-3)


@given(
    st.lists(
        st.builds(Push, st.floats(-1e9, 1e9), st.floats(0, 1e9), st.floats(1, 1e9), st.integers(-5, 5)), max_size=12
    ),
    st.floats(0, 1),
)
def test_whatever_comes_is_known_with_an_error_or_not_at_all(pushes: list[Push], sigma: float) -> None:
    found = reach(pushes, sigma)
    assert found.error > 0
    assert found.low <= found.high
    assert isnan(found.tau) == (not isfinite(found.error))
    if not any(push.delivered_ns for push in pushes):
        assert not isfinite(found.error)


def test_without_a_delay_nothing_is_known() -> None:
    for pushes in ([], [Push(1e5, 0, ROUND_NS)] * 9):
        found = reach(pushes, 0.025)
        assert isnan(found.tau)
        assert (found.error, found.low, found.high) == (inf, -inf, inf)


@pytest.mark.parametrize("wrong", [Push(nan, 1, 1), Push(1, inf, 1), Push(1, 1, 0), Push(1, 1, -1), Push(1, 1, 1, nan)])
def test_times_that_are_none_are_refused(wrong: Push) -> None:
    with pytest.raises(ValueError, match=r"finite|takes some time"):
        reach([Push(1, 1, 1), wrong], 0.025)


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("dose", [0.5, 0.125])
def test_the_truth_lies_in_the_interval(name: str, dose: float) -> None:
    """At every number of pushes, whatever arrives."""
    for count, runs in ((1, 5), (2, 5), (3, 5), (5, 5), (6, 5), (7, 5), (10, 4), (20, 2), (60, 1)):
        misses = trials = 0
        rng = Random(f"{name} {dose} {count}")
        for tau in (0, 0.5, HALF, 1, 1.5, -0.2):
            for _ in range(runs):
                machine = Machine(MACHINES[name], rng)
                sigma = noise([machine.group(rng.choice((0, 1)), dose, max(3, count)) for _ in range(12)])
                for _ in range(6):
                    found = reach(machine.group(tau, dose, count), sigma)
                    misses += not found.low <= truth(tau) <= found.high
                    trials += 1
        assert misses <= most(0.06, trials), f"{misses} of {trials} with {count} pushes"


def test_a_function_that_is_noisier_than_most_is_judged_by_its_own_scatter() -> None:
    rng, misses = Random(1), 0
    quiet = Machine(normal(0.01), rng)
    sigma = noise([quiet.group(0, 0.125, 7) for _ in range(40)])
    noisy = Machine(normal(0.05), rng)
    for _ in range(200):
        found = reach(noisy.group(0, 0.125, 7), sigma)
        misses += not found.low <= 0 <= found.high
    assert misses <= most(0.06, 200)


@pytest.mark.parametrize("count", [3, 5, 8, 12])
@pytest.mark.parametrize("tau", [0.0, 1.0])
@pytest.mark.parametrize("spike", [3.0, -3.0, 20.0])
def test_one_interruption_moves_and_widens_it_little(count: int, tau: float, spike: float) -> None:
    sigma = 0.025
    clean = reach(exact([tau] * (count - 1)), sigma)
    struck = reach(exact([*[tau] * (count - 1), tau + spike]), sigma)
    assert struck.tau == pytest.approx(tau, abs=0.01)
    assert struck.error <= 1.01 * clean.error


@pytest.mark.parametrize("ratio", [3.0, -2.0, 40.0])
def test_one_push_may_be_an_interruption(ratio: float) -> None:
    found = reach(exact([ratio]), 0.025)
    assert found.low < 0
    assert found.high > 1


@pytest.mark.parametrize("count", range(1, FEW))
@pytest.mark.parametrize("side", [0.0, 1.0])
def test_few_pushes_of_one_side_leave_the_middle_open(count: int, side: float) -> None:
    found = reach(exact([side] * count), LEAST_NOISE)
    assert found.low < 0.5 < found.high
    assert not reach(exact([side] * FEW), LEAST_NOISE).low < 0.5 < reach(exact([side] * FEW), LEAST_NOISE).high


def test_where_the_delay_bites_in_some_rounds_the_mean_is_told() -> None:
    found = reach(exact([0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0] * 3), 0.01)
    assert found.tau == pytest.approx(0.5)
    assert 0.5 / sqrt(24) <= found.error < 0.6 / sqrt(23)
    assert reach(exact([0.0] * 14 + [1.0] * 6), 0.01).tau == pytest.approx(0.3, abs=0.05)
    struck = reach(exact([0.0] * 11 + [1.0] * 9 + [2.0, -1.0]), 0.01)
    assert struck.tau == pytest.approx(9 / 20), "interruptions on both sides of it"


def now_and_then(rng: Random, tau: float, often: float, count: int, jitter: Jitter) -> list[Push]:
    """A function of 100 us that is called 5 times in so many rounds, and never in the others."""
    found = []
    for _ in range(count):
        calls = [5 * (rng.random() < often) for _ in range(2)]
        control, slowed = [jitter(rng, 0) + 0.02 * some for some in calls]
        delivered = 0.1 * calls[1]
        slowed += tau * delivered
        times = [ROUND_NS * time for time in (slowed - control, delivered, (slowed + control) / 2)]
        found.append(Push(times[0], times[1], times[2], calls[1] - calls[0]))
    return found


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("often", [0.2, 0.5, 0.9])
def test_a_function_of_some_rounds_only_pays_for_its_own_calls(tau: float, often: float) -> None:
    rng, misses, trials = Random(f"{tau} {often}"), 0, 0
    for count in (3, 5, 7, 10, 20, 60):
        for _ in range(25):
            found = reach(now_and_then(rng, tau, often, count, spikes(0.025)), 0.03)
            misses += not found.low <= tau <= found.high
            trials += 1
    assert misses <= most(0.06, trials)
    found = reach(now_and_then(rng, tau, often, 200, normal(0.025)), 0.025)
    assert found.tau == pytest.approx(tau, abs=0.05)
    assert found.error < 0.02


def test_what_is_called_in_slowed_rounds_only_remains_unknown() -> None:
    """Its own time and the delay came and went together."""
    found = reach([Push(6e5, 5e5, ROUND_NS, 5)] * 20, 0.025)
    assert found.error >= 1
    assert standing(0.1, gain(0.1, 0.0, found), found, 20, LEAST) == "unresolved"


# -- what follows from it


def test_standings_are_those_of_the_ranking() -> None:
    assert get_args(Standing) == get_args(noun.Standing)


def test_a_gain_has_the_errors_of_both() -> None:
    found = gain(0.2, 0.01, Reach(0.5, 0.1))
    assert found.centre == pytest.approx(0.1)
    width = 1.96 * sqrt((0.2 * 0.1) ** 2 + (0.5 * 0.01) ** 2 + (0.01 * 0.1) ** 2)
    assert found.low == pytest.approx(0.1 - width)
    assert found.high == pytest.approx(0.1 + width)
    assert gain(0.2, 0.01, Reach(nan, inf))[1:] == (-inf, inf)


def test_the_errors_of_a_gain_are_those_of_the_product() -> None:
    rng, misses = Random(3), 0
    for _ in range(2000):
        share, tau = rng.gauss(0.2, 0.02), rng.gauss(0.5, 0.1)
        found = gain(share, 0.02, Reach(tau, 0.1))
        misses += not found.low <= 0.1 <= found.high
    assert misses <= most(0.06, 2000)


@pytest.mark.parametrize(
    ("share", "tau", "error", "pushes", "called"),
    [
        (0.2, 1.0, 0.05, 9, "critical"),
        (0.2, 1.4, 0.2, 9, "critical"),
        (0.2, 0.5, 0.05, 9, "partly"),
        (0.2, 0.62, 0.08, 9, "partly"),
        (0.2, 0.0, 0.01, 9, "free"),
        (0.2, -0.4, 0.05, 9, "free"),  # slowing helps
        (0.2, 0.0, 0.08, 9, "unresolved"),
        (0.01, 0.5, 0.3, 9, "unresolved"),
        (0.006, 0.7, 0.02, 9, "small"),  # neither hidden nor large
        (0.001, 0.0, 0.3, 1, "small"),
        (0.2, 0.0, 0.01, 2, "small"),
        (0.2, 1.0, 0.05, 2, "unresolved"),
        (0.2, nan, inf, 0, "unresolved"),
    ],
)
def test_standing(share: float, tau: float, error: float, pushes: int, called: Standing) -> None:
    known = Reach(tau, error)
    assert standing(share, gain(share, 0.0, known), known, pushes, LEAST) == called


SHARES = st.floats(0, 1)
REACHES = st.builds(Reach, st.floats(-2, 3), st.floats(1e-4, 3))


@given(SHARES, st.floats(0, 0.1), REACHES, st.integers(0, 60))
def test_decisions_agree(share: float, share_error: float, known: Reach, pushes: int) -> None:
    won = gain(share, share_error, known)
    called = standing(share, won, known, pushes, LEAST)
    if dropped(share, known, LEAST):
        assert called in ("free", "small")
        assert enough(share, known, LEAST)
    if called in ("critical", "partly", "free"):
        assert pushes >= FEW
    if called in ("critical", "partly"):
        assert won.high >= LEAST
        assert known.low > 0.1
    if called == "free":
        assert share >= LEAST
        assert known.high < 0.5
    if enough(share, known, LEAST) and pushes >= FEW:
        assert called != "unresolved" or share_error > 0
    if enough(share, known, LEAST):
        assert enough(share, known._replace(error=known.error / 2), LEAST) or known.low <= 0.1


def test_more_pushes_are_wanted_until_the_gain_is_known() -> None:
    assert not enough(0.2, Reach(1.0, 0.1), LEAST), "critical, and its gain may be 16 % as well as 24 %"
    assert enough(0.2, Reach(1.0, 0.08), LEAST)
    assert enough(0.01, Reach(1.0, 0.15), LEAST)
    assert not enough(0.2, Reach(0.05, 0.08), LEAST), "hidden, but its gain may matter"
    assert enough(0.2, Reach(0.0, 0.012), LEAST)
    assert not enough(0.2, Reach(nan, inf), LEAST)
    assert not dropped(0.2, Reach(nan, inf), LEAST)


def test_ranks_are_shared_by_those_that_cannot_be_told_apart() -> None:
    gains = [
        Gain(5.5, 5, 6),
        Gain(4.8, 4, 5.5),
        Gain(3.5, 3, 4.5),
        Gain(3.2, 2.9, 3.4),
        Gain(1, 0, 2),
        Gain(nan, -inf, inf),
    ]
    assert ranks(gains) == [1, 1, 3, 3, 5, 5]
    assert ranks(gains[::-1]) == [5, 5, 3, 3, 1, 1]
    assert ranks([]) == []


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1)), max_size=20))
def test_a_worse_rank_is_proved(ends: list[tuple[float, float]]) -> None:
    gains = sorted([Gain(low + width / 2, low, low + width) for low, width in ends], key=lambda one: -one.low)
    found = ranks(gains)
    assert found == sorted(found)
    for position, rank in enumerate(found, 1):
        assert rank <= position
        assert rank == position or rank == found[position - 2]
        for before in range(position - 1):
            if found[before] < rank and found[before] == before + 1:
                assert gains[position - 1].high < gains[before].low or gains[rank - 1].high < gains[before].low


# -- slack


def knee(slack_ns: float, dose_ns: float, error: float) -> Reach:
    return Reach(max(0.0, dose_ns - slack_ns) / dose_ns, error)


@pytest.mark.parametrize("slack_ns", [60_000, 125_000, 200_000, 400_000])
def test_slack_is_what_the_large_delay_lost(slack_ns: float) -> None:
    found = slack(500_000, knee(slack_ns, 500_000, 0.02), 125_000, knee(slack_ns, 125_000, 0.08))
    assert found is not None
    assert found.centre == pytest.approx(slack_ns)
    assert found.low < slack_ns < found.high < slack_ns + 25_000


def test_what_is_hidden_at_the_largest_delay_has_at_least_so_much() -> None:
    for small in (None, Reach(0.0, 0.05)):
        found = slack(500_000, Reach(0.0, 0.02), 125_000, small)
        assert found is not None
        assert found.centre == 500_000
        assert 480_000 < found.low < 500_000
        assert found.high == inf


@pytest.mark.parametrize(
    ("large", "small"),
    [
        (Reach(1.0, 0.02), Reach(1.0, 0.05)),
        (Reach(0.99, 0.02), Reach(0.95, 0.05)),
        (Reach(0.5, 0.02), Reach(0.5, 0.05)),  # hidden in half of all calls
        (Reach(0.2, 0.1), Reach(0.2, 0.1)),
        (Reach(0.5, 0.25), Reach(0.5, 0.05)),
        (Reach(0.5, 0.2), Reach(0.2, 0.3)),  # not resolved
        (Reach(0.5, 0.02), Reach(0.4, 0.02)),  # nearer to half of all calls than to a knee
        (Reach(0.5, 0.02), None),
        (Reach(0.5, 0.02), Reach(nan, inf)),
        (Reach(nan, inf), Reach(0.0, 0.1)),
        (Reach(1.5, 0.02), Reach(1.0, 0.1)),  # convoys
        (Reach(0.5, 0.02), Reach(0.9, 0.05)),  # not convex
    ],
)
def test_no_slack_is_told_where_there_is_none_or_it_is_unknown(large: Reach, small: Reach | None) -> None:
    assert slack(500_000, large, 125_000, small) is None


@given(st.floats(0, 1e6), st.floats(0.001, 0.3), st.floats(0.001, 0.3))
def test_the_slack_of_a_knee_lies_in_its_interval(slack_ns: float, error: float, small_error: float) -> None:
    found = slack(500_000, knee(slack_ns, 500_000, error), 125_000, knee(slack_ns, 125_000, small_error))
    if found is not None:
        assert found.low <= slack_ns + 1e-6
        assert slack_ns <= found.high + 1e-6
        assert 0 <= found.low <= found.centre <= found.high


@given(st.floats(0.25, 1), st.floats(0.001, 0.3), st.floats(0.001, 0.3))
def test_a_straight_line_has_no_slack(tau: float, error: float, small_error: float) -> None:
    assert slack(500_000, Reach(tau, error), 125_000, Reach(tau, small_error)) is None


def test_joint_slack() -> None:
    found = joint_slack(500_000, Reach(0.6, 0.01))
    assert found is not None
    assert found == pytest.approx((200_000, 190_200, 209_800))
    assert joint_slack(500_000, Reach(0.0, 0.01)) == pytest.approx((500_000, 490_200, inf))
    assert joint_slack(500_000, Reach(1.1, 0.01)) == (0, 0, 0)
    assert joint_slack(500_000, Reach(nan, inf)) is None


def test_costs_add_up_or_not() -> None:
    parts = [(100_000.0, Reach(1.0, 0.05)), (300_000.0, Reach(0.6, 0.05))]
    assert additive(Reach(0.7, 0.01), parts) is True
    assert additive(Reach(0.745, 0.001), parts) is True, "3 standard errors"
    assert additive(Reach(0.9, 0.01), parts) is False, "more than the sum"
    assert additive(Reach(0.5, 0.01), parts) is False, "less"
    assert additive(Reach(0.74, 0.0001), [(1.0, Reach(0.7, 0.0001))]) is True, "5 %"
    assert additive(Reach(0.7, 0.3), [(1.0, Reach(0.0, 0.01))]) is True, "cannot be told apart"
    for unknown in ([], [(1.0, Reach(nan, inf))], [(0.0, Reach(1.0, 0.1))]):
        assert additive(Reach(0.7, 0.01), unknown) is None
    assert additive(Reach(nan, inf), parts) is None


# -- a whole ladder


class Program:
    """Its functions are critical, hidden behind slack of 20 % of a round, or hidden in half of all rounds."""

    def __init__(self, rng: Random, functions: int) -> None:
        sizes = [rng.gammavariate(0.5, 1) for _ in range(functions)]
        self.shares = [size / sum(sizes) for size in sizes]
        self.kinds = rng.choices(("free", "critical", "half"), (0.4, 0.5, 0.1), k=functions)
        passed = {"free": 0.0, "critical": 1.0, "half": 0.5}
        self.gains = [share * passed[kind] for share, kind in zip(self.shares, self.kinds, strict=True)]
        self.machine = Machine(spikes(0.025), rng)

    def push(self, index: int, dose: float) -> Push:
        arrives: dict[str, Tau] = {"free": max(0.0, dose - 0.2) / dose, "critical": 1.0, "half": HALF}
        return self.machine.push(arrives[self.kinds[index]], dose)

    def scan(self) -> list[tuple[Gain, Standing]]:
        reaches = [Reach(nan, inf)] * len(self.shares)
        counts = [0] * len(self.shares)
        left = list(range(len(self.shares)))
        for dose, at_most in ((0.5, 12), (0.125, 60)):
            pushes: dict[int, list[Push]] = {index: [] for index in left}

            def more(index: int, dose: float = dose, at_most: int = at_most) -> bool:
                share, known, count = self.shares[index], reaches[index], counts[index]
                if count < (7 if dose < 0.5 else 3 if share >= LEAST / 1.5 else 1):
                    return True
                return count < at_most and not (
                    enough(share, known, LEAST) if dose < 0.5 else count >= FEW or dropped(share, known, LEAST)
                )

            todo = left
            while todo:
                for index in todo:
                    pushes[index].append(self.push(index, dose))
                sigma = noise(pushes.values())
                for index in todo:
                    reaches[index], counts[index] = reach(pushes[index], sigma), len(pushes[index])
                todo = [index for index in todo if more(index)]
            left = [index for index in left if not dropped(self.shares[index], reaches[index], LEAST)]
        gains = [gain(share, 0.05 * share, known) for share, known in zip(self.shares, reaches, strict=True)]
        standings = map(standing, self.shares, gains, reaches, counts, [LEAST] * len(gains))
        return list(zip(gains, standings, strict=True))


def test_a_ladder_misses_nothing_and_calls_nothing_hidden_critical() -> None:
    outside = critical = unresolved = hot = rounds = 0
    for seed in range(10):
        rng = Random(seed)
        program = Program(rng, rng.choice((100, 150)))
        for true, share, kind, (won, called) in zip(
            program.gains, program.shares, program.kinds, program.scan(), strict=True
        ):
            assert true < 0.01 or called not in ("free", "small"), f"missed: {kind}, {true}"
            assert true >= 0.002 or called not in ("critical", "partly"), f"false: {kind}, {share}"
            if kind != "free":
                critical += 1
                outside += not won.low <= true <= won.high
            if share >= 0.01:
                hot += 1
                unresolved += called == "unresolved"
        rounds += program.machine.rounds
    assert outside <= most(0.06, critical)
    assert unresolved <= 0.1 * hot
    assert rounds < 10 * 4000, "seconds, not minutes, with rounds of 1 ms"
