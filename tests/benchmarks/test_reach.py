"""The benchmark of kinds of targets: what its loops and systems call, its tables, its document. Nothing is timed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reach_records import cost, delivered, known
from truth_records import ORIGIN

from benchmarks.exits import ExitError
from benchmarks.reach import SCHEMA, costs, systems, tally
from benchmarks.reach.jobs import FULL, SMOKE, jobs
from benchmarks.reach.kinds import DELAYS_NS, KINDS, Kind, bystander
from benchmarks.reach.systems import SYSTEMS, Awaited, AwaitedAside, Kernel, Product
from benchmarks.reach.tables import markdown
from benchmarks.truth.closed_forms import Overlap
from benchmarks.truth.systems import HiddenWork, System, one_thread, system
from pytest_speedbump import slow

ROOT = Path(__file__).parents[2]
MISSING = "numpy is missing; install it: pip install numpy"

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def counted(target: str, mode: Any, *functions: Callable[[], object]) -> list[float]:
    """Calls of the target in each of the functions."""
    calls: list[float] = []
    with slow(target, delay="0ns", mode=mode) as bump:
        for function in functions:
            function()
            calls.append(bump.snapshot().targets[0].calls - sum(calls))
    return calls


# Kinds


@every_kind
def test_a_loop_calls_its_target_as_often_as_asked_for_and_the_bystander_never(kind: Kind) -> None:
    loops = (lambda: kind.loop(1_000), lambda: kind.loop(3), lambda: bystander(1_000))
    assert counted(kind.target, kind.mode, *loops) == [1_000, 3, 0]


@pytest.mark.parametrize(
    "target",
    ["benchmarks.reach.kinds:_other", "resume:benchmarks.reach.kinds:_others", "c:abs", "native:libm.so*:exp2"],
)
def test_a_bystander_makes_calls_of_every_kind(target: str) -> None:
    assert counted(target, "spin", lambda: bystander(1_000)) == [250]


@every_kind
def test_nothing_is_measured_where_other_calls_are_counted(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "FEWEST", 1)
    assert costs.cost(kind, seconds=0).target_kind == kind.name
    made = f"{kind.target.replace('*', '[*]')} was called 22000 times, and 11000 calls were counted"
    with pytest.raises(RuntimeError, match=made):
        costs.cost(replace(kind, loop=lambda calls: kind.loop(calls // 2)), seconds=0)


@every_kind
def test_a_loop_takes_as_long_as_all_its_delays_at_least(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    with slow(kind.target, delay="1ms", mode=kind.mode):
        assert kind.loop(3) >= 2.99e6
    monkeypatch.setattr(costs, "FEWEST", 1)
    one = costs.deliver(kind, kind.delays_ns[-1], seconds=0)
    assert (one.target_kind, one.requested_ns) == (kind.name, 1e6)
    assert one.booked_ns >= 0.99e6


def test_every_delay_that_is_promised_is_asked_for() -> None:
    assert DELAYS_NS == (300, 1_000, 10_000, 1_000_000)
    assert {kind.name: kind.delays_ns for kind in KINDS if kind.delays_ns != DELAYS_NS} == {"await": (1e6,)}


# Systems


@pytest.mark.parametrize("kind", SYSTEMS, ids=lambda kind: kind.__name__)
def test_a_step_calls_the_target_as_often_as_the_form_says(kind: type[System], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (systems, system, one_thread):
        monkeypatch.setattr(module, "median_ns", lambda function, looks: 1.0)
    with kind(seed=1) as made:
        form = made.calibrate()
        assert counted(made.target, made.mode, made.step, made.step) == [form.calls(0)] * 2
        assert form.transmission(1e13) == pytest.approx(1)  # nothing hides hours


@pytest.mark.parametrize("host_ns", [5_000.0, 30_000.0])
@pytest.mark.parametrize("kind", [Product, Kernel])
def test_a_product_is_hidden_as_long_as_the_device_takes(
    kind: type[HiddenWork], host_ns: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that the product alone advances, and each look at it by a little."""

    class VirtualClock:
        now = delay_ns = 0.0

        def perf_counter_ns(self) -> float:
            self.now += 50
            return self.now

        def work(self) -> None:
            self.now += host_ns + self.delay_ns

        def took(self, function: Callable[[], object], calls: int = 1) -> float:
            before = self.now
            function()
            return self.now - before

    clock = VirtualClock()
    monkeypatch.setattr(one_thread, "time", clock)
    monkeypatch.setattr(kind, "log", clock.work)
    for module in (system, one_thread):
        monkeypatch.setattr(module, "median_ns", clock.took)
    with kind() as made:
        form = made.calibrate()
        for delay_ns in (0.0, *kind.doses):
            clock.delay_ns = delay_ns
            assert clock.took(made.step) == pytest.approx(form.step_ns(delay_ns), abs=300)
        assert [form.transmission(delay_ns) for delay_ns in kind.doses] == [
            0,
            pytest.approx(0.4 + host_ns / 2e5, abs=0.01),
        ]


@pytest.mark.parametrize(("kind", "expected"), [(Awaited, [1, 1]), (AwaitedAside, [0, 0.5])])
def test_latencies_are_those_of_the_form(
    kind: type[Awaited | AwaitedAside], expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(systems, "pause", slept.append)
    with kind() as made:
        form = made.calibrate().fitted(1e9)
        slept.clear()
        made.step()
    assert sorted(slept) == [2e6, 6e6]
    assert form.step_ns(0) == 1e9
    assert [form.transmission(delay_ns) for delay_ns in kind.doses] == expected
    if isinstance(form, Overlap):
        assert [form.host_ns, form.device_ns] == sorted(slept)


@pytest.mark.parametrize("kind", [Product, Kernel])
def test_without_numpy_its_systems_say_so(kind: type[System], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ExitError, match=MISSING):
        kind()


# Jobs and tallies


def test_all_is_measured_in_a_full_run_and_a_little_of_all_in_a_smoke_run() -> None:
    full, smoke = jobs(FULL, "*"), jobs(SMOKE, "*")
    assert [job.name for job in full] == [job.name for job in smoke]
    assert len({job.name for job in full}) == len(full)
    assert {(job.name.split("/")[0], job.count) for job in full} == {("cost", 3), ("delivered", 9), ("known", 3)}
    assert {job.count for job in smoke} == {1}
    names = [job.name for job in jobs(FULL, "*line*")]
    assert names[:2] == ["cost/line", "delivered/line/300ns"]
    assert names[-1] == "known/a line on the critical path/4us"


def test_tallies_are_medians_in_the_order_of_the_kinds() -> None:
    records = [
        *(cost("line", added_ns, unmatched_ns) for added_ns, unmatched_ns in ((15, 0.1), (30, -0.2), (16, 0.0))),
        cost("start", 12),
        cost("another", 1),
        *(delivered("await", 1e6, error_ns) for error_ns in (9_000, -50_000, 10_000)),
        *(delivered("start", 1e6, error_ns) for error_ns in (10_001, 10_001, -1)),
        *(delivered("start", 300, error_ns) for error_ns in (-5, 4, -6)),
    ]
    added = [(one.kind, one.added_ns, one.unmatched_ns) for one in tally.costs(records)]
    assert added == [("start", 12, 0), ("line", 16, 0), ("another", 1, 0)]
    found = [
        (one.kind, one.requested_ns, one.error_ns, one.worst_ns, one.is_exact) for one in tally.deliveries(records)
    ]
    assert found == [
        ("start", 300, -5, -6, True),
        ("start", 1e6, 10_001, 10_001, False),
        ("await", 1e6, 9_000, -50_000, True),
    ]


# Output


def test_markdown_holds_every_kind_of_record_and_says_what_is_missing_and_what_broke() -> None:
    first, second = SYSTEMS[0].name, SYSTEMS[1].name
    document = {
        "schema": SCHEMA,
        "origin": ORIGIN,
        "complete": False,
        "seconds": 120.0,
        "note": "Shared.",
        "records": [
            known(second, 0.97, delay_ns=4_000.0),
            known(first, None, verdict="void", reason="it never ran"),
            cost("line", 13.25, -0.5),
            delivered("c: type", 300, 5.5),
        ],
        "failures": [{"job": "known/x", "error": f"ExitError({MISSING!r})"}],
    }
    text = markdown(document)
    for part in ("A processor", "2 min, incomplete. Shared.", f"- known/x: ExitError('{MISSING}')"):
        assert part in text
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    for row in (
        ["line", "20.0", "13.2", "-0.50"],
        ["c: type", "300ns", "+5.5", "+5.5", "+0.5", "NO"],
        [first, "1us", "1.000", "-", "-", "-", "void: it never ran"],
        [second, "4us", "1.000", "0.970", "0.500 to -", "-0.030", "measured"],
    ):
        assert row in rows
    promised = {row[0]: row[3:] for row in rows if row[1].startswith("reach: ")}
    assert promised["line: added per armed, undelayed call"] == ["+13.2 ns", "yes"]
    assert promised[f"{first}: transmission within 0.02 of the truth"] == ["0 of 1", "NO"]
    assert promised["start: delivered delay, 300ns, 1us, 10us, 1ms"] == ["-", "not measured"]
    assert text.index("| line ") < text.index("| c: type ") < text.index(f"\n| {first} ") < text.index(f"\n| {second} ")


def command(*options: object, **more: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "benchmarks.reach", *map(str, options)]
    return subprocess.run(line, cwd=ROOT, env=os.environ | more, capture_output=True, text=True, timeout=120)


def test_the_command_measures_writes_and_prints_again(tmp_path: Path) -> None:
    path, text = tmp_path / "reach.json", tmp_path / "reach.md"
    run = command("--smoke", "--only", "*/line*", "--output", path, "--markdown", text, "--seed", 1)
    assert run.returncode == 0, run.stderr
    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["schema"], document["complete"], document["seed"]) == (SCHEMA, True, 1)
    assert document["origin"]["smoke"]
    found = sorted((one["kind"], one.get("requested_ns")) for one in document["records"])
    assert found == [("cost", None), *(("delivered", delay_ns) for delay_ns in DELAYS_NS)]
    assert "| line " in run.stdout
    assert text.read_text(encoding="utf-8") == run.stdout
    assert command("--table", path).stdout == run.stdout


def test_without_numpy_two_systems_fail_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('there is none')", encoding="utf-8")
    path = tmp_path / "reach.json"
    run = command("--smoke", "--only", "known/[acn]*/[12]*us", "--output", path, PYTHONPATH=str(tmp_path))
    assert run.returncode == 1, run.stderr
    document = json.loads(path.read_text(encoding="utf-8"))
    assert {(one["system"], one["delay_ns"]) for one in document["records"]} == {
        (kind.name, 1_000) for kind in SYSTEMS[:3]
    }
    assert {one["job"] for one in document["failures"]} == {
        f"known/{kind.name}/{delay}" for kind in (Product, Kernel) for delay in ("20us", "200us")
    }
    assert {one["error"] for one in document["failures"]} == {f"ExitError('{MISSING}')"}
    assert run.stdout.count(MISSING) == 4


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--output is missing; say where the JSON goes"),
        (["--output", "/no/such/folder/x"], "make its directory first"),
        (["--output", "/"], "--output '/' is a directory; name a file in it"),
        (["--output", os.devnull, "--only", "x"], "error: --only 'x' matches no job; try '*', "),
        (["--table", "/no/such/document"], "error: /no/such/document cannot be read"),
    ],
)
def test_bad_options_get_a_sentence(options: list[str], says: str) -> None:
    run = command(*options)
    assert (run.returncode, run.stdout) == (2, "")
    assert says in run.stderr
