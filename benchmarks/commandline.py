"""The command line that suites of measurements share: a document that grows while they run, and the tables of it."""

import argparse
import secrets
import signal
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from benchmarks.documents import Document, check_output, read
from benchmarks.exits import Exit, ExitError
from benchmarks.measured import pin_core

__all__ = ["parse", "print_tables", "publish", "run_suite", "suite_parser"]

type Markdown = Callable[[Document], str]


def suite_parser(module: str, about: str | None, *, smoke: str, only: str) -> argparse.ArgumentParser:
    """``smoke``: how long a smoke run takes; ``only``: examples of globs on the names of jobs."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=about)
    parser.add_argument("--output", type=Path, metavar="PATH", help="the JSON document, written as the run goes on")
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="the tables; they are printed in any case")
    parser.add_argument("--smoke", action="store_true", help=f"a little of everything, in {smoke}")
    parser.add_argument("--only", default="*", metavar="GLOB", help=f"jobs by name, such as {only}")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="of every order; drawn, and written down"
    )
    parser.add_argument("--note", default="", help="a sentence about the machine, printed with it")
    parser.add_argument(
        "--table", type=Path, metavar="PATH", help="print the tables of this document, and measure nothing"
    )
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Checked as far as can be without measuring; SIGTERM is Ctrl-C from now on, so that what was measured is kept.

    Raises:
        ExitError: nothing can be written to --output.
    """
    options = parser.parse_args()
    if options.table is None:
        if options.output is None:
            parser.error("--output is missing; say where the JSON goes")
        check_output(options.output)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    return options


def print_tables(options: argparse.Namespace, schema: str, markdown: Markdown) -> Exit:
    """Of the document that --table names."""
    print(markdown(read(options.table, schema)), end="")
    return Exit.OK


def publish(document: Document, options: argparse.Namespace, markdown: Markdown) -> Exit:
    """Its tables, where --markdown says and on standard output."""
    text = markdown(document)
    if options.markdown is not None:
        options.markdown.write_text(text, encoding="utf-8")
    print(text, end="")
    return Exit.OK if document["complete"] and not document["failures"] else Exit.BROKEN


def run_suite(package: str, about: str | None, schema: str, *, smoke: str, only: str) -> Exit:
    """The whole command of a suite that has ``jobs`` and ``tables``. What is said of it is as in :func:`suite_parser`.

    Raises:
        ExitError: a bad option, or one that matches no job.
    """
    options = parse(suite_parser(package, about, smoke=smoke, only=only))
    pin_core()  # before what imports the core
    jobs, tables = import_module(f"{package}.jobs"), import_module(f"{package}.tables")
    from benchmarks.truth.run import Settings, run

    if options.table is not None:
        return print_tables(options, schema, tables.markdown)
    chosen = jobs.jobs(jobs.SMOKE if options.smoke else jobs.FULL, options.only)
    if not chosen:
        raise ExitError(Exit.BAD_INPUT, f"--only {options.only!r} matches no job; try '*', {only}")
    settings = Settings(options.output, options.smoke, options.seed, options.note, passes=3)
    return publish(run(chosen, settings, schema, {}), options, tables.markdown)
