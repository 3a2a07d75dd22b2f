"""The tool under trial: what this suite uses of it, and the only module here that knows its rooms."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.truth.tool import ERROR_RATE, NOTHING_FAILS, recorded
from pytest_speedbump.bump import Bump, Declaration, Mode
from pytest_speedbump.runner.watch import create_folder, experiment
from pytest_speedbump.slowing.folder import VARIABLE, Folder
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.rules import Rules

__all__ = ["KNOWN", "ask", "folder_for", "started"]

KNOWN = Path(__file__).with_name("known.py")
TARGET, POINT, BEGIN = "__main__.schedule", "__main__.step", "__main__.begin"


def ask(
    program: str, delay_ns: float, mode: Mode, budget: float | None, max_time_ns: float, seed: int
) -> dict[str, Any]:
    """What the tool's document has of its result, and the latency of a unit."""
    declared = None if budget is None else Declaration("insensitive", budget, "command line")
    bump = Bump(parse_targets([TARGET]), delay_ns, mode, declared, "command line")
    rules = Rules(max_time_ns, ERROR_RATE, NOTHING_FAILS, seed, limited_by="--max-time")
    points = [POINT, BEGIN, POINT]
    with folder_for(TARGET, points, mode) as folder, started([str(KNOWN), program], folder) as process:
        answers = experiment(folder, bump, points[:1], rules, lambda s: _has_ended(process, s), with_latency=True)
    latency = answers.latency and answers.latency.to_json()
    return {**recorded(answers.results[0].to_json()), "latency": latency}


@contextmanager
def folder_for(target: str, points: Sequence[str], mode: Mode) -> Iterator[Folder]:
    folder = create_folder(parse_targets([target]), points, mode)
    try:
        yield folder
    finally:
        folder.remove()


@contextmanager
def started(words: Sequence[str], folder: Folder) -> Iterator[subprocess.Popen[bytes]]:
    """A program, in a process group of its own, that is killed with all that it has started."""
    environment = os.environ | {VARIABLE: folder.path}
    with subprocess.Popen(
        [sys.executable, *words], env=environment, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, 9)


def _has_ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
