"""Lockfiles as lines of text: the entries of one as a table, and what differs between two in sentences. Pure."""

from collections.abc import Callable, Mapping

from pytest_speedbump.bump import every_text
from pytest_speedbump.lockfile.difference import Difference
from pytest_speedbump.lockfile.entry import Entry, Key, name_of
from pytest_speedbump.report.columns import plain
from pytest_speedbump.report.grid import Shape, Table, fit
from pytest_speedbump.report.numbers import interval_text, limit_text
from pytest_speedbump.result import Estimate

__all__ = ["difference_text", "lay_out_lock"]

TITLES = ("Test", "Target", "Delay", "Calls", "Drop", "Transmission", "Declared")
LEFT_OUT = ("Declared", "Calls", "Transmission", "Delay", "Target")
SHAPE = Shape(("Test", "Target", "Declared"), {"Test": 20, "Target": 10}, LEFT_OUT, ends=("Test",))

_OVERLAP = {
    "grown": "the intervals do not overlap",
    "improved": "the intervals do not overlap",
    "within noise": "the intervals overlap",
    "declared anew": "the intervals overlap",
}


def lay_out_lock(entries: Mapping[Key, Entry], width: int | None) -> Table:
    """One row an entry, in the order of the file, within ``width`` columns; None: as wide as it gets."""
    columns = zip(*(_cells(entries[key]) for key in sorted(entries)), strict=True)
    return fit(dict(zip(TITLES, columns, strict=True)), SHAPE, width)


def _cells(entry: Entry) -> tuple[str, ...]:
    return (
        plain(entry.test),
        plain(", ".join(entry.targets)),
        _delay(entry),
        _calls(entry),
        _drop(entry),
        _transmission(entry),
        _declared(entry),
    )


def difference_text(one: Difference) -> str:
    """``grown: test_it.py::test_it [pkg.f +2us]: drop 15.7% [15, 16] -> 94.8% [94, 96]; ...``."""
    said = []
    for title, text in (
        ("drop", _drop),
        ("transmission", _transmission),
        ("calls", _calls),
        ("declared", _declared),
    ):
        before, after = _text(text, one.old), _text(text, one.new)
        if before == after and title in ("calls", "declared"):
            continue
        said.append(f"{title} {' -> '.join(dict.fromkeys(filter(None, (before, after))))}")
    said += filter(None, [_OVERLAP.get(one.change)])
    return plain(f"{one.change}: {name_of(one.key)}: {'; '.join(said)}")


def _text(text: Callable[[Entry], str], entry: Entry | None) -> str:
    return "" if entry is None else text(entry)


def _delay(entry: Entry) -> str:
    """``2us``, or ``2us nogil every 10th call`` where that is not usual."""
    mode = "" if entry.mode == "spin" else entry.mode
    every = "" if entry.every == 1 else every_text(entry.every)
    return " ".join(filter(None, (str(entry.delay), mode, every)))


def _calls(entry: Entry) -> str:
    return f"{entry.calls:.6g}"


def _drop(entry: Entry) -> str:
    return interval_text(Estimate(*entry.drop), percent=True)


def _transmission(entry: Entry) -> str:
    return interval_text(Estimate(*entry.transmission))


def _declared(entry: Entry) -> str:
    return "-" if entry.kind is None or entry.limit is None else f"{entry.kind} {limit_text(entry.limit)}"
