"""What deserves a sentence beside the table; what many tests have in common is said once."""

import re
from collections.abc import Iterable, Iterator, Sequence

from pytest_speedbump.report.numbers import share_text
from pytest_speedbump.report.text import time_enough
from pytest_speedbump.result import Result
from pytest_speedbump.units import format_time

__all__ = ["concerns", "gather", "gathered", "notes"]

MANY = 3  # From so many equal remarks on, one line and a count stand for all; of two, both tests are named.

# A number that is no part of a name: `4.2us` and `17`, but not the digits of `work.f2` or `test_it[2]`.
_FIGURE = re.compile(r"(?<![\w.\[-])[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:%|ns|us|ms|s)?(?![\w\]])")


def gather(said: Iterable[tuple[str, str]], *, each: bool = False) -> list[str]:
    """``[(who, what), ...]`` as lines ``who: what``, by first appearance; many that say the same are one and a count.

    Args:
        each: leave them apart.
    """
    return [f"{who}{more}: {what}" for who, more, what in gathered(said, each=each)]


def gathered[T](said: Iterable[tuple[T, str]], *, each: bool = False) -> list[tuple[T, str, str]]:
    """The same as ``(who, " and 3 more", what)``, whatever says who it is."""
    groups: dict[str, list[tuple[T, str]]] = {}
    for who, what in said:
        groups.setdefault(_FIGURE.sub("#", what), []).append((who, what))
    return [line for group in groups.values() for line in _lines(group, MANY if not each else len(group) + 1)]


def _lines[T](group: Sequence[tuple[T, str]], many: int) -> Iterator[tuple[T, str, str]]:
    if len(group) < many:
        yield from ((who, "", what) for who, what in group)
        return
    who, what = group[0]
    other = "" if len({what for _, what in group}) == 1 else ", with other figures"
    yield who, f" and {len(group) - 1} more{other}", what


def notes(result: Result, *, each: bool = False) -> list[str]:
    """What a reader of the table should know, be it only a doubt. A failed test has said why already.

    Args:
        each: also what is no doubt: what a glob took was all that it could.
    """
    said = [*result.bump.notes, *result.warnings]
    if result.lock is not None and result.lock.text and result.outcome != "failed":
        said.insert(0, f"{result.lock.lockfile}: {result.lock.kind}: {result.lock.text}")
    if result.reason and result.outcome != "failed" and concerns(result):
        said.insert(0, f"{result.verdict}: {result.reason}")
    if each and result.unreached:
        names = [one.name for one in result.unreached]
        more = f" and {len(names) - MANY} more" if len(names) > MANY else ""
        said.append(f"not slowed, --speedbump-list says why: {', '.join(names[:MANY])}{more}")
    return [*said, *_time(result)]


def concerns(result: Result) -> bool:
    """Whether it says anything about its test: a target of the whole suite need not be called there."""
    return not (result.verdict == "void" and result.bump.suite_wide and result.calls == 0)


def _time(result: Result) -> list[str]:
    """Where time was short: what it sufficed for, and what would have been enough."""
    if result.verdict not in ("inconclusive", "measured"):
        return []
    enough = ""
    if result.needed_ns is not None:
        enough = f"; about {format_time(result.needed_ns, 2)} would do: {time_enough(result)}"
    drop = result.known_drop
    if drop is not None and drop.low is None and drop.high is None:
        spent = format_time(result.seconds * 1e9, 2)
        return [f"the drop is not known: {result.pairs} pairs of rounds in {spent} are too few{enough}"]
    if result.verdict == "inconclusive" and result.floor is not None:
        return [f"floor reached: {share_text(result.floor)}{enough}"]
    return []
