"""What it costs to join an experiment, and how soon a process that has joined obeys: ``python -m benchmarks.joining``.

Wants the machine alone. What a start takes is told in CPU time, which others disturb less than the time of day.
"""

import os
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import perf_counter_ns

from pytest_speedbump.slowing.folder import VARIABLE, Folder
from pytest_speedbump.targets import parse_targets

__all__ = ["joining_ms", "switching_us"]

STARTS = 100
SWITCHES = 50
DELAY_NS = 1_000_000
TARGETS = {"Python": "*:leaf", "native:": "native:libz*:crc32", "c:, a name": "c:zlib.crc32", "c:, a glob": "c:zlib.*"}

# Tells when the first call began that is delayed, and waits until none is.
OBEYS = f"""
import sys
from time import perf_counter_ns
def leaf(): pass
def wait_for(slowed):
    while True:
        began = perf_counter_ns()
        leaf()
        if (perf_counter_ns() - began > {DELAY_NS} / 2) is slowed:
            return began
print("ready", flush=True)
for _ in range({SWITCHES}):
    print(wait_for(True), flush=True)
    sys.stdin.readline()
    wait_for(False)
    print("ready", flush=True)
"""


@contextmanager
def experiment(target: str) -> Iterator[Folder]:
    """Everything is counted, nothing delayed yet."""
    folder = Folder.create([parse_targets([target]).compile()], "spin")
    try:
        folder.page.select(1, 1)
        folder.page.set_delay(0.0)
        yield folder
    finally:
        folder.remove()


def joining_ms(n: int = STARTS) -> dict[str, float]:
    """By kind of target, what a Python takes longer to start that joins: CPU time, the median of ``n`` pairs."""
    with ExitStack() as stack:
        folders = {kind: stack.enter_context(experiment(target)) for kind, target in TARGETS.items()}
        environments = {kind: {**os.environ, VARIABLE: folder.path} for kind, folder in folders.items()}
        environments["none"] = dict(os.environ)
        times: dict[str, list[float]] = {kind: [] for kind in environments}
        for _ in range(n):
            for kind in random.sample(list(environments), len(environments)):
                times[kind].append(_start_ms(environments[kind]))
    bare = times.pop("none")
    return {kind: statistics.median(a - b for a, b in zip(ms, bare, strict=True)) for kind, ms in times.items()}


def _start_ms(environment: Mapping[str, str]) -> float:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", "pass"], environment)
    _, status, used = os.wait4(pid, 0)
    assert status == 0
    return (used.ru_utime + used.ru_stime) * 1e3


def switching_us() -> list[float]:
    """From one store here until a call begins in a running child that is delayed by it, each time."""
    switching = []
    with experiment("*:leaf") as folder:
        command, environment = [sys.executable, "-c", OBEYS], {**os.environ, VARIABLE: folder.path}
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            for _ in range(SWITCHES):
                child.stdout.readline()
                stored = perf_counter_ns()
                folder.page.set_delay(DELAY_NS)
                switching.append((int(child.stdout.readline()) - stored) / 1e3)
                folder.page.set_delay(0.0)
                child.stdin.write("\n")
                child.stdin.flush()
            child.stdout.readline()
    return switching


def main() -> None:
    switching = switching_us()
    print(
        f"one store until a call is delayed: median {statistics.median(switching):.1f} us, at most {max(switching):.1f}"
    )
    for kind, ms in joining_ms().items():
        print(f"joining, targets {kind}: +{ms:.2f} ms")


if __name__ == "__main__":
    main()
