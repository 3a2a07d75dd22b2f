"""What the README shows, run as it stands there."""

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measured import core_file
from benchmarks.processes import PLUGIN, ROOT, environment, pytest_command
from benchmarks.truth.tool import recorded

__all__ = ["awaited_test", "first_command"]

BENCHMARKS = "benchmarks/graphql"
FIRST = ("--speedbump-target", "graphql.language.parser:Parser.parse_name", "--speedbump-delay", "2us")
AWAITED = "test_execute_while_a_backend_is_awaited"


def first_command(seed: int, *options: str) -> dict[str, Any]:
    """The command at the README's top, once all is installed: how long it takes, and what it finds.

    ``options`` are for pytest.
    """
    return _pytest(BENCHMARKS, *FIRST, f"--speedbump-seed={seed}", *options)


def awaited_test(seed: int, *options: str) -> dict[str, Any]:
    """The test whose target is hidden behind an awaited backend, as its own marker judges it. ``options``: likewise."""
    test = f"{BENCHMARKS}/test_graphql.py::{AWAITED}"
    run = _pytest(test, "--speedbump-max-time=4s", f"--speedbump-seed={seed}", *options)
    (result,) = run["results"]
    system = "README's awaited backend"
    return {**result, "system": system, "label": system, "aim": None, "true_drop": 0.0, "true_transmission": 0.0}


def _pytest(*arguments: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "result.json")
        command = [*pytest_command(), *PLUGIN, *arguments, f"--speedbump-json={path}"]
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=ROOT, env=environment(str(core_file())), capture_output=True, text=True, timeout=600
        )
        seconds = time.perf_counter() - started
        if not path.exists():
            raise RuntimeError(done.stdout + done.stderr)
        results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return {"seconds": seconds, "exit": done.returncode, "results": [recorded(one) for one in results]}
