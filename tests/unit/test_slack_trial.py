"""The search for slack, on a simulated machine whose slack is known."""

from dataclasses import replace

import pytest
from chance import most
from machine import Machine
from traces import MakeTrace, bursts, jitter, periodic, phases, quiet
from trying import RULES, slack_of

from pytest_speedbump.bump import Mode
from pytest_speedbump.result import Estimate, Result

RUNS = 3
LIMIT = replace(RULES, max_time_ns=0.9e9)


def searched(trace: MakeTrace, seed: int, *, calls: int = 1, reaches: float = 1.0, slack_ns: float = 30e3) -> Result:
    machine, rounds = Machine(calls=calls, reaches=reaches, slack_ns=slack_ns), trace(seed)
    machine.before_round = lambda: setattr(machine, "round_ns", next(rounds))
    return slack_of(machine, replace(LIMIT, seed=seed))


def holds(slack: Estimate | None, truth: float) -> bool:
    """An end that is not known holds everything."""
    if slack is None:
        return True
    return (slack.low or 0.0) - 1e-6 <= truth <= (truth if slack.high is None else slack.high) + 1e-6


@pytest.mark.parametrize("trace", [quiet, jitter(0.05), periodic, bursts, phases])
def test_the_interval_holds_the_slack(trace: MakeTrace) -> None:
    """None, little, some, and more than is tried; of one call and of several; where part of the rest arrives."""
    kinds = [(1, 1.0, 30e3), (4, 0.4, 30e3), (2, 1.0, 0.0), (1, 1.0, 2e3), (1, 1.0, 500e3)]
    missed = 0
    for seed in range(RUNS):
        for calls, reaches, slack_ns in kinds:
            result = searched(trace, seed, calls=calls, reaches=reaches, slack_ns=slack_ns)
            assert (result.verdict, result.outcome) == ("measured", "passed")
            missed += not holds(result.slack_ns, slack_ns / calls)
    assert missed <= most(0.05, RUNS * len(kinds))


def test_a_quiet_machine_tells_it_soon_and_well() -> None:
    result = searched(quiet, 1, calls=3)
    slack = result.slack_ns
    assert slack is not None
    assert slack.high is not None
    assert slack.low is not None
    assert abs(slack - 10e3) < 500
    assert slack.high - slack.low < 0.1 * slack
    assert result.seconds < 0.7
    assert [dose.delay_ns for dose in result.doses] == sorted(dose.delay_ns for dose in result.doses)
    for dose in result.doses:
        added = max(3 * dose.delay_ns - 30e3, 0.0)
        assert dose.added_ns == pytest.approx(added, abs=400)
        assert dose.drop == pytest.approx(added / (100e3 + added), abs=0.01)
        assert dose.added_ns.low is not None
        assert dose.drop.low is not None
        assert dose.added_ns.low < dose.added_ns
        assert dose.drop.low < dose.drop
        assert dose.pairs >= 6
    assert result.pairs == sum(dose.pairs for dose in result.doses)
    again = Result.from_json(result.to_json())
    assert (again.slack_ns, again.doses, again.bump.asks_slack) == (result.slack_ns, result.doses, True)
    assert str(again.bump) == str(result.bump) == "machine:target slack"


def test_where_all_is_absorbed_it_is_at_least_so_much() -> None:
    result = searched(quiet, 1, slack_ns=1e9)
    assert result.slack_ns is not None
    assert (result.slack_ns.low, result.slack_ns.high) == (float(result.slack_ns), None)
    assert 100e3 < result.slack_ns < 300e3
    assert result.seconds < 0.7


def test_where_nothing_is_absorbed_it_is_less_than_a_hundredth_of_the_round() -> None:
    result = searched(quiet, 1, slack_ns=0.0)
    assert result.slack_ns is not None
    assert result.slack_ns.low == 0.0
    assert result.slack_ns.high is not None
    assert result.slack_ns.high < 1e3


def test_what_is_too_noisy_says_so() -> None:
    result = searched(jitter(0.9), 1)
    assert (result.slack_ns, result.reason.kind) == (None, "no_knee")
    assert result.reason.startswith(
        "noise, or too few rounds, hide where throughput begins to drop: it is not known after 90"
    )
    assert "; give it --speedbump-max-time 4s" in result.reason


@pytest.mark.parametrize(
    ("machine", "cause"),
    [
        (Machine(calls=0), "uncalled"),
        (Machine(delivers=0.8, slack_ns=30e3), "delivery"),
        (Machine(raises_in=2), "raised"),
        (Machine(raises_in=150), "raised"),
    ],
)
def test_void(machine: Machine, cause: str) -> None:
    result = slack_of(machine, LIMIT)
    assert (result.verdict, result.outcome, result.reason.kind) == ("void", "failed", cause)
    assert (result.slack_ns, result.doses) == (None, ())


@pytest.mark.parametrize("limit_ns", [1e6, 5e6, 20e6, 60e6])
def test_no_time(limit_ns: float) -> None:
    """Wherever it ends, there is no number, or one that holds the truth."""
    machine = Machine(slack_ns=30e3, noise=0.01)
    result = slack_of(machine, replace(LIMIT, max_time_ns=limit_ns))
    assert holds(result.slack_ns, 30e3)
    assert result.slack_ns or result.reason
    assert result.seconds < 2 * limit_ns / 1e9 + 0.01


def test_long_rounds_are_not_begun_that_do_not_fit() -> None:
    machine = Machine(round_ns=0.3e9, slack_ns=0.1e9, noise=0.001)
    result = slack_of(machine, replace(LIMIT, max_time_ns=60e9))
    assert result.seconds < 60
    assert holds(result.slack_ns, 0.1e9)
    assert slack_of(Machine(round_ns=1e9), LIMIT).reason.kind == "too_long"


@pytest.mark.parametrize(
    ("mode", "least_ns", "machine"),
    [
        ("spin", 50.0, Machine(calls=1000, slack_ns=0.0, noise=0.001)),
        ("await", 1e6, Machine(round_ns=5e6, slack_ns=0.0, noise=0.001)),
    ],
)
def test_doses_can_be_delivered(mode: Mode, least_ns: float, machine: Machine) -> None:
    """A mode that wakes up late, and a target that is called so often that a tenth of the round is next to nothing."""
    result = slack_of(machine, replace(LIMIT, max_time_ns=4e9), mode)
    assert (result.verdict, result.slack_ns is None) == ("measured", False)
    assert min(dose.delay_ns for dose in result.doses) == least_ns
    assert holds(result.slack_ns, 0.0)


def test_the_machine_that_waits() -> None:
    """Pairs that waited are set aside, and what is left tells it."""
    machine = Machine(slack_ns=30e3, noise=0.003, waiting=lambda used, delay: [3e5] if machine.now_ns % 7 < 2 else [])
    machine.crowd = 0.5
    result = slack_of(machine, LIMIT)
    assert result.machine is not None
    assert result.machine.set_aside > 0
    assert holds(result.slack_ns, 30e3)
    assert result.slack_ns == pytest.approx(30e3, rel=0.1)
