"""The truth suite's pure parts: forms against simulations, tallies, tables, schedules. Nothing here is timed."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from itertools import groupby
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truth_records import ORIGIN, dose, first_command, speedup, verdict

from benchmarks.truth import tally
from benchmarks.truth.closed_forms import Amdahl, BackOff, Convoy, FlowShop, Form, Overlap, Serial, SharedGil, Ticker
from benchmarks.truth.delays import Delay
from benchmarks.truth.hog import CONDITIONS, Condition, beside
from benchmarks.truth.jobs import FULL, SMOKE, Job, jobs, passes
from benchmarks.truth.systems import BITES, SYSTEMS, Alternating, GilTicker, Phases, Recursion, Sometimes, System
from benchmarks.truth.tables import markdown
from pytest_speedbump import _core, slow

ROOT = Path(__file__).parents[2]

times = st.integers(1, 100)
delays = st.integers(0, 200)


# Closed forms, against systems that are stepped through


@given(times, times, st.integers(1, 8), st.integers(1, 3), delays, st.sampled_from(["first", "second"]))
def test_flow_shop(first: int, second: int, items: int, room: int, delay: int, slowed: Any) -> None:
    a, b = first + delay * (slowed == "first"), second + delay * (slowed == "second")
    begun: list[float] = []  # by the second machine
    ended = now = 0.0
    for item in range(items):
        now += a
        if item > room:
            now = max(now, begun[item - room - 1])  # the place in the queue that an earlier item leaves
        begun.append(max(now, ended))
        ended = begun[-1] + b
    form = FlowShop(first_ns=first, second_ns=second, items=items, slowed=slowed)
    assert form.step_ns(delay) == ended


@given(times, times, st.integers(1, 5), st.integers(1, 5), delays, st.sampled_from(["inside", "outside"]))
def test_convoy(inside: int, outside: int, threads: int, turns: int, delay: int, slowed: Any) -> None:
    i, o = inside + delay * (slowed == "inside"), outside + delay * (slowed == "outside")
    ready = [0.0] * threads  # when each thread asks for the lock
    free = 0.0
    for _ in range(threads * turns):
        first = min(range(threads), key=ready.__getitem__)
        free = max(free, ready[first]) + i
        ready[first] = free + o
    form = Convoy(inside_ns=inside, outside_ns=outside, threads=threads, turns=turns, slowed=slowed)
    assert form.step_ns(delay) == max(ready)


@given(times, times, times, delays)
def test_back_off(host: int, device: int, pause: int, delay: int) -> None:
    now = host + delay
    while now < device:
        now += pause
    assert BackOff(host_ns=host, device_ns=device, pause_ns=pause).step_ns(delay) == now


@given(st.integers(10, 100), st.integers(0, 50), st.integers(5_000, 20_000))
def test_shared_gil(call: int, delay: int, away: int) -> None:
    """Requests to give the GIL up come after every interval, at any point of a call, and wait for a delay to end."""
    interval, n = 10_000, 1_000
    busy = call + delay
    own = [interval + max(0, delay - busy * (i + 0.5) / n) for i in range(n)]
    calls = sum(own) / busy
    form = SharedGil(call_ns=call, n=1, held_ns=interval, away_ns=away)
    assert form.step_ns(delay) == pytest.approx((sum(own) + n * away) / calls, rel=1e-4)


@given(st.integers(0, 300), st.booleans(), st.integers(0, 20), st.integers(0, 20))
def test_ticker(delay: int, holds: bool, handover: int, again: int) -> None:
    period, beat, work = 1_000, 50, 1_000_000
    now = done = 0.0
    ticks = 0
    while done < work:
        done += period - handover - beat - delay * holds - again * (delay > 0 and not holds)
        now += period
        ticks += 1
    form = Ticker(work_ns=work, beat_ns=beat, handover_ns=handover, again_ns=again, period_ns=period, holds=holds)
    assert form.step_ns(delay) == pytest.approx(now, rel=0.01)
    assert form.calls(delay) == pytest.approx(ticks, rel=0.01)


def test_simple_forms() -> None:
    assert Serial(work_ns=40, n=2).step_ns(5) == 50
    sometimes = Serial(work_ns=40, n=2, felt=0.25)
    assert (sometimes.step_ns(20), sometimes.calls(20), sometimes.transmission(20)) == (50, 2, 0.25)
    assert Overlap(host_ns=20, device_ns=40).step_ns(15) == 40
    assert Overlap(host_ns=20, device_ns=40).step_ns(25) == 45
    parallel = Amdahl(serial_ns=10, item_ns=5, share=2, workers=4, slowed="item")
    assert (parallel.step_ns(3), parallel.transmission(3)) == (26, 0.25)
    assert Amdahl(serial_ns=10, item_ns=5, share=2, workers=4, slowed="serial").transmission(3) == 1


@pytest.mark.parametrize(
    "form",
    [
        Serial(work_ns=90),
        Ticker(work_ns=90, beat_ns=1, handover_ns=1, again_ns=1, period_ns=100, holds=True),
        SharedGil(call_ns=50, n=1, held_ns=1e9, away_ns=1e9),
        Overlap(host_ns=9, device_ns=10),
    ],
)
def test_fitting_moves_the_unslowed_step_only_to_what_was_measured(form: Form) -> None:
    fitted = form.fitted(120)
    assert fitted.step_ns(0) == pytest.approx(120)
    assert fitted.transmission(20) == pytest.approx(form.transmission(20))
    assert fitted.drop(20) == pytest.approx(1 - 120 / fitted.step_ns(20))


@pytest.mark.parametrize("form", [Serial(work_ns=40, n=2, felt=0.25), Overlap(host_ns=20, device_ns=40)])
def test_delays_are_made_to_measure(form: Form) -> None:
    assert Delay.exactly(7).ns(form) == 7
    shown = Serial(work_ns=40, n=form.calls(0))  # as if nothing were hidden
    assert shown.drop(Delay.worth(0.2).ns(form)) == pytest.approx(0.2)
    if isinstance(form, Serial):
        assert form.drop(Delay.making(0.2).ns(form)) == pytest.approx(0.2)


# Systems


@pytest.mark.parametrize("kind", [*SYSTEMS, Alternating, Phases, *BITES], ids=lambda kind: kind.__name__)
def test_a_step_calls_the_target_as_often_as_the_form_says(kind: type[System]) -> None:
    steps = 200 if issubclass(kind, Sometimes) else 2
    with kind(seed=1) as system:
        form = system.calibrate()
        with slow(system.target, delay="0ns") as bump:
            for _ in range(steps):
                system.step()
            if isinstance(system, GilTicker):
                while not bump.snapshot().targets[0].calls:  # by the clock, and not by the step
                    system.step()
                return
            counted = bump.snapshot().targets[0].calls
    assert counted == pytest.approx(steps * form.calls(0), rel=0.5 if issubclass(kind, Sometimes) else 0)


def test_a_bare_step_meets_no_probe() -> None:
    with Recursion() as system, slow(system.target, delay="0ns") as bump:
        system.bare_step()
        assert bump.snapshot().targets[0].calls == 0


@pytest.mark.parametrize("kind", [Alternating, Phases, *BITES], ids=lambda kind: kind.__name__)
def test_what_is_felt_sometimes_is_felt_as_often_as_the_form_says(kind: type[Sometimes]) -> None:
    system, same, other = kind(seed=3), kind(seed=3), kind(seed=4)
    felt = [system.is_felt() for _ in range(20_000)]
    assert felt == [same.is_felt() for _ in range(20_000)]
    assert kind.one_in <= 2 or felt != [other.is_felt() for _ in range(20_000)]
    assert sum(felt) * kind.one_in == pytest.approx(20_000, rel=0.2)


def test_phases_are_long_and_alternate() -> None:
    system = Phases(seed=5)
    lengths = [len(list(run)) for _, run in groupby(system.is_felt() for _ in range(20_000))]
    assert 10 <= min(lengths[:-1]) < max(lengths) <= 300


# Conditions


def stat(pid: int) -> tuple[str, int]:
    """State and parent of a process, one that has ended and waits to be buried among them; "X" where there is none."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "X", 0
    return state, int(parent)


def has_ended(pid: int) -> bool:
    """Within half a minute, or never."""
    ends = time.monotonic() + 30
    while stat(pid)[0] not in "XZ" and time.monotonic() < ends:
        time.sleep(0.01)
    return stat(pid)[0] in "XZ"


def test_hogs_are_nobodys_children_and_go_with_who_started_them() -> None:
    code = (
        "import os, sys; from benchmarks.truth.hog import beside\n"
        "with beside('hogs') as hogs: print(*hogs, flush=True); sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdin is not None
        assert owner.stdout is not None
        hogs = [int(pid) for pid in owner.stdout.readline().split()]
        parents = [stat(pid)[1] for pid in hogs]
        owner.kill()
        owner.stdout.read()
    assert len(hogs) == (os.cpu_count() or 1) + 1
    assert owner.pid not in parents
    assert all(map(has_ended, hogs))


def test_nobody_is_there_when_it_is_to_be_quiet_again() -> None:
    with beside("hog") as (hog,):
        assert stat(hog)[0] not in "XZ"
    assert has_ended(hog)
    with beside("quiet") as hogs:
        assert hogs == []


# Schedules


def job(count: int, condition: Condition = "quiet") -> Job:
    return Job(f"job {count}", condition, count, lambda seed: [])


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 12))
def test_passes_hold_every_job_as_often_as_asked_for_and_evenly(counts: list[int], number: int) -> None:
    chosen = [job(count, condition) for count in counts for condition in CONDITIONS]
    done = list(passes(chosen, number, seed=1))
    assert Counter(id(one) for _, _, due in done for one in due) == {id(one): one.count for one in chosen}
    for one in chosen:
        shares = [due.count(one) for _, condition, due in done if condition == one.condition]
        assert max(shares) <= -(-one.count // number)


def test_there_are_enough_verdicts_and_gates_in_a_full_run() -> None:
    count = Counter[tuple[str, str]]()
    for condition in CONDITIONS:
        for one in jobs(FULL, (condition,), "*"):
            kind, _, rest = one.name.partition("/")
            count[condition, f"{kind}/{rest.partition('/')[0]}" if kind == "verdict" else kind] += one.count
    for condition in CONDITIONS:
        assert count[condition, "verdict/twice the budget"] >= 300
    kept = ("no effect", "just below the budget", "hidden")
    assert sum(count["hogs", f"verdict/{case}"] for case in kept) >= 200
    assert count["quiet", "verdict/bites, at the budget"] >= 300
    for condition in ("quiet", "hog"):
        assert count[condition, "verdict/no effect"] >= 300
        assert count[condition, "gate"] >= 15
        assert count[condition, "readme"] >= 3
    names = {condition: {one.name for one in jobs(FULL, (condition,), "*")} for condition in CONDITIONS}
    for condition in CONDITIONS:
        assert {one.name for one in jobs(SMOKE, (condition,), "*")} <= names[condition]
    assert {one.split("/")[0] for one in names["quiet"]} == {
        one.name.split("/")[0] for one in jobs(SMOKE, ("quiet",), "*")
    }


# Tallies


@pytest.mark.parametrize(
    ("low", "high", "covered"),
    [(-0.01, 0.01, True), (0.001, 0.01, False), (-0.01, -0.001, False), (None, 0.01, True), (0.001, None, False)],
)
def test_an_open_end_covers_everything_on_its_side(low: float | None, high: float | None, covered: bool) -> None:
    assert tally.covers(verdict("insensitive", drop={"estimate": 0.0, "low": low, "high": high})) is covered


def test_without_a_drop_there_is_no_coverage() -> None:
    assert tally.covers(verdict("void", drop=None)) is None


def test_errors_depend_on_the_side_of_the_budget_that_the_truth_is_on() -> None:
    answers = ("insensitive", "sensitive", "inconclusive", "void")
    records = [verdict(answer, drop_) for drop_ in (0.0, 0.04) for answer in answers]
    harmless, harmful = tally.verdicts(records)
    assert (harmless.false_failures, harmless.wrong_passes) == (1, 0)
    assert (harmful.false_failures, harmful.wrong_passes) == (0, 1)
    assert (harmful.insensitive, harmful.sensitive, harmful.inconclusive, harmful.void) == (1, 1, 1, 1)
    assert (harmless.covered, harmful.covered) == ((4, 4), (0, 4))


def test_at_the_budget_both_answers_are_errors_whatever_the_machine_made_of_it() -> None:
    records = [verdict(answer, drop, aim=0.02) for answer in ("insensitive", "sensitive") for drop in (0.0199, 0.0201)]
    (one,) = tally.verdicts(records, by_label=False)
    assert (one.n, one.false_failures, one.wrong_passes) == (4, 2, 2)


def test_transmissions_are_covered_or_not_like_drops() -> None:
    known = {"estimate": 0.9, "low": 0.8, "high": 0.95}
    (one,) = tally.verdicts([verdict("insensitive", transmission=known, true_transmission=t) for t in (0.9, 1.0)])
    assert one.reached == (1, 2)


def test_an_interval_without_an_end_has_no_width() -> None:
    assert tally.width({"estimate": 0.1, "low": 0.05, "high": 0.2}) == pytest.approx(0.15)
    assert tally.width(None) == tally.width({"estimate": 0.1, "low": None, "high": 0.2}) == inf


def test_the_first_command_is_judged_by_the_drops_that_it_finds() -> None:
    (one,) = tally.first_commands([first_command(7, width=0.04), first_command(9, width=0.06)])
    assert (one.n, one.seconds, one.narrow) == (2, 8, (1, 2))


@pytest.mark.parametrize(("share", "expected"), [(0.5, 5), (0.9, 9), (0.91, 10), (0.0, 1), (1.0, 10)])
def test_quantile(share: float, expected: float) -> None:
    assert tally.quantile(range(10, 0, -1), share) == expected


def test_doses_take_the_median_of_their_repetitions() -> None:
    (one,) = tally.doses([dose(0.9), dose(1.01), dose(1.5), dose(None)])
    assert (one.n, one.transmission) == (4, 1.01)
    assert one.error == pytest.approx(0.01)
    (none,) = tally.doses([dose(None, drop=None)])
    assert (none.transmission, none.error, none.covered) == (None, None, (0, 0))


def test_a_speedup_without_a_prediction_has_no_error() -> None:
    (one,) = tally.speedups([speedup(None, 0.1), speedup(0.13, 0.1), speedup(0.11, 0.1)])
    assert (one.n, one.real) == (3, 0.1)
    assert one.predicted == pytest.approx(0.12)
    assert one.error == pytest.approx(0.02)
    assert one.worst == pytest.approx(0.03)
    (none,) = tally.speedups([speedup(None, 0.1)])
    assert (none.predicted, none.error, none.worst) == (None, None, None)


def gate(case: str, mean: bool, minimum: bool) -> dict[str, Any]:
    failed = {"mean": mean, "min": minimum}
    return {"kind": "gate", "condition": "quiet", "case": case, "failed": failed, "seconds": 3.0}


def test_gates_stand_side_by_side() -> None:
    records = [gate("A/A", True, False), gate("A/A", False, False), verdict("insensitive"), verdict("inconclusive")]
    found = {one.way: (one.n, one.failed, one.passed) for one in tally.gates(records)}
    assert found == {"compare-fail=mean:2%": (2, 1, 1), "compare-fail=min:2%": (2, 0, 2), "speedbump": (2, 0, 1)}


# Output


def test_markdown_says_what_is_missing_and_what_broke() -> None:
    text = markdown(
        {
            "origin": ORIGIN,
            "complete": False,
            "hogs": 3,
            "seconds": 60.0,
            "note": "Shared.",
            "records": [
                verdict("insensitive"),
                verdict("sensitive", 0.03, condition="hogs"),
                dose(1.03),
                speedup(0.1, 0.1, crosses=True),
                gate("4%", False, True),
                first_command(7.25),
            ],
            "failures": [{"job": "dose/x", "error": "OSError('no')"}],
        }
    )
    for part in (
        "A processor", "hogs: 3", "incomplete", "Shared.", "1 of 1", "+0.030", "(a slope cannot know)", "OSError",
        "7.2 s",
    ):  # fmt: skip
        assert part in text
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "truth: " in line]
    found = {what: (measured, holds) for what, _, _, measured, holds in rows}
    assert found["no effect, quiet: insensitive"] == ("1 of 1 (100.0%)", "yes")
    assert found["no effect, hog: insensitive"] == ("-", "not measured")
    assert str(inf) not in text


def truth(*options: object, core: object = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.truth", *map(str, options)]
    environment = os.environ | {"MEASURED_CORE": str(core)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_the_command_measures_writes_and_prints_again(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    core = shutil.copy(_core.__file__, tmp_path)
    run = truth("--smoke", "--only", "dose/serial chain/*", "--condition", "quiet", "--output", path, core=core)
    assert run.returncode == 0, run.stderr
    document = json.loads(path.read_text())
    assert document["schema"] == "pytest-speedbump-truth/3"
    assert document["complete"] is True
    assert document["origin"]["core"] == core
    assert [one["system"] for one in document["records"]] == ["serial chain"]
    assert "| serial chain |" in run.stdout
    assert truth("--table", path).stdout == run.stdout


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--output is missing"),
        (["--output", "/no/such/folder/x"], "make its directory first"),
        (["--only", "x"], "no job"),
        (["--table", "/no/such/document"], "error: /no/such/document cannot be read"),
    ],
)
def test_bad_options_get_a_sentence(options: list[str], says: str, tmp_path: Path) -> None:
    where = ["--output", str(tmp_path / "x")] if "--only" in options else []
    run = truth(*options, *where)
    assert run.returncode == 2
    assert says in run.stderr
    assert not list(tmp_path.iterdir())
