"""What whole pytest runs say: of systems whose answer is known, and of one that asks for nothing."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.figures.figure import Figure

__all__ = ["run_figures"]

ROOT = Path(__file__).resolve().parents[2]
SUITE = Path(__file__).parent / "suite.py"
PLUGIN = ["-p", "no:speedbump", "-p", "pytest_speedbump.plugin"]  # the entry point need not be installed
INERT_PAIRS = 10

INERT_SUITE = """
import json, pathlib, sys, pytest

@pytest.mark.parametrize("number", range(1000))
def test_ordinary(number):
    assert number + number == 2 * number
"""
INERT_CONFTEST = """
import json, pathlib, sys

def pytest_unconfigure():
    tools = [sys.monitoring.get_tool(tool) for tool in range(6)]
    core = "pytest_speedbump._core" in sys.modules
    pathlib.Path("left.json").write_text(json.dumps({"tools": tools, "core": core}))
"""


def run_figures() -> Iterator[Figure]:
    quiet = _results()
    yield _serial_chain(quiet)
    yield _hidden(quiet)
    yield _verdict(quiet, "quiet", 0.3)
    with _hog():
        yield _verdict(_results(), "beside a CPU hog", 0.6)
    yield from _inert()


def _results() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "results.json"
        _pytest(str(SUITE), *PLUGIN, "--speedbump-json", str(path), "--speedbump-advisory", cwd=ROOT)
        results: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return results


def _of(results: list[dict[str, Any]], test: str) -> list[dict[str, Any]]:
    return [result for result in results if result["test"].partition("[")[0].endswith(f"::{test}")]


def _transmission(results: list[dict[str, Any]]) -> float:
    return median(float(result["transmission"]["estimate"]) for result in results)


def _serial_chain(results: list[dict[str, Any]]) -> Figure:
    share = _transmission(_of(results, "test_serial_chain"))
    return Figure(
        "serial chain, transmission", "1.00 +- 0.02", f"{share:.3f}", abs(share - 1) <= 0.02, {"transmission": share}
    )


def _hidden(results: list[dict[str, Any]]) -> Figure:
    own = _of(results, "test_hidden_behind_a_device")
    share, verdicts = _transmission(own), sorted({result["verdict"] for result in own})
    return Figure(
        "work hidden behind a device deadline, transmission",
        "< 0.02, insensitive at 2 %",
        f"{share:.3f}, {' and '.join(verdicts)}",
        share < 0.02 and verdicts == ["insensitive"],
        {"transmission": share},
    )


def _verdict(results: list[dict[str, Any]], where: str, limit: float) -> Figure:
    own = _of(results, "test_no_effect")
    seconds = median(result["seconds"] for result in own)
    right = sum(result["verdict"] == "insensitive" for result in own)
    return Figure(
        f"verdict on no effect, budget 2 %, 40 us benchmark, {where}",
        f"median <= {limit:g} s",
        f"{seconds:.2f} s ({right} of {len(own)} insensitive)",
        seconds <= limit,
        {"seconds": seconds, "verdicts": len(own), "insensitive": right},
    )


def _inert() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        (home / "test_ordinary.py").write_text(INERT_SUITE, encoding="utf-8")
        (home / "conftest.py").write_text(INERT_CONFTEST, encoding="utf-8")
        differences, without = [], []
        arms = {"without": ["-p", "no:speedbump"], "with": PLUGIN}
        coin = random.Random(1)
        for _ in range(INERT_PAIRS):
            order, took = list(arms), {}
            coin.shuffle(order)
            for arm in order:
                begin = time.perf_counter()
                _pytest("-p", "no:cacheprovider", *arms[arm], cwd=home)
                took[arm] = time.perf_counter() - begin
                if arm == "with":
                    left = json.loads((home / "left.json").read_text(encoding="utf-8"))
            differences.append(took["with"] - took["without"])
            without.append(took["without"])
    clean = not any(left["tools"]) and not left["core"]
    yield Figure(
        "plugin installed, not asked: what it takes",
        "no tool id, no _core",
        "no tool id, no _core" if clean else f"tools {left['tools']}, _core imported: {left['core']}",
        clean,
        {},
    )
    low, middle, high = quantiles(differences, n=4)
    bare = median(without)
    yield Figure(
        "plugin installed, not asked: time of 1,000 tests, against -p no:speedbump",
        "unchanged",
        f"{middle * 1e3:+.0f} ms of {bare * 1e3:.0f} ms (quartiles {low * 1e3:+.0f}, {high * 1e3:+.0f})",
        middle <= 0.02 * bare,
        {"added_seconds": middle, "bare_seconds": bare},
    )


@contextmanager
def _hog() -> Iterator[None]:
    hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        hog.kill()
        hog.wait()


def _pytest(*arguments: str, cwd: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pinned", "pytest", "-q", *arguments],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
