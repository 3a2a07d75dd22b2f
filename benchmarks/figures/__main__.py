"""``python -m benchmarks.figures DOCUMENT...``: see the package's docstring."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import figures, micro, reach, scan, truth
from benchmarks.documents import Document, check_output, load, schema_of, write
from benchmarks.e2e import results as e2e
from benchmarks.exits import Exit, ExitError, ends
from benchmarks.figures.findings import find, findings_table
from benchmarks.figures.promise import Finding, Promise
from benchmarks.figures.promises import PROMISES
from benchmarks.origin import Origin

SCHEMAS = {
    micro.SCHEMA: "micro", e2e.SCHEMA: "e2e", truth.SCHEMA: "truth", scan.SCHEMA: "scan", reach.SCHEMA: "reach",
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> Exit:
    options = _parser().parse_args(arguments)
    return ends(lambda: _run(options.documents, options.output, smoke=options.smoke))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures", description="Which promises hold?")
    parser.add_argument(
        "documents", type=Path, nargs="+", metavar="DOCUMENT",
        help="what benchmarks.micro, .e2e, .truth, .scan and .reach wrote to --output",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, metavar="PATH", help="write the figures here, too, as JSON")
    parser.add_argument("--smoke", action="store_true", help="take documents of smoke runs, which are no evidence")
    return parser


def _run(paths: Sequence[Path], output: Path | None, *, smoke: bool) -> Exit:
    if output is not None:
        check_output(output)
    documents = _read(paths, smoke=smoke)
    origins = {source: Origin.from_json(document["origin"]) for source, document in documents.items()}
    found = {promise: find(promise, documents.get(promise.source)) for promise in PROMISES}
    print(*findings_table(found), "", *(f"- {source}: {origin}" for source, origin in origins.items()), sep="\n")
    if output is not None:
        write(output, _document(origins, found))
    if any(finding is not None and not finding.holds for finding in found.values()):
        return Exit.BROKEN
    return Exit.NOT_MEASURED if None in found.values() else Exit.OK


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
