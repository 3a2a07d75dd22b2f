"""The command: see the package's docstring."""

import argparse
import sys

from benchmarks.commandline import parse, print_tables, publish, suite_parser
from benchmarks.exits import Exit, ExitError, ends
from benchmarks.measured import pin_core
from benchmarks.programs import SCHEMA


def main() -> Exit:
    options = _options()
    pin_core()  # before what imports the core
    from benchmarks.programs.jobs import FULL, SMOKE, jobs
    from benchmarks.programs.tables import markdown
    from benchmarks.truth.run import Settings, run

    if options.table is not None:
        return print_tables(options, SCHEMA, markdown)
    chosen = jobs(SMOKE if options.smoke else FULL, options.only)
    if not chosen:
        raise ExitError(Exit.BAD_INPUT, f"--only {options.only!r} matches no job; try '*', 'known/*' or 'same/quiet'")
    settings = Settings(options.output, options.smoke, options.seed, options.note, passes=3)
    document = run(chosen, settings, SCHEMA, {})
    return publish(document, options, markdown)


def _options() -> argparse.Namespace:
    parser = suite_parser("benchmarks.programs", __doc__, smoke="a minute", only="'known/*' or 'same/quiet'")
    return parse(parser)


if __name__ == "__main__":
    sys.exit(ends(main))
