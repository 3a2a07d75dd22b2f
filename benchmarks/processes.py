"""How a benchmark starts others: with this checkout in their path, and the `_core` that is to be measured."""

import os
import sys
from pathlib import Path

from benchmarks.measured import VARIABLE

__all__ = ["PLUGIN", "ROOT", "WITHOUT_PLUGIN", "environment", "pytest_command"]

ROOT = Path(__file__).resolve().parents[1]
WITHOUT_PLUGIN = ("-p", "no:speedbump")
PLUGIN = (*WITHOUT_PLUGIN, "-p", "pytest_speedbump.plugin")  # not by its entry point, which need not be installed


def pytest_command(python: str = sys.executable) -> list[str]:
    return [python, "-m", "benchmarks.pinned", "pytest", "-q", "-p", "no:cacheprovider"]


def environment(core: str | None) -> dict[str, str]:
    """Ours, for processes that measure the file ``core`` or none."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, VARIABLE: core or ""}
