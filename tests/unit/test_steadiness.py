"""The three signs that stretches are too short."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.inference.steadiness import Mean, Paces, Steadiness

LEAST = 0.005


def pairs(
    count: int, slowed: float = 1.1, target: float = 1.1, change: float = 0.0, noise: float = 0.01
) -> list[Paces]:
    """``slowed``, ``target``: times what it takes in control; ``change``: of the second half of slowed stretches."""
    coin = random.Random(1)

    def about(value: float) -> float:
        return value * coin.gauss(1, noise)

    return [
        Paces(
            about(1.0), about(slowed), about(0.5), about(0.5 * target), coin.gauss(0, noise), coin.gauss(change, noise)
        )
        for _ in range(count)
    ]


def test_what_is_balanced_is_settled() -> None:
    steady = Steadiness(pairs(20), pairs(3, noise=0.003))
    assert steady.is_settled(LEAST)
    assert steady.most_hidden < 0.02
    assert steady.longer.value == pytest.approx(0, abs=0.01)
    assert steady.noise == pytest.approx(0.014, rel=0.5)


@pytest.mark.parametrize(
    "short",
    [
        pytest.param({"slowed": 1.0}, id="a queue drains"),
        pytest.param({"slowed": 1.0, "target": 1.0}, id="what is under way comes back later"),
        pytest.param({"slowed": 1.05, "target": 1.05, "change": 0.1}, id="the second half is slower"),
        pytest.param({"target": 0.9}, id="the target is called more often"),
    ],
)
def test_signs(short: dict[str, float]) -> None:
    long = pairs(3, noise=0.003)
    assert not Steadiness(pairs(20, **short), long).is_settled(LEAST)


def test_a_queue_cannot_hide_more_than_the_target_has_lost() -> None:
    steady = Steadiness(pairs(50, slowed=1.0, noise=0.001))
    assert steady.hidden.value == pytest.approx(math.log(1.1), abs=0.001)
    assert 0.095 < steady.most_hidden < 0.11


def test_few_pairs_show_nothing_and_exclude_nothing() -> None:
    few = Steadiness(pairs(3))
    assert few.is_settled(LEAST)
    assert few.most_hidden == math.inf
    assert few.longer.error == math.inf
    assert Steadiness([]).is_settled(LEAST)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=50))
def test_a_mean_lies_within_its_error_of_itself(values: list[float]) -> None:
    found = Mean.of(values)
    assert min(values) - 1e-9 <= found.value <= max(values) + 1e-9
    assert found.error >= 0
    assert found.most >= found.value
    assert not Mean(0.0, found.error).exceeds(0.0)


def test_false_alarms_are_rare_also_of_few_pairs() -> None:
    coin = random.Random(1)
    alarms = sum(
        Mean.of(coin.gauss(0, 1) for _ in range(count)).exceeds(0.0) for count in (4, 6, 10, 20) for _ in range(1000)
    )
    assert alarms < 40
