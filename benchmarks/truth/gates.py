"""Gates as users type them, in subprocesses: by wall-clock on the same work, and our own plugin once more."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measured import core_file
from benchmarks.processes import PLUGIN, WITHOUT_PLUGIN, environment, pytest_command
from benchmarks.truth.cases import BUDGET
from benchmarks.truth.systems import RealWorkOnce, median_ns
from benchmarks.truth.work import Document

__all__ = ["THRESHOLD", "compare_commits", "cross_check", "real_drop"]

THRESHOLD = "2%"
TOKENS, MORE_TOKENS = 48, 50  # 4 % less throughput, see Document

COMMIT = """
import os
from benchmarks.truth.work import Document

def test_document(benchmark):
    benchmark(Document(int(os.environ["TRUTH_TOKENS"])).read)
"""

MARKED = """
import pytest
from benchmarks.truth.work import Document

@pytest.mark.speedbump_insensitive("benchmarks.truth.work:Document.header", delay="50ns", budget="2%")
def test_nothing(benchmark):
    benchmark(Document().read)

@pytest.mark.speedbump_insensitive("benchmarks.truth.work:Document.header", delay="{delay_ns:.0f}ns", budget="2%")
def test_twice_the_budget(benchmark):
    benchmark(Document().read)
"""


def compare_commits(*options: str) -> list[dict[str, Any]]:
    """One trio of runs under pytest-benchmark with its defaults: a base, the same again, and 4 % less throughput.

    Both later runs are compared with the base as people do it, ``--benchmark-compare --benchmark-compare-fail``. In the
    order of a gate: the base first. ``options`` are for pytest.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_commit.py").write_text(COMMIT)
        base = _pytest(folder, TOKENS, "--benchmark-save=base", *options)
        if base["exit"] != 0:
            raise RuntimeError(base["output"])
        # Given twice, the last one wins; so both in one.
        fails = ["--benchmark-compare-fail", *(f"{field}:{THRESHOLD}" for field in ("mean", "min"))]
        records = []
        for case, tokens in (("A/A", TOKENS), ("4%", MORE_TOKENS)):
            later = _pytest(folder, tokens, "--benchmark-compare=0001", *fails, *options)
            regressed = {field: f"Field '{field}' has failed" in later["output"] for field in ("mean", "min")}
            if later["exit"] not in (0, 1) or (later["exit"] == 1) != any(regressed.values()):
                raise RuntimeError(later["output"])
            records.append({"case": case, "failed": regressed, "seconds": base["seconds"] + later["seconds"]})
    return records


def real_drop() -> float:
    """What the additional tokens really cost, by interleaved rounds."""
    short, long = Document(TOKENS), Document(MORE_TOKENS)
    rounds = [(median_ns(short.read, 50), median_ns(long.read, 50)) for _ in range(40)]
    ratios = sorted(1 - a / b for a, b in rounds)
    return ratios[len(ratios) // 2]


def cross_check() -> list[dict[str, Any]]:
    """Both cases through the plugin, as declared by markers."""
    with RealWorkOnce() as system:
        step_ns = system.calibrate().step_ns(0)
    delay_ns = 2 * BUDGET / (1 - 2 * BUDGET) * step_ns
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_marked.py").write_text(MARKED.format(delay_ns=delay_ns))
        path = Path(folder, "result.json")
        run = _pytest(folder, TOKENS, f"--speedbump-json={path}", plugin=True)
        if not path.exists():
            raise RuntimeError(run["output"])
        results = {result["test"].partition("::test_")[2]: result for result in json.loads(path.read_text())["results"]}
    true = {"nothing": 50 / (step_ns + 50), "twice_the_budget": 2 * BUDGET}
    wanted = ("verdict", "outcome", "drop", "pairs", "seconds")
    return [
        {"test": name, "true_drop": drop, "exit": run["exit"], **{key: results[name][key] for key in wanted}}
        for name, drop in true.items()
    ]


def _pytest(folder: str, tokens: int, *options: str, plugin: bool = False) -> dict[str, Any]:
    command = [*pytest_command(), "-c", os.devnull, "--rootdir", folder, *(PLUGIN if plugin else WITHOUT_PLUGIN)]
    variables = {**environment(str(core_file())), "TRUTH_TOKENS": str(tokens), "PY_COLORS": "0"}
    started = time.perf_counter()
    done = subprocess.run(
        [*command, folder, *options], cwd=folder, env=variables, capture_output=True, text=True, timeout=300
    )
    return {
        "exit": done.returncode,
        "output": done.stdout + done.stderr,
        "seconds": time.perf_counter() - started,
    }
