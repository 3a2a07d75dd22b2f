"""The command: see the package's docstring."""

import argparse
import secrets
import signal
import sys
from pathlib import Path

from benchmarks.documents import check_output, read
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
        print(markdown(read(options.table, SCHEMA)), end="")
        return Exit.OK
    check_output(options.output)
    conditions = CONDITIONS if options.condition == "all" else (options.condition,)
    chosen = jobs(SMOKE if options.smoke else FULL, conditions, options.only, door(options.scanner))
    if not chosen:
        raise ExitError(
            Exit.BAD_INPUT, f"--only {options.only!r} matches no job; try '*', 'package/*', 'known/pipeline', 'hidden'"
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Settings(options.output, options.smoke, options.seed, options.note, passes=5)
    alone = runner(smoke=options.smoke, scanner=options.scanner)
    document = run(chosen, settings, SCHEMA, {"scanner": options.scanner}, alone)
    text = markdown(document)
    if options.markdown is not None:
        options.markdown.write_text(text, encoding="utf-8")
    print(text, end="")
    return Exit.OK if document["complete"] and not document["failures"] else Exit.BROKEN


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scan", description=__doc__)
    parser.add_argument("--output", type=Path, metavar="PATH", help="the JSON document, written as the run goes on")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="the tables; they are printed in any case")
    parser.add_argument("--smoke", action="store_true", help="a little of everything, in two minutes")
    parser.add_argument("--only", default="*", metavar="GLOB", help="jobs by name, such as 'package/*' or 'hidden'")
    parser.add_argument("--condition", choices=("all", "quiet", "hog"), default="all")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="of every order; drawn, and written down"
    )
    parser.add_argument("--note", default="", help="a sentence about the machine, printed with it")
    parser.add_argument(
        "--scanner", default="pytest_speedbump:scan", metavar="MODULE:NAME", help="what scans; to try this suite itself"
    )
    parser.add_argument(
        "--table", type=Path, metavar="PATH", help="print the tables of this document, and measure nothing"
    )
    options = parser.parse_args()
    if options.output is None and options.table is None:
        parser.error("--output is missing; say where the JSON goes")
    return options


if __name__ == "__main__":
    sys.exit(ends(main))
