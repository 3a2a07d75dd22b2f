"""Verdicts on simulated programs by their progress points: right, or inconclusive with the reason."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pipelines import MS, US, Line, S, Stage
from watching import POINT, RULES, TARGET, answer, answers, pipeline, serial

from pytest_speedbump.result import Severity

type Making = Callable[[int], Line]


def drop(bare: float, slowed: float) -> float:
    return 1 - bare / slowed


def one_stage(unit_ns: float, delay_ns: float, seed: int, **more: Any) -> Line:
    return Line(Stage(unit_ns, **{"calls": 1, "noise": 0.002, **more}), delay_ns=delay_ns, seed=seed)


def workers(delay_ns: float, seed: int) -> Line:
    stages = Stage(8 * MS, servers=4, calls=1, noise=0.02), Stage(MS, room=8)
    return Line(*stages, delay_ns=delay_ns, seed=seed)


# Known answers


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("line", "true_drop", "true_transmission", "within"),
    [
        (lambda seed: serial(seed=seed), drop(2, 2.4), 1, 0.03),
        (lambda seed: pipeline(1 * MS, 2 * MS, 2, 400 * US, seed=seed), 0, 0, 0.03),
        (lambda seed: pipeline(1.9 * MS, 2 * MS, 2, 300 * US, seed=seed), drop(2, 2.2), 2 / 3, 0.03),
        (lambda seed: pipeline(1.9 * MS, 2 * MS, 0, 300 * US, 0, seed=seed), drop(2, 2.2), 2 / 3, 0.03),
        # Four delays at once are four, and cost the time of one.
        (lambda seed: workers(2 * MS, seed), drop(8, 10), 0.25, 0.03),
        (lambda seed: serial(seed=seed, every=32, times=32), drop(2, 2.4), 1, 0.05),
        (lambda seed: one_stage(100 * MS, 2 * MS, seed, calls=10), drop(100, 120), 1, 0.1),
        (lambda seed: one_stage(20 * US, 4 * US, seed), drop(20, 24), 1, 0.03),
        (lambda seed: one_stage(2 * MS, 8 * US, seed, calls=50), drop(2, 2.4), 1, 0.03),
        (lambda seed: one_stage(2 * MS, 4 * MS, seed, nth=20), drop(40, 44), 1, 0.15),
        (lambda seed: serial(seed=seed, speed=lambda ns: 1 + 0.1 * math.sin(ns / S)), drop(2, 2.4), 1, 0.05),
        (lambda seed: one_stage(2 * MS, 400 * US, seed, pauses=(50, 8 * MS)), drop(2.16, 2.56), 1, 0.1),
    ],
    ids=[
        "serial", "hidden", "half hidden", "no queue", "workers", "bursts", "rare", "frequent", "many calls",
        "every 20th", "drift", "preempted",
    ],
)  # fmt: skip
def test_drops_and_transmissions_are_the_true_ones(
    line: Making, true_drop: float, true_transmission: float, within: float, seed: int
) -> None:
    """Transmissions ``within`` so much: where few calls, or noise, leave more room, intervals cover them."""
    limit_ns = 5e9 if line(seed).stages[0].ns < MS / 10 else 20e9
    found = answer(line(seed), rules=replace(RULES, max_time_ns=limit_ns, seed=seed))
    assert (found.verdict, found.outcome, found.reason) == ("measured", "passed", "")
    assert found.seconds <= 20
    assert found.drop == pytest.approx(true_drop, abs=0.01)
    assert (found.drop.low or -1) <= true_drop <= (found.drop.high or 1)
    assert found.transmission == pytest.approx(true_transmission, abs=within)
    assert found.transmission.low is None or found.transmission.low <= true_transmission
    assert found.transmission.high is None or found.transmission.high >= true_transmission
    assert found.test == POINT


@pytest.mark.parametrize(
    ("line", "verdict", "outcome"),
    [
        (lambda: serial(), "sensitive", "failed"),
        (lambda: pipeline(1.9 * MS, 2 * MS, 2, 300 * US), "sensitive", "failed"),
        (lambda: pipeline(1 * MS, 2 * MS, 2, 200 * US), "insensitive", "passed"),
        (lambda: serial(100 * US, saves=2), "insensitive", "passed"),
    ],
    ids=["serial", "half hidden", "hidden", "helps"],
)
def test_verdicts(line: Callable[[], Line], verdict: str, outcome: str) -> None:
    found = answer(line(), 0.02)
    assert (found.verdict, found.outcome, found.reason) == (verdict, outcome, "")
    other = answer(line(), 0.02, kind="sensitive")
    assert (other.verdict, other.outcome) == (verdict, "passed" if outcome == "failed" else "failed")


def test_a_delay_that_is_large_for_its_budget_takes_too_many_pairs_and_a_smaller_one_does() -> None:
    found = answer(pipeline(1 * MS, 2 * MS, 2, 900 * US), 0.02)
    assert (found.verdict, found.reason.kind) == ("inconclusive", "time")
    assert str(found.reason).endswith("or slow it less: 200us would do")
    assert answer(pipeline(1 * MS, 2 * MS, 2, 200 * US), 0.02).verdict == "insensitive"


def test_amplified() -> None:
    found = answer(serial(saves=-2))
    assert found.drop == pytest.approx(drop(2, 3.2), abs=0.01)
    assert found.transmission == pytest.approx(3, abs=0.1)
    assert answer(serial(saves=-2), 0.02).verdict == "sensitive"


@pytest.mark.parametrize(
    "noise", [{"noise": 0.01}, {"noise": 0.3}, {"noise": 0.1, "pauses": (41, 8 * MS)}], ids=["quiet", "noisy", "hog"]
)
def test_where_nothing_is_slowed_nothing_is_found(noise: dict[str, Any]) -> None:
    """40 programs each, with a budget of 2 %."""
    verdicts = [
        answer(
            Line(Stage(5 * MS, calls=1, **noise), delay_ns=0, seed=seed), 0.02, rules=replace(RULES, seed=seed)
        ).verdict
        for seed in range(40)
    ]
    assert "sensitive" not in verdicts
    assert "void" not in verdicts
    if noise == {"noise": 0.01}:
        assert verdicts.count("insensitive") > 30


# How long a stretch must be


@pytest.mark.parametrize("room", [10, 30, 100, 1000])
@pytest.mark.parametrize("budget", [None, 0.02])
def test_a_queue_hides_nothing_for_good(room: int, budget: float | None) -> None:
    """The truth is a drop of 9 %: in short stretches all of it is absorbed. Either it is found, or that is said."""
    found = answer(pipeline(1.9 * MS, 2 * MS, room, 300 * US), budget)
    truth = drop(2, 2.2)
    if found.verdict == "inconclusive":
        assert found.reason.kind in ("queued", "pace", "time")
        assert found.known_transmission is None or found.transmission.high is None
    else:
        assert found.verdict == ("measured" if budget is None else "sensitive")
    high = None if found.known_drop is None else found.drop.high
    assert high is None or high >= truth


def test_more_time_finds_what_a_queue_hides() -> None:
    line = pipeline(1.9 * MS, 2 * MS, 30, 300 * US)
    found = answer(line, rules=replace(RULES, max_time_ns=120e9))
    assert found.verdict == "measured"
    assert found.drop == pytest.approx(drop(2, 2.2), abs=0.012)


def test_what_runs_free_of_progress_is_said() -> None:
    line = Line(Stage(2 * MS, noise=0.02), delay_ns=400 * US, free_ns=1 * MS)
    found = answer(line, 0.02)
    assert (found.verdict, found.outcome, found.reason.kind) == ("inconclusive", "warned", "queued")
    assert str(found.reason).startswith(f"for each call of {POINT} the target was called 28.6% less often while slowed")
    assert "--max-time 80s" in found.reason
    strict = replace(RULES, severity=Severity(strict=True, advisory=False))
    line = Line(Stage(2 * MS, noise=0.02), delay_ns=400 * US, free_ns=1 * MS)
    assert answer(line, 0.02, rules=strict).outcome == "failed"


@pytest.mark.parametrize("latency_ns", [50 * MS, 200 * MS, 500 * MS, 1 * S, 3 * S])
def test_what_is_under_way_in_a_closed_loop_is_never_overlooked(latency_ns: float) -> None:
    """Clients wait for each answer, which comes 10 % later: the drop shows only after as long as one takes."""
    line = Line(
        Stage(MS, servers=1000, calls=1), Stage(latency_ns, servers=1000, room=math.inf, noise=0.5),
        delay_ns=latency_ns / 10, tokens=100,
    )  # fmt: skip
    found = answer(line, 0.05)
    assert found.verdict in ("sensitive", "inconclusive")


def test_bursts_that_are_longer_than_stretches_give_no_number() -> None:
    """A hundred clients that keep step: all answers come at once, every 3 s."""
    line = Line(
        Stage(MS, servers=1000, calls=1), Stage(3 * S, servers=1000, room=math.inf, noise=0.02),
        delay_ns=300 * MS, tokens=100,
    )  # fmt: skip
    found = answer(line)
    assert (found.verdict, found.reason.kind, found.known_drop) == ("inconclusive", "uneven", None)


def test_a_latency_that_is_known_must_fit_into_stretches() -> None:
    line = Line(
        Stage(MS, servers=1000, calls=1), Stage(1 * S, servers=1000, room=math.inf, noise=0.1),
        delay_ns=0, tokens=200, watched=("out", "in", "out"), opens_ns=0,
    )  # fmt: skip
    found = answers(line, with_latency=True)
    assert found.results[0].reason.kind == "in_flight"
    assert found.latency is not None
    assert found.latency.control_ns == pytest.approx(1 * S, rel=0.2)


# Programs that do what they like


def test_work_that_begins_late_is_waited_for_and_does_not_count() -> None:
    found = answer(serial(opens_ns=30 * S))
    assert found.verdict == "measured"
    assert found.seconds <= 20
    assert found.drop == pytest.approx(drop(2, 2.4), abs=0.01)


@pytest.mark.parametrize(("ends_ns", "kind"), [(0.1 * S, "too_few"), (1 * S, "program_ended")])
def test_a_program_that_ends_leaves_what_there_is(ends_ns: float, kind: str) -> None:
    found = answer(serial(100 * US, ends_ns=ends_ns), 0.02)
    assert (found.verdict, found.outcome) == ("inconclusive", "warned")
    assert found.reason.kind in ("program_ended", kind)
    assert "ended after" in found.reason
    late = answer(serial(ends_ns=8 * S), 0.02)
    assert late.verdict == "sensitive"


def test_a_program_that_pauses_is_waited_for() -> None:
    found = answer(Line(Stage(2 * MS, calls=1, pauses=(1500, 700 * MS)), delay_ns=400 * US))
    assert found.verdict == "measured"
    assert found.drop == pytest.approx(drop(2 + 0.7 / 1.5, 2.4 + 0.7 / 1.5), abs=0.04), "pauses are a part of its pace"


def test_a_program_without_progress_or_without_the_target_is_void() -> None:
    never = answer(Line(Stage(math.inf, calls=1), delay_ns=100 * US), 0.02)
    assert (never.verdict, never.outcome, never.reason.kind) == ("void", "failed", "no_progress")
    assert str(never.reason) == f"{POINT} was never called in 20s; there is engine.steps"
    idle = answer(Line(Stage(2 * MS), delay_ns=100 * US))
    assert (idle.verdict, idle.outcome, idle.reason.kind) == ("void", "failed", "uncalled")
    assert str(idle.reason) == f"{TARGET} never ran in the measured rounds; there is engine.schedules"


def test_a_point_that_is_never_called_keeps_the_others_waiting_and_that_is_said() -> None:
    first, never = answers(Line(Stage(math.inf, calls=1), delay_ns=US, watched=("in", "out")), points=2).results
    assert (first.verdict, first.reason.kind) == ("inconclusive", "waits")
    assert str(first.reason).endswith(f"{POINT}_2 never was; mend or leave out that one")
    assert (never.verdict, never.reason.kind) == ("void", "no_progress")


def test_a_delay_that_does_not_arrive_is_void() -> None:
    found = answer(serial(delivers=0.9))
    assert (found.verdict, found.reason.kind) == ("void", "delivery")
    assert answer(serial(delivers=0.96)).verdict == "measured"
    assert answer(serial(delivers=0)).reason.kind == "unpaused"


def test_rare_calls_of_the_target_are_no_proof() -> None:
    found = answer(Line(Stage(2 * MS, calls=1, nth=2000), delay_ns=100 * MS), 0.02)
    assert (found.verdict, found.reason.kind) == ("inconclusive", "seldom_delayed")


def test_on_a_busy_machine_nothing_fails() -> None:
    busy = answer(serial(crowd=0.5, waits=0.3, waits_slowed=0.35), 0.02)
    assert (busy.verdict, busy.outcome, busy.reason.kind) == ("inconclusive", "warned", "program_busy")
    assert busy.machine is not None
    assert busy.machine.others == 0.5
    own = answer(serial(crowd=0.01, waits=0.3, waits_slowed=0.35), 0.02)
    assert own.verdict == "sensitive", "its threads wait for each other"
    some = answer(serial(100 * US, crowd=0.5, waits=0.0, waits_slowed=0.09), 0.02)
    assert some.verdict == "inconclusive", "what it waited for may be why it took longer"
    assert answer(serial(crowd=None, waits=0.3), 0.02).verdict == "sensitive"


def test_several_points_are_answered_by_the_same_stretches() -> None:
    line = pipeline(1 * MS, 2 * MS, 2, 200 * US, watched=("out", "in"))
    found = answers(line, points=2)
    assert [one.test for one in found.results] == [POINT, f"{POINT}_2"]
    assert [one.verdict for one in found.results] == ["measured"] * 2
    assert found.results[0].drop == pytest.approx(0, abs=0.01)


def test_the_program_is_left_unslowed_and_the_order_is_the_seeds() -> None:
    def order(seed: int) -> list[bool]:
        line = serial()
        answer(line, 0.02, rules=replace(RULES, seed=seed))
        assert not line.slowed
        return [slowed for _, slowed in line.switches]

    first = order(1)
    assert first == order(1)
    assert first != order(2)


def test_what_a_result_says_of_a_unit() -> None:
    found = answer(serial(every=4))
    assert found.control_ns == pytest.approx(8 * MS, rel=0.02)
    assert found.bare_ns == found.control_ns
    assert found.probe_ns is None
    assert found.counts is not None
    assert found.counts.calls == pytest.approx(4, rel=0.02)
    assert found.counts.delivered_ns == pytest.approx(4 * 400 * US, rel=0.02)
    assert found.warnings == ()
    assert found.limited_by == "--max-time"
    dear = answer(Line(Stage(2 * MS, calls=500), delay_ns=1 * US))
    assert any("with them, of which they take 5" in text for text in dear.warnings)
