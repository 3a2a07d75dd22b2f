"""``speedbump merge``: one document, and one verdict, of those of all shards."""

from collections.abc import Sequence
from pathlib import Path

from pytest_speedbump.documents.document import Document
from pytest_speedbump.documents.merge import merge as merge_documents
from pytest_speedbump.documents.read import read
from pytest_speedbump.documents.whole import why_it_fails
from pytest_speedbump.errors import InputError
from pytest_speedbump.files import parse_output, show, why_unwritten, write_json
from pytest_speedbump.report.columns import plain, wrap
from pytest_speedbump.report.merged import lay_out_merged
from pytest_speedbump.runner.arguments import NAME, Parser, refuse_unknown
from pytest_speedbump.runner.console import edge, say

__all__ = ["merge"]

FAILED = 1
INDENT = 4


def merge(arguments: Sequence[str], command_line: Sequence[str]) -> int:  # noqa: ARG001 - as all commands are called
    """Returns the exit code. Raises InputError."""
    parser = _parser()
    given, unknown = parser.parse_known_args(list(arguments))
    if unknown:
        refuse_unknown(parser, unknown[0], "is no document")
    if not given.documents:
        raise InputError(f"{NAME} merge needs the documents of the shards, as in `{NAME} merge shard-*.json`")
    output = None if given.output is None else parse_output(given.output, "--output", Path())
    documents = [(name, read(Path(name))) for name in given.documents]
    try:
        found = merge_documents(documents, partial=given.partial)
    except InputError as error:
        raise InputError(plain(str(error))) from None  # Tests may be named by anything.
    reasons = why_it_fails(found)
    if not given.quiet:
        say("\n".join(lay_out_merged(found.results, found.scans, found.tests or {}, found.unmeasured, edge())))
    for reason in reasons:
        say("\n".join(wrap(plain(f"{NAME}: the run fails: {reason}"), edge(), INDENT)))
    failed = bool(reasons) or any(result.outcome == "failed" for result in found.results if _counts(found, result.test))
    if output is not None:
        try:
            write_json(output, found.to_json())
        except (OSError, UnicodeEncodeError) as error:
            why = why_unwritten(error)
            say(f"{NAME}: --output: {show(output)} was not written: {why}")
            failed = True
    return FAILED if failed else 0


def _counts(found: Document, test: str) -> bool:
    """Whether what fails ``test`` fails the run: a test that is marked xfail may."""
    return (found.tests or {}).get(test) != "xfailed"


def _parser() -> Parser:
    parser = Parser(
        prog=f"{NAME} merge",
        usage=f"{NAME} merge SHARD.json ... [--output PATH] [--partial] [--quiet]",
        description="Makes one document of those that the shards of a run have written with --speedbump-json, and says "
        "what one run over all tests would have said, with one error rate for all. It ends with exit code 1 where that "
        "fails, and with 4 where a shard is missing, is there twice, or belongs to another run.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("documents", nargs="*", metavar="SHARD.json", help="written by --speedbump-json")
    add("--output", metavar="PATH", help="write the document of the whole there; - is standard output")
    add("--partial", action="store_true", help="accept that some tests ran in no shard, as those that -m leaves out")
    add("--quiet", action="store_true", help="print no table")
    return parser
