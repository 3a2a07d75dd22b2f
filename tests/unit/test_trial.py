"""Whole trials on a simulated machine, where the truth is known and nothing flickers."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Protocol

import pytest
from machine import Machine

from pytest_speedbump import _core, trial
from pytest_speedbump.bump import Bump, Declaration, Kind
from pytest_speedbump.result import Result
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trial import Rules, Trial

TARGETS = parse_targets(["machine:target"])
RULES = Rules(max_time_ns=3e9, alpha_fail=0.05, strict=False, advisory=False, seed=1)
BRIEF = replace(RULES, max_time_ns=50e6)


class Nobody:
    def visited(self, bump: Bump, elapsed_ns: float, pairs: int) -> None: ...


class Attempt(Protocol):
    def __call__(
        self, machine: Machine, share: float | None, delay_ns: float = ..., kind: Kind = ..., rules: Rules = ...
    ) -> Result: ...


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Attempt:
    """``on(machine, declared share)`` tries a bump there."""

    def attempt(
        machine: Machine,
        share: float | None,
        delay_ns: float = 1000.0,
        kind: Kind = "insensitive",
        rules: Rules = RULES,
    ) -> Result:
        core = SimpleNamespace(
            Session=lambda *args: machine, Patterns=_core.Patterns, now_ns=_core.now_ns, clock=_core.clock
        )
        monkeypatch.setattr(trial, "_core", core)
        monkeypatch.setattr(trial, "armed", Machine.armed_for_a_block)
        declared = None if share is None else Declaration(kind, share, "marker")
        one = Trial("t.py::t", Bump(TARGETS, delay_ns, "spin", declared, "marker"), rules, Nobody())
        while not one.settled:
            one.measure(machine, rules.max_time_ns)
        result = one.result(None)
        assert not machine.armed
        return result

    return attempt


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize(
    ("reaches", "kind", "verdict", "outcome"),
    [
        (0.0, "insensitive", "insensitive", "passed"),
        (1.0, "insensitive", "sensitive", "failed"),
        (-1.0, "insensitive", "insensitive", "passed"),  # slowing helps
        (1.0, "sensitive", "sensitive", "passed"),
        (0.0, "sensitive", "insensitive", "failed"),
    ],
)
def test_verdicts(on: Attempt, reaches: float, kind: Kind, noise: float, verdict: str, outcome: str) -> None:
    """4 % of the round in delay, against a share of 2 %."""
    result = on(Machine(calls=4, reaches=reaches, noise=noise), 0.02, kind=kind)
    assert (result.verdict, result.outcome, result.reason) == (verdict, outcome, "")
    truth = 1 - 1 / (1 + 0.04 * reaches)
    assert result.drop == pytest.approx(truth, abs=0.01)
    assert result.transmission == pytest.approx(reaches, abs=0.25)
    assert (result.calls, result.requested_ns, result.delivered_ns) == (4, 4000, 4000)


def test_a_plain_measurement_stops_when_the_drop_is_known(on: Attempt) -> None:
    result = on(Machine(calls=4), None)
    assert (result.verdict, result.outcome) == ("measured", "passed")
    assert result.drop.low == pytest.approx(result.drop, abs=0.006)
    assert result.drop.high == pytest.approx(result.drop, abs=0.006)
    assert result.seconds < 2, "not at the limit"


def test_a_delay_of_zero_has_no_transmission(on: Attempt) -> None:
    result = on(Machine(), None, delay_ns=0.0)
    assert (result.drop, result.known_transmission) == (0, None)


def test_noise_that_hides_the_answer_is_inconclusive(on: Attempt) -> None:
    rules = replace(RULES, max_time_ns=0.3e9, alpha_fail=1e-9, alpha_pass=1e-9)
    result = on(Machine(round_ns=1e6, calls=20, noise=0.3), 0.0196, rules=rules)  # 20 us of 1 ms: all that is allowed
    assert (result.verdict, result.outcome) == ("inconclusive", "warned")
    assert result.reason.startswith("time ran out after ")


def test_iterations_are_divided_out(on: Attempt) -> None:
    machine = Machine(round_ns=10e3, calls=2)
    machine.iterations = 10
    result = on(machine, None, rules=BRIEF)
    assert (result.iterations, result.control_ns, result.calls, result.delivered_ns) == (10, 10e3, 2, 2000)
    assert machine.iterations == 10, "left as it was found"


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (Machine(calls=0), "machine:target never ran in the measured rounds"),
        (Machine(delivers=0.8), "the delay was not delivered: 800ns a call instead of 1us"),
        (Machine(raises_in=2), "the callable raised ValueError('no more') when repeated (round 2, unslowed)"),
        (Machine(raises_in=30), "the callable raised ValueError('no more') when repeated (round 30, "),
        (Machine(raises_in=300), "the callable raised ValueError('no more') when repeated (round 300, "),
    ],
)
def test_void(on: Attempt, machine: Machine, reason: str) -> None:
    result = on(machine, 0.02)
    assert (result.verdict, result.outcome) == ("void", "failed")
    assert result.reason.startswith(reason)
    assert (result.known_drop, result.known_transmission) == (None, None)


def test_void_where_another_tool_interferes(on: Attempt) -> None:
    machine = Machine()
    machine.intact = False
    assert on(machine, None, rules=BRIEF).reason.startswith("another tool turned our sys.monitoring events off")


def test_void_where_the_benchmark_itself_took_another_time(on: Attempt) -> None:
    machine = Machine(round_ns=100e3)
    machine.baseline_ns = 2e6
    assert on(machine, None, rules=BRIEF).reason.startswith(
        "repeated rounds take 100us where the benchmark itself took 2ms at least"
    )


def test_no_time_for_a_pass_is_said_and_not_tried(on: Attempt) -> None:
    rules = replace(RULES, max_time_ns=10e6)
    machine = Machine()
    result = on(machine, 0.02, rules=rules)
    assert (result.verdict, result.outcome) == ("inconclusive", "warned")
    assert "and the limit is 10ms; give it --speedbump-max-time 1s, or make rounds shorter" in result.reason
    assert len(machine.delays) < 50


def test_a_blatant_violation_needs_no_time_for_a_pass(on: Attempt) -> None:
    """By the clip that so long a delay needs, a pass would take minutes; the failure takes a few visits."""
    assert on(Machine(round_ns=1e3), 0.02, delay_ns=50e6).verdict == "sensitive"


def test_interrupts_leave_nothing_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    core = SimpleNamespace(Session=lambda *args: machine, Patterns=_core.Patterns, now_ns=_core.now_ns)
    monkeypatch.setattr(trial, "_core", core)
    monkeypatch.setattr(trial, "armed", Machine.armed_for_a_block)

    def interrupt() -> None:
        if len(machine.delays) == 50:
            raise KeyboardInterrupt

    machine.before_round = interrupt
    one = Trial("t.py::t", Bump(TARGETS, 1000.0, "spin", None, "marker"), RULES, Nobody())
    with pytest.raises(KeyboardInterrupt):
        one.measure(machine, 1e9)
    assert not machine.armed
    assert not one.settled


def test_the_seed_names_the_order(on: Attempt) -> None:
    orders = []
    for seed in (1, 1, 2):
        machine = Machine()
        on(machine, None, rules=replace(BRIEF, seed=seed))
        orders.append([delay for delay in machine.delays if delay is not None][:20])
    assert orders[0] == orders[1] != orders[2]
