"""``speedbump report``: what result documents hold, as a table, a page, Markdown or metrics."""

import argparse
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pytest_speedbump.documents.document import Document
from pytest_speedbump.documents.program import program_run
from pytest_speedbump.documents.read import read
from pytest_speedbump.documents.whole import why_it_fails
from pytest_speedbump.errors import InputError
from pytest_speedbump.files import STDOUT, find_file, parse_output, show, why_unwritten, write_text
from pytest_speedbump.formats.bencher import bencher
from pytest_speedbump.formats.markdown import COMMENT_BYTES, markdown
from pytest_speedbump.page.page import page
from pytest_speedbump.report.program_table import lay_out_found, lay_out_program
from pytest_speedbump.report.sheet import MORE, lay_out_rankings, lay_out_results, lay_out_run
from pytest_speedbump.runner.arguments import NAME, Parser, option, refuse_unknown
from pytest_speedbump.runner.console import edge, say

__all__ = ["report"]

UNWRITTEN = 1  # the exit code where an output could not be written

EXAMPLES = f"""\
examples:
  {NAME} report result.json
  {NAME} report result.json --html page.html --markdown summary.md
  {NAME} report older.json old.json new.json --html page.html
"""

_FORMATS: Mapping[str, Callable[[Sequence[Document]], str]] = {
    "html": page,
    "markdown": lambda documents: markdown(documents[-1]),
    "comment": lambda documents: markdown(documents[-1], COMMENT_BYTES),
    "bmf": lambda documents: json.dumps(bencher(documents[-1]), indent=1, allow_nan=False) + "\n",
}


def report(arguments: Sequence[str], command_line: Sequence[str]) -> int:  # noqa: ARG001 - as all commands are called
    """Returns the exit code: 0 whatever the documents hold, 1 where something could not be written.

    Raises:
        InputError: an argument, or a document, is bad. Nothing was written then.
    """
    parser = _parser()
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        refuse_unknown(parser, unknown[0], f"is no option; `{parser.prog} --help` shows them all")
    if not given.documents:
        raise InputError(f"{parser.prog} needs a document; name the file of --speedbump-json")
    outputs = {
        name: parse_output(getattr(given, name), option(name), Path())
        for name in _FORMATS
        if getattr(given, name) is not None
    }
    _check(outputs, given.documents)
    documents = [read(Path(name)) for name in given.documents]
    if not outputs:
        return _write(STDOUT, "\n".join(_lines(documents[-1], edge(1))).lstrip("\n") + "\n", "the table")
    return max([_write(path, _FORMATS[name](documents), option(name)) for name, path in outputs.items()])


def _parser() -> Parser:
    parser = Parser(
        prog=f"{NAME} report",
        usage=f"{NAME} report DOCUMENT ... [--html PATH] [--markdown PATH] [--comment PATH] [--bmf PATH]",
        description="Shows what a run has found: the last of the documents, which --speedbump-json, or --json of "
        f"`{NAME} run`, wrote; those before it are its history, which the page shows. Without an option it prints "
        "the table. The exit code is 0 whatever was found.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("documents", nargs="*", metavar="DOCUMENT", help="a result document; - is standard input")
    parser.add_argument("--html", metavar="PATH", help="write a page there; - is standard output")
    parser.add_argument("--markdown", metavar="PATH", help="write Markdown there, for the summary of a step on GitHub")
    parser.add_argument("--comment", metavar="PATH", help="the same, short enough for a comment")
    parser.add_argument("--bmf", metavar="PATH", help="write Bencher Metric Format there, which is JSON")
    return parser


def _check(outputs: Mapping[str, Path], documents: Sequence[str]) -> None:
    """Raises InputError where an output would replace a document, or another output."""
    taken = {os.path.realpath(name): f"document {name!r}" for name in documents}
    for name, path in outputs.items():
        file = None if path == STDOUT else find_file(path)
        key = str(path) if file is None else os.path.realpath(file)
        if key in taken:
            raise InputError(f"{option(name)} {str(path)!r} would overwrite {taken[key]}; name another file")
        taken[key] = f"{option(name)} {str(path)!r}"


def _lines(document: Document, width: int | None) -> Iterator[str]:
    run = program_run(document)
    if run is not None:
        if run.found is not None:
            yield from lay_out_found(run.found, width)
        yield from lay_out_program(run, width, more=MORE)
        return
    if document.results:
        yield from lay_out_results(document.results, document.seed, width)
    if document.scans:
        yield from lay_out_rankings(document.scans, width)
    if not (document.results or document.scans):
        yield "speedbump: nothing was measured"
    yield from lay_out_run(why_it_fails(document), document.unmeasured, width)


def _write(path: Path, text: str, what: str) -> int:
    """The exit code. A reader who has seen enough, such as ``head``, is no failure."""
    try:
        write_text(path, text)
    except BrokenPipeError:
        if path == STDOUT:
            # What was not written would be tried again at the end of this process, and be reported.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 0
        say(f"{NAME}: {what}: {show(path)} was not written: its reader has gone")
        return UNWRITTEN
    except (OSError, UnicodeEncodeError) as error:
        reason = why_unwritten(error)
        say(f"{NAME}: {what}: {show(path)} was not written: {reason}")
        if path == STDOUT:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return UNWRITTEN
    return 0
