"""What is learned before the rounds that count, on a simulated machine."""

import random
from time import perf_counter_ns

import pytest
from machine import Machine

from pytest_speedbump.experiment.pilot import SHORTEST_ROUND_NS, bare_round_ns, run_pilot, set_round_length
from pytest_speedbump.experiment.rounds import Experiment


@pytest.mark.parametrize("call_ns", [30, 300, 3000, 30_000])
def test_short_rounds_are_stretched_until_they_are_long_enough(call_ns: float) -> None:
    machine = Machine(round_ns=call_ns)
    machine.stretchable = True
    round_ns, shows_threads = set_round_length(machine)
    assert shows_threads
    assert round_ns >= SHORTEST_ROUND_NS
    assert machine.iterations * call_ns == round_ns
    assert machine.iterations == 1 or round_ns < 10 * SHORTEST_ROUND_NS, "and not much longer"


def test_what_the_test_asked_for_is_not_stretched() -> None:
    machine = Machine(round_ns=30)
    set_round_length(machine)
    assert machine.iterations == 1


def test_a_callable_of_no_time_at_all_ends() -> None:
    machine = Machine(round_ns=0.001)
    machine.stretchable = True
    set_round_length(machine)
    assert machine.iterations >= SHORTEST_ROUND_NS


def test_nothing_is_armed_where_bare_rounds_are_timed() -> None:
    machine = Machine(round_ns=70e3)
    assert bare_round_ns(machine) == 70e3
    assert set(machine.delays) == {None}


def test_bare_rounds_are_the_median() -> None:
    machine = Machine(round_ns=70e3)
    disturbed = iter([1e9])
    machine.before_round = lambda: setattr(machine, "round_ns", next(disturbed, 70e3))
    assert bare_round_ns(machine) == 70e3


def test_the_pilot_knows_round_and_calls() -> None:
    machine = Machine(round_ns=100e3, calls=4, reaches=0.0)
    machine.arm()
    pilot = run_pilot(Experiment(machine, machine, 5000.0, random.Random(1)), 1e9)
    assert len(pilot.pairs) == 10
    assert (pilot.t0_ns, pilot.calls) == (100e3, 4)
    assert 0 < pilot.pair_ns < pilot.elapsed_ns < perf_counter_ns()


def test_a_pilot_without_time_is_one_pair() -> None:
    machine = Machine()
    machine.arm()
    assert len(run_pilot(Experiment(machine, machine, 5000.0, random.Random(1)), 0.0).pairs) == 1
