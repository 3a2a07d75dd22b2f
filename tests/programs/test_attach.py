"""Attaching to processes that run already: they are slowed, and left as they were."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from supervised import COMMAND

needs_remote_exec = pytest.mark.skipif(not hasattr(sys, "remote_exec"), reason="sys.remote_exec is of CPython 3.14")

SERVICE = """
import json, os, sys, threading

def serve():
    return 1

def state():
    monitoring = sys.monitoring
    return {
        "tools": [monitoring.get_tool(tool) for tool in range(6)],
        "names": sorted(name for name in globals() if not name.startswith("__")),
        "path": sys.path,
        "environment": sorted(os.environ),
        "files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "finders": len(sys.meta_path),
        "recursion": sys.getrecursionlimit(),
    }

calls, before = 0, {}
before = state()
print("ready", flush=True)
while not os.path.exists(sys.argv[1]):
    serve()
    calls += 1
print(json.dumps({"calls": calls, "before": before, "after": state()}), flush=True)
"""


@contextmanager
def running(folder: Path, code: str = SERVICE, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that has begun; it ends when the file ``stop`` is there."""
    command = [sys.executable, "-c", code, str(folder / "stop")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def attach(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, "attach", *arguments], capture_output=True, text=True, timeout=100, **options)


@needs_remote_exec
def test_a_process_is_slowed_for_a_while_and_left_as_it_was(tmp_path: Path) -> None:
    document = tmp_path / "counts.json"
    with running(tmp_path) as process:
        done = attach(
            str(process.pid), "--target=*.serve", "--delay=100us", "--after=100ms", "--for=500ms", f"--json={document}"
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert process.poll() is None
        again = attach(str(process.pid), "--target=*.serve", "--delay=0ns", "--for=50ms")
        assert (again.returncode, "__main__.serve" in again.stderr) == (0, True), again.stderr
        (tmp_path / "stop").touch()
        assert process.stdout is not None
        told = json.loads(process.stdout.read())
    assert told["after"] == told["before"]
    counts = json.loads(document.read_text())
    target = counts["targets"][0]
    assert 0 < target["calls"] < told["calls"]
    assert 0 < target["requested_ns"] < 100e3 * target["calls"]
    assert [one["pid"] for one in counts["program"]["processes"]] == [process.pid]
    assert counts["program"]["exit_code"] is None


@needs_remote_exec
def test_an_interrupt_detaches(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        command = [*COMMAND, "attach", str(process.pid), "--target=*.serve", "--delay=10us"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as attached:
            assert attached.stderr is not None
            assert "is slowed" in attached.stderr.readline()
            attached.send_signal(signal.SIGINT)
            table = attached.stderr.read()
        assert attached.returncode == 0
        assert "__main__.serve" in table
        (tmp_path / "stop").touch()
        assert process.stdout is not None
        told = json.loads(process.stdout.read())
    assert told["after"] == told["before"]


def test_an_interrupt_may_come_at_any_line() -> None:
    code = """
import signal, sys
from pytest_speedbump.runner import attach_command

class Alive:
    def is_alive(self):
        return True

def interrupt_at(line):
    def trace(frame, event, _):
        nonlocal line
        line -= event == "line"
        if line == 0 and event == "line":
            signal.raise_signal(signal.SIGINT)
        return trace
    return trace

line, interrupted = 0, True
while interrupted:
    line += 1
    with attach_command._interrupts() as interrupted:
        stay = attach_command._Stay(Alive(), interrupted)
        sys.settrace(interrupt_at(line))
        over = stay.wait(0.06)
        sys.settrace(None)
        assert interrupted or not over
assert line > 5
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr


@needs_remote_exec
def test_a_process_that_ends_meanwhile_is_told_of(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        command = [*COMMAND, "attach", str(process.pid), "--target=*.serve", "--delay=10us"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as attached:
            assert attached.stderr is not None
            attached.stderr.readline()
            process.kill()
            assert "__main__.serve" in attached.stderr.read()
        assert attached.returncode == 0


@needs_remote_exec
def test_children_that_start_meanwhile_are_slowed(tmp_path: Path) -> None:
    code = """
import os, subprocess, sys
print("ready", flush=True)
while not os.path.exists(sys.argv[1]):
    if os.environ.get("SPEEDBUMP_CONTROL"):
        subprocess.run([sys.executable, "-c", "def child(): pass\\nfor _ in range(7): child()"])
        while os.environ.get("SPEEDBUMP_CONTROL"):
            pass
"""
    document = tmp_path / "counts.json"
    with running(tmp_path, code) as process:
        done = attach(str(process.pid), "--target=*.child", "--delay=1us", "--for=2s", f"--json={document}")
        (tmp_path / "stop").touch()
    assert done.returncode == 0, done.stderr
    assert json.loads(document.read_text())["targets"][0]["calls"] == 7


@needs_remote_exec
def test_an_experiment_on_a_process_that_runs(tmp_path: Path) -> None:
    code = """
import os, sys, time
def work(): pass
def step(): work(); time.sleep(0.002)
print("ready", flush=True)
while not os.path.exists(sys.argv[1]): step()
"""
    document = tmp_path / "found.json"
    with running(tmp_path, code) as process:
        done = attach(
            str(process.pid), "--target=*.work", "--delay=20ms", "--progress=*.step", "--max-time=6s",
            "--budget=2%", f"--json={document}",
        )  # fmt: skip
        assert process.poll() is None
    result = json.loads(document.read_text())["results"][0]
    assert result["verdict"] in ("sensitive", "inconclusive"), done.stderr
    assert done.returncode == (result["verdict"] == "sensitive")
    assert result["drop"]["estimate"] > 0.5


@needs_remote_exec
@pytest.mark.parametrize(
    ("code", "environment", "sentence"),
    [
        ("import time; print('ready', flush=True); time.sleep(60)", {}, "has not joined in"),
        ("print('ready', flush=True)\nwhile 1: pass", {"PYTHON_DISABLE_REMOTE_DEBUG": "1"}, "cannot be attached to"),
        (
            "from pytest_speedbump import slow\nwith slow('x', delay='1us'):\n print('it', flush=True)\n while 1: pass",
            {},
            "cannot join: RuntimeError: slow('x') is armed already",
        ),
    ],
    ids=["blocked", "disabled", "slowed already"],
)
def test_who_cannot_be_attached_to(tmp_path: Path, code: str, environment: dict[str, str], sentence: str) -> None:
    with running(tmp_path, code, env=os.environ | environment) as process:
        done = attach(str(process.pid), "--target=x", "--for=1s")
        assert process.poll() is None
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1), done.stderr
    assert sentence in done.stderr


@needs_remote_exec
def test_what_is_no_python_is_refused() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        time.sleep(0.1)
        done = attach(str(process.pid), "--target=x")
        process.kill()
    assert (done.returncode, "cannot be attached to" in done.stderr) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["x", "--target=y"], "PID 'x' is no number"),
        (["1"], "nothing is named that is to be slowed"),
        (["--target=y"], "the following arguments are required: PID"),
        (["1", "--targt=y"], "did you mean --target?"),
        (["1", "2", "--target=y"], "'2' is no option"),
        (["1", "--target=y", "--budget=2%"], "--budget does nothing without --progress"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], sentence: str) -> None:
    done = attach(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert sentence in done.stderr


@pytest.mark.skipif(hasattr(sys, "remote_exec"), reason="of a Python that has no sys.remote_exec")
def test_a_python_that_cannot_attach_says_so() -> None:
    done = attach(str(os.getppid()), "--target=x")
    assert (done.returncode, "attach needs CPython 3.14" in done.stderr) == (4, True)
