"""The scan's benchmark: its systems by a clock of their own, its tallies, its document. Nothing here is timed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_records import agreeing, function, gain, hidden, known, package, shares, singles
from truth_records import ORIGIN

from benchmarks.exits import ExitError
from benchmarks.scan import SCHEMA, packages, systems, tally
from benchmarks.scan import shares as sampled
from benchmarks.scan.cast import KINDS, Part
from benchmarks.scan.door import SCAN, door, dose_ns
from benchmarks.scan.jobs import CONDITIONS, FULL, SMOKE, jobs
from benchmarks.scan.packages import PACKAGES
from benchmarks.scan.systems import SYSTEMS, Anything, Known
from benchmarks.scan.tables import SYSTEMS as IN_ORDER
from benchmarks.scan.tables import markdown
from benchmarks.truth.work import pause, spin
from pytest_speedbump import slow
from pytest_speedbump.ranking import Ranked

ROOT = Path(__file__).parents[2]


# Systems, by a clock that only their own work advances


class VirtualClock:
    """Spinning and pausing take exactly what they ask for, and each look at the clock takes a little."""

    LOOK_NS = 500

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter_ns(self) -> float:
        self.now += self.LOOK_NS
        return self.now

    def work(self, ns: float) -> None:
        self.now += ns

    def took(self, function: Callable[[], object], calls: int = 1) -> float:
        before = self.now
        function()
        return self.now - before


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualClock:
    made = VirtualClock()
    monkeypatch.setattr(systems, "time", made)
    monkeypatch.setattr(systems, "median_ns", made.took)
    for kind in (Known, *SYSTEMS):
        monkeypatch.setattr(kind, "work", staticmethod(made.work))
    return made


@pytest.fixture(params=SYSTEMS, ids=lambda kind: kind.__name__)
def system(request: pytest.FixtureRequest, clock: VirtualClock) -> Iterator[Known]:
    with request.param() as made:
        if isinstance(made, systems.AllHidden):
            made.varies_ns = 0.0
        made.calibrate()
        yield made


def turn_ns(system: Known, group: str) -> float:
    return sum(part.calls * part.ns for part in system.parts[group])


def simulated_ns(system: Known, clock: VirtualClock) -> float:
    """Of a round: where there is one thread it is run, and where there are several they are stepped through here."""
    if isinstance(system, systems.Pipeline):
        make, take = turn_ns(system, "make"), turn_ns(system, "take")
        begun: list[float] = []  # by the taker
        now = ended = 0.0
        for item in range(system.ITEMS):
            now += make
            if item > 2:
                now = max(now, begun[item - 3])
            begun.append(max(now, ended))
            ended = begun[-1] + take
        return ended
    if isinstance(system, systems.LockConvoy):
        inside, outside = turn_ns(system, "inside"), turn_ns(system, "outside")
        ready = [0.0] * system.THREADS
        free = 0.0
        for _ in range(system.THREADS * system.TURNS):
            first = min(range(system.THREADS), key=ready.__getitem__)
            free = max(free, ready[first]) + inside
            ready[first] = free + outside
        return max(ready)
    if isinstance(system, systems.Fork):
        return turn_ns(system, "serial") + system.SHARE * turn_ns(system, "item")
    return clock.took(system.step)


def turns(system: Known, group: str) -> int:
    """Of a group in a round."""
    if isinstance(system, systems.Pipeline):
        return system.ITEMS
    if isinstance(system, systems.LockConvoy):
        return system.THREADS * system.TURNS
    return system.SHARE * system.WORKERS if isinstance(system, systems.Fork) and group == "item" else 1


@pytest.mark.parametrize("dose", [1 / 16, 1 / 8, 1 / 2, 1])
def test_a_delay_of_every_part_arrives_as_the_form_says(system: Known, clock: VirtualClock, dose: float) -> None:
    round_ns = simulated_ns(system, clock)
    for group, members in system.parts.items():
        for part in members:
            delay_ns = dose * round_ns
            part.ns += delay_ns / part.calls / turns(system, group)
            arrived = (simulated_ns(system, clock) - round_ns) / delay_ns
            part.ns -= delay_ns / part.calls / turns(system, group)
            assert arrived == pytest.approx(system.truth(part.name, delay_ns), abs=0.01), part.name


def test_what_is_free_stays_so_together_until_the_joint_slack_is_used_up(system: Known, clock: VirtualClock) -> None:
    if system.slack_ns is None:
        assert not isinstance(system, systems.AllHidden | systems.Gather)
        return
    round_ns = simulated_ns(system, clock)
    free = [part for group, members in system.parts.items() for part in members if group in ("hidden", "work", "log")]
    for share, added in ((0.99, 0.0), (1.2, 0.2)):
        for part in free:
            part.ns += share * system.slack_ns / len(free) / part.calls
        assert simulated_ns(system, clock) - round_ns == pytest.approx(added * system.slack_ns, abs=5e-3 * round_ns)
        for part in free:
            part.ns -= share * system.slack_ns / len(free) / part.calls


def test_nothing_is_critical_at_the_last_dose_where_nothing_is_to_be(clock: VirtualClock) -> None:
    for seed in range(50):
        with Anything(seed) as system:
            system.calibrate()
            round_ns = clock.took(system.step)
            assert {system.truth(name, round_ns / 8) for name in system.names} == {0.0}
    with Anything(1) as one, Anything(1) as same, Anything(2) as other:
        assert (one.names, one.device_ns) == (same.names, same.device_ns) != (other.names, other.device_ns)


@pytest.mark.parametrize("kind", [*SYSTEMS, Anything], ids=lambda kind: kind.__name__)
def test_parts_are_seen_by_their_names_and_called_as_often_as_they_say(kind: type[Known]) -> None:
    with kind() as system, slow(*system.targets, delay="0ns") as bump:
        system.step()
        seen = {one.name: one.calls for one in bump.snapshot().matched}
    assert seen == {
        part.name: part.calls * turns(system, group) for group, members in system.parts.items() for part in members
    }


def test_known_systems_hold_every_kind_and_every_count() -> None:
    made = [kind() for kind in SYSTEMS]
    assert tuple(system.name for system in made) == IN_ORDER
    every = [part for system in made for members in system.parts.values() for part in members]
    assert {part.kind for part in every} == set(KINDS)
    assert {part.calls for part in every} >= {1, 10, 100, 1_000, 2_000}
    assert all(8 <= len(system.names) <= 20 for system in made)


def test_lambdas_are_told_apart_though_all_have_one_name() -> None:
    """Code that is equal but for its qualified name is one key of a dict."""
    lambdas = [
        part._made(spin, line).__code__ for line, part in enumerate(systems.parts("f", [(1, 0)] * 5, ("lambda",)))
    ]
    assert len(set(lambdas)) == 5


def test_a_part_may_come_to_cost_nothing(clock: VirtualClock) -> None:
    part = Part("one", "generator", 3, 100.0)
    turn = part.turn(clock.work, 1)
    assert clock.took(turn) == 300
    part.ns = 0.0
    assert clock.took(turn) == 0


# Packages


def test_one_request_of_graphql_calls_hundreds_of_functions() -> None:
    assert [one.name for one in PACKAGES] == ["graphql-core", "tomlkit"]
    function = PACKAGES[0].round()
    result: Any = function()
    assert result.errors is None
    with slow(PACKAGES[0].target, delay="0ns") as bump:
        function()
        assert 300 <= len(bump.snapshot().matched) <= 450


def test_what_is_missing_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda name: None)
    with pytest.raises(ExitError, match="tomlkit is missing; install it: pip install tomlkit"):
        PACKAGES[1].round()
    monkeypatch.setattr(sampled, "which", lambda name, path="": None)
    with pytest.raises(ExitError, match=r"py-spy is missing; install it: .* -m pip install py-spy"):
        sampled.own_shares(PACKAGES[0], 1)
    for name in ("no.such.module:scan", "benchmarks.scan:nothing", ""):
        with pytest.raises(ExitError, match=r"--scanner .* cannot be had"):
            door(name)


def test_a_sample_belongs_to_the_innermost_target() -> None:
    lines = [
        "<module> (m.py:1);one_round (w.py:9);f (/p/a.py:3) 5",
        "<module> (m.py:1);one_round (w.py:9);f (/p/a.py:3);K.g.<locals>.<lambda> (/p/a b:7);dumps (/lib/json.py:1) 3",
        "<module> (m.py:1);one_round (w.py:9);dumps (/lib/json.py:1) 2",  # nobody's
        "<module> (m.py:1);one_round (w.py:9);f (/p/a.py:4) 1",  # another function of that name
        "<module> (m.py:1);_find (<frozen importlib>:1);f (/p/a.py:3) 100",  # not in a round
        " 7",
    ]
    called = {("f", "/p/a.py", 3): "p.f:3", ("K.g.<locals>.<lambda>", "/p/a b", 7): "p.K.g:7"}
    assert sampled.attributed(lines, called) == ({"p.f:3": 5, "p.K.g:7": 3}, 11)


# What is asked


def ranked(**more: Any) -> Ranked:
    nothing: dict[str, Any] = dict.fromkeys(("share", "transmission", "slack_ns", "gain", "gain_per_us"))
    fields = {"name": "f", "file": "f.py", "line": 1, "calls": 10.0, "verdict": "free", "confirmed": False, "rank": 1}
    return Ranked(**nothing | fields | more)


def test_the_truth_is_asked_for_at_the_dose_that_was_used() -> None:
    assert dose_ns(ranked(pairs=3), 1_000) == 500
    assert dose_ns(ranked(pairs=7), 1_000) == 125
    told: Any = SimpleNamespace(dose_ns=7.0, calls=10.0, pairs=7)
    assert dose_ns(told, 1_000) == 70


def test_there_is_enough_in_a_full_run() -> None:
    every = jobs(FULL, CONDITIONS, "*", door(SCAN))
    assert sum(job.count for job in every if job.name == "hidden") * FULL.batch >= 200
    assert {job.name.split("/")[0] for job in jobs(SMOKE, CONDITIONS, "*", door(SCAN))} == {
        job.name.split("/")[0] for job in every
    }
    assert sum(job.count for job in every if job.name.startswith("package/")) >= 12


def test_what_each_kind_of_job_writes_down_can_be_tallied() -> None:
    chosen = ("hidden", "gain/hidden", "package/graphql-core", "singles/graphql-core")
    every = [job for job in jobs(SMOKE, ("quiet",), "*", door("scan_standin:scan")) if job.name in chosen]
    records = [{"condition": job.condition, **one} for job in every for one in job.run(1)]
    (scanned,) = tally.packages([shares({}, 1), *records])
    assert scanned.functions >= 300
    assert sum(one.n for one in tally.hidden(records)) == SMOKE.batch
    assert [one.removal for one in tally.gains(records)] == ["hidden"]
    (one,) = (one for one in records if one["kind"] == "singles")
    (single,) = one["singles"]
    assert single["scan_error"] == pytest.approx(1.96 * 0.04)
    assert single["delay_ns"] > 0
    assert single["verdict"] == "measured"


# Tallies


def test_missed_unresolved_and_false_are_told_apart() -> None:
    true = shares({"hot": 100, "warm": 20, "lost": 15, "unclear": 12, "mid": 3, "cold": 1}, total=1_000)
    scan = package(
        function("hot", "critical", 0.1),
        function("warm", "free", 0.001),
        function("unclear", "unresolved", 0.01),
        function("mid", "partly", 0.02),  # neither: between 0.2 and 1 %
        function("cold", "critical", 0.006),
        function("nobody", "small", None),
    )
    (one,) = tally.packages([true, scan])
    assert (one.matter, one.found, one.missed, one.unresolved, one.false) == (4, 1, 2, 1, 1)
    (none,) = tally.packages([scan])
    assert not none.known


def test_the_truth_is_the_median_of_all_looks() -> None:
    looks = [shares({"f": samples}, total=1_000) for samples in (8, 30, 12)]
    (one,) = tally.packages([*looks, shares({"f": 0}, total=0), package(function("f", "free", 0.0))])
    assert one.matter == one.missed == 1
    (truth,) = tally.sampled(looks)
    assert (truth.looks, truth.samples) == (3, 3_000)
    assert truth.apart == pytest.approx(0.004)
    assert truth.worst == pytest.approx(0.018)
    assert tally.sampled([shares({"f": 1}, total=1_000)]) == []


def test_answers_beside_a_hog_agree_where_the_truth_is_clear() -> None:
    true = shares({"hot": 50, "mid": 5, "cold": 0, "open": 20}, total=1_000)

    def scan(hot: str, mid: str, cold: str, opened: str, **more: Any) -> dict[str, Any]:
        names = {"hot": hot, "mid": mid, "cold": cold, "open": opened}
        return package(*(function(name, verdict, 0.0) for name, verdict in names.items()), **more)

    records = [true, scan("critical", "free", "small", "partly", seconds=2.0)]
    records += [scan("partly", "partly", "critical", "unresolved", seconds=5.0, condition="hog")]
    (one,) = tally.agreements(records)
    assert (one.same, one.of, one.slower) == (1, 2, 2.5)
    assert tally.agreements([true, *agreeing()])[0].slower == 1.0
    assert tally.agreements(records[:2]) == []


@given(st.floats(-3, 3), st.floats(-1, 1), st.floats(0.01, 1))
def test_z_is_the_distance_from_the_truth_in_standard_errors(away: float, true: float, error: float) -> None:
    middle = true + away * error
    one = function("f", "critical", 0.1, transmission=(middle, middle - 1.96 * error, middle + 1.96 * error), true=true)
    assert tally.z(one) == pytest.approx(away, abs=1e-6)


def test_known_systems_are_counted_with_what_has_an_interval() -> None:
    near, far, open_end, none = (
        function("f", "critical", 0.1, transmission=found, true=1.0)
        for found in ((1.0, 0.9, 1.1), (1.2, 1.1, 1.3), (1.0, None, 1.1), None)
    )
    slacks = [{"joint_slack_ns": found, "true_joint_slack_ns": 100.0} for found in ({"estimate": 104.0}, None)]
    (one,) = tally.knowns([known(near, far, **slacks[0]), known(open_end, none, **slacks[1])])
    assert (one.functions, one.ranked, one.within, one.n) == (4, 2, 1, 2)
    assert one.worst == pytest.approx(3.92)
    assert one.slack_errors == [pytest.approx(0.04), None]


def test_what_ranks_nothing_cannot_err() -> None:
    (one,) = tally.hidden([hidden(), hidden(called_critical=["f"]), hidden(confirmed=["f", "g"]), hidden(ranked=0)])
    assert (one.n, one.empty, one.called, one.confirmed) == (4, 1, 1, 1)


def test_single_measurements_are_stretched_to_the_precision_of_the_scan() -> None:
    # Errors of 0.1 and 0.2 in 4 s each, where the scan has 0.1: 4 s, and 16 s.
    (one,) = tally.saved([singles((4.0, 0.1, 0.1), (4.0, 0.2, 0.1), (4.0, None, 0.1), functions=100, seconds=10.0)])
    assert one.sample == 2
    assert one.single_s == pytest.approx(10)
    assert one.share == pytest.approx(0.01)


def test_gains_keep_their_worst() -> None:
    critical, one = tally.gains([gain(0.05, 0.04), gain(0.043, 0.04), gain(None, 0.0, "hidden")])
    assert critical.predicted == pytest.approx(0.0465)
    assert critical.worst == pytest.approx(0.01)
    assert (one.predicted, one.worst) == (None, None)


# Output


def document(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields = {"schema": SCHEMA, "origin": ORIGIN, "complete": True, "seconds": 60.0, "note": "", "failures": []}
    made: dict[str, Any] = {**fields, "scanner": SCAN, "records": list(records), **more}
    return made


def test_markdown_says_what_is_missing_and_what_broke() -> None:
    text = markdown(
        document(
            shares({"f": 50}, total=1_000),
            package(function("f", "critical", 0.05)),
            package(function("f", "critical", 0.05), condition="hog"),
            known(function("g", "free", 0.0, transmission=(0.1, 0.0, 0.2), true=0.1)),
            known(system="device deadline", joint_slack_ns=None, true_joint_slack_ns=123_456.0),
            hidden(),
            gain(0.05, 0.04),
            gain(None, 0.0, "hidden"),
            singles((4.0, 0.1, 0.1)),
            complete=False,
            scanner="a:b",
            failures=[{"job": "known/x", "error": "OSError('no')"}],
        )
    )
    for part in ("A processor", "incomplete. Scanned by a:b.", "OSError", "not told", "123us", "1 of 1 alike", "1/40"):
        assert part in text
    assert "not measured |" in text
    for one, other in pairwise(IN_ORDER[:2]):
        assert text.index(f"| {one}") < text.index(f"| {other}")


def command(*options: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "benchmarks.scan", *map(str, options)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_the_command_measures_in_processes_writes_and_prints_again(tmp_path: Path) -> None:
    path = tmp_path / "scan.json"
    some = ("--smoke", "--only", "known/[sA]*[nl]", "--condition", "quiet", "--output", path)
    run = command(*some, "--scanner", "scan_standin:scan_without_sleep")
    assert run.returncode == 1, run.stderr  # one job breaks, and the others go on
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["schema"], found["complete"], found["scanner"]) == (SCHEMA, True, "scan_standin:scan_without_sleep")
    (failure,) = found["failures"]
    assert failure["job"] == "known/Amdahl"
    assert "exit status 1" in failure["error"]  # of a process of its own
    assert "ValueError: it does not sleep" in failure["error"]
    (one,) = found["records"]
    assert (one["system"], one["expected"]) == ("serial chain", len(one["functions"]))
    assert [each["true_transmission"] for each in one["functions"]] == [pytest.approx(1)] * one["expected"]
    again = command("--table", path)
    assert (again.returncode, again.stdout) == (0, run.stdout)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--output is missing"),
        (["--output", "/no/such/folder/x"], "make its directory first"),
        (["--output", os.devnull, "--only", "x"], "no job"),
        (["--output", os.devnull, "--scanner", "x"], "--scanner 'x' cannot be had"),
        (["--table", "/no/such/document"], "error: /no/such/document cannot be read"),
    ],
)
def test_bad_options_get_a_sentence(options: list[str], says: str) -> None:
    run = command(*options)
    assert run.returncode == 2
    assert says in run.stderr


def test_work_takes_time() -> None:
    """What the virtual clock stands for."""
    assert Known.work is spin
    assert systems.Pipeline.work is systems.LockConvoy.work is systems.Fork.work is pause
