"""The command ``speedbump run`` as a user types it, and the same program without it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["COMMAND", "Done", "plain", "supervised"]

COMMAND = [sys.executable, "-m", "pytest_speedbump"]
DOCUMENT = "speedbump.json"


@dataclass(frozen=True)
class Done:
    """``code`` is negative where a signal has ended it; ``document`` None where none was written."""

    code: int
    out: str
    err: str
    document: Any = None

    def calls(self, name: str) -> int:
        """Of one thing that was called."""
        return sum(one["calls"] for one in self.document["matched"] if one["name"] == name)


def supervised(
    folder: Path,
    options: Sequence[str],
    program: Sequence[str],
    *,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Done:
    """Runs ``program`` in ``folder``; ``flags`` are options of the Python that runs the command."""
    (folder / DOCUMENT).unlink(missing_ok=True)
    command = [sys.executable, *flags, "-m", "pytest_speedbump", "run", *options, f"--json={DOCUMENT}", "--", *program]
    done = _run(command, folder, stdin, environment)
    path = folder / DOCUMENT
    return Done(done.code, done.out, done.err, json.loads(path.read_text()) if path.exists() else None)


def plain(
    folder: Path,
    program: Sequence[str],
    *,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Done:
    """The same without the command."""
    return _run([sys.executable, *flags, *program], folder, stdin, environment)


def _run(command: Sequence[str], folder: Path, stdin: str, environment: Mapping[str, str] | None) -> Done:
    merged = {**os.environ, **(environment or {})}
    done = subprocess.run(
        command, cwd=folder, input=stdin, capture_output=True, text=True, env=merged, timeout=100, errors="replace"
    )
    return Done(done.returncode, done.stdout, done.stderr)
