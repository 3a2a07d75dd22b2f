"""``python -m benchmarks.e2e``: plan, run, write the result."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.backends import missing
from benchmarks.e2e.commands import FULL, SMOKE
from benchmarks.e2e.exits import Exit, ExitError
from benchmarks.e2e.plan import make_plan
from benchmarks.e2e.profile import this_profile
from benchmarks.e2e.results import Results
from benchmarks.e2e.runner import Hyperfine
from benchmarks.e2e.scenarios import Scenario, select
from benchmarks.measured import MeasuredError, core_file, pin_core
from pytest_speedbump import __version__


def main(arguments: Sequence[str] | None = None) -> Exit:
    options = _parser().parse_args(arguments)
    try:
        _run(options.output, options.scenario, smoke=options.smoke, dry_run=options.dry_run)
    except ExitError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
    return Exit.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.e2e", description="End-to-end benchmarks.")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="PATH", help="where the result, or the plan, goes"
    )
    parser.add_argument("--scenario", default="*", metavar="GLOB", help="only scenarios whose name matches")
    parser.add_argument("--smoke", action="store_true", help="two short runs each: does it work?")
    parser.add_argument("--dry-run", action="store_true", help="write the plan; run nothing, not even hyperfine")
    return parser


def _run(output: Path, pattern: str, *, smoke: bool, dry_run: bool) -> None:
    _check_output(output)
    effort = SMOKE if smoke else FULL
    scenarios = _select(pattern)
    if dry_run:
        _write(output, make_plan(scenarios, effort).to_json())
        return
    hyperfine = Hyperfine.find()
    core = _core()
    print(f"measuring {core}", file=sys.stderr)
    plan = make_plan(scenarios, effort)
    for name, reason in plan.skipped.items():
        print(f"skipped {name}: {reason}", file=sys.stderr)
    if not plan.commands:
        raise ExitError(Exit.BAD_INPUT, "nothing is left to run; see what was skipped, above")
    times = hyperfine.run(plan, core)
    profile = this_profile(effort.name, hyperfine.version)
    _write(output, Results(profile, core, __version__, times, plan.skipped).to_json())


def _core() -> str | None:
    """The file that the commands, too, will measure; None where there is none."""
    try:
        pin_core()
        return None if missing("core") else str(core_file())
    except MeasuredError as error:
        raise ExitError(Exit.BAD_INPUT, str(error)) from None


def _select(pattern: str) -> list[Scenario]:
    try:
        return select(pattern)
    except ValueError as error:
        raise ExitError(Exit.BAD_INPUT, f"--scenario: {error}") from None


def _check_output(path: Path) -> None:
    """Found out now, and not after minutes of measuring."""
    if path.is_dir():
        raise ExitError(Exit.BAD_INPUT, f"--output {str(path)!r} is a directory; name a file in it")
    if not os.access(path.parent, os.W_OK):
        raise ExitError(Exit.BAD_INPUT, f"--output {str(path)!r} cannot be written; make its directory first")


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
