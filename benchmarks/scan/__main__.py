"""The command: see the package's docstring."""

import argparse
import sys

from benchmarks.commandline import parse, print_tables, publish, suite_parser
from benchmarks.exits import Exit, ExitError, ends
from benchmarks.measured import pin_core
from benchmarks.scan import SCHEMA


def main() -> Exit:
    options = _options()
    pin_core()  # before what imports the core
    from benchmarks.scan.alone import runner
    from benchmarks.scan.door import door
    from benchmarks.scan.jobs import CONDITIONS, FULL, SMOKE, jobs
    from benchmarks.scan.tables import markdown
    from benchmarks.truth.run import Settings, run

    if options.table is not None:
        return print_tables(options, SCHEMA, markdown)
    conditions = CONDITIONS if options.condition == "all" else (options.condition,)
    chosen = jobs(SMOKE if options.smoke else FULL, conditions, options.only, door(options.scanner))
    if not chosen:
        raise ExitError(
            Exit.BAD_INPUT, f"--only {options.only!r} matches no job; try '*', 'package/*', 'known/pipeline', 'hidden'"
        )
    settings = Settings(options.output, options.smoke, options.seed, options.note, passes=5)
    alone = runner(smoke=options.smoke, scanner=options.scanner)
    document = run(chosen, settings, SCHEMA, {"scanner": options.scanner}, alone)
    return publish(document, options, markdown)


def _options() -> argparse.Namespace:
    parser = suite_parser("benchmarks.scan", __doc__, smoke="two minutes", only="'package/*' or 'hidden'")
    parser.add_argument("--condition", choices=("all", "quiet", "hog"), default="all")
    parser.add_argument(
        "--scanner", default="pytest_speedbump:scan", metavar="MODULE:NAME", help="what scans; to try this suite itself"
    )
    return parse(parser)


if __name__ == "__main__":
    sys.exit(ends(main))
