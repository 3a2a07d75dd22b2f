"""A real program under an experiment: switched by its page, read from its ledgers, in several processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from watching import RULES

from pytest_speedbump.bump import Bump
from pytest_speedbump.errors import InputError
from pytest_speedbump.runner.watch import create_folder, experiment
from pytest_speedbump.slowing.folder import Folder
from pytest_speedbump.targets import parse_targets

PROGRAM = """
import os, sys, time

def schedule():
    pass

def work(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass

def begin(): pass
def end(): pass
def step(): pass

def serial():
    while True:
        begin()
        schedule()
        time.sleep(0.002)
        end()
        step()
"""


@contextmanager
def running(code: str, folder: Folder) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"SPEEDBUMP_CONTROL": folder.path}
    with subprocess.Popen([sys.executable, "-c", PROGRAM + code], env=environment) as program:
        try:
            yield program
        finally:
            program.kill()
            folder.remove()


def waiting(program: subprocess.Popen[bytes]):  # type: ignore[no-untyped-def]
    def wait(seconds: float) -> bool:
        try:
            program.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    return wait


def asked(delay_ns: float, target: str = "__main__.schedule") -> Bump:
    return Bump(parse_targets([target]), delay_ns, "sleep", None, "command line")


def test_a_program_is_slowed_in_stretches_and_its_progress_and_latency_are_told() -> None:
    """It waits for two thirds of the time, so that a busy machine hardly shows."""
    bump, points = asked(1e6), ["__main__.step", "__main__.begin", "__main__.end"]
    folder = create_folder(bump.targets, points, "sleep")
    with running("serial()", folder) as program:
        found = experiment(
            folder, bump, points[:1], replace(RULES, max_time_ns=4e9), waiting(program), with_latency=True
        )
        assert program.poll() is None
    (result,) = found.results
    assert result.verdict in ("measured", "inconclusive"), result.reason
    assert result.counts is not None
    assert result.counts.calls == pytest.approx(1, abs=0.1)
    assert result.counts.requested_ns == pytest.approx(1e6, rel=0.1)
    assert 0.1 < result.drop < 0.5
    assert found.latency is not None
    assert found.latency.control_ns > 2e6
    assert 0.9e6 < found.latency.added_ns < 2e6


def test_processes_that_join_and_die_are_summed_and_nothing_is_lost() -> None:
    bump, points = asked(100e3), ["__main__.step"]
    folder = create_folder(bump.targets, points, "sleep")
    code = """
import subprocess
if len(sys.argv) == 1:
    code = sys.orig_argv[2]
    for _ in range(1000):
        child = subprocess.Popen([sys.executable, "-c", code, "child"])
        time.sleep(0.7)
        child.kill()
        child.wait()
serial()
"""
    with running(code, folder) as program:
        found = experiment(folder, bump, points, replace(RULES, max_time_ns=3e9), waiting(program))
        os.kill(program.pid, signal.SIGINT)
    (result,) = found.results
    assert result.verdict != "void", result.reason
    assert len(list(folder.ledgers() if Path(folder.path).exists() else folder._ledgers.values())) > 2
    assert result.counts is not None
    assert result.counts.calls == pytest.approx(1, abs=0.1)


def test_a_program_that_ends_at_once_is_void_with_the_reason() -> None:
    bump = asked(100e3)
    folder = create_folder(bump.targets, ["__main__.step"], "sleep")
    with running("sys.exit(3)", folder) as program:
        found = experiment(
            folder, bump, ["__main__.step"], RULES, waiting(program), explain=lambda name: f"nobody called {name}"
        )
        assert program.wait() == 3
    (result,) = found.results
    assert (result.verdict, result.outcome, result.reason.kind) == ("void", "failed", "no_progress")
    assert str(result.reason).endswith("; nobody called __main__.step")


def test_bad_points_get_a_sentence() -> None:
    targets = parse_targets(["a.b"])
    with pytest.raises(InputError, match="16 points are too many; name 15 or fewer"):
        create_folder(targets, [f"a.p{number}" for number in range(16)], "spin")
    with pytest.raises(InputError, match=r"only exclude"):
        create_folder(targets, ["!a.p"], "spin")
