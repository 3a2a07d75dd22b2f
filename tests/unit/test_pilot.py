"""What is learned before the rounds that count, on a simulated machine."""

import random

import pytest
from machine import Machine

from pytest_speedbump.experiment.pilot import SHORTEST_ROUND_NS, run_pilot, set_round_length
from pytest_speedbump.experiment.plans import DelayPlan
from pytest_speedbump.experiment.rounds import Experiment


@pytest.mark.parametrize("call_ns", [30, 300, 3000, 30_000])
def test_short_rounds_are_stretched_until_they_are_long_enough(call_ns: float) -> None:
    with Machine(round_ns=call_ns).running() as machine:
        machine.stretchable = True
        round_ns, shows_threads = set_round_length(machine)
    assert shows_threads
    assert round_ns >= SHORTEST_ROUND_NS
    assert machine.iterations * call_ns == round_ns
    assert machine.iterations == 1 or round_ns < 10 * SHORTEST_ROUND_NS, "and not much longer"


def test_what_the_test_asked_for_is_not_stretched() -> None:
    with Machine(round_ns=30).running() as machine:
        set_round_length(machine)
    assert machine.iterations == 1


def test_a_callable_of_no_time_at_all_ends() -> None:
    with Machine(round_ns=0.001).running() as machine:
        machine.stretchable = True
        set_round_length(machine)
    assert machine.iterations >= SHORTEST_ROUND_NS


def test_the_pilot_knows_calls_and_what_a_pair_takes() -> None:
    with Machine(round_ns=100e3, calls=4, reaches=0.5).running() as machine:
        machine.arm()
        pilot = run_pilot(Experiment(machine, machine, DelayPlan(machine, 5000.0), random.Random(1), machine), 1e9)
    assert (len(pilot.pairs), pilot.calls) == (10, 4)
    assert pilot.pair_ns == pytest.approx(210e3, rel=0.01)
    assert pilot.elapsed_ns == pytest.approx(10 * pilot.pair_ns)


@pytest.mark.parametrize(("limit_ns", "pairs"), [(0.0, 1), (1e9, 2)])
def test_a_pilot_has_no_more_pairs_than_time(limit_ns: float, pairs: int) -> None:
    with Machine(round_ns=200e6).running() as machine:
        machine.arm()
        pilot = run_pilot(Experiment(machine, machine, DelayPlan(machine, 5000.0), random.Random(1), machine), limit_ns)
    assert len(pilot.pairs) == pairs, "of 0.4 s each, in half a second"
