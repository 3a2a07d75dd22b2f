"""Verdicts and refusals of whole trials, on a simulated machine."""

import math
import re
from dataclasses import replace

import pytest
from machine import Machine
from trying import RULES, on, plain_trial

from pytest_speedbump.bump import Kind, Mode
from pytest_speedbump.counts import Counts
from pytest_speedbump.result import Evidence, Result
from pytest_speedbump.units import parse_time

BRIEF = replace(RULES, max_time_ns=200e6)


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
def test_verdicts(reaches: float, kind: Kind, noise: float, verdict: str, outcome: str) -> None:
    """4 % of the round in delay, against a share of 2 %."""
    result = on(Machine(calls=4, reaches=reaches, noise=noise), 0.02, kind=kind)
    assert (result.verdict, result.outcome, result.reason) == (verdict, outcome, "")
    truth = 1 - 1 / (1 + 0.04 * reaches)
    assert result.drop == pytest.approx(truth, abs=0.01)
    assert result.transmission == pytest.approx(reaches, abs=0.25)
    assert result.counts == Counts(4, 4000, 4000)


@pytest.mark.parametrize(
    ("calls", "known_to"),
    [(4, 0.005), (1000, 0.1 * 0.91)],
)
def test_a_plain_measurement_stops_when_the_drop_is_known(calls: int, known_to: float) -> None:
    """To half a point, or to a tenth of itself."""
    result = on(Machine(calls=calls), None, rules=replace(RULES, max_time_ns=60e9))
    truth = calls * 1e3 / (100e3 + calls * 1e3)
    assert (result.verdict, result.outcome) == ("measured", "passed")
    low, high = result.drop.low, result.drop.high
    assert low is not None
    assert high is not None
    assert low <= truth <= high <= low + 2 * known_to
    assert result.drop == pytest.approx(truth, rel=1e-3)
    assert result.seconds < 0.1, "and not later"


@pytest.mark.parametrize(("calls", "iterations"), [(4, 1), (1, 10), (500, 1)])
def test_a_share_is_what_makes_a_round_so_much_longer(calls: int, iterations: int) -> None:
    machine = Machine(calls=calls)
    machine.iterations = iterations
    result = on(machine, None, rules=replace(RULES, max_time_ns=1e9), delay_share=0.05)
    assert result.bump.delay_ns == pytest.approx(100e3 * 0.05 / calls)
    assert result.counts is not None
    assert result.counts.calls == calls
    assert result.counts.requested_ns == pytest.approx(5e3)
    assert result.drop == pytest.approx(1 - 1 / 1.05, abs=0.005)
    assert str(result.bump) == "machine:target +5%"


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize(("calls", "every"), [(40, 10), (15, 10), (10, 10), (100, 3)])
@pytest.mark.parametrize(("reaches", "verdict"), [(0.0, "insensitive"), (1.0, "sensitive")])
def test_every_so_many_calls(calls: int, every: int, reaches: float, verdict: str, noise: float) -> None:
    """4 % of the round in delay, on the average, against a share of 2 %."""
    result = on(Machine(calls=calls, reaches=reaches, noise=noise), 0.02, delay_ns=4000 * every / calls, every=every)
    assert (result.verdict, result.reason) == (verdict, "")
    assert result.drop == pytest.approx(1 - 1 / (1 + 0.04 * reaches), abs=0.01)
    assert result.transmission == pytest.approx(reaches, abs=0.25)
    assert result.counts is not None
    assert result.counts.calls == calls
    assert result.counts.requested_ns == result.counts.delivered_ns == pytest.approx(4000, rel=0.1)


@pytest.mark.parametrize("share", [None, 0.02])
@pytest.mark.parametrize(("calls", "every"), [(1, 2), (5, 10), (7, 10), (1, 1000), (999, 10**9)])
def test_too_few_calls_for_every_round_to_be_delayed(calls: int, every: int, share: float | None) -> None:
    """It ends at once, and does not say that they do not matter."""
    result = on(Machine(calls=calls), share, delay_ns=1000 * every, every=every)
    assert (result.verdict, result.outcome, result.reason.kind) == ("void", "failed", "seldom")
    assert result.seconds < 1
    counting = on(Machine(calls=calls), None, delay_ns=0, every=every)
    assert (counting.verdict, counting.reason) == ("measured", "")


def test_a_share_of_every_so_many_calls() -> None:
    """Those that are delayed make the round so much longer."""
    result = on(Machine(calls=50), None, rules=replace(RULES, max_time_ns=1e9), delay_share=0.05, every=10)
    assert result.bump.delay_ns == pytest.approx(1000)
    assert result.drop == pytest.approx(1 - 1 / 1.05, abs=0.005)
    assert str(result.bump) == "machine:target +5% every 10th call"


@pytest.mark.parametrize("seldom", [3, 6, 9])
def test_a_share_of_a_target_that_the_first_rounds_do_not_call(seldom: int) -> None:
    """Under a delay of 0 any budget would be kept."""
    machine = Machine(calls=0)

    def call() -> None:
        machine.calls = 4 if len(machine.delays) > seldom else 0

    machine.before_round = call
    result = on(machine, 0.02, delay_share=0.05)
    assert result.verdict == "sensitive"
    assert result.bump.delay_ns == pytest.approx(1250, rel=0.5)


@pytest.mark.parametrize(("strays", "told"), [(0.0, []), (0.02, []), (0.5, ["50.0% of the delay"])])
def test_rounds_that_do_not_wait_for_their_work(strays: float, told: list[str]) -> None:
    result = on(Machine(calls=4, strays=strays), 0.02)
    assert result.verdict == "sensitive"
    assert [text.partition(" was spent when its round was over")[0] for text in result.warnings] == told


def test_a_share_of_a_target_that_nothing_calls() -> None:
    result = on(Machine(calls=0), 0.02, delay_share=0.05)
    assert (result.verdict, result.outcome, result.reason.kind) == ("void", "failed", "uncalled")
    assert result.bump.delay_ns == 0


def test_a_share_is_not_known_where_no_round_was_looked_at() -> None:
    result = on(Machine(round_ns=1e9), 0.02, delay_share=0.05, rules=BRIEF)
    assert (result.reason.kind, result.to_json()["delay_ns"]) == ("too_long", None)


def test_a_delay_of_zero_has_no_transmission() -> None:
    result = on(Machine(), None, delay_ns=0.0)
    assert float(result.drop) == pytest.approx(0, abs=1e-12)
    assert result.known_transmission is None


@pytest.mark.parametrize(("kind", "outcome"), [("insensitive", "passed"), ("sensitive", "failed")])
def test_a_delay_of_zero_is_judged_like_any_other(kind: Kind, outcome: str) -> None:
    result = on(Machine(noise=0.01), 0.02, delay_ns=0.0, kind=kind)
    assert (result.verdict, result.outcome, result.reason) == ("insensitive", outcome, "")
    assert result.drop == pytest.approx(0, abs=0.005)


def test_noise_that_hides_the_answer_is_inconclusive() -> None:
    rules = replace(RULES, max_time_ns=1e9, alpha_fail=1e-9, alpha_pass=1e-9)
    result = on(Machine(round_ns=1e6, calls=20, noise=0.3), 0.0196, rules=rules)  # 20 us of 1 ms: all that is allowed
    assert (result.verdict, result.outcome) == ("inconclusive", "warned")
    assert result.reason.startswith("time ran out after ")


def test_iterations_are_divided_out() -> None:
    machine = Machine(round_ns=10e3, calls=2)
    machine.iterations = 10
    result = on(machine, None, rules=BRIEF)
    assert (result.iterations, result.control_ns, result.counts) == (10, 10e3, Counts(2, 2000, 2000))
    assert machine.iterations == 10, "left as it was found"


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (Machine(calls=0), "machine:target never ran in the measured rounds"),
        (Machine(delivers=0.8), "the delay was not delivered: 800ns a call instead of 1us"),
        (Machine(raises_in=2), "the callable raised ValueError('no more') when repeated (round 2, unslowed)"),
        (Machine(raises_in=30), "the callable raised ValueError('no more') when repeated (round 30, "),
        (Machine(raises_in=150), "the callable raised ValueError('no more') when repeated (round 150, "),
    ],
)
def test_void(machine: Machine, reason: str) -> None:
    result = on(machine, 0.02)
    assert (result.verdict, result.outcome) == ("void", "failed")
    assert result.reason.startswith(reason)
    assert (result.known_drop, result.known_transmission) == (None, None)


def test_void_where_another_tool_interferes() -> None:
    machine = Machine()
    machine.intact = False
    assert on(machine, None, rules=BRIEF).reason.startswith("another tool turned our sys.monitoring events off")


def test_void_where_the_benchmark_itself_took_another_time() -> None:
    machine = Machine(round_ns=100e3)
    machine.baseline_ns = 2e6
    assert on(machine, None, rules=BRIEF).reason.startswith(
        "repeated rounds take 100us where the benchmark itself took 2ms at least"
    )


def test_no_time_for_a_pass_is_said_and_not_tried() -> None:
    rules = replace(RULES, max_time_ns=10e6)
    machine = Machine()
    result = on(machine, 0.02, rules=rules)
    assert (result.verdict, result.outcome) == ("inconclusive", "warned")
    assert "and the limit is 10ms; give it --speedbump-max-time 1s, or make rounds shorter" in result.reason
    assert sum(delay is not None for delay in machine.delays) < 50


@pytest.mark.parametrize(
    ("round_ns", "delay_ns", "limit_ns", "budget", "sleeps"),
    [
        (100e3, 300e3, 0.2e9, 0.02, 0),
        (900e3, 54e3, 0.1e9, 0.002, 0),  # two pairs in a block, and nearly three
        (1e6, 1e6, 1e9, 0.01, 0),  # for so long that blocks would grow
        (1.3e6, 1.3e6, 0.5e9, 0.02, 1),
        (50e6, 30e6, 5e9, 0.02, 1),
        (1e9, 1e9, 60e9, 0.05, 0),
    ],
)
def test_a_smaller_delay_and_a_longer_time_that_would_do_really_do(
    round_ns: float, delay_ns: float, limit_ns: float, budget: float, sleeps: int
) -> None:
    def tried(delay_ns: float, limit_ns: float) -> Result:
        machine = Machine(round_ns, reaches=0.0, sleeps=sleeps)
        return on(machine, budget, delay_ns, rules=replace(RULES, max_time_ns=limit_ns))

    result = tried(delay_ns, limit_ns)
    assert (result.verdict, result.reason.kind) == ("inconclusive", "hopeless")
    assert result.seconds < limit_ns / 3e9, "it was not tried"
    said = re.search("--speedbump-max-time ([0-9]+)s, or slow it less: ([0-9]+[mun]?s) would do", result.reason)
    assert said is not None
    smaller_ns = parse_time(said[2], "")
    assert delay_ns / 100 < smaller_ns < delay_ns
    assert tried(smaller_ns, limit_ns).verdict == "insensitive"
    assert tried(delay_ns, float(said[1]) * 1e9).verdict == "insensitive"
    assert result.needed_ns is not None
    assert limit_ns < result.needed_ns < float(said[1]) * 1e9


def test_where_time_ran_out_the_smaller_delay_really_does() -> None:
    """Noise takes more time than was foreseen."""
    rules = replace(RULES, max_time_ns=0.9e9)
    result = on(Machine(1e6, reaches=0.0, noise=0.06), 0.02, 1e6, rules=rules)
    assert (result.verdict, result.reason.kind) == ("inconclusive", "time")
    said = re.search("time ran out after 900ms, or slow it less: ([0-9]+[mun]?s) would do", result.reason)
    assert said is not None
    assert on(Machine(1e6, reaches=0.0), 0.02, parse_time(said[1], ""), rules=rules).verdict == "insensitive"


def test_a_blatant_violation_needs_no_time_for_a_pass() -> None:
    """By the clip that so long a delay needs, a pass would take minutes; the failure takes a few blocks."""
    assert on(Machine(round_ns=1e3), 0.02, delay_ns=50e6).verdict == "sensitive"


def test_interrupts_leave_nothing_armed() -> None:
    machine = Machine()

    def interrupt() -> None:
        if len(machine.delays) == 50:
            raise KeyboardInterrupt

    machine.before_round = interrupt
    one = plain_trial(machine)
    with machine.running(), pytest.raises(KeyboardInterrupt):
        one.measure(machine, 1e9)
    assert not machine.is_armed
    assert not machine.is_attended
    assert not one.settled


def test_the_seed_names_the_order() -> None:
    orders = []
    for seed in (1, 1, 2):
        machine = Machine()
        on(machine, None, rules=replace(BRIEF, seed=seed))
        orders.append([delay for delay in machine.delays if delay is not None][:20])
    assert orders[0] == orders[1] != orders[2]


def test_a_result_can_be_asked_for_twice() -> None:
    machine = Machine()
    machine.baseline_ns = 10e3  # a doubt: rounds take ten times as long as the benchmark's own
    one = plain_trial(machine, BRIEF)
    with machine.running():
        one.measure(machine, BRIEF.max_time_ns)
        first, second = one.result(None), one.result(None)
    assert len(first.warnings) == 1
    assert first == second


def test_the_pilot_is_no_evidence() -> None:
    machine = Machine()
    result = on(machine, None, rules=BRIEF)
    paired = sum(delay is not None for delay in machine.delays) - 1  # a first look at what is called
    assert result.pairs == paired / 2 - 10


def test_what_was_matched_adds_up_to_what_was_called() -> None:
    """Both are means per call of the callable, whatever rounds they were counted in."""
    machine = Machine(calls=3)
    machine.iterations = 7
    result = on(machine, None, rules=BRIEF)
    assert [(code.calls, code.delivered_ns) for code in result.matched] == [(3, 3000)]
    assert result.counts == Counts(3, 3000, 3000)


@pytest.mark.parametrize("stretchable", [True, False])
def test_no_pair_is_begun_that_the_limit_has_no_room_for(stretchable: bool) -> None:
    """A delay of a second in a benchmark of 40 ns, whose rounds hold 125 calls: it went on for six minutes."""
    machine = Machine(round_ns=40, calls=1)
    machine.iterations, machine.stretchable = 125, stretchable
    result = on(machine, None, delay_ns=1e9, rules=replace(RULES, max_time_ns=0.5e9))
    assert (result.verdict, result.outcome, result.pairs) == ("measured", "passed", 0)
    assert result.reason.kind == "too_long"
    assert "and the limit is 500ms; give it --speedbump-max-time" in result.reason
    assert {delay for delay in machine.delays if delay} == set(), "not one delay was spent"


def test_the_limit_holds_for_the_round_that_explains(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of 60 ms: one to learn that, one to look, a pilot of one pair, and then there is no room for another."""
    machine = Machine(round_ns=60e6, calls=0)
    monkeypatch.setattr(machine, "snapshot", list)
    with machine.running():
        one = plain_trial(machine, replace(RULES, max_time_ns=300e6))
        one.measure(machine, 1e9)
        result = one.result(machine)
    assert (result.verdict, result.reason.kind, len(machine.delays)) == ("void", "uncalled", 4)


def test_rounds_are_shortened_where_the_delay_makes_them_long() -> None:
    machine = Machine(round_ns=100, calls=1, probe_ns=50)
    machine.iterations, machine.stretchable = 100, True
    result = on(machine, None, delay_ns=5e6, rules=replace(RULES, max_time_ns=1e9))
    assert result.iterations < 10
    assert result.pairs > 0
    assert machine.iterations == 100, "left as it was found"
    assert result.bare_ns == pytest.approx(100), "bare rounds too"
    assert result.probe_ns == pytest.approx(50)


@pytest.mark.parametrize(("reaches", "verdict"), [(1.0, "sensitive"), (0.0, "insensitive")])
def test_a_long_first_round_may_be_a_cold_one(reaches: float, verdict: str) -> None:
    """It takes three times as long as those that follow. A drop held against it would be a third of the true one."""
    machine = Machine(round_ns=3e9, calls=4, reaches=reaches)
    machine.before_round = lambda: setattr(machine, "round_ns", 1e9 if machine.delays else 3e9)
    result = on(machine, 0.02, delay_ns=10e6, rules=replace(RULES, max_time_ns=60e9))
    assert result.verdict == verdict
    assert result.drop == pytest.approx(0.04 * reaches / (1 + 0.04 * reaches), abs=1e-3)
    assert result.bare_ns == pytest.approx(1e9)
    assert result.pairs <= 14


def test_nothing_is_armed_in_vain() -> None:
    """Where there was no time for a bare round as long as the first, it was armed 742,610 times in 0.2 s."""
    machine = Machine(round_ns=20e6, reaches=0.0, noise=0.3)
    machine.before_round = lambda: setattr(machine, "round_ns", 20e6 if machine.delays else 600e6)
    armed: list[int] = []
    arm = machine.arm

    def watched() -> None:
        armed.append(len(machine.delays))
        arm()

    machine.arm = watched  # type: ignore[method-assign]
    result = on(machine, None)
    assert result.seconds == pytest.approx(3, abs=0.1), "the limit"
    assert len(armed) == len(set(armed)) <= 2 + result.pairs / 10


@pytest.mark.parametrize("bites", [0.5, 0.2, 0.1, 0.05])
@pytest.mark.parametrize(("budgets", "verdict"), [(0.5, "insensitive"), (2.0, "sensitive")])
def test_a_delay_that_arrives_in_some_rounds_weighs_what_it_costs(bites: float, budgets: float, verdict: str) -> None:
    """The mean time is half of the budget, or twice; what a single round loses is up to 40 budgets."""
    for seed in range(3):
        machine = Machine(bites=bites, noise=0.01)
        result = on(machine, 0.02, budgets * 100e3 / 49 / bites, rules=replace(RULES, seed=seed))
        assert result.verdict == verdict
        low, high = result.drop.low, result.drop.high
        assert low is not None
        assert high is not None
        assert low < budgets / (49 + budgets) < high


@pytest.mark.parametrize("bites", [0.05, 0.02])
def test_a_far_tail_vetoes_a_pass(bites: float) -> None:
    """Now and then a round takes ten times as long: in all that is half of the time, and no clipped mean feels it."""
    machine = Machine(10e3, 1, reaches=1000.0, bites=bites)
    result = on(machine, 0.1, 100.0)
    assert (result.verdict, result.outcome, result.reason.kind) == ("inconclusive", "warned", "far_tail")
    assert result.drop < 0.01
    assert on(Machine(10e3, 1), 0.1, 100.0).verdict == "insensitive"
    plain = on(Machine(10e3, 1, reaches=1000.0, bites=bites), None, 100.0)
    assert (plain.verdict, plain.reason) == ("measured", "")
    assert [warning for warning in plain.warnings if "look at the tail" in warning] == [*plain.warnings] != []


def test_an_effect_that_changes_is_doubted() -> None:
    machine = Machine(calls=10, noise=0.05)
    machine.before_round = lambda: setattr(machine, "reaches", 1.0 if machine.now_ns < 0.5e9 else 0.0)
    result = on(machine, None, rules=replace(RULES, max_time_ns=1e9, alpha_end=1e-9))
    assert result.warnings == (
        "the first and the second half of the rounds disagree; the effect changed while it was measured",
    )


@pytest.mark.parametrize(
    ("kind", "share", "limit"),
    [("insensitive", 0.005, "budget 0.5%"), ("sensitive", 0.005, "at_least 0.5%"), ("slack", 0.05, "a drop of 0.0%")],
)
def test_a_limit_below_the_floor_is_said_before_the_time_is_spent(kind: Kind, share: float, limit: str) -> None:
    """In the word that the marker has for it."""
    machine = Machine(1e6, noise=0.3, reaches=0.0)
    warnings = on(machine, share, 5e3, kind, rules=replace(RULES, max_time_ns=1e9)).warnings
    assert len(warnings) == 1
    assert re.fullmatch(
        rf"{limit} is below this machine's floor \(\+-\d+\.\d% in 1s\); expect inconclusive; needs about \d+s",
        warnings[0],
    )


def test_what_was_expected_is_not_said_where_it_did_not_come() -> None:
    machine = Machine(1e6, noise=0.3, reaches=1.0)
    result = on(machine, 0.005, 200e3, rules=replace(RULES, max_time_ns=1e9))
    assert (result.verdict, result.warnings) == ("sensitive", ())


@pytest.mark.parametrize(("sleeps", "mode"), [(0, "spin"), (1, "spin"), (0, "sleep"), (1, "nogil")])
def test_rounds_that_wait_are_guarded_against_more(sleeps: int, mode: Mode) -> None:
    """They may lose more than the delay: what they wait for has its own rhythm. A pass takes more rounds."""
    plain, result = on(Machine(reaches=0.0), 0.02, 2e3), on(Machine(reaches=0.0, sleeps=sleeps), 0.02, 2e3, mode=mode)
    assert plain.verdict == result.verdict == "insensitive"
    assert plain.pairs < 100
    assert result.pairs == plain.pairs if not sleeps else result.pairs > 2 * plain.pairs
    assert result.machine is not None
    assert result.machine.switches == sleeps


# ---- evidence ----


def test_evidence_is_told_and_decides() -> None:
    broken, kept = on(Machine(calls=4), 0.02), on(Machine(calls=4, reaches=0.0), 0.02)
    assert broken.evidence is not None
    assert kept.evidence is not None
    assert broken.evidence.over_max >= broken.evidence.over >= -math.log(0.025) > 0 > broken.evidence.under
    assert kept.evidence.under_max >= kept.evidence.under >= -math.log(0.01) > 0 > kept.evidence.over
    assert on(Machine(calls=4), None).evidence is None


def test_evidence_of_attempts_adds_up() -> None:
    """Each is too short, and half of the budget is nothing that a longer one would doubt."""
    brief = replace(RULES, max_time_ns=25e6)
    evidence, verdicts = None, []
    for seed in range(4):
        machine = Machine(calls=1, noise=0.01)
        result = on(machine, 0.02, rules=replace(brief, seed=seed), prior=evidence)
        if evidence is not None and result.evidence is not None:
            assert result.evidence.under > evidence.under
            assert result.evidence.under_max >= evidence.under_max
        evidence = result.evidence
        verdicts.append(result.verdict)
    assert verdicts[0] == "inconclusive"
    assert verdicts[-1] == "insensitive"


def test_a_rerun_does_not_ask_anew() -> None:
    """What the first attempt found against the program is still there when a lucky one comes."""
    guilty = Evidence(over=3.0, under=-2.0, over_max=3.5, under_max=0.2)
    for prior, verdict in ((None, "insensitive"), (guilty, "inconclusive")):
        result = on(Machine(calls=1), 0.02, rules=replace(RULES, max_time_ns=26e6), prior=prior)
        assert result.verdict == verdict
    assert result.evidence is not None
    assert result.evidence.over_max == 3.5, "of all attempts"


def test_evidence_that_suffices_decides_at_once() -> None:
    result = on(Machine(calls=1), 0.02, prior=Evidence(over=-1.0, under=9.0, over_max=0.5, under_max=9.0))
    assert (result.verdict, result.outcome) == ("insensitive", "passed")
