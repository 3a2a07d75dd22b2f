"""Which commit was measured, in which folder of it, and in which run of CI."""

import os
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

__all__ = ["PATIENCE_S", "CiRun", "Commit", "find_commit", "find_run"]

PATIENCE_S = 10.0  # with each call of git
DIRTY = "-dirty"

# What CI systems call a run, all shards of it together, and how often they tried the job that this is.
_RUNS = (
    ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    ("CI_PIPELINE_ID", None),  # GitLab
    ("BUILDKITE_BUILD_ID", "BUILDKITE_RETRY_COUNT"),
    ("CIRCLE_WORKFLOW_ID", None),
    ("BUILD_BUILDID", "SYSTEM_JOBATTEMPT"),  # Azure
    ("BUILD_TAG", None),  # Jenkins
)
# A hook that starts pytest has them set for its own repository, which need not be the one that is asked about.
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")
# What git is asked must start no program that a repository names, and change nothing in it.
_HARMLESS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.pager=cat")


class Commit(NamedTuple):
    """What is checked out.

    Attributes:
        name: in hexadecimal digits, with ``-dirty`` at its end where tracked files were changed, or nobody knows.
        folder: that of the tests, from the top of the working tree, as ``packages/a/``; empty where it is the top.
    """

    name: str
    folder: str


class CiRun(NamedTuple):
    """``attempt``: counts how often CI ran this part; None where it does not tell."""

    name: str
    attempt: int | None


def find_commit(folder: Path) -> Commit | None:
    """What is checked out in ``folder``; None where there is no repository, no commit, or no git that tells.

    What an environment variable of CI names may be another commit than the one that was checked out.
    """
    found = _git(folder, "rev-parse", "--verify", "HEAD")
    prefix = _git(folder, "rev-parse", "--show-prefix")
    if found is None or prefix is None or found[0] or prefix[0]:
        return None
    # Submodules are left out, because their own configuration would be obeyed.
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules")
    is_clean = changed == (0, "")
    return Commit(found[1].strip() + ("" if is_clean else DIRTY), prefix[1].removesuffix("\n"))


def find_run() -> CiRun | None:
    """The run of CI that this is a part of; None where no CI tells."""
    for name, attempt in _RUNS:
        if os.environ.get(name):
            counted = os.environ.get(attempt, "") if attempt else ""
            return CiRun(os.environ[name], int(counted) if counted.isascii() and counted.isdigit() else None)
    return None


def _git(folder: Path, *arguments: str) -> tuple[int, str] | None:
    """Exit code and output; None where git is not there, cannot stand there, or takes too long."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        git = subprocess.Popen(  # noqa: S603 - no word of it comes from anybody else
            ["git", *_HARMLESS, *arguments],  # noqa: S607 - the user's own
            cwd=folder, env=environment, encoding="utf-8", errors="backslashreplace", start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return None
    with git:
        try:
            out = git.communicate(timeout=PATIENCE_S)[0]
        except BaseException as error:  # Ctrl-C as well must leave nothing behind.
            os.killpg(git.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return None
            raise
    return git.returncode, out
