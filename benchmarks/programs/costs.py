"""What it costs a process to be able to take part, and to take part; and how soon a switch is felt."""

import os
import random
import site
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.exits import Exit, ExitError
from benchmarks.programs.tool import folder_for, started
from pytest_speedbump.slowing.folder import VARIABLE

__all__ = ["joining", "start_up", "switching"]

PTH = "pytest_speedbump.pth"
READ_PTH = """
import site, sys, time
before = time.perf_counter_ns()
site.addpackage(sys.argv[1], sys.argv[2], set())
print(time.perf_counter_ns() - before)
"""
FELT = """
import sys, time

def schedule():
    pass

for _ in range(int(sys.argv[1])):
    while True:
        before = time.monotonic_ns()
        schedule()
        now = time.monotonic_ns()
        if now - before > 150_000:
            break
    print(now - 200_000, flush=True)
    while now - before > 150_000:
        before = time.monotonic_ns()
        schedule()
        now = time.monotonic_ns()
"""
DELAY_NS = 200e3
PAUSE_S = 0.02


def start_up(times: int) -> dict[str, Any]:
    """ns that the line in site-packages takes of the start of a Python, where nothing is set."""
    command = [sys.executable, "-c", READ_PTH, _pth_folder(), PTH]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SPEEDBUMP_")}
    taken = [int(subprocess.check_output([*command], env=environment)) for _ in range(times)]
    return {"added_ns": median(taken), "worst_ns": max(taken), "times": times}


def joining(times: int, seed: int) -> dict[str, Any]:
    """ns by which a Python that joins an experiment takes longer; pairs in random order."""
    coin, pairs = random.Random(seed), list[tuple[float, float]]()
    with folder_for("__main__.schedule", ["__main__.step"], "spin") as folder:
        bare = {name: text for name, text in os.environ.items() if not name.startswith("SPEEDBUMP_")}
        joins = bare | {VARIABLE: folder.path}
        for _ in range(times):
            if coin.random() < 0.5:
                first = _life_ns(bare)
                pairs.append((first, _life_ns(joins)))
            else:
                first = _life_ns(joins)
                pairs.append((_life_ns(bare), first))
        joined = len(folder.ledgers())
    if joined != times:
        raise RuntimeError(f"{joined} of {times} processes joined")
    return {
        "added_ns": median(joins_ns - bare_ns for bare_ns, joins_ns in pairs),
        "bare_ns": median(bare_ns for bare_ns, _ in pairs),
        "times": times,
    }


def switching(times: int) -> dict[str, Any]:
    """ns from just before the store until the first delay of a running child begins, as its end tells."""
    felt = []
    with (
        folder_for("__main__.schedule", ["__main__.step"], "spin") as folder,
        started(["-c", FELT, str(times)], folder) as child,
    ):
        assert child.stdout is not None
        while not folder.ledgers():
            time.sleep(PAUSE_S)
        for _ in range(times):
            time.sleep(PAUSE_S)
            before = time.monotonic_ns()
            folder.page.set_delay(DELAY_NS)
            felt.append(int(child.stdout.readline()) - before)
            folder.page.set_delay(0.0)
    return {"felt_ns": median(felt), "worst_ns": max(felt), "times": times}


def _life_ns(environment: Mapping[str, str]) -> float:
    before = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", ""], env=dict(environment), check=True)
    return time.perf_counter_ns() - before


def _pth_folder() -> str:
    folders = [folder for folder in site.getsitepackages() if Path(folder, PTH).exists()]
    if not folders:
        raise ExitError(Exit.BAD_INPUT, f"there is no {PTH} in site-packages; install the package, as with pip")
    return folders[0]
