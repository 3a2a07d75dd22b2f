"""Lockfiles as lines of text: the entries of one as a table, and what differs between two in sentences. Pure."""

from collections.abc import Callable, Mapping

from pytest_speedbump.bump import every_text
from pytest_speedbump.lockfile.difference import Difference
from pytest_speedbump.lockfile.entry import Entry, Key, name_of
from pytest_speedbump.report.columns import plain
from pytest_speedbump.report.grid import Shape, Table, fit
from pytest_speedbump.report.numbers import interval_text, limit_text, time_text
from pytest_speedbump.result import Estimate

__all__ = ["difference_text", "lay_out_lock"]

LEFT_OUT = ("Declared", "Calls", "Transmission", "Delay", "Target")
SHAPE = Shape(("Test", "Target", "Declared"), {"Test": 20, "Target": 10}, LEFT_OUT, ends=("Test",))

_APART = {"grown": "do not overlap", "shrunk": "do not overlap", "improved": "do not overlap"}
_NOTHING = "-"


def lay_out_lock(entries: Mapping[Key, Entry], width: int | None) -> Table:
    """One row an entry, in the order of the file, within ``width`` columns; None: as wide as it gets."""
    columns = {title: [text(entries[key]) for key in sorted(entries)] for title, text in _COLUMNS.items()}
    if set(columns["Slack"]) == {_NOTHING}:
        del columns["Slack"]
    return fit(columns, SHAPE, width)


def difference_text(one: Difference) -> str:
    """``grown: test_it.py::test_it [pkg.f +2us]: drop 15.7% [15, 16] -> 94.8% [94, 96]; ...``."""
    said = []
    for title in ("Drop", "Transmission", "Slack", "Calls", "Declared"):
        texts = [_COLUMNS[title](entry) for entry in (one.old, one.new) if entry is not None]
        told = list(dict.fromkeys(texts))
        if told == [_NOTHING] or (len(told) < len(texts) and title in ("Calls", "Declared")):
            continue
        said.append(f"{title.lower()} {' -> '.join(told)}")
    if one.old is not None and one.new is not None:
        said.append(f"the intervals {_APART.get(one.change, 'overlap')}")
    return plain(f"{one.change}: {name_of(one.key)}: {'; '.join(said)}")


def _delay(entry: Entry) -> str:
    """``2us``, or ``2us nogil every 10th call`` where that is not usual."""
    mode = "" if entry.mode == "spin" else entry.mode
    every = "" if entry.every == 1 else every_text(entry.every)
    return " ".join(filter(None, (str(entry.delay), mode, every)))


def _drop(entry: Entry) -> str:
    return _NOTHING if entry.drop is None else interval_text(Estimate(*entry.drop), percent=True)


def _transmission(entry: Entry) -> str:
    return _NOTHING if entry.transmission is None else interval_text(Estimate(*entry.transmission))


def _slack(entry: Entry) -> str:
    return _NOTHING if entry.slack is None else time_text(Estimate(*entry.slack))


def _declared(entry: Entry) -> str:
    return _NOTHING if entry.kind is None or entry.limit is None else f"{entry.kind} {limit_text(entry.limit)}"


_COLUMNS: Mapping[str, Callable[[Entry], str]] = {
    "Test": lambda entry: plain(entry.test),
    "Target": lambda entry: plain(", ".join(entry.targets)),
    "Delay": _delay,
    "Calls": lambda entry: f"{entry.calls:.6g}",
    "Drop": _drop,
    "Transmission": _transmission,
    "Slack": _slack,
    "Declared": _declared,
}
