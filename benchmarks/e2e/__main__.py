"""``python -m benchmarks.e2e``: plan, run, write the result."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.documents import check_output, write
from benchmarks.e2e.commands import FULL, SMOKE
from benchmarks.e2e.plan import make_plan
from benchmarks.e2e.results import Results
from benchmarks.e2e.runner import Hyperfine
from benchmarks.e2e.scenarios import Scenario, select
from benchmarks.exits import Exit, ExitError, ends
from benchmarks.measured import pin_core
from benchmarks.origin import Origin


def main(arguments: Sequence[str] | None = None) -> Exit:
    options = _parser().parse_args(arguments)
    return ends(lambda: _run(options.output, options.scenario, smoke=options.smoke, dry_run=options.dry_run))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.e2e", description="End-to-end benchmarks.")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="PATH", help="where the result, or the plan, goes"
    )
    parser.add_argument("--scenario", default="*", metavar="GLOB", help="only scenarios whose name matches")
    parser.add_argument("--smoke", action="store_true", help="two short runs each: does it work?")
    parser.add_argument("--dry-run", action="store_true", help="write the plan; run nothing, not even hyperfine")
    return parser


def _run(output: Path, pattern: str, *, smoke: bool, dry_run: bool) -> Exit:
    check_output(output)
    effort = SMOKE if smoke else FULL
    scenarios = _select(pattern)
    if dry_run:
        write(output, make_plan(scenarios, effort).to_json())
        return Exit.OK
    hyperfine = Hyperfine.find()
    pin_core()
    origin = Origin.here(smoke=smoke)
    print(f"measuring {origin.core}", file=sys.stderr)
    plan = make_plan(scenarios, effort)
    for name, reason in plan.skipped.items():
        print(f"skipped {name}: {reason}", file=sys.stderr)
    if not plan.commands:
        raise ExitError(Exit.BAD_INPUT, "nothing is left to run; see what was skipped, above")
    times = hyperfine.run(plan, origin.core)
    write(output, Results(origin, hyperfine.version, times, plan.skipped).to_json())
    return Exit.OK


def _select(pattern: str) -> list[Scenario]:
    try:
        return select(pattern)
    except ValueError as error:
        raise ExitError(Exit.BAD_INPUT, f"--scenario: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
