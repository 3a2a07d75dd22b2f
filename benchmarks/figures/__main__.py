"""``python -m benchmarks.figures DOCUMENT...``: see the package's docstring."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import figures, micro, truth
from benchmarks.documents import Document, check_output, load, schema_of, write
from benchmarks.e2e import results as e2e
from benchmarks.exits import Exit, ExitError, ends
from benchmarks.figures.promise import Finding, Promise
from benchmarks.figures.promises import PROMISES
from benchmarks.origin import Origin
from benchmarks.tables import table

SCHEMAS = {micro.SCHEMA: "micro", e2e.SCHEMA: "e2e", truth.SCHEMA: "truth"}
HOLDS = {True: "yes", False: "NO", None: "not measured"}


def main(arguments: Sequence[str] | None = None) -> Exit:
    options = _parser().parse_args(arguments)
    return ends(lambda: _run(options.documents, options.output, smoke=options.smoke))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description="Which promises hold?")
    parser.add_argument(
        "documents", type=Path, nargs="+", metavar="DOCUMENT",
        help="what benchmarks.micro, benchmarks.e2e and benchmarks.truth wrote to --output",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="PATH", help="write the figures here, too, as JSON")
    parser.add_argument("--smoke", action="store_true", help="take documents of smoke runs, which are no evidence")
    return parser


def _run(paths: Sequence[Path], output: Path | None, *, smoke: bool) -> Exit:
    if output is not None:
        check_output(output)
    documents = _read(paths, smoke=smoke)
    origins = {source: Origin.from_json(document["origin"]) for source, document in documents.items()}
    found = {promise: _find(promise, documents) for promise in PROMISES}
    print(*_table(found), "", *(f"- {source}: {origin}" for source, origin in origins.items()), sep="\n")
    if output is not None:
        write(output, _document(origins, found))
    holds = [_holds(finding) for finding in found.values()]
    return Exit.BROKEN if False in holds else Exit.NOT_MEASURED if None in holds else Exit.OK


def _read(paths: Sequence[Path], *, smoke: bool) -> dict[str, Document]:
    """By the benchmarks that wrote them."""
    documents: dict[str, Document] = {}
    for path in paths:
        document = load(path)
        source = SCHEMAS.get(schema_of(document))
        if source is None:
            known = " or ".join(map(repr, SCHEMAS))
            raise ExitError(
                Exit.BAD_INPUT, f"{path} is no result file: its schema is {schema_of(document)!r}, not {known}"
            )
        if source in documents:
            raise ExitError(Exit.BAD_INPUT, f"{path} is a second document of benchmarks.{source}; give one of each")
        try:
            origin = Origin.from_json(document["origin"])
        except (KeyError, TypeError) as error:
            raise ExitError(Exit.BAD_INPUT, f"{path} is a broken result file: {error!r}; measure again") from None
        if origin.smoke and not smoke:
            raise ExitError(Exit.BAD_INPUT, f"{path} is of a smoke run, which is no evidence; measure without --smoke")
        documents[source] = document
    return documents


def _find(promise: Promise, documents: Mapping[str, Document]) -> Finding | None:
    document = documents.get(promise.source)
    if document is None:
        return None
    try:
        return promise.read(document)
    except (KeyError, TypeError) as error:
        raise ExitError(
            Exit.BAD_INPUT, f"the document of benchmarks.{promise.source} is broken: {error!r}; measure again"
        ) from None


def _holds(finding: Finding | None) -> bool | None:
    return None if finding is None else finding.holds


def _table(found: Mapping[Promise, Finding | None]) -> list[str]:
    rows = [
        (promise.what, f"{promise.source}: {promise.place}", promise.wanted, finding.text if finding else "-",
         HOLDS[_holds(finding)])
        for promise, finding in found.items()
    ]  # fmt: skip
    return table(("what", "where it comes from", "promised", "measured", "holds"), rows, text=2)


def _document(origins: Mapping[str, Origin], found: Mapping[Promise, Finding | None]) -> Document:
    return {
        "schema": figures.SCHEMA,
        "origins": {source: origin.to_json() for source, origin in origins.items()},
        "figures": [
            {
                **{name: getattr(promise, name) for name in ("what", "wanted", "source", "place")},
                "finding": finding and asdict(finding),
            }
            for promise, finding in found.items()
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
