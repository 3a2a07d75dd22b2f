"""What each function of a package takes by itself, by a means that shares nothing with the scan.

py-spy stops the process a thousand times a second from outside and reads its stack, so that no call costs more than
another, and a sample falls where the program really is. A sample belongs to the innermost function that the scan has
for a target, like the time of callees that are none.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from shutil import which
from typing import Any

from benchmarks.exits import Exit, ExitError
from benchmarks.processes import ROOT
from benchmarks.scan.alone import alike
from benchmarks.scan.door import key
from benchmarks.scan.packages import Package, one_round
from pytest_speedbump import slow

__all__ = ["attributed", "own_shares"]

HERTZ = 1_000

type Where = tuple[str, str, int]
"""Qualified name, file and first line of a function."""


def own_shares(package: Package, seconds: float) -> dict[str, Any]:
    """Samples of each function that is called, by its key, and of all rounds."""
    tool = which("py-spy", path=str(Path(sys.executable).parent)) or which("py-spy")
    if tool is None:
        raise ExitError(Exit.MISSING_TOOL, f"py-spy is missing; install it: {sys.executable} -m pip install py-spy")
    called = _called(package)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "samples")
        sampler = [tool, "record", "--rate", str(HERTZ), "--function", "--full-filenames", "--format", "raw"]
        work = [sys.executable, "-m", "benchmarks.scan.packages", package.name, str(seconds)]
        done = subprocess.run(
            [*sampler, "--output", str(path), "--", *work],
            cwd=ROOT, env=alike(), capture_output=True, text=True, timeout=seconds + 120,
        )  # fmt: skip
        if done.returncode != 0 or not path.exists():
            raise RuntimeError(f"py-spy failed: {done.stdout}{done.stderr}")
        samples, total = attributed(path.read_text(encoding="utf-8").splitlines(), called)
    return {"package": package.name, "total": total, "samples": dict.fromkeys(called.values(), 0) | samples}


def attributed(lines: Iterable[str], called: Mapping[Where, str]) -> tuple[dict[str, int], int]:
    """Samples of each function in ``called``, and of all rounds, from stacks ``outer;...;inner count``."""
    found: Counter[str] = Counter()
    total = 0
    for line in lines:
        stack, _, number = line.rpartition(" ")
        frames = [_where(frame) for frame in stack.split(";")] if stack else []
        names = [frame[0] for frame in frames]
        if one_round.__qualname__ not in names:
            continue
        total += int(number)
        for frame in reversed(frames):
            if frame in called:
                found[called[frame]] += int(number)
                break
    return dict(found), total


def _where(frame: str) -> Where:
    """From ``qualified.name (file:line)``."""
    name, _, place = frame.rpartition(" (")
    file, _, line = place.removesuffix(")").rpartition(":")
    return name, file, int(line) if line.isdecimal() else 0


def _called(package: Package) -> dict[Where, str]:
    function = package.round()
    function()  # what is done once only is done
    with slow(package.target, delay="0ns") as bump:
        function()
        matched = bump.snapshot().matched
    return {(one.site.qualname, one.file, one.line): key(one.name, one.line) for one in matched}
