"""Every scenario of leaks/, in a process of its own: nothing may grow with the number of times."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("script", sorted((HERE / "leaks").glob("*.py")), ids=lambda script: script.stem)
def test_scenario_leaks_nothing(script: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", HERE / "leak_meter.py", script], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
