"""Which pairs are judged, whatever they waited: properties of the choice, and the ways by hand."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_speedbump.counts import Counts
from pytest_speedbump.experiment.rounds import Pair, Round
from pytest_speedbump.experiment.selection import FEWEST, QUIET, WAITED, WAITED_OF_BUDGET, Selection, times

times_of = st.integers(0, 20)
rounds = st.builds(
    lambda ns, wait, counts, times: Round(ns + wait, counts, wait, times),
    st.integers(1, 10**9),
    st.just(0) | st.integers(0, 10**9),
    st.builds(Counts, st.integers(0, 100), st.just(0.0), st.floats(0, 1e9), st.floats(0, 1e9)),
    times_of,
)
pairs = st.builds(Pair, rounds, rounds)
blocks = st.lists(st.lists(pairs, min_size=1, max_size=5), max_size=10)
crowds = st.none() | st.floats(0, 2)


def share(*rounds: Round) -> float:
    return sum(one.waited_ns for one in rounds) / sum(one.ns for one in rounds)


def calm(ns: int = 1000) -> Pair:
    return Pair(Round(ns, Counts(1)), Round(ns, Counts(1, 10.0, 10.0)))


def waiting(wait: int, ns: int = 1000, delay_ns: float = 10.0) -> Pair:
    """Both rounds get longer by the wait."""
    return Pair(Round(ns + wait, Counts(1), wait, 1), Round(ns + wait, Counts(1, delay_ns, delay_ns), wait, 1))


@given(blocks, crowds, st.booleans(), st.floats(1e-6, 1))
def test_each_pair_is_judged_or_set_aside(
    seen: Sequence[Sequence[Pair]], others: float | None, alone: bool, budget: float
) -> None:
    one = Selection(budget)
    judged = 0
    for block in seen:
        one.choose(others, alone=alone)
        assert one.way != "net" or alone, "it is known of one thread only how much a round would be shorter"
        if others is None or others >= QUIET:
            assert one.way != "all"
        taken = one.take(block)
        judged += len(taken)
        limit = min(WAITED, WAITED_OF_BUDGET * budget)
        for pair in block:
            left = times(pair, net=one.way == "net") in taken
            assert left == (one.way != "unwaited" or share(*pair) <= limit)
    assert (one.pairs, one.set_aside) == (sum(map(len, seen)), one.pairs - judged)
    assert one.kept == pytest.approx(judged / one.pairs if one.pairs else 1)


@given(blocks, crowds, st.booleans())
def test_the_choice_is_made_by_the_past_alone(
    seen: Sequence[Sequence[Pair]], others: float | None, alone: bool
) -> None:
    """Else the data would choose how they are read."""
    one, other = Selection(), Selection()
    for block in seen:
        one.choose(others, alone=alone)
        other.choose(others, alone=alone)
        assert one.way == other.way
        one.take(block)
        other.take(block)
    one.choose(others, alone=alone)
    other.choose(others, alone=alone)
    before = one.way
    one.take([calm()] * 3)
    other.take([waiting(5000)] * 3)
    assert one.way == other.way == before


@given(pairs)
def test_net_time_is_without_the_wait(pair: Pair) -> None:
    raw, net = times(pair, net=False), times(pair, net=True)
    assert (raw.control, raw.slowed, raw.spare) == (pair.control.ns, pair.slowed.ns, 0)
    assert (raw.delivered, raw.late) == (pair.slowed.counts.delivered_ns, pair.slowed.counts.late_ns)
    for name in ("control", "slowed"):
        one = getattr(pair, name)
        assert getattr(net, name) == max(one.ns - one.waited_ns, 1)
    assert net.late == max(0, raw.late - pair.slowed.waited_ns)
    assert 0 <= net.spare <= min(raw.delivered, pair.slowed.waited_ns)
    assert net.delivered == raw.delivered


@given(rounds, st.integers(1, 100), st.floats(1, 1e6), st.integers(0, 10**8), times_of)
def test_a_delay_that_a_wait_may_hide_is_told(base: Round, calls: int, delay_ns: float, wait: int, waits: int) -> None:
    """Of two rounds with as much delay, that of the shorter ones can hide less; none hides where nothing waited."""

    def spare(calls: int, delay_ns: float, waited: int) -> float:
        counts = Counts(calls, calls * delay_ns, calls * delay_ns)
        ns = base.ns - base.waited_ns + int(calls * delay_ns)
        return times(Pair(base, Round(ns + waited, counts, waited, waits)), net=True).spare

    assert spare(calls, delay_ns, 0) == 0
    one = spare(calls, delay_ns, wait)
    assert spare(10 * calls, delay_ns / 10, wait) <= one * (1 + 1e-6) + 1e-3
    assert one <= waits * delay_ns * (1 + 1e-6)


def test_bare_rounds_are_read_in_the_same_way() -> None:
    calm_one, waited, both = Round(100, Counts()), Round(300, Counts(), 200), Round(5000, Counts(), 4900)
    one = Selection()
    assert one.controls([calm_one, waited, both]) == [100]
    assert one.controls([waited]) == [], "what is not known is not told"
    one.choose(0.0, alone=False)
    assert (one.way, one.controls([calm_one, waited, both])) == ("all", [100, 300, 5000])
    one.look_at([waiting(wait) for wait in range(1000, 1000 + FEWEST)])
    one.choose(1.0, alone=True)
    assert (one.way, one.controls([calm_one, waited, both])) == ("net", [100, 100, 100])


@pytest.mark.parametrize(
    ("seen", "others", "alone", "way"),
    [
        ([], None, False, "unwaited"),
        ([], None, True, "unwaited"),
        ([], 0.0, False, "all"),
        ([calm()] * 20, 0.0, False, "all"),
        ([waiting(5000)] * 20, 0.0, False, "all"),  # for each other
        ([calm()] * 20, 0.0, True, "unwaited"),
        ([waiting(5000)] * 20, 0.0, True, "all"),
        ([calm()] * 20, 1.0, True, "unwaited"),
        ([calm()] * 20, 1.0, False, "unwaited"),
        ([waiting(n * 1000) for n in range(1, 20)], 1.0, True, "net"),
        ([waiting(n * 1000) for n in range(1, 20)], 1.0, False, "unwaited"),
        ([waiting(n * 1000) for n in range(1, 20)], None, True, "net"),
        ([waiting(n * 1000) for n in range(1, FEWEST)], 1.0, True, "unwaited"),  # too few to tell
        # It polls until it is time: what it waits does not make it longer.
        ([waiting(n * 100, ns=9000 - n * 100) for n in range(1, 20)], 1.0, True, "unwaited"),
        # Short rounds never wait, but the delay does.
        ([calm()._replace(slowed=Round(9000, Counts(1, 8e3, 8e3), 1000, 1))] * 20, 1.0, True, "net"),
    ],
)
def test_ways(seen: Sequence[Pair], others: float | None, alone: bool, way: str) -> None:
    one = Selection()
    one.look_at(seen)
    one.choose(others, alone=alone)
    assert one.way == way


def test_a_small_budget_allows_shorter_waits() -> None:
    pair = waiting(2, ns=1000)  # two thousandths
    assert len(Selection(0.02).take([pair])) == 1
    assert len(Selection(0.004).take([pair])) == 0


@given(st.lists(pairs, min_size=1, max_size=30))
def test_the_arms_count_alike(seen: Sequence[Pair]) -> None:
    """A pair is not set aside for the arm that waited, nor for what came of it: else setting aside were a bias."""
    assume(all(one.slowed.ns != one.control.ns for one in seen))
    straight, swapped = Selection(), Selection()
    straight.take(seen)
    swapped.take([Pair(slowed, control) for control, slowed in seen])
    assert straight.set_aside == swapped.set_aside
