"""A program that is slowed by its environment alone: the first process makes the experiment, and writes what it was."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from documents import errors

LEAF = "import os, subprocess, sys\ndef leaf(): pass\ndef call(n):\n    for _ in range(n): leaf()\n"


class Program:
    """Runs in a folder, with ``SPEEDBUMP_JSON`` there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, source: str, **environment: str) -> subprocess.CompletedProcess[str]:
        given = {"SPEEDBUMP_TARGETS": "*:leaf", "SPEEDBUMP_DELAY": "1ms", "SPEEDBUMP_JSON": "counts.json"}
        return subprocess.run(
            [sys.executable, "-c", LEAF + dedent(source)],
            env={**os.environ, **given, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
        )

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "counts.json").read_text())
        assert errors("result-1", document) == []
        return document

    @property
    def calls(self) -> list[float]:
        """Of each process, in ascending order."""
        document = self.document
        (target,) = (target for target in document["targets"] if target["target"] != "!json.*")
        assert target["delivered_ns"] == pytest.approx(target["calls"] * 1e6, rel=0.01)
        assert not any(process["running"] for process in document["program"]["processes"])
        calls = [process["calls"] for process in document["program"]["processes"]]
        assert sum(calls) == target["calls"]
        return sorted(calls)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_all_processes_are_counted(program: Program) -> None:
    done = program.run(
        """
        call(3)
        os.chdir("/")
        subprocess.run([sys.executable, "-c", "def leaf(): pass\\nfor _ in range(4): leaf()"], check=True)
        if not os.fork():
            call(5)
            sys.exit()  # runs what is registered for the exit, too
        os.wait()
        call(2)
        print(os.environ["SPEEDBUMP_CONTROL"])
        sys.exit(7)
        """
    )
    assert (done.returncode, done.stderr) == (7, "")
    assert program.calls == [4, 5, 5]
    assert not Path(done.stdout.strip()).exists()


def test_what_comes_after_the_program_is_not_counted(program: Program) -> None:
    """Even where everything is slowed: the counts are read, and written, by a process that has left."""
    done = program.run(
        """
        from pytest_speedbump.runner import join
        call(5)
        rows = join._joined.session.snapshot()
        total = 0
        for _, module, _, calls, *_ in rows:
            total += calls if module != "threading" else 0
        os.write(1, str(total).encode())
        """,
        SPEEDBUMP_TARGETS="*",
    )
    assert (done.returncode, done.stderr) == (0, "")
    # At its end any program calls something of threading.
    calls = [one["calls"] for one in program.document["matched"] if not one["name"].startswith("threading.")]
    assert sum(calls) == int(done.stdout)


def test_the_text_of_targets(program: Program) -> None:
    (program.folder / "hot.txt").write_text("*:leaf\n# no more\n")
    done = program.run("call(3)", SPEEDBUMP_TARGETS="\n  @hot.txt\n# none\n!json.*\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert program.calls == [3]
    assert [target["target"] for target in program.document["targets"]] == ["@hot.txt"]


def test_how_calls_are_delayed(program: Program) -> None:
    def requested_ms(**environment: str) -> int:
        assert program.run("call(10)", **environment).stderr == ""
        (matched,) = program.document["matched"]
        assert matched["calls"] == 10
        return round(float(matched["requested_ns"]) / 1e6)

    assert requested_ms(SPEEDBUMP_EVERY="5") == 2
    assert requested_ms(SPEEDBUMP_AFTER="1h") == 0
    assert requested_ms(SPEEDBUMP_FOR="1h", SPEEDBUMP_MODE="sleep") == 10
    assert requested_ms(SPEEDBUMP_DELAY="0ns") == 0
    assert program.document["mode"] == "spin"


def test_what_exec_makes_of_it_takes_over(program: Program) -> None:
    done = program.run(
        "call(3); os.execv(sys.executable, [sys.executable, '-c', sys.orig_argv[2].replace('exec', '')])"
    )
    assert done.returncode == 1
    assert "has no attribute 'v'" in done.stderr
    assert program.calls in ([6], [3, 3]), "by pid, which exec keeps"
    assert program.document["program"]["seconds"] > 0


def test_an_exit_by_force_writes_nothing_and_is_cleaned_up_after(program: Program) -> None:
    forced = "call(1); print(os.environ['SPEEDBUMP_CONTROL'], flush=True); {}"
    left = []
    for end, status in [("os._exit(3)", 3), ("os.kill(os.getpid(), 15)", -signal.SIGTERM)]:
        done = program.run(forced.format(end))
        assert (done.returncode, done.stderr) == (status, "")
        left.append(Path(done.stdout.strip()))
    (left[1] / "somebody's").mkdir()
    assert not (program.folder / "counts.json").exists()
    assert [folder.exists() for folder in left] == [False, True], "the next experiment removes what is left"
    alive = f"""
        call(2)
        again = {{name: value for name, value in os.environ.items() if name != "SPEEDBUMP_CONTROL"}}
        subprocess.run([sys.executable, "-c", "pass"], env=again | {{"SPEEDBUMP_JSON": "inner.json"}}, check=True)
        assert os.path.exists(os.environ["SPEEDBUMP_CONTROL"]), "whose maker lives stays"
        assert not os.path.exists({str(left[1])!r})
    """
    done = program.run(alive)
    assert (done.returncode, done.stderr) == (0, "")
    assert program.calls == [2]


def test_an_error_of_the_program_is_its_own(program: Program) -> None:
    done = program.run("call(2); raise SystemError('mine')")
    assert done.returncode == 1
    assert done.stderr.endswith("SystemError: mine\n")
    assert "speedbump" not in done.stderr
    assert program.calls == [2]


def test_counts_that_cannot_be_written_are_one_line(program: Program) -> None:
    done = program.run("call(2); os.rmdir('there')", SPEEDBUMP_JSON="there/counts.json")
    assert done.returncode == 4, "no such folder yet"
    (program.folder / "there").mkdir()
    done = program.run("call(2); os.rmdir('there')", SPEEDBUMP_JSON="there/counts.json")
    assert done.returncode == 0
    assert done.stderr == (
        "pytest-speedbump: SPEEDBUMP_JSON 'there/counts.json' was not written: No such file or directory\n"
    )
    done = program.run("call(2)", SPEEDBUMP_JSON="-")
    assert json.loads(done.stdout)["targets"][0]["target"] == "*:leaf"
