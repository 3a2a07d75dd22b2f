from collections.abc import Iterator, Sequence
from math import sqrt

import pytest
from chance import most
from hypothesis import given
from hypothesis import strategies as st
from traces import ROUND_NS, TRACES, MakeTrace, alternating, noiseless, quiet

from pytest_speedbump.inference import bare
from pytest_speedbump.inference.bare import NEAR, PROBE_NS, UNIT, Bare, BareRound, bare_round

SHARE = 0.8  # of a round that has probes
CALLS = 0.5 * ROUND_NS / PROBE_NS  # so many that the probe could be half of a round

type Groups = list[tuple[int, list[float]]]


def run(rounds: Iterator[float], groups: int, between: int, in_each: int) -> tuple[Groups, list[float]]:
    """Stretches of controls, each after a few bare rounds."""
    found: Groups = []
    controls: list[float] = []
    for _ in range(groups):
        found.append((len(controls), [SHARE * next(rounds) for _ in range(in_each)]))
        controls += [next(rounds) for _ in range(between)]
    return found, controls


@given(st.integers(1, 20), st.integers(1, 50), st.integers(1, 5))
def test_the_share_is_what_a_round_takes_without_probes(groups: int, between: int, in_each: int) -> None:
    found = bare_round(*run(noiseless(1), groups, between, in_each), CALLS)
    assert found.ns == pytest.approx(SHARE * ROUND_NS)
    assert found.share == pytest.approx(SHARE)
    assert found.doubt == pytest.approx(0, abs=1e-9)


# Where two kinds of rounds take turns, the few of a group may well be of one kind: no doubt of a median knows that.
STEADY = [make for make in TRACES if make not in (quiet, alternating)]


@pytest.mark.parametrize(("make", "runs"), [(quiet, 600), *((make, 60) for make in STEADY)])
def test_two_standard_errors_are_two(make: MakeTrace, runs: int) -> None:
    """The share lies within its doubt 19 times of 20."""
    misses = 0
    for seed in range(runs):
        found = bare_round(*run(make(seed), 10, 15, 3), CALLS)
        misses += abs(found.share / SHARE - 1) > found.doubt
    assert misses <= most(0.05, runs), f"{make.__name__}: {misses} of {runs}"


def test_controls_that_all_groups_share_are_counted_once() -> None:
    """However many bare rounds there are, the controls alone leave that much doubt."""
    rounds = quiet(1)
    controls = [next(rounds) for _ in range(16)]
    groups = [(8, [SHARE * next(rounds) for _ in range(5)]) for _ in range(200)]
    assert bare_round(groups, controls, CALLS).doubt > 2 * 0.005 / sqrt(16)


def test_a_machine_that_changes_its_speed_changes_both() -> None:
    """Half as fast in the second half; what is compared lies near."""
    rounds = quiet(1)
    groups, controls = run(rounds, 10, 2 * NEAR, 5)
    later, slow = run((2 * ns for ns in rounds), 10, 2 * NEAR, 5)
    both = [*groups, *((len(controls) + at, lengths) for at, lengths in later)]
    assert bare_round(both, controls + slow, 2 * CALLS).share == pytest.approx(SHARE, abs=0.02)


def test_one_group_that_was_disturbed_is_outvoted() -> None:
    groups, controls = run(quiet(1), 9, 50, 5)
    groups[4] = (groups[4][0], [50 * ns for ns in groups[4][1]])
    assert bare_round(groups, controls, CALLS).share == pytest.approx(SHARE, abs=0.02)


@pytest.mark.parametrize(("groups", "controls"), [([], [1e3]), ([(0, [])], [1e3]), ([(9000, [1e3])], [1e3])])
def test_where_there_is_nothing_to_compare_the_doubt_is_what_a_probe_may_cost(
    groups: Groups, controls: list[float]
) -> None:
    assert bare_round(groups, controls, 1) == pytest.approx((1e3, 1.0, PROBE_NS / (1e3 - PROBE_NS)))
    assert bare_round(groups, controls, 0).doubt == 0


@given(st.floats(0.01, 100), st.floats(0, 1e6))
def test_a_probe_costs_something_and_no_more_than_it_can(share: float, calls: float) -> None:
    found = bare_round([(5, [share * 1e3] * 5)], [1e3] * 10, calls)
    least = max(1 - calls * PROBE_NS / 1e3, 0.01)
    assert found.share == pytest.approx(min(max(share, least), 1))
    assert found.least_ns <= found.ns <= found.most_ns


def test_doubt_shrinks_as_more_is_seen() -> None:
    doubts = [bare_round(*run(quiet(1), groups, 20, 3), CALLS).doubt for groups in (1, 4, 16, 64)]
    assert doubts == sorted(doubts, reverse=True)
    assert doubts[0] > 4 * doubts[-1] > 0


# So far


def test_before_the_first_control_nothing_is_known() -> None:
    one = BareRound()
    one.renew([(0, [SHARE * ROUND_NS])], [], CALLS)
    assert one.now == UNIT
    one.renew([(0, [SHARE * ROUND_NS])], [ROUND_NS] * 10, CALLS)
    assert one.now.ns == pytest.approx(SHARE * ROUND_NS)


def test_it_follows_what_was_seen() -> None:
    one, (groups, controls) = BareRound(), run(quiet(1), 40, 25, 3)
    for at in range(1, len(groups)):
        one.renew(groups[:at], controls[: 25 * at], CALLS)
    found = bare_round(groups, controls, CALLS)
    assert one.now.ns == pytest.approx(found.ns, rel=0.01)
    assert one.now.doubt == pytest.approx(found.doubt, rel=0.5)


def test_it_looks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look goes through all that was seen: had each group a look, ten seconds of rounds took eight of looks."""
    looked = []

    def look(groups: Sequence[object], controls: Sequence[float], calls: float) -> Bare:
        looked.append(len(groups) * NEAR + len(controls))
        return UNIT

    monkeypatch.setattr(bare, "bare_round", look)
    one, groups, controls = BareRound(), [], []
    for _ in range(300):
        controls += [ROUND_NS] * 10
        groups.append((len(controls), [ROUND_NS]))
        for _ in range(3):
            one.renew(groups, controls, CALLS)
    assert len(looked) < 40
    assert sum(looked) < 12 * looked[-1]
