"""What counting costs: a drop and a budget are shares of the program without it, which is measured in between."""

from dataclasses import replace
from itertools import groupby

import pytest
from machine import Machine
from trying import RULES, on

from pytest_speedbump.experiment.measurement import BARE_GROUPS

WARNING = "what counts the calls takes 32.6% of a round by itself; the drop is of the program without it"


@pytest.mark.parametrize(
    ("budget", "verdict"), [(0.5, "sensitive"), (0.74, "sensitive"), (0.79, "insensitive"), (0.9, "insensitive")]
)
def test_a_third_of_the_round(budget: float, verdict: str) -> None:
    """177 calls in 3.3 us, each counted in 9 ns and slowed by 60. Of the counted round a drop of 76 % would be 68."""
    machine = Machine(3.3e3, 177, probe_ns=9.0)
    machine.iterations = 2
    result = on(machine, budget, 60.0)
    assert (result.verdict, result.warnings) == (verdict, (WARNING,))
    truth = 177 * 60 / (3.3e3 + 177 * 60)
    assert result.drop == pytest.approx(truth, abs=1e-3)
    low, high = result.drop.low, result.drop.high
    assert low is not None
    assert high is not None
    assert low < truth < high
    assert result.transmission == pytest.approx(1, abs=1e-3)
    assert result.bare_ns == pytest.approx(3.3e3)
    assert result.control_ns == pytest.approx(3.3e3 + 177 * 9)
    assert result.probe_ns == pytest.approx(177 * 9)
    assert result.slowed_ns == pytest.approx(3.3e3 + 177 * 60, rel=0.01)


@pytest.mark.parametrize(("probe_ns", "warned"), [(0.0, False), (0.9, False), (1.2, True)])
def test_a_tenth_of_the_round_is_worth_a_word(probe_ns: float, warned: bool) -> None:
    result = on(Machine(10e3, 1000, probe_ns=probe_ns), 0.02, 1.0)
    assert [warning.startswith("what counts the calls takes") for warning in result.warnings] == [True] * warned


@pytest.mark.parametrize("round_ns", [40e3, 1e6, 10e6])
def test_bare_rounds_run_among_the_others(round_ns: float) -> None:
    """A tenth of the time, and nothing is armed meanwhile; at first in short turns, where the probe is heavy."""
    machine = Machine(round_ns, 10_000, probe_ns=0.2 * round_ns / 10_000, reaches=0.0, noise=0.2)
    on(machine, None, 1e-3 * round_ns / 10_000, rules=replace(RULES, max_time_ns=max(0.5e9, 150 * round_ns)))
    groups = [(bare, len(list(group))) for bare, group in groupby(machine.delays, lambda delay: delay is None)]
    pairs = [count / 2 for bare, count in groups if not bare]
    bare = [count for is_bare, count in groups if is_bare]
    assert len(bare) > BARE_GROUPS + 1
    for among, after in zip(pairs[BARE_GROUPS:-1], bare[BARE_GROUPS + 1 :], strict=False):
        assert among >= 10
        assert after / among == pytest.approx(0.2, rel=0.6, abs=2)


def test_where_no_probe_can_be_seen_bare_rounds_are_not_run_again() -> None:
    machine = Machine(1e6, 1, reaches=0.0, noise=0.2)
    on(machine, 0.002, 2e3, rules=replace(RULES, max_time_ns=1e9))
    groups = [bare for bare, _ in groupby(machine.delays, lambda delay: delay is None)]
    assert groups == [True, False], "before anything was armed"


def test_a_machine_that_changes_its_speed_changes_both() -> None:
    machine = Machine(100e3, 1000, probe_ns=30.0, reaches=0.5)

    def change() -> None:
        machine.round_ns = 100e3 * (1.5 if machine.now_ns % 400_000_000 < 200_000_000 else 1.0)
        machine.probe_ns = 30.0 * machine.round_ns / 100e3

    machine.before_round = change
    result = on(machine, 0.01, 20.0, rules=replace(RULES, alpha_end=1e-6))
    assert result.control_ns is not None
    assert result.bare_ns is not None
    assert result.bare_ns / result.control_ns == pytest.approx(1 / 1.3, abs=0.01)
