"""Which commit is checked out and which run of CI this is: from git and the environment as they are found."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from pytest_speedbump.documents import provenance
from pytest_speedbump.documents.provenance import CiRun, Commit, find_commit, find_run

NEEDED = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    folder = tmp_path / "repository"
    (folder / "packages" / "a").mkdir(parents=True)
    (folder / "work.py").write_text("x = 1\n")
    (folder / "packages" / "a" / "test_it.py").write_text("")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


@NEEDED
def test_what_is_checked_out(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = git(repository, "rev-parse", "HEAD")
    monkeypatch.setenv("GITHUB_SHA", "f" * 40)  # of a pull request: the commit that GitHub has merged
    assert find_commit(repository) == Commit(head, "")
    assert find_commit(repository / "packages" / "a") == Commit(head, "packages/a/")
    (repository / "new.py").write_text("")
    os.utime(repository / "work.py", (1, 1))
    assert find_commit(repository) == Commit(head, ""), "neither a file that git does not know nor a date is a change"
    (repository / "work.py").write_text("x = 2\n")
    assert find_commit(repository / "packages" / "a") == Commit(f"{head}-dirty", "packages/a/")
    git(repository, "add", ".")
    assert find_commit(repository) == Commit(f"{head}-dirty", "")
    # Another repository, as a hook that starts pytest has it in its environment.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    assert find_commit(repository) == Commit(f"{head}-dirty", "")


@NEEDED
def test_nothing_is_run_and_nothing_written_that_the_repository_names(repository: Path, tmp_path: Path) -> None:
    head, trap = git(repository, "rev-parse", "HEAD"), tmp_path / "sprung"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trap}\n")
    program.chmod(0o755)
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout", "reference-transaction"):
        shutil.copy(program, repository / ".git" / "hooks" / hook)
    for key in ("core.fsmonitor", "core.pager", "diff.external", "diff.odd.command", "diff.odd.textconv", "alias.diff"):
        git(repository, "config", key, str(program))
    (repository / ".git" / "info" / "attributes").write_text("*.py diff=odd\n")
    (repository / "work.py").write_text("x = 2\n")
    os.utime(repository / "packages" / "a" / "test_it.py", (1, 1))
    index = (repository / ".git" / "index").read_bytes()
    assert find_commit(repository) == Commit(f"{head}-dirty", "")
    assert not trap.exists()
    assert (repository / ".git" / "index").read_bytes() == index


@NEEDED
def test_nobody_knows(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_commit(tmp_path) is None, "no repository"
    assert find_commit(tmp_path / "gone") is None, "no folder"
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert find_commit(empty) is None, "no commit"
    if os.getuid() == 0:
        os.chown(repository, 1234, 1234)
        os.chown(repository / ".git", 1234, 1234)
        assert find_commit(repository) is None, "git refuses what belongs to others"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_commit(repository) is None, "no git"


def test_a_working_directory_that_was_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert find_commit(Path()) is None


def test_a_slow_git_is_ended_with_what_it_has_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "git"
    slow.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\nsleep 1000 &\necho $! > {tmp_path}/pid\nwait\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(provenance, "PATIENCE_S", 1.0)
    assert find_commit(tmp_path) is None
    pid = int((tmp_path / "pid").read_text())
    stat = Path(f"/proc/{pid}/stat")
    for _ in range(1000):  # it may have to be reaped first
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.01)
    else:
        pytest.fail(f"process {pid} goes on")


@NEEDED
def test_where_only_the_change_is_slow_to_find_nobody_knows_it(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, true_git = git(repository, "rev-parse", "HEAD"), shutil.which("git")
    slow = tmp_path / "git"
    slow.write_text(f'#!/bin/sh\ncase "$*" in *status*) exec sleep 1000;; *) exec {true_git} "$@";; esac\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(provenance, "PATIENCE_S", 1.0)
    assert find_commit(repository) == Commit(f"{head}-dirty", "")


@pytest.mark.parametrize(
    ("environment", "run"),
    [
        ({}, None),
        ({"GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2"}, CiRun("77", 2)),
        ({"GITHUB_RUN_ID": "77"}, CiRun("77", None)),
        ({"GITHUB_RUN_ID": ""}, None),
        ({"CI_PIPELINE_ID": "5"}, CiRun("5", None)),
        ({"BUILDKITE_BUILD_ID": "a-b", "BUILDKITE_RETRY_COUNT": "0"}, CiRun("a-b", 0)),
        ({"BUILD_BUILDID": "9", "SYSTEM_JOBATTEMPT": "odd"}, CiRun("9", None)),
        ({"BUILD_BUILDID": "9", "SYSTEM_JOBATTEMPT": "²"}, CiRun("9", None)),
        ({"BUILD_TAG": "jenkins-x-3"}, CiRun("jenkins-x-3", None)),
    ],
    ids=str,
)
def test_run_of_ci(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], run: CiRun | None) -> None:
    for names in provenance._RUNS:
        for name in filter(None, names):
            monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert find_run() == run
