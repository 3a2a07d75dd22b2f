"""Shards of one run: which documents belong together, and whether all are there, once each. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_speedbump.documents.document import Document, Fate
from pytest_speedbump.errors import InputError

__all__ = ["Named", "check"]

type Named = tuple[str, Document]

_ELSEWHERE: tuple[Fate, ...] = ("deselected", "not run")
_SHOWN = 3  # names in a sentence
_ONE_RUN = "merge the documents of one run, or run the shards again"
_ALIKE = "run all shards alike"

# What all shards have in common: how a sentence begins, what it speaks of, and what to do.
_COMMON: tuple[tuple[str, Callable[[Document], Any], str], ...] = (
    ("was measured at commit", lambda one: one.commit, _ONE_RUN),
    ("was measured in the folder", lambda one: one.folder, "merge the documents of one suite"),
    ("belongs to the run of CI", lambda one: one.run, _ONE_RUN),
    ("has the error rate", lambda one: one.error_rate, _ALIKE),
    *(
        (f"has for {what}", lambda one, name=name: (one.options or {}).get(name), _ALIKE)
        for name, what in {
            "targets": "--speedbump-target",
            "scan": "--speedbump-scan",
            "strict": "--speedbump-strict",
            "advisory": "--speedbump-advisory",
            "tolerance": "--speedbump-tolerance",
            "lockfile": "the lockfile that it was compared with",
        }.items()
    ),
    *(
        (f"has in its environment for {name}", lambda one, name=name: one.environment.get(name), _ALIKE)
        for name in ("python", "gil", "machine", "version")
    ),
)


def check(documents: Sequence[Named], *, partial: bool) -> dict[str, list[Document]]:
    """For each test of the family the documents that tell of it: one, or those of several attempts in their order.

    Args:
        documents: with their names.
        partial: whether tests may have run in none of them; they have no document then.

    Raises:
        InputError: one is no shard's, belongs to another whole, or is there twice; or one is missing.
    """
    twice = [name for name, n in Counter(name for name, _ in documents).items() if n > 1]
    if twice:
        raise InputError(f"{twice[0]} is given twice; name each shard's document once")
    for name, one in documents:
        _check_kind(name, one)
    for other in documents[1:]:
        _check_pair(documents[0], other)
    # Where plugins have shuffled the tests, each shard has them in another order.
    order = min(list(one.tests or ()) for _, one in documents)
    ran = {test: _who_ran(test, documents) for test in order}
    if not partial:
        _check_complete(ran, documents)
    return ran


def _check_kind(name: str, one: Document) -> None:
    mend = "name what --speedbump-json wrote in each shard"
    if one.program:
        raise InputError(f"{name} is the document of a program, which has no shards; {mend}")
    if one.family is None or one.options is None or one.tests is None:
        raise InputError(f"{name} does not say of which tests it is a part; {mend}, all with this version")
    if one.options["listed"]:
        raise InputError(f"{name} is a listing, in which nothing was measured; run without --speedbump-list")
    told = {result.test for result in one.results} | {scan.test for scan in one.scans}
    if told != {test for test, fate in one.tests.items() if fate in ("measured", "xfailed")}:
        raise InputError(
            f"{name} is broken: its results are not those of the tests that it calls measured; run it again"
        )


def _check_pair(first: Named, second: Named) -> None:
    (name, one), (second_name, other) = first, second
    for text, look, mend in _COMMON:
        if look(one) != look(other):
            raise InputError(f"{second_name} {text} {_show(look(other))}, and {name} {_show(look(one))}; {mend}")
    if one.family == other.family and (one.tests or {}).keys() == (other.tests or {}).keys():
        return
    for (here, has), (there, lacks) in ((first, second), (second, first)):
        alone = [test for test in has.tests or () if test not in (lacks.tests or ())]
        if alone:
            raise InputError(
                f"{there} knows nothing of {_names(alone)}, which {here} does; let every shard collect the whole "
                "suite, without paths, and run a part of it, as with --splits of pytest-split"
            )
    raise InputError(f"{second_name} asks other questions of the same tests than {name}; {_ALIKE}")


def _show(value: Any) -> str:
    match value:
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case Mapping():  # targets of a whole run
            return f"{', '.join(value['names'])} ({'typed' if value['typed'] else value['by']})"
    return str(value)


def _names(tests: Sequence[str]) -> str:
    more = f" and {len(tests) - _SHOWN} more" if len(tests) > _SHOWN else ""
    return f"{', '.join(tests[:_SHOWN])}{more}"


def _who_ran(test: str, documents: Sequence[Named]) -> list[Document]:
    """In the order of the attempts. Raises InputError where they are none of the same."""
    ran = [(name, one) for name, one in documents if one.tests and one.tests[test] not in _ELSEWHERE]
    attempts = [one.attempt for _, one in ran]
    if len(ran) > 1 and (None in attempts or len(set(attempts)) < len(ran)):
        raise InputError(
            f"{ran[1][0]} holds {test}, and so does {ran[0][0]}; name each shard's document once, and let each test "
            "run in one shard: all need the same order of tests"
        )
    return [one for _, one in sorted(ran, key=lambda pair: pair[1].attempt or 0)]


def _check_complete(ran: Mapping[str, Sequence[Document]], documents: Sequence[Named]) -> None:
    """What was left out because the user said so is left out of the whole, where it was shared out besides.

    Where ``-k`` itself makes the shards, nobody knows what it left out of all of them.
    """
    shared = all(one.options and one.options["shared"] for _, one in documents)
    missing = [test for test, who in ran.items() if not who and not (shared and _is_deselected(test, documents))]
    if missing:
        ran_in = "a shard is missing, or was stopped" if len(documents) > 1 else "shards are missing"
        raise InputError(
            f"{ran_in}: {_names(missing)} ran in none of the {len(documents)} documents; name all of them, or add "
            "--partial if every shard leaves these tests out"
        )


def _is_deselected(test: str, documents: Sequence[Named]) -> bool:
    return any(one.tests and one.tests[test] == "deselected" for _, one in documents)
