"""``speedbump lock show`` and ``diff``: what people read, and what scripts get."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from locked import NAME, entry
from repository import Repository, lock_command, write_lock

from pytest_speedbump.runner.command import main

A, B = entry("test_a"), entry("test_b")
USAGE = "`speedbump lock --help` says what"


def test_show(tmp_path: Path) -> None:
    odd = replace(entry("test_ö[\x1b[31m]"), kind=None, limit=None)
    write_lock(tmp_path / NAME, A, odd)
    done = lock_command(tmp_path, "show", COLUMNS="", PYTHONIOENCODING="ascii")
    header, rule, first, second = done.stdout.splitlines()
    assert header.split() == ["Test", "Target", "Delay", "Calls", "Drop", "Transmission", "Declared"]
    assert rule == "-" * len(rule)
    assert first.startswith("test_it.py::test_a ")
    assert first.endswith(" work.leaf  100us      1  90.0% [80.0, 95.0]  1.000 [0.990, 1.010]  sensitive 10.0%")
    assert second.startswith(r"test_it.py::test_\xf6[\x1b[31m] ")
    assert done.stderr == ""

    narrow = lock_command(tmp_path, "show", NAME, COLUMNS="60").stdout.splitlines()
    assert max(map(len, narrow[:-1])) <= 60
    assert narrow[-1] == "no room in 60 columns for Declared and Calls and Transmission"

    (tmp_path / "link").symlink_to(NAME)
    write_lock(tmp_path / NAME)
    assert lock_command(tmp_path, "show", "link").stdout == "lockfile 'link' holds no entries\n"


def test_diff(tmp_path: Path) -> None:
    write_lock(tmp_path / "old", A, B)
    write_lock(tmp_path / "new", A, replace(B, calls=3.0), entry("test_c"))
    done = lock_command(tmp_path, "diff", "old", "new", status=1)
    assert [line.split(": ")[:2] for line in done.stdout.splitlines()] == [
        ["grown", "test_it.py::test_b [work.leaf +100us]"],
        ["added", "test_it.py::test_c [work.leaf +100us]"],
    ]
    back = lock_command(tmp_path, "diff", "new", "old", status=1)
    assert [line.split(":")[0] for line in back.stdout.splitlines()] == ["improved", "removed"]
    assert lock_command(tmp_path, "diff", "old", "old").stdout == ""


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_diff_of_a_revision(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.lock(A)
    repository.lock(A, B)
    write_lock(tmp_path / NAME, B)
    assert lock_command(tmp_path, "diff", status=1).stdout.startswith("removed: test_it.py::test_a ")
    before = lock_command(tmp_path, "diff", "--ref=HEAD~1", NAME, status=1).stdout.splitlines()
    assert [line.split(":")[0] for line in before] == ["removed", "added"]
    (tmp_path / "sub").mkdir()
    assert lock_command(tmp_path / "sub", "diff", f"../{NAME}", status=1).stdout.startswith("removed: ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], f"lock does one of show, diff, merge; {USAGE}"),
        (["shwo"], "command lock 'shwo' is unknown; did you mean show?"),
        (["show", "none"], "lockfile 'none' does not exist; write it first, with --speedbump-save"),
        (["show", "."], "lockfile '.' cannot be read: Is a directory; mend that"),
        (["show", "held", "held"], "'held' is one word too many; `speedbump lock show --help` shows what there may be"),
        (["show", "--al"], "option --al is unknown; "),
        (["show", "cut"], "lockfile 'cut' is broken or cut off: it is not JSON; restore it, or delete it and write"),
        (["diff", "held", "none"], "lockfile 'none' does not exist; write it first, with --speedbump-save"),
        (["diff", "held", "held", "held"], "lock diff compares two files, and 'held' is a third; leave it out"),
        (["diff", "held", "held", "--ref=x"], "lock diff compares two files, or one with that of --ref REF; leave a"),
        (["diff", "--ref"], "--ref needs a value; `speedbump lock diff --help` shows them all"),
        (["diff", "--ref=", "held"], "--ref '' is no revision; write a branch, a tag or a commit, as origin/main"),
        (["diff", "--ref=-x", "held"], "--ref '-x' is no revision; write a branch, a tag or a commit, as origin/main"),
    ],
)
def test_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    write_lock(tmp_path / "held", A)
    (tmp_path / "cut").write_bytes((tmp_path / "held").read_bytes()[:-9])
    monkeypatch.chdir(tmp_path)
    assert main(["lock", *arguments]) == 4
    out, error = capsys.readouterr()
    assert error.startswith(f"speedbump: {says}")
    assert (out, error.count("\n")) == ("", 1)


def test_help(tmp_path: Path) -> None:
    assert lock_command(tmp_path, "--help").stdout.startswith("usage: speedbump lock COMMAND ...\n")
    assert lock_command(tmp_path, "merge", "--help").stdout.startswith("usage: speedbump lock merge BASE OURS THEIRS")


def test_readers_that_leave_and_disks_that_are_full(tmp_path: Path) -> None:
    write_lock(tmp_path / "many", *(entry(f"test_{index:04}") for index in range(5000)))
    write_lock(tmp_path / "none")
    command = f"COLUMNS= {sys.executable} -m pytest_speedbump lock"

    def run(line: str) -> tuple[int, str, str]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout, done.stderr

    code, out, error = run(f"{command} show many | head -n 3")
    assert (code, error) == (0, "")
    assert out.splitlines()[2].startswith("test_it.py::test_0000 ")
    assert run(f"{command} diff none many | true")[::2] == (1, "")
    full = "cannot be printed: No space left on device; mend that\n"
    assert run(f"{command} show many > /dev/full") == (4, "", f"speedbump: lock show: it {full}")
    closed = "cannot be printed: standard output is closed; mend that\n"
    assert run(f"{command} show many >&-") == (4, "", f"speedbump: lock show: it {closed}")
