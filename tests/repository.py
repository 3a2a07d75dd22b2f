"""A git repository as a user has it, whatever the settings of whoever runs the tests."""

import os
import subprocess
import sys
from pathlib import Path

from locked import NAME

from pytest_speedbump.lockfile import file as lockfile
from pytest_speedbump.lockfile.entry import Entry

__all__ = ["Repository", "lock_command", "write_lock"]

DRIVER = f"'{sys.executable}' -m pytest_speedbump lock merge %O %A %B --path=%P"


class Repository:
    """``git(...)`` runs git in its folder; branches are made of lockfiles."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        for key, value in (("user.email", "a@example.org"), ("user.name", "A"), ("commit.gpgsign", "false")):
            self.git("config", key, value)

    def git(self, *arguments: str, status: int = 0, **variables: str) -> str:
        """What it prints to both streams. It must end with ``status``."""
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_EDITOR": "true", "LC_ALL": "C.UTF-8"}
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=environment | alone | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert done.returncode == status, f"git {arguments}: {done.returncode}: {done.stdout}"
        return done.stdout

    def set_driver(self, command: str = DRIVER, *, recursive: str = "binary") -> None:
        self.git("config", "merge.speedbump.driver", command)
        self.git("config", "merge.speedbump.recursive", recursive)
        (self.path / ".gitattributes").write_text(f"{NAME} merge=speedbump\n")
        self.commit("driver")

    def commit(self, message: str = "change") -> str:
        """All that there is; returns the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def lock(self, *entries: Entry) -> str:
        """Commits a lockfile with these."""
        write_lock(self.path / NAME, *entries)
        return self.commit(" ".join(one.test for one in entries))

    def branch(self, name: str, *entries: Entry, start: str = "main") -> None:
        """Of ``start``, with a commit of this lockfile; it is checked out."""
        self.git("checkout", "-q", "-b", name, start)
        self.lock(*entries)

    def held(self) -> list[Entry]:
        return list(lockfile.read(self.path / NAME).values())


def write_lock(path: Path, *entries: Entry) -> None:
    lockfile.write(path, {one.key: one for one in entries})


def lock_command(
    folder: Path, *arguments: str, status: int = 0, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """``speedbump lock`` as a user runs it; it must end with ``status``."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest_speedbump", "lock", *arguments],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == status, f"{arguments}: {done.returncode}: {done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done
