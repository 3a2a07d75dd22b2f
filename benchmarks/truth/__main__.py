"""The command: see the package's docstring."""

import argparse
import json
import os
import platform
import secrets
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.truth.command_lines import real_drop
from benchmarks.truth.hog import hogs
from benchmarks.truth.jobs import FULL, SMOKE, Condition, Job, jobs, passes
from benchmarks.truth.table import markdown
from pytest_speedbump import _core
from pytest_speedbump.files import write_json
from pytest_speedbump.report.document import environment

SCHEMA = "pytest-speedbump-truth/1"
PASSES = 10
SAVE_EVERY_S = 10.0


def main() -> int:
    options = _options()
    if options.table is not None:
        print(markdown(json.loads(options.table.read_text())), end="")
        return 0
    conditions: tuple[Condition, ...] = ("quiet", "hog") if options.condition == "both" else (options.condition,)
    chosen = jobs(SMOKE if options.smoke else FULL, conditions, options.only)
    if not chosen:
        print(f"--only {options.only!r} matches no job; try '*', 'verdict/*', 'dose/serial chain/*'", file=sys.stderr)
        return 4
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run = _Run(options)
    try:
        for number, condition, due in passes(chosen, 1 if options.smoke else PASSES, options.seed):
            print(f"pass {number + 1}, {condition}: {len(due)} jobs, {run.elapsed_s:.0f} s so far", file=sys.stderr)
            with hogs(options.hogs if condition == "hog" else 0):
                for job in due:
                    run.do(job)
        run.document["complete"] = True
    except KeyboardInterrupt:
        print("interrupted; what was measured is kept", file=sys.stderr)
    finally:
        run.save()
    text = markdown(run.document)
    if options.markdown is not None:
        options.markdown.write_text(text, encoding="utf-8")
    print(text, end="")
    return 0 if run.document["complete"] and not run.document["failures"] else 1


class _Run:
    """Owns the document, and writes it every now and then."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._path: Path = options.output
        self._started = self._saved = time.monotonic()
        self._jobs = 0
        self._seed: int = options.seed
        self.document: dict[str, Any] = {
            "schema": SCHEMA,
            "note": options.note,
            "seed": options.seed,
            "hogs": options.hogs,
            "smoke": options.smoke,
            "environment": _environment(),
            "real_drop_of_the_4%_commit": real_drop(),
            "complete": False,
            "seconds": 0.0,
            "failures": [],
            "records": [],
        }
        self.save()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def do(self, job: Job) -> None:
        """An error is written down, and the others go on."""
        self._jobs += 1
        stamp = {"job": job.name, "condition": job.condition, "at_s": self.elapsed_s}
        try:
            self.document["records"] += [{**stamp, **record} for record in job.run(self._seed + self._jobs)]
        except Exception as error:
            self.document["failures"].append({**stamp, "error": repr(error)})
        if time.monotonic() - self._saved > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        self.document["seconds"] = self.elapsed_s
        write_json(self._path, self.document)
        self._saved = time.monotonic()


def _environment() -> dict[str, Any]:
    return {
        **environment(_core.clock().name),
        "processor": _processor(),
        "kernel": f"{platform.system()} {platform.release()}",
        "load": os.getloadavg()[0],
        "pytest_benchmark": version("pytest-benchmark"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    parser.add_argument("--output", type=Path, metavar="PATH", help="the JSON document, written as the run goes on")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="the tables; they are printed in any case")
    parser.add_argument("--smoke", action="store_true", help="a little of everything, in under a minute")
    parser.add_argument("--only", default="*", metavar="GLOB", help="jobs by name, such as 'verdict/0%%/*' or 'dose/*'")
    parser.add_argument("--condition", choices=("both", "quiet", "hog"), default="both")
    parser.add_argument(
        "--hogs", type=int, default=1, metavar="N", help="processes that spin, 1 by default; 0: one a core"
    )
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="of every order; drawn, and written down"
    )
    parser.add_argument("--note", default="", help="a sentence about the machine, printed with it")
    parser.add_argument(
        "--table", type=Path, metavar="PATH", help="print the tables of this document, and measure nothing"
    )
    options = parser.parse_args()
    if options.output is None and options.table is None:
        parser.error("--output is missing; say where the JSON goes")
    if options.output is not None and not options.output.resolve().parent.is_dir():
        parser.error(f"--output {str(options.output)!r}: there is no such folder; make it first")
    options.hogs = options.hogs or os.cpu_count() or 1
    return options


sys.exit(main())
