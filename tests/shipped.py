"""What is shipped, as the build backend makes it of a source tree: the sdist, wheels, and environments with one."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["ROOT", "Environment", "build"]

ROOT = Path(__file__).parent.parent
PURE = {"PURE_SPEEDBUMP": "1"}


def build(kind: str, source: Path, folder: Path, environment: dict[str, str] | None = None) -> Path:
    """What the build backend makes in ``folder``; ``kind``: ``sdist`` or ``wheel``. Skips where there is no backend."""
    pytest.importorskip("scikit_build_core", reason="scikit-build-core is not installed: it is in the group `tests`")
    script = f"import sys; from scikit_build_core import build; print(build.build_{kind}(sys.argv[1]))"
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, cwd=source, env=os.environ | (environment or {}), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / done.stdout.split()[-1]


@dataclass(frozen=True)
class Environment:
    """A virtual environment that has what a wheel holds, and beside it what is installed here but for ourselves.

    An editable install, which is found by a file ``*.pth``, is not seen from another environment.
    """

    folder: Path

    @classmethod
    def of(cls, wheel: Path, folder: Path) -> "Environment":
        venv.create(folder, with_pip=False)
        one = cls(folder)
        with zipfile.ZipFile(wheel) as file:
            file.extractall(one.site)
        (one.site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
        return one

    @property
    def site(self) -> Path:
        return Path(sysconfig.get_path("purelib", "venv", {"base": str(self.folder), "platbase": str(self.folder)}))

    @property
    def python(self) -> Path:
        return Path(sysconfig.get_path("scripts", "venv", {"base": str(self.folder)})) / "python"

    def run(self, folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Python with ``arguments``, in ``folder``; of all pytest's plugins none is loaded that is not named."""
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
