"""One document of those of all shards, as if one run had measured them. Pure.

Each shard has judged by its part of one error rate, so what it found stands. What follows from all of them together is
asked anew: whether targets of the whole run were called anywhere, and what several attempts at one shard have proved.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pytest_speedbump.documents.attempts import Court, combine
from pytest_speedbump.documents.document import Document, Fate
from pytest_speedbump.documents.shards import Named, check
from pytest_speedbump.documents.whole import failures, uncalled_or_unscanned
from pytest_speedbump.result import Result

__all__ = ["merge"]


def merge(documents: Sequence[Named], *, partial: bool = False) -> Document:
    """The document of the whole, the same for any order of the ``documents``, which come with their names.

    Args:
        partial: whether tests may have run in no shard.

    Raises:
        InputError: one is no shard's, belongs to another whole, or is there twice; or one is missing.
    """
    ran = check(documents, partial=partial)
    found = [one for _, one in documents]
    first = found[0]
    assert first.options is not None
    assert first.family is not None
    assert first.error_rate is not None
    court = Court.of(first.family["verdicts"], first.error_rate, first.options)
    results = [_by_test(one) for one in found]
    scans = [{scan.test: scan for scan in one.scans} for one in found]
    at = {id(one): index for index, one in enumerate(found)}
    last = {test: at[id(who[-1])] for test, who in ran.items() if who}
    of_the_rest: dict[str, Fate] = {test: _fate(test, found) for test in ran.keys() - last.keys()}
    whole = replace(
        first,
        environment={name: _agreed(one.environment.get(name) for one in found) for name in first.environment},
        seed=_agreed(one.seed for one in found),
        attempt=_agreed(one.attempt for one in found),
        options={**first.options} | {name: any(_option(one, name) for one in found) for name in ("narrowed", "shared")},
        results=tuple(
            result
            for test, who in ran.items()
            for result in combine([results[at[id(one)]].get(test, []) for one in who], court)
        ),
        scans=tuple(scans[index][test] for test, index in last.items() if test in scans[index]),
        tests={test: _told(found[last[test]], test) if test in last else of_the_rest[test] for test in ran},
        unmeasured={test: found[i].unmeasured[test] for test, i in last.items() if test in found[i].unmeasured},
    )
    # An earlier attempt's failures are gone with it, where all that it ran was run again.
    lasting = [one for index, one in enumerate(found) if index in last.values() or not any(_ran(one))]
    of_shards = {text for one in lasting for text in one.failures if text not in uncalled_or_unscanned(one)}
    return replace(whole, failures=(*failures(whole), *sorted(of_shards)))


def _by_test(document: Document) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {}
    for result in document.results:
        results.setdefault(result.test, []).append(result)
    return results


def _told(document: Document, test: str) -> Fate:
    assert document.tests is not None
    return document.tests[test]


def _fate(test: str, documents: Iterable[Document]) -> Fate:
    """Of a test that ran in no shard."""
    return "deselected" if any(_told(one, test) == "deselected" for one in documents) else "not run"


def _ran(document: Document) -> Iterable[bool]:
    return (fate not in ("deselected", "not run") for fate in (document.tests or {}).values())


def _option(document: Document, name: str) -> bool:
    assert document.options is not None
    return bool(document.options[name])


def _agreed(values: Iterable[Any]) -> Any:
    """What all say; None where they differ."""
    first, *others = values
    return first if all(other == first for other in others) else None
