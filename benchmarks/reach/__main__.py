"""The command: see the package's docstring."""

import argparse
import secrets
import signal
import sys
from pathlib import Path

from benchmarks.documents import check_output, read
from benchmarks.exits import Exit, ExitError, ends
from benchmarks.measured import pin_core
from benchmarks.reach import SCHEMA


def main() -> Exit:
    options = _options()
    pin_core()  # before what imports the core
    from benchmarks.reach.jobs import FULL, SMOKE, jobs
    from benchmarks.reach.tables import markdown
    from benchmarks.truth.run import Settings, run

    if options.table is not None:
        print(markdown(read(options.table, SCHEMA)), end="")
        return Exit.OK
    check_output(options.output)
    chosen = jobs(SMOKE if options.smoke else FULL, options.only)
    if not chosen:
        raise ExitError(Exit.BAD_INPUT, f"--only {options.only!r} matches no job; try '*', 'cost/*' or 'known/*line*'")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Settings(options.output, options.smoke, options.seed, options.note, passes=3)
    document = run(chosen, settings, SCHEMA, {})
    text = markdown(document)
    if options.markdown is not None:
        options.markdown.write_text(text, encoding="utf-8")
    print(text, end="")
    return Exit.OK if document["complete"] and not document["failures"] else Exit.BROKEN


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reach", description=__doc__)
    parser.add_argument("--output", type=Path, metavar="PATH", help="the JSON document, written as the run goes on")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="the tables; they are printed in any case")
    parser.add_argument("--smoke", action="store_true", help="a little of everything, in half a minute")
    parser.add_argument("--only", default="*", metavar="GLOB", help="jobs by name, such as 'cost/*' or 'known/*'")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="of every order; drawn, and written down"
    )
    parser.add_argument("--note", default="", help="a sentence about the machine, kept in the document")
    parser.add_argument(
        "--table", type=Path, metavar="PATH", help="print the tables of this document, and measure nothing"
    )
    options = parser.parse_args()
    if options.output is None and options.table is None:
        parser.error("--output is missing; say where the JSON goes")
    return options


if __name__ == "__main__":
    sys.exit(ends(main))
