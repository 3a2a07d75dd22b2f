"""Each way in which an experiment may not be what it says, and none of them in a clean one."""

from dataclasses import replace

import pytest

from pytest_speedbump.bump import Bump, Origin
from pytest_speedbump.counts import CodeCounts, Counts, Site
from pytest_speedbump.experiment.conditions import Conditions
from pytest_speedbump.experiment.rounds import Pair, Round
from pytest_speedbump.experiment.tally import Tally
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.audit import audit, doubts, uncalled_targets


def pair(
    calls: tuple[int, int] = (2, 2),
    ns: int = 100_000,
    delay_ns: float = 1000,
    delivers: float = 1.0,
    delayed: int | None = None,
) -> Pair:
    """``delayed``: so many of the slowed calls; None: all."""
    control, slowed = calls
    requested = (slowed if delayed is None else delayed) * delay_ns
    return Pair(
        Round(ns, Counts(control)),
        Round(int(ns + requested), Counts(slowed, requested, delivers * requested)),
    )


def tally(pairs: list[Pair]) -> Tally:
    sum_of_all = Tally()
    for one in pairs:
        sum_of_all.add(one)
    return sum_of_all


def conditions(**changes: object) -> Conditions:
    clean: dict[str, object] = {"elapsed_ns": 1e9, "clock_ns": 1e9, "baseline_ns": 100e3}
    return Conditions(**{**clean, **changes})  # type: ignore[arg-type]


def test_a_clean_experiment_passes() -> None:
    assert audit(tally([pair()] * 20), conditions()) == ""
    assert audit(tally([pair()] * 20), conditions(baseline_ns=None)) == ""


def test_calls_may_differ_between_rounds_of_a_random_program() -> None:
    assert audit(tally([pair((1, 3)), pair((3, 1)), pair((2, 2)), pair((4, 1))] * 5), conditions()) == ""


@pytest.mark.parametrize(
    ("pairs", "changes", "reason"),
    [
        ([pair()] * 20, {"intact": False}, "another tool turned our sys.monitoring events off"),
        ([pair()] * 20, {"lost": 3}, "memory ran out: 3 targets were not slowed"),
        ([pair()] * 20, {"clock_ns": 1.02e9}, "the clock jumped: it ran 1.020 times as fast"),
        ([pair()] * 20, {"clock_ns": 0.5e9}, "the clock jumped: it ran 0.500 times as fast"),
        ([pair(delivers=0.9)] * 20, {}, "the delay was not delivered: 900ns a call instead of 1us"),
        ([pair(delivers=1.1)] * 20, {}, "the delay was not delivered: 1.1us a call instead of 1us"),
        ([pair((2, 3))] * 20, {}, "the arms differ: 2 calls in each control round, 3 in a slowed one; can "),
        ([pair()] * 10 + [pair((0, 0))] * 10, {}, "the target was called no more after pair 10 of 20; can "),
        ([pair((0, 0))] * 3, {}, "the target was called no more after pair 0 of 3; can "),  # before them it was
        ([pair()] * 20, {"baseline_ns": 1.1e6}, "repeated rounds take 100us where the benchmark itself took 1.1ms at"),
    ],
)  # fmt: skip
def test_what_voids(pairs: list[Pair], changes: dict[str, object], reason: str) -> None:
    assert audit(tally(pairs), conditions(**changes)).startswith(reason)


def test_steps_of_a_coarse_clock_are_no_missing_delay() -> None:
    assert audit(tally([pair(delay_ns=50, delivers=0.85)] * 20), conditions()) == ""
    assert audit(tally([pair(delay_ns=50, delivers=0.5)] * 20), conditions()) != ""


@pytest.mark.parametrize("every", [1, 10])
def test_what_is_missing_is_a_share_of_what_was_to_be_delayed(every: int) -> None:
    """Not of all calls: their steps of a clock would explain everything."""
    for delivers, reason in ((1.0, ""), (0.96, ""), (0.9, "the delay was not delivered: 900ns a call instead of 1us")):
        rounds = tally([pair((200, 200), delivers=delivers, delayed=200 // every)] * 20)
        assert audit(rounds, conditions(), every).startswith(reason), delivers


def test_rounds_in_which_nothing_was_to_be_delayed() -> None:
    with_it, without = pair((10, 10), delayed=1), pair((10, 10), delayed=0)
    assert audit(tally([with_it] * 15 + [without] * 5), conditions(), 10) == ""
    assert audit(tally([with_it] * 14 + [without] * 6), conditions(), 20) == (
        "every 20th call is delayed, and in 6 of 20 slowed rounds there was none, with 10 of all calls in a round; "
        "delay more of them, or make rounds longer"
    )
    assert audit(tally([without] * 20), conditions(), 20).kind == "seldom"
    assert audit(tally([with_it] * 14 + [pair((0, 0), delayed=0)] * 6), conditions(), 10).kind == "called_no_more"
    assert audit(tally([with_it, pair((0, 0), delayed=0)] * 10), conditions(), 10) == "", "not called is something else"


def test_the_cost_of_the_probe_is_no_other_work() -> None:
    """Many matched calls in a short benchmark: control rounds are armed, the baseline was not."""
    assert not list(doubts(tally([pair((1000, 1000), delay_ns=100)] * 20), conditions(baseline_ns=20e3)))


def test_what_a_busy_machine_explains_is_a_doubt_at_most() -> None:
    """Noise can only ever lead to inconclusive: slower rounds than the benchmark's own void nothing."""
    slower, same, quicker = (conditions(baseline_ns=ns) for ns in (40e3, 60e3, 900e3))
    rounds = tally([pair()] * 20)
    assert [audit(rounds, one) for one in (slower, same, quicker)] == ["", "", ""]
    (doubt,) = doubts(rounds, slower)
    assert doubt.startswith("repeated rounds take 100us at least where the benchmark itself took 40us")
    assert [list(doubts(rounds, one)) for one in (same, quicker, conditions(baseline_ns=None))] == [[], [], []]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"traced": True}, "a tracer, such as coverage's, follows other threads"),
        ({"hides_threads": True}, "other threads run Python code, and rounds this short can hide"),
    ],
)
def test_what_is_said_and_voids_nothing(changes: dict[str, object], says: str) -> None:
    rounds = tally([pair()] * 20)
    assert audit(rounds, conditions(**changes)) == ""
    (doubt,) = doubts(rounds, conditions(**changes))
    assert doubt.startswith(says)


def test_turns_add_up() -> None:
    sum_of_all = Conditions()
    sum_of_all.add(intact=True, lost=0, elapsed_ns=1e6, clock_ns=1e6)
    sum_of_all.add(intact=False, lost=1, elapsed_ns=1e6, clock_ns=1.1e6)
    sum_of_all.add(intact=True, lost=1, elapsed_ns=1e6, clock_ns=1e6)
    assert (sum_of_all.intact, sum_of_all.lost) == (False, 1)
    assert (sum_of_all.elapsed_ns, sum_of_all.clock_ns) == (3e6, 3.1e6)


def parse() -> None: ...


def serve() -> None: ...


PARSE = CodeCounts(1, site=Site("start", __name__, parse.__name__, parse.__code__), target=0)
SERVE = CodeCounts(1, site=Site("start", __name__, serve.__name__, serve.__code__), target=1)
PARSE_LATER = replace(PARSE, target=1)
CRC = CodeCounts(1, site=Site("c", "zlib", "crc32"), target=0)
PRODUCT = CodeCounts(1, site=Site("native", "libblas.so", "dgemm"), target=0)


@pytest.mark.parametrize(
    ("by", "names", "matched", "uncalled"),
    [
        ("marker", ["*:parse"], [PARSE], []),
        ("marker", ["*:parse", "*:serve"], [PARSE], ["*:serve"]),
        ("marker", ["*:parse", "*:serve"], [PARSE, SERVE], []),
        ("marker", ["*:p*", "*:parse"], [PARSE_LATER], []),  # the later one counts it, both guard it
        ("marker", ["*:parse", "!*:nothing"], [PARSE], []),  # what is excluded need not run
        ("marker", ["*:parse"], [], ["*:parse"]),
        ("marker", ["c:zlib.crc32", "c:zlib.adler32"], [CRC], ["c:zlib.adler32"]),
        ("marker", ["c:crc32", "!c:zlib.*"], [CRC], []),  # what it counted it matched, by whatever name it found it
        ("marker", ["native:/usr/lib/libblas*:dgemm", "dgemm"], [PRODUCT], ["dgemm"]),  # a site has no path
        ("command line", ["*:parse", "*:serve"], [PARSE], []),  # suite-wide: one is enough
        ("ini", ["*:parse", "*:serve"], [], ["*:parse", "*:serve"]),
    ],
)
def test_uncalled_targets(by: Origin, names: list[str], matched: list[CodeCounts], uncalled: list[str]) -> None:
    assert list(uncalled_targets(Bump(parse_targets(names), 2000, "spin", None, by), matched)) == uncalled
