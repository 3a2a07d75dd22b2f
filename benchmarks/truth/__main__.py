"""The command: see the package's docstring."""

import argparse
import sys

from benchmarks.commandline import parse, print_tables, publish, suite_parser
from benchmarks.exits import Exit, ExitError, ends
from benchmarks.measured import pin_core
from benchmarks.truth import SCHEMA


def main() -> Exit:
    options = _options()
    pin_core()  # before what imports the core
    from benchmarks.truth.gates import real_drop
    from benchmarks.truth.hog import CONDITIONS
    from benchmarks.truth.jobs import FULL, SMOKE, jobs
    from benchmarks.truth.run import Settings, run
    from benchmarks.truth.tables import markdown

    if options.table is not None:
        return print_tables(options, SCHEMA, markdown)
    conditions = CONDITIONS if options.condition == "all" else (options.condition,)
    chosen = jobs(SMOKE if options.smoke else FULL, conditions, options.only)
    if not chosen:
        raise ExitError(
            Exit.BAD_INPUT, f"--only {options.only!r} matches no job; try '*', 'verdict/*', 'dose/serial chain/*'"
        )
    settings = Settings(options.output, options.smoke, options.seed, options.note)
    document = run(chosen, settings, SCHEMA, {"real_drop_of_the_4%_commit": real_drop()})
    return publish(document, options, markdown)


def _options() -> argparse.Namespace:
    parser = suite_parser("benchmarks.truth", __doc__, smoke="two minutes", only="'verdict/no effect/*' or 'dose/*'")
    parser.add_argument("--condition", choices=("all", "quiet", "hog", "hogs"), default="all")
    return parse(parser)


if __name__ == "__main__":
    sys.exit(ends(main))
