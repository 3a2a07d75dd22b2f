"""Documents as the shards of one run leave them: a whole is made up, then cut."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reports import a_document

from pytest_speedbump.documents.document import Document, Fate
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.result import Result

__all__ = ["OPTIONS", "cut", "shard", "whole"]

OPTIONS: Mapping[str, Any] = {
    "targets": None, "scan": None, "strict": False, "advisory": False, "tolerance": 0.02, "lockfile": None,
    "listed": False, "narrowed": False, "shared": True,
}  # fmt: skip


def whole(*results: Result, scans: tuple[Ranking, ...] = (), others: Mapping[str, Fate] | None = None) -> Document:
    """What one run over all tests would have written; ``others``: what became of tests that were not measured."""
    tests = [result.test for result in results] + [scan.test for scan in scans]
    fates: dict[str, Fate] = dict.fromkeys(tests, "measured")
    found = a_document(*results, scans=scans, commit="a" * 40)
    return replace(found, folder="", run="77", attempt=1, options=OPTIONS, tests=fates | dict(others or {}))


def shard(document: Document, tests: Sequence[str]) -> Document:
    """The part of ``document`` that holds ``tests``."""
    assert document.tests is not None
    return replace(
        document,
        results=tuple(result for result in document.results if result.test in tests),
        scans=tuple(scan for scan in document.scans if scan.test in tests),
        tests={
            test: fate if test in tests else fate if fate == "deselected" else "not run"
            for test, fate in document.tests.items()
        },
        unmeasured={test: why for test, why in document.unmeasured.items() if test in tests},
    )


def cut(document: Document, groups: Sequence[int], number: int) -> list[tuple[str, Document]]:
    """``number`` shards with their names, of which test ``i`` runs in ``groups[i]``."""
    assert document.tests is not None
    of = dict(zip(document.tests, groups, strict=True))
    return [
        (f"shard-{index}.json", shard(document, [test for test, group in of.items() if group == index]))
        for index in range(number)
    ]
