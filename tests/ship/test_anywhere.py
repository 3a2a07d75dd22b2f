"""What has to work on every platform imports neither the C core nor what only some systems have."""

from pathlib import Path

import pytest
from scripts import run_plain

# Modules that other platforms lack, or may lack.
ELSEWHERE = ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "posix", "_ctypes", "ctypes", "syslog")

IMPORT = """
import os, sys
NAMES = {names!r}
gone = {gone!r}

class NotHere:
    def find_spec(self, name, path=None, target=None):
        if name in gone:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

import pytest, pytest_benchmark.plugin, importlib, pathlib, subprocess, tempfile, json, argparse, statistics  # not ours
for name in gone:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, NotHere())
for name in "fork register_at_fork getuid fchmod sched_getaffinity O_NOCTTY O_NONBLOCK O_CLOEXEC".split():
    delattr(os, name)  # as on Windows
import signal
for name in ("SIGKILL", "SIGHUP", "SIGCHLD", "SIGALRM", "pthread_sigmask", "setitimer"):
    delattr(signal, name)
for name in NAMES:
    importlib.import_module(name)
"""

PLUGIN = ["plugin", "plugin.reporting", "plugin.coreless", "plugin.xdist", "plugin.benchmark_fixture", "plugin.fixture"]
COMMANDS = ["runner.command", "runner.report_command", "runner.merge_command", "runner.lock_command"]


@pytest.mark.parametrize(
    "rooms", [PLUGIN, COMMANDS, ["bump", "result", "ranking", "counts"]], ids=lambda rooms: rooms[0]
)
def test_imports(rooms: list[str]) -> None:
    names = ["pytest_speedbump", *(f"pytest_speedbump.{room}" for room in rooms)]
    run_plain(IMPORT.format(names=names, gone=("pytest_speedbump._core", *ELSEWHERE)))


def test_reports_are_written(tmp_path: Path) -> None:
    script = f"""
from pytest_speedbump.files import append_text, write_text
path = pathlib.Path({str(tmp_path / "report")!r})
write_text(path, "older")
write_text(path, "one ")
append_text(path, "two")
append_text(path.with_name("new"), "three")
print(path.read_text(), path.with_name("new").read_text())
"""
    gone = ("pytest_speedbump._core", *ELSEWHERE)
    assert run_plain(IMPORT.format(names=[], gone=gone) + script) == "one two three\n"


def test_the_same_of_what_measures_fails() -> None:
    """Else the test above could not."""
    script = IMPORT.format(names=["pytest_speedbump.plugin.measuring"], gone=("pytest_speedbump._core", *ELSEWHERE))
    run_plain(script, status=1)
