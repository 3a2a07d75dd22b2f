"""The program that is timed: a pipeline of stages, slowed by a backend, that checks its own results."""

import argparse
import sys

from benchmarks.backends import BACKENDS, factory, missing, unable
from benchmarks.e2e.pipeline import Stage, expected, pipeline
from benchmarks.exits import Exit, ExitError, ends
from benchmarks.measured import core_file, pin_core


def main() -> Exit:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.e2e.worker", description=__doc__)
    parser.add_argument("--backend", choices=BACKENDS, required=True)
    parser.add_argument("--stages", type=int, required=True)
    parser.add_argument("--payload", type=int, required=True, help="bytes an item")
    parser.add_argument("--delay-ns", type=float, required=True, help="a call of a stage")
    parser.add_argument("--items", type=int, required=True)
    options = parser.parse_args()
    pin_core()
    if options.backend in ("core", "empty-callback"):
        print(core_file())
    absent = missing(options.backend) or (unable(options.backend, "delay") if options.delay_ns else "")
    if absent:
        raise ExitError(Exit.BAD_INPUT, absent)

    backend = factory(options.backend, [f"*:{Stage.run.__qualname__}"])()
    stages = [Stage() for _ in range(options.stages)]
    item = bytes(range(256)) * (options.payload // 256 + 1)
    item = item[: options.payload]
    backend.arm()
    try:
        backend.set_delay(options.delay_ns)
        checksum = pipeline(stages, item, options.items)
    finally:
        backend.disarm()
    if checksum != expected(options.stages, item, options.items):
        raise ExitError(Exit.BROKEN, "the slowed pipeline computed something else")
    calls = [row[3] for row in backend.snapshot()]
    if calls not in ([], [options.stages * options.items]):
        raise ExitError(Exit.BROKEN, f"{calls} calls were counted, not {options.stages * options.items}")
    return Exit.OK


if __name__ == "__main__":
    sys.exit(ends(main))
