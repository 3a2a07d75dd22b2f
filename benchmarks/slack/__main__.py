"""The command: see the package's docstring."""

import argparse
import sys

from benchmarks.commandline import parse, print_tables, publish, suite_parser
from benchmarks.exits import Exit, ExitError, ends
from benchmarks.measured import pin_core
from benchmarks.slack import SCHEMA


def main() -> Exit:
    options = _options()
    pin_core()  # before what imports the core
    from benchmarks.slack.jobs import FULL, SMOKE, jobs
    from benchmarks.slack.tables import markdown
    from benchmarks.truth.run import Settings, run

    if options.table is not None:
        return print_tables(options, SCHEMA, markdown)
    chosen = jobs(SMOKE if options.smoke else FULL, options.only, options.runs)
    if not chosen:
        raise ExitError(
            Exit.BAD_INPUT, f"--only {options.only!r} matches no job; try '*', 'found/one call', 'declared/*'"
        )
    settings = Settings(options.output, options.smoke, options.seed, options.note, passes=5)
    return publish(run(chosen, settings, SCHEMA, {}), options, markdown)


def _options() -> argparse.Namespace:
    parser = suite_parser("benchmarks.slack", __doc__, smoke="half a minute", only="'found/one call' or 'declared/*'")
    parser.add_argument("--runs", type=int, metavar="N", help="of each job; else as many as it takes to count errors")
    options = parse(parser)
    if options.runs is not None and options.runs < 1:
        parser.error(f"--runs {options.runs} is no number of runs; write 1 or more")
    return options


if __name__ == "__main__":
    sys.exit(ends(main))
