"""Experiments on a program that runs: ``speedbump run --progress``."""

from pathlib import Path
from textwrap import dedent

import pytest
from documents import errors
from supervised import supervised

from pytest_speedbump.errors import InputError
from pytest_speedbump.runner.command import main
from pytest_speedbump.runner.experiment import Experiment

# It waits for most of the time, so that a busy machine hardly shows.
SERVICE = """
    import sys, time

    def schedule(): pass
    def begin(): pass
    def end(): pass

    def step():
        begin()
        schedule()
        time.sleep(0.002)
        end()

    for _ in range(int(sys.argv[1])):
        step()
    print("done")
"""
OPTIONS = ["--target=__main__.schedule", "--delay=4ms", "--mode=sleep", "--progress=__main__.step"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "service.py").write_text(dedent(SERVICE))
    return tmp_path


def test_a_budget_that_is_broken_and_a_program_that_is_stopped(folder: Path) -> None:
    """Noise may make it inconclusive, which fails as well where that is asked for."""
    options = [*OPTIONS, "--latency", "__main__.begin", "__main__.end", "--budget=2%", "--max-time=4s", "--seed=7"]
    done = supervised(folder, [*options, "--strict", "--stop"], ["service.py", "1000000"])
    written = done.document
    assert errors("result-1", written) == []
    (result,) = written["results"]
    assert result["verdict"] in ("sensitive", "inconclusive")
    assert (done.code, result["outcome"], written["program"]["signal"]) == (1, "failed", "SIGTERM")
    assert (written["seed"], result["test"], result["targets"]) == (7, "__main__.step", ["__main__.schedule"])
    assert result["calls"] == pytest.approx(1, abs=0.2)
    assert result["declared"] == {"kind": "insensitive", "limit": 0.02, "by": "command line"}
    assert written["latency"]["added_ns"]["estimate"] > 2e6
    assert (written["latency"]["begin"], written["latency"]["end"]) == ("__main__.begin", "__main__.end")
    (target,) = written["targets"]
    assert 0 < target["requested_ns"] < 4e6 * target["calls"]
    assert [one["name"] for one in written["matched"]] == ["__main__.schedule"]
    assert done.out == ""
    assert "- speedbump: 1 progress point -" in done.err
    assert "intervals hold for 95%; seed 7\n" in done.err
    assert "__main__.step fails: __main__.schedule slowed by 4ms" in done.err
    assert "from __main__.begin to __main__.end: " in done.err


def test_a_program_that_ends_first(folder: Path) -> None:
    """Its end is what it was; what never ran is void, and fails."""
    done = supervised(folder, OPTIONS, ["service.py", "3"])
    (result,) = done.document["results"]
    assert (done.code, done.out) == (int(result["outcome"] == "failed"), "done\n")
    done = supervised(folder, [*OPTIONS, "--progress=service.step"], ["-c", "raise SystemExit(5)"])
    assert (done.code, [one["verdict"] for one in done.document["results"]]) == (5, ["void", "void"])
    assert errors("result-1", done.document) == []
    assert done.document["latency"] is None


def test_one_that_never_progresses_fails_a_program_that_succeeds(folder: Path) -> None:
    done = supervised(folder, [*OPTIONS[:3], "--progress=service.stop"], ["service.py", "1"])
    assert (done.code, done.out) == (1, "done\n")
    assert "what the program itself defines is named __main__, as in __main__.stop" in done.err


NOTHING = {
    "progress": None, "latency": None, "budget": None, "max_time": None, "seed": None, "strict": False, "stop": False,
    "after": None, "for": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"budget": "2%"}, "--budget does nothing without --progress; "),
        ({"stop": True}, "--stop does nothing without --progress; "),
        ({"progress": ["x"], "after": "1s"}, "--after does not go with --progress, "),
        ({"progress": ["x"], "budget": "2"}, "--budget '2' would be 200%; "),
        ({"progress": ["x"], "max_time": "0s"}, "--max_time '0s' is no time to measure in; "),
        ({"progress": ["x"], "seed": "-1"}, "--seed '-1' is not a seed; "),
    ],
)
def test_what_is_refused(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        Experiment.parse(NOTHING | given, lambda name: f"--{name}")
    assert str(refused.value).startswith(sentence)


def test_without_progress_there_is_none() -> None:
    assert Experiment.parse(NOTHING, str) is None


def test_a_bad_point_is_refused_before_anything_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main(["run", *OPTIONS, "--progress=x[", "--", "service.py", "1"]) == 4
    assert main(["run", *OPTIONS, "--latency", "x", "--", "service.py", "1"]) == 4
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 2)
    assert "target 'x['" in err
    assert "--latency needs two" in err


def test_stop_ends_what_the_program_leaves_behind(tmp_path: Path) -> None:
    """Who is ended by a signal leaves its workers behind, which would keep the streams open for ever."""
    code = """
import subprocess, sys, time
def work(): pass
def step(): work(); time.sleep(0.002)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
while True: step()
"""
    done = supervised(
        tmp_path, ["--target=*.work", "--delay=1ms", "--progress=*.step", "--max-time=1s", "--stop"], ["-c", code]
    )
    assert (done.code, len(done.document["program"]["processes"])) == (0, 2)
    assert not any(process["running"] for process in done.document["program"]["processes"])
    assert "still running" not in done.err


def test_a_latency_between_points_that_are_no_pair_is_said_to_be_none(folder: Path) -> None:
    options = [*OPTIONS, "--latency", "__main__.nothing", "__main__.end", "--max-time=1s"]
    done = supervised(folder, [*options, "--stop"], ["service.py", "1000000"])
    assert done.document["latency"] is None
    assert (
        "from __main__.nothing to __main__.end: no answer, __main__.nothing was called 0 times in stretches" in done.err
    )
    assert "name two points that each unit passes once, the earlier one first" in done.err


def test_points_that_match_too_much_to_be_timed_end_in_no_verdict(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = """
import time
exec("".join(f"def f{n}(): pass\\n" for n in range(70)))
for _ in range(100):
    for n in range(70): globals()[f"f{n}"]()
    time.sleep(0.01)
"""
    options = ["--target=__main__.f1", "--progress=__main__.f*", "--max-time=1s"]
    assert main(["run", *options, "--", "-c", code]) == 4
    sentence = "there is no verdict: progress and latency points match more than 64 functions of one process; name a "
    assert sentence in capfd.readouterr().err
