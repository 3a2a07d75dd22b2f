"""Runs a plan through hyperfine."""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.e2e.commands import hyperfine_command
from benchmarks.e2e.plan import Plan
from benchmarks.e2e.results import read_export
from benchmarks.exits import Exit, ExitError
from benchmarks.processes import ROOT, environment

__all__ = ["Hyperfine"]


@dataclass(frozen=True, slots=True)
class Hyperfine:
    path: str
    version: str

    @classmethod
    def find(cls) -> Self:
        """ExitError where there is none, or it does not work."""
        path = shutil.which("hyperfine")
        if path is None:
            raise ExitError(
                Exit.MISSING_TOOL, "hyperfine is not installed; get it by `apt-get install hyperfine`, or see --dry-run"
            )
        try:
            said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise ExitError(Exit.MISSING_TOOL, f"{path} does not work: {error}") from None
        return cls(path, said.split()[-1] if said.split() else "unknown")

    def run(self, plan: Plan, core: str | None) -> dict[str, list[float]]:
        """Times by name; what hyperfine says is passed on as it goes. The commands measure the file ``core`` or none.

        ExitError where a command fails.
        """
        with tempfile.TemporaryDirectory() as directory:
            export = Path(directory) / "export.json"
            line = hyperfine_command(self.path, plan.commands, plan.effort, export)
            status = subprocess.run(line, stdout=sys.stderr, env=_environment(core), cwd=ROOT, check=False).returncode
            if status:
                raise ExitError(
                    Exit.FAILED_COMMAND,
                    f"hyperfine ended with {status}, after the message above; --dry-run shows the commands",
                )
            return read_export(export, plan.commands)


def _environment(core: str | None) -> dict[str, str]:
    """One hash seed for all: it moves dictionaries, and times with them."""
    return {**environment(core), "PYTHONHASHSEED": "0"}
