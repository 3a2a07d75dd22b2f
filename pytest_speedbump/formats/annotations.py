"""What failed, as workflow commands of GitHub Actions."""

from collections.abc import Iterable, Iterator

from pytest_speedbump.documents.document import Document
from pytest_speedbump.documents.whole import why_it_fails
from pytest_speedbump.formats.sorted import Sorted
from pytest_speedbump.report.columns import plain, shorten
from pytest_speedbump.report.notes import notes
from pytest_speedbump.report.repeat import repeat
from pytest_speedbump.report.text import failure_text, verdict_text
from pytest_speedbump.result import Result

__all__ = ["MOST", "annotations"]

MOST = 10  # of one kind are shown for a step
LONGEST = 120  # columns of a title


def annotations(document: Document, folder: str = "") -> list[str]:
    """Lines for standard output, the worst first: errors for what failed, warnings for what is in doubt.

    ``folder``: where the tests' files lie in the repository, as a path that ends in a slash.
    """
    results, files = Sorted.of(document.results), not document.program
    errors = [f"::error title=speedbump%3A the run fails::{_data(plain(reason))}" for reason in why_it_fails(document)]
    errors += (_command("error", one, _failure(one, document), folder, files=files) for one in results.failed)
    return [
        *errors[:MOST],
        *(_command("warning", one, _doubt(one), folder, files=files) for one in results.doubtful[:MOST]),
    ]


def _failure(result: Result, document: Document) -> Iterator[str]:
    yield from failure_text(result).splitlines()
    if not document.program:
        yield f"measure it again: {repeat(result, document.seed)}"


def _doubt(result: Result) -> list[str]:
    """Of what would have failed, were nothing to fail: why."""
    is_known = result.verdict in ("sensitive", "insensitive") and result.bump.declared is not None
    return failure_text(result).splitlines() if is_known else notes(result)


def _command(kind: str, result: Result, said: Iterable[str], folder: str, *, files: bool) -> str:
    file, _, name = result.test.partition("::")
    title = shorten(plain(f"speedbump: {verdict_text(result)}: {result.bump.targets}"), LONGEST)
    properties = [f"title={_property(title)}"]
    if files and name:
        properties.insert(0, f"file={_property(plain(folder + file))}")
    message = "\n".join(plain(line.strip()) for line in (result.test, *said))
    return f"::{kind} {','.join(properties)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
