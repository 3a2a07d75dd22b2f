"""What all processes of an experiment have counted until now, list by list, read from their ledgers."""

from typing import NamedTuple

from pytest_speedbump.counts import Counts
from pytest_speedbump.slowing.book import NUMBERS, Book, Sums, add
from pytest_speedbump.slowing.folder import Folder

__all__ = ["ListTotals", "Totals"]

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
        self._books: dict[int, Book] = {}

    @property
    def is_full(self) -> bool:
        """Whether lists but the first match more in one process than can be stamped: their ``calls`` are too few."""
        return any(sum(chosen_by > 1 for chosen_by in book.lists) > MOST_POINTS for book in self._books.values())

    def read(self, lists: int, at_ns: float) -> list[ListTotals]:
        """Of the first ``lists`` lists."""
        sums = [_Sums() for _ in range(lists)]
        for ledger in self._folder.ledgers():
            book = self._books.setdefault(id(ledger), Book(ledger))
            for chosen_by, counts, stamps in book.points(at_ns):
                for number, one in enumerate(sums):
                    if chosen_by >> number & 1:
                        one.add(counts, stamps)
        return [one.total() for one in sums]


class _Sums:
    def __init__(self) -> None:
        self._counts, self._calls, self._last_ns, self._age_ns = [0.0] * NUMBERS, 0, 0.0, 0.0

    def add(self, counts: Sums, stamps: Sums) -> None:
        add(self._counts, counts)
        calls, last_ns, age_ns = stamps
        self._calls += int(calls)
        self._last_ns = max(self._last_ns, last_ns)
        self._age_ns += age_ns

    def total(self) -> ListTotals:
        return ListTotals(Counts(*self._counts), self._calls, self._last_ns, self._age_ns)
