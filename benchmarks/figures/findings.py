"""Promises held against documents, and the table of what came of it."""

from collections.abc import Mapping

from benchmarks.documents import Document
from benchmarks.exits import Exit, ExitError
from benchmarks.figures.promise import Finding, Promise
from benchmarks.tables import table

__all__ = ["find", "findings_table"]

HOLDS = {True: "yes", False: "NO", None: "not measured"}


def find(promise: Promise, document: Document | None) -> Finding | None:
    """What the document of the promise's source says of it; None without one, or where it does not speak of it."""
    if document is None:
        return None
    try:
        return promise.read(document)
    except (KeyError, TypeError) as error:
        raise ExitError(
            Exit.BAD_INPUT, f"the document of benchmarks.{promise.source} is broken: {error!r}; measure again"
        ) from None


def findings_table(found: Mapping[Promise, Finding | None]) -> list[str]:
    """The lines of a table in Markdown."""
    rows = [
        (promise.what, f"{promise.source}: {promise.place}", promise.wanted, finding.text if finding else "-",
         HOLDS[None if finding is None else finding.holds])
        for promise, finding in found.items()
    ]  # fmt: skip
    return table(("what", "where it comes from", "promised", "measured", "holds"), rows, text=2)
