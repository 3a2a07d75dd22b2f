"""Records round times of this machine, for tests of inference on noise that nobody made up.

``python -m benchmarks.recorded FILE --beside hogs`` writes threes of adjacent rounds of one callable of fixed work, in
random order: a control, another control, and one that spins DELAY_NS longer. They come in stretches over some seconds,
so that both what neighbours share and what the machine does to all of them are in it. Other processes are left alone:
"quiet" is what the machine was like. The tests' own recordings are tests/unit/rounds/quiet.txt and, with three hogs on
two processors, hogs.txt.
"""

import argparse
import gc
import os
import platform
import random
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns, sleep

from benchmarks.truth.hog import CONDITIONS, beside

ROUND_NS = 100_000
DELAY_NS = 5_000
UNIT_NS = 10  # of the numbers in the file
STRETCHES, THREES = 30, 30
APART_S = 0.25


def make_round() -> Callable[[int], int]:
    """A function that works for about ROUND_NS, then spins for so many ns, and returns how long both took."""

    def timed(delay_ns: int) -> int:
        start = perf_counter_ns()
        total = 0
        for number in work:
            total += number
        if delay_ns:
            until = perf_counter_ns() + delay_ns
            while perf_counter_ns() < until:
                pass
        return perf_counter_ns() - start

    work = list(range(100))
    while min(timed(0) for _ in range(20)) < ROUND_NS:
        work += work[: len(work) // 4]
    return timed


def record(seed: int) -> list[tuple[int, ...]]:
    """Control, control, slowed of each three, in ns."""
    rng, timed, found = random.Random(seed), make_round(), []
    gc.disable()
    for _ in range(STRETCHES):
        for _ in range(THREES):
            order = rng.sample(range(3), 3)
            times = {arm: timed(DELAY_NS if arm == 2 else 0) for arm in order}
            found.append(tuple(times[arm] for arm in range(3)))
        for _ in range(round(APART_S * 1e9 / ROUND_NS)):  # as busy as while it is recorded
            timed(0)
    gc.enable()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--beside", choices=CONDITIONS, default="quiet", help="who else; default: %(default)s")
    args = parser.parse_args()
    with beside(args.beside):
        sleep(0.5)
        load, found = os.getloadavg()[0], record(seed=1)
    header = (
        f"# python -m benchmarks.recorded --beside {args.beside}: {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()} on {platform.machine()}, {os.cpu_count()} processors, "
        f"load {load:.1f} before.\n"
        f"# A line is three adjacent rounds: control, control, and one that spun {DELAY_NS} ns longer; "
        f"in units of {UNIT_NS} ns.\n"
    )
    lines = [" ".join(str(round(ns / UNIT_NS)) for ns in three) for three in found]
    args.file.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
