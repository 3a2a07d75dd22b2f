"""``python -m benchmarks.scan.alone JOB SEED``: one job, in this process; its records, as JSON, are the last line."""

import argparse
import ctypes
import json
import subprocess
import sys
from functools import partial

from benchmarks.exits import Exit, ExitError, ends
from benchmarks.measured import core_file, pin_core
from benchmarks.processes import ROOT, environment
from benchmarks.truth.jobs import Job, Records

__all__ = ["Runner", "alike", "run_alone", "runner"]

LIMIT_S = 600
PR_SET_TIMERSLACK = 29

type Runner = partial[Records]


def runner(*, smoke: bool, scanner: str) -> Runner:
    """Takes a job and a seed, and does the job in a process of its own."""
    return partial(run_alone, ["--scanner", scanner, *(["--smoke"] if smoke else [])])


def run_alone(options: list[str], job: Job, seed: int) -> Records:
    command = [sys.executable, "-m", "benchmarks.scan.alone", job.name, str(seed), *options]
    done = subprocess.run(command, cwd=ROOT, env=alike(), capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [""]
        raise RuntimeError(f"exit status {done.returncode}, {said[-1]}")
    records: Records = json.loads(done.stdout.splitlines()[-1])
    return records


def alike() -> dict[str, str]:
    """The environment of all jobs. In each the same strings collide: else shares would differ from job to job."""
    return environment(str(core_file())) | {"PYTHONHASHSEED": "0"}


def end_sleeps_in_time() -> None:
    """Without slack of the kernel's timers (prctl(2), PR_SET_TIMERSLACK), which is 50 us unless said otherwise: a sleep
    that follows another is late by less, and delays then reach a round by 0.7 or by 1.3 where the form has 1."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


def main() -> Exit:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scan.alone", description=__doc__)
    parser.add_argument("job")
    parser.add_argument("seed", type=int)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--scanner", required=True)
    options = parser.parse_args()
    pin_core()
    end_sleeps_in_time()
    from benchmarks.scan.door import door
    from benchmarks.scan.jobs import CONDITIONS, FULL, SMOKE, jobs

    every = jobs(SMOKE if options.smoke else FULL, CONDITIONS, "*", door(options.scanner))
    chosen = next((job for job in every if job.name == options.job), None)
    if chosen is None:
        raise ExitError(Exit.BAD_INPUT, f"there is no job {options.job!r}")
    print(json.dumps(chosen.run(options.seed)))
    return Exit.OK


if __name__ == "__main__":
    sys.exit(ends(main))
