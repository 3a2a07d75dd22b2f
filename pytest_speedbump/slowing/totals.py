"""What all processes of an experiment have counted until now, list by list, read from their ledgers."""

from array import array
from typing import NamedTuple

from pytest_speedbump import _core
from pytest_speedbump.counts import Counts
from pytest_speedbump.slowing.folder import Folder

__all__ = ["ListTotals", "Totals"]

_COUNTS, _STAMPS = 5, 3  # numbers of a site
MOST_POINTS = 64  # of one process, whose calls are stamped: SB_N_POINTS of the C core


class ListTotals(NamedTuple):
    """Of all sites that one list of patterns chooses; times in ns of ``_core.now_ns()``.

    Attributes:
        last_ns: when the last of the calls came that were timed; 0 before the first.
        age_ns: the sum over them of how long ago they came.
    """

    counts: Counts
    calls: int
    last_ns: float
    age_ns: float


class Totals:
    """Those of a folder. Processes may join and die meanwhile: no total ever falls."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._books: dict[int, _Book] = {}

    @property
    def is_full(self) -> bool:
        """Whether lists but the first match more in one process than can be stamped: their ``calls`` are too few."""
        return any(book.is_full for book in self._books.values())

    def read(self, lists: int, at_ns: float) -> list[ListTotals]:
        """Of the first ``lists`` lists."""
        totals = [ListTotals(Counts(), 0, 0.0, 0.0) for _ in range(lists)]
        for ledger in self._folder.ledgers():
            book = self._books.setdefault(id(ledger), _Book(ledger))
            book.read(at_ns)
            for number in range(lists):
                totals[number] = _sum(totals[number], book.total(number))
        return totals


def _sum(one: ListTotals, other: ListTotals) -> ListTotals:
    counts, last_ns = one.counts + other.counts, max(one.last_ns, other.last_ns)
    return ListTotals(counts, one.calls + other.calls, last_ns, one.age_ns + other.age_ns)


class _Book:
    """One ledger, and the last that was read of it."""

    def __init__(self, ledger: _core.Ledger) -> None:
        self._ledger = ledger
        self._lists: list[int] = []  # of each site, as bits
        self._counts, self._stamps = array("d"), array("d")

    def read(self, at_ns: float) -> None:
        while True:
            known = self._ledger.read_points(self._stamps, at_ns)
            known = max(known, self._ledger.read_counts(self._counts))
            if known <= len(self._lists):
                return
            self._lists += [site[5] for site in self._ledger.sites(len(self._lists))]
            self._counts = array("d", bytes(8 * _COUNTS * len(self._lists)))
            self._stamps = array("d", bytes(8 * _STAMPS * len(self._lists)))

    @property
    def is_full(self) -> bool:
        """Whether calls are counted that should be stamped, and are not."""
        return sum(lists > 1 for lists in self._lists) > MOST_POINTS

    def total(self, number: int) -> ListTotals:
        counts, calls, last_ns, age_ns = [0.0] * _COUNTS, 0, 0.0, 0.0
        for index, lists in enumerate(self._lists):
            if lists >> number & 1:
                row = self._counts[_COUNTS * index : _COUNTS * (index + 1)]
                counts = [one + other for one, other in zip(counts, row, strict=True)]
                stamped, last, age = self._stamps[_STAMPS * index : _STAMPS * (index + 1)]
                calls, last_ns, age_ns = calls + int(stamped), max(last_ns, last), age_ns + age
        return ListTotals(Counts(*counts), calls, last_ns, age_ns)
