"""Rounds on a simulated machine: which arm when, what is counted, what is put back."""

import gc
import random
import sys
import threading

import pytest
from machine import Machine, hogs

from pytest_speedbump.counts import Counts
from pytest_speedbump.experiment.plans import DelayPlan
from pytest_speedbump.experiment.rounds import BrokenSubjectError, Experiment, Round, undisturbed


def experiment(machine: Machine, seed: int = 1, delay_ns: float = 1000.0) -> Experiment:
    machine.arm()
    return Experiment(machine, machine, DelayPlan(machine, delay_ns), random.Random(seed), machine)


def test_a_pair_has_one_round_of_each_arm() -> None:
    machine = Machine(round_ns=100e3, calls=3, reaches=0.5)
    pair = experiment(machine).pair()
    assert sorted(delay for delay in machine.delays if delay is not None) == [0, 1000]
    assert pair.control == Round(100_000, Counts(3))
    assert pair.slowed == Round(101_500, Counts(3, 3000, 3000))


def orders(seed: int) -> list[float | None]:
    machine = Machine()
    rounds = experiment(machine, seed)
    for _ in range(200):
        rounds.pair()
    return machine.delays


def test_the_order_is_drawn_and_the_seed_fixes_it() -> None:
    assert orders(1) == orders(1)
    assert orders(1) != orders(2)
    control_first = sum(delay == 0 for delay in orders(1)[::2])
    assert 60 < control_first < 140, "a fair coin, and a fixed seed: this cannot flicker"


def test_a_block_has_one_pair_at_least_and_as_many_as_fit() -> None:
    with Machine().running() as machine:
        rounds = experiment(machine)
        assert len(rounds.block(0)) == 1
        assert len(rounds.block(5e6)) == 25, "pairs of 201 us, the last one begun in time"
        assert rounds.runs == 2 * rounds.slowed_runs == 52


def test_bare_rounds_are_not_armed_and_not_counted() -> None:
    with Machine(round_ns=70e3, probe_ns=10e3).running() as machine:
        rounds = Experiment(machine, machine, DelayPlan(machine, 1000.0), random.Random(1), machine)
        assert [one.ns for one in rounds.bare(1e6)] == [70_000] * 15
        assert len(rounds.bare(0)) == 1
        machine.arm()
        assert rounds.undelayed().ns == 80_000
    assert set(machine.delays[:-1]) == {None}
    assert (rounds.runs, rounds.slowed_runs) == (1, 0)


def test_each_round_knows_what_it_waited() -> None:
    """Threads that were not known before bring what they have waited so far: that is nobody's wait."""
    with Machine(waiting=hogs(200e3, 1e6)).running() as machine, machine.attending():
        rounds = experiment(machine)
        seen: list[float] = []
        for _ in range(5):
            for pair in rounds.block(3e6):
                ordered = pair if machine.delays[len(seen)] == 0 else (pair.slowed, pair.control)
                seen += [one.waited_ns for one in ordered]
        bare = [one.waited_ns for one in rounds.bare(3e6)]
    assert [*seen, *bare] == pytest.approx(machine.waits, abs=1)
    assert rounds.waited_ns == pytest.approx(sum(seen), abs=len(seen)) != 0
    assert sum(bare) > 0


def test_lengths_and_switches_add_up() -> None:
    with Machine(round_ns=100e3, sleeps=3, naps=1).running() as machine:
        rounds = experiment(machine)
        pairs = [*rounds.block(2e6), *rounds.block(2e6)]
    assert rounds.rounds_ns == 201_000 * len(pairs)
    assert rounds.switches == 3 * len(pairs), "of control rounds"


def test_rounds_are_paused_in_between() -> None:
    machine = Machine()
    seen: list[float | None] = []
    machine.before_round = lambda: seen.append(machine._delay_ns)
    experiment(machine).block(1e6)
    assert set(seen) == {None}


def test_a_round_that_the_timer_did_not_see_took_a_nanosecond() -> None:
    assert [half.ns for half in experiment(Machine(round_ns=0, reaches=0)).pair()] == [1, 1]


def test_a_callable_that_raises_is_told_with_round_and_arm() -> None:
    machine = Machine(raises_in=5)
    rounds = experiment(machine)
    rounds.pair()
    rounds.pair()
    with pytest.raises(BrokenSubjectError) as caught:
        rounds.pair()
    assert caught.value.round_number == 5
    assert caught.value.arm == ("control" if machine.delays[-1] == 0 else "slowed")
    assert isinstance(caught.value.__cause__, ValueError)
    assert machine._delay_ns is None, "paused"


def test_undisturbed_puts_everything_back() -> None:
    def trace(*args: object) -> None: ...

    before = sys.gettrace(), sys.getprofile(), gc.isenabled(), threading.gettrace()
    sys.setprofile(trace)
    threading.settrace(trace)
    gc.disable()
    try:
        with undisturbed():
            assert (sys.gettrace(), sys.getprofile(), gc.isenabled()) == (None, None, False)
            assert threading.gettrace() is None, "threads that a round starts are not traced either"
        assert sys.getprofile() is threading.gettrace() is trace
        assert not gc.isenabled(), "it was off before"
    finally:
        sys.setprofile(before[1])
        threading.settrace(before[3])
        gc.enable()
    with pytest.raises(KeyError), undisturbed():
        raise KeyError
    assert (sys.gettrace(), sys.getprofile(), gc.isenabled(), threading.gettrace()) == before
