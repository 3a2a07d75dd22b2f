"""Programs run in an interpreter of their own, for what must not happen in the one that runs the tests."""

import subprocess
import sys
from textwrap import dedent

__all__ = ["run_plain", "run_script"]

# Every script begins with it.
_PRELUDE = """
import sys
from pytest_speedbump import _core

def leaf():
    return 42

def make_session(*patterns, mode="spin", owner="a script"):
    return _core.Session(_core.Patterns(patterns or ["__main__:leaf"]), mode, owner)
"""


def run_script(source: str, *, environment: dict[str, str] | None = None, status: int = 0) -> str:
    """What ``source`` prints. It must end with ``status`` and, where that is 0, leave stderr empty.

    It finds ``_core``, ``leaf`` and ``make_session(*patterns, mode=, owner=)``.
    """
    return run_plain(_PRELUDE + dedent(source), environment=environment, status=status)


def run_plain(source: str, *, environment: dict[str, str] | None = None, status: int = 0) -> str:
    """The same of a program that does not find ``_core`` imported, nor anything else."""
    command = [sys.executable, "-W", "error", "-c", source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment)
    assert done.returncode == status, f"{done.returncode}: {done.stdout}\n{done.stderr}"
    assert status or not done.stderr, done.stderr
    return done.stdout
