"""Verdicts beside others that want the processor: right or inconclusive, and what is plain is still found."""

from dataclasses import replace

import pytest
from machine import Machine, deadline, hogs
from trying import RULES, on

from pytest_speedbump.experiment.scheduler import UnknownScheduler
from pytest_speedbump.result import Result

SEEDS = range(5)
LONG = replace(RULES, max_time_ns=30e9)


def short(seed: int, reaches: float, **more: float) -> Machine:
    """Half of the rounds wait for a processor."""
    waiting = hogs(3e6, 4e6, seed)
    return Machine(1e6, 100, reaches, noise=0.01, crowd=1.0, waiting=waiting, clocked=True, **more)  # type: ignore[arg-type]


def long(seed: int, reaches: float, **more: float) -> Machine:
    """All rounds wait, for about as long as they run."""
    waiting = hogs(3e6, 4e6, seed)
    return Machine(50e6, 5000, reaches, noise=0.01, crowd=1.0, waiting=waiting, clocked=True, **more)  # type: ignore[arg-type]


def each(machine: Machine, excess: float) -> float:
    """The delay that makes a round longer by such a share of it."""
    return excess * machine.round_ns / machine.calls


def behind_a_deadline(seed: int, late: float = 1.0) -> Machine:
    """The delay is hidden, but makes the thread late whenever it has to share its processor."""
    waiting = deadline(0.5, 1e6, seed)
    return Machine(round_ns=1e6, calls=100, reaches=0.0, noise=0.01, crowd=1.0, waiting=waiting, late=late, sleeps=1)


def verdicts(results: list[Result]) -> set[str]:
    return {result.verdict for result in results}


def test_pairs_that_never_waited_are_judged() -> None:
    results = [on(behind_a_deadline(seed), 0.02) for seed in SEEDS]
    assert verdicts(results) == {"insensitive"}
    for result in results:
        assert result.machine is not None
        assert result.machine.judged_by == "unwaited"
        assert result.machine.set_aside > 0.3 * result.pairs > 0
        assert result.machine.late is not None
        assert result.machine.late > 2, "twice the delay, and more"
        low, high = result.transmission.low, result.transmission.high
        assert low is not None
        assert high is not None
        assert low <= 0 <= high < 0.2


def test_raw_times_would_accuse_what_is_hidden() -> None:
    """The machine of the test before, which does not tell what waits: so the other one can fail."""
    assert "sensitive" in verdicts(
        [on(behind_a_deadline(seed, late=0.0), 0.02, scheduler=UnknownScheduler()) for seed in SEEDS]
    )


@pytest.mark.parametrize("sleeps", [0, 1])
@pytest.mark.parametrize("kind", [short, long])
def test_a_drop_just_under_its_budget_never_fails(kind: object, sleeps: int) -> None:
    """A true drop of 53 %, a budget of 56 %."""
    assert callable(kind)
    machines = [kind(seed, 1.0, sleeps=sleeps) for seed in SEEDS]
    results = [on(one, 0.56, each(one, 0.53 / 0.47), rules=LONG) for one in machines]
    for result in results:
        assert result.verdict in ("insensitive", "inconclusive")
        if result.known_drop is not None:
            low, high = result.drop.low, result.drop.high
            assert low is None or low < 0.53
            assert high is None or high > 0.53
    if not sleeps:
        assert verdicts(results) == {"insensitive"}, "net time is as good as a quiet machine's"


@pytest.mark.parametrize(("kind", "judged_by"), [(short, {"net", "unwaited"}), (long, {"net"})])
def test_a_thread_that_works_alone_is_judged_by_net_time(kind: object, judged_by: set[str]) -> None:
    assert callable(kind)
    hidden, broken = ([kind(seed, reaches) for seed in SEEDS] for reaches in (0.0, 1.0))
    hidden = [on(one, 0.02, each(one, 0.02), rules=LONG) for one in hidden]
    broken = [on(one, 0.02, each(one, 0.05), rules=LONG) for one in broken]
    assert verdicts(hidden) == {"insensitive"}
    assert verdicts(broken) == {"sensitive"}, "what is plain is still found"
    assert {one.machine.judged_by for one in (*hidden, *broken) if one.machine} <= judged_by


@pytest.mark.parametrize(("round_ns", "delay_ns"), [(10e3, 5e6), (7.5e6, 5e6), (7.5e6, 1e6)])
def test_a_delay_that_goes_on_while_its_round_waits_is_not_taken_off(round_ns: float, delay_ns: float) -> None:
    """By the clock: it hides waits of its own length. A drop of 40 % was read as one of 20, and passed at 30."""
    truth = delay_ns / (round_ns + delay_ns)
    for seed in (1, 2):
        for share in (0.02, 0.75 * truth, None):
            machine = Machine(round_ns, 1, noise=0.01, crowd=1.0, waiting=hogs(3e6, 4e6, seed), clocked=True)
            result = on(machine, share, delay_ns, rules=replace(RULES, max_time_ns=10e9))
            assert result.verdict in ("sensitive", "inconclusive", "measured")
            assert share != 0.02 or result.verdict == "sensitive", "what is plain is found"
            for known, true in ((result.known_drop, truth), (result.known_transmission, 1.0)):
                if known is not None:
                    assert known.low is None or known.low < true
                    assert known.high is None or known.high > true


def test_what_is_plain_is_found_by_the_pairs_that_are_left() -> None:
    results = [on(short(seed, 1.0, sleeps=1), 0.02, 10e3) for seed in SEEDS]
    assert verdicts(results) == {"sensitive"}
    assert {one.machine.judged_by for one in results if one.machine} == {"unwaited"}


def test_where_nothing_is_left_to_judge_the_machine_was_busy() -> None:
    for reaches in (0.0, 1.0):
        result = on(long(1, reaches, sleeps=1), 0.02, rules=LONG)
        assert (result.verdict, result.outcome, result.reason.kind) == ("inconclusive", "warned", "busy")
        assert (result.pairs, result.known_drop, result.floor) == (0, None, None)
        machine = result.machine
        assert machine is not None
        assert (machine.judged_by, machine.others, machine.switches) == ("unwaited", 1.0, 1.0)
        assert machine.waited == pytest.approx(4 / 7, abs=0.1), "4 of 7 ms"
        assert machine.set_aside > 100
        assert result.reason.startswith(
            f"the machine was busy: threads waited for a processor during {machine.waited:.1%} of the rounds, and "
        )
        assert f" of {machine.set_aside} pairs could not be judged; " in result.reason


def test_time_that_others_took_is_not_blamed_on_noise() -> None:
    """Some pairs are left, and too few to decide."""
    results = [on(short(seed, 1.0, sleeps=1, helpers=0.5), 0.56, 11.28e3) for seed in SEEDS]
    undecided = [one for one in results if one.verdict == "inconclusive"]
    assert len(undecided) > 4
    assert {one.reason.kind for one in undecided} == {"busy"}
    assert all(one.pairs > 50 for one in undecided)


@pytest.mark.parametrize("queue", [0.0, 0.5, 5.0])
@pytest.mark.parametrize("probe_ns", [0.0, 30.0])
def test_on_a_quiet_machine_threads_wait_for_each_other(queue: float, probe_ns: float) -> None:
    """That is part of what they do, and no time to be taken off: a round may be shorter than what its threads wait."""
    machine = Machine(1e6, 3000, reaches=0.3, probe_ns=probe_ns, helpers=1.0, queue=queue, crowd=0.01)
    result = on(machine, 0.1, 100.0)
    assert (result.verdict, result.reason, result.warnings) == ("insensitive", "", ())
    assert result.drop == pytest.approx(0.09 / 1.09, abs=1e-3)
    assert result.bare_ns == pytest.approx(1e6, rel=1e-3)
    assert result.machine is not None
    assert (result.machine.judged_by, result.machine.set_aside, result.machine.others) == ("all", 0, 0.01)
    assert result.machine.waited == pytest.approx(queue, rel=0.01)


@pytest.mark.parametrize(("reaches", "verdict"), [(1.0, "sensitive"), (0.0, "insensitive")])
def test_where_the_whole_pilot_waited_the_first_pairs_that_did_not_take_its_place(reaches: float, verdict: str) -> None:
    machine = Machine(1e6, 10, reaches=reaches, crowd=1.0, sleeps=1)
    machine.waiting = lambda *_: [5e6] if len(machine.delays) < 40 else []
    result = on(machine, 0.02, 5e3)
    assert (result.verdict, result.reason) == (verdict, "")
    assert result.drop == pytest.approx(0.05 * reaches / (1 + 0.05 * reaches), abs=1e-3)
    assert result.machine is not None
    assert result.machine.set_aside < 10
    paired = sum(delay is not None for delay in machine.delays) - 1
    assert result.machine.set_aside + 1 + result.pairs + 10 == paired / 2, "the one that took its place is no evidence"


@pytest.mark.parametrize("crowd", [None, 0.0, 1.0])
def test_a_delay_that_sleeps_is_nothing_that_the_rounds_wait_for(crowd: float | None) -> None:
    """One thread that works alone, and would be blamed for what its delays do: nothing was ever sensitive."""
    machine = Machine(1e6, 10, crowd=crowd, naps=1, has_company=False)
    result = on(machine, 0.02, 5e3, mode="sleep")
    assert (result.verdict, result.outcome, result.reason) == ("sensitive", "failed", "")
    assert result.machine is not None
    assert result.machine.switches == 0


@pytest.mark.parametrize(
    ("crowd", "verdict", "reason", "seconds"),
    [(0.0, "sensitive", "", 0.3), (1.0, "inconclusive", "unseen", 0.3), (None, "inconclusive", "unseen", 0.5)],
)
def test_a_machine_is_not_called_busy_before_that_is_known(
    crowd: float | None, verdict: str, reason: str, seconds: float
) -> None:
    """The rounds wait for what is none of ours, and the kernel tells of others after 0.3 s."""
    machine = Machine(1e6, 10, crowd=None, sleeps=1, has_company=False)
    machine.before_round = lambda: setattr(machine, "crowd", crowd if machine.now_ns > 0.3e9 else None)
    result = on(machine, 0.02, 5e3)
    assert (result.verdict, result.reason.kind) == (verdict, reason)
    assert result.seconds == pytest.approx(seconds, abs=0.01)


def just_become_busy(seed: int) -> Machine:
    """Others come after 20 ms, and are seen 0.2 s later."""
    late = deadline(0.45, 200e3, seed)
    machine = Machine(200e3, 100, reaches=0.0)

    def look() -> None:
        machine.waiting = late if machine.now_ns > 20e6 else None
        machine.crowd = 1.0 if machine.now_ns > 220e6 else 0.0

    machine.before_round = look
    return machine


def test_a_machine_that_has_just_become_busy_is_no_quiet_one() -> None:
    """Others are looked at now and then. A thread that works alone is not accused of what came in between."""
    for seed in SEEDS:
        result = on(just_become_busy(seed), 0.02, 200.0)
        assert result.verdict == "insensitive"
        assert result.machine is not None
        assert (result.machine.judged_by, result.machine.set_aside > 20) == ("unwaited", True)


def test_what_the_kernel_does_not_tell_is_not_known() -> None:
    result = on(Machine(), 0.02, scheduler=UnknownScheduler())
    assert result.machine is not None
    assert (result.machine.others, result.machine.waited, result.machine.switches) == (None, 0, 0)
    assert (result.verdict, result.machine.judged_by, result.machine.set_aside) == ("insensitive", "unwaited", 0)


def test_preemption_within_a_delay_counts_for_neither_side() -> None:
    """A serial target whose delays are prolonged now and then, on a machine that does not tell what waits."""
    for seed in SEEDS:
        machine = Machine(1e6, 100, noise=0.01, waiting=hogs(3e6, 4e6, seed), clocked=True)
        result = on(machine, None, rules=replace(RULES, max_time_ns=1e9), scheduler=UnknownScheduler())
        low, high = result.transmission.low, result.transmission.high
        assert low is None or low < 1
        assert high is None or high > 1
