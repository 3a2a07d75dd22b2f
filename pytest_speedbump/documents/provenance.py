"""Which commit was measured, and in which run of CI."""

import os
import subprocess
from pathlib import Path

__all__ = ["find_commit", "find_run"]

# What CI systems call a run; a rerun is another one.
_RUNS = (("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"), ("CI_PIPELINE_ID",), ("BUILD_TAG",), ("BUILDKITE_BUILD_ID",))
PATIENCE_S = 10.0  # with git


def find_commit(folder: Path) -> str | None:
    """The commit that is checked out in ``folder``; None where there is no repository, or no git."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607 - the user's own
            cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def find_run() -> str | None:
    for names in _RUNS:
        values = [os.environ.get(name, "") for name in names]
        if all(values):
            return "-".join(values)
    return None
