"""One process's ledger, as it was read last."""

from array import array
from collections.abc import Iterator

from pytest_speedbump import _core
from pytest_speedbump.counts import Site
from pytest_speedbump.slowing.session import ledger_site

__all__ = ["NUMBERS", "ROOM", "STAMPS", "Book", "Sums", "add"]

NUMBERS = 5  # of a site's counts: calls, requested, delivered, late, waited
STAMPS = 3  # of a site whose calls are timed: those calls, when the last one came, how long ago all of them
ROOM = 16  # sites that there is room for, to begin with

type Sums = list[float]
"""The numbers of counts."""


class Book:
    """Reading allocates nothing, as long as the process calls nothing that it has not called before.

    Attributes:
        lists: of each site, which lists of patterns choose it, as bits.
    """

    __slots__ = ("_counts", "_sites", "_stamps", "ledger", "lists")

    def __init__(self, ledger: _core.Ledger) -> None:
        self.ledger = ledger
        self.lists: list[int] = []
        self._sites: list[Site] = []
        self._counts = array("d", bytes(8 * NUMBERS * ROOM))
        self._stamps = array("d")

    def totals(self) -> Sums:
        """Of all sites."""
        end = NUMBERS * self._read_counts()
        return [sum(self._counts[number:end:NUMBERS]) for number in range(NUMBERS)]

    def sites(self) -> Iterator[tuple[int, Site, Sums]]:
        """Each site with the mask of its lists, and what was counted there."""
        n = self._read_counts()
        self._learn()
        for index in range(n):
            yield self.lists[index], self._sites[index], self._row(index)

    def points(self, at_ns: float) -> Iterator[tuple[int, Sums, Sums]]:
        """Of each site the mask of its lists, what was counted there, and its stamps as of ``at_ns``."""
        while STAMPS * (n := max(self.ledger.read_points(self._stamps, at_ns), self._read_counts())) > len(
            self._stamps
        ):
            self._stamps.extend(array("d", bytes(8 * (STAMPS * n - len(self._stamps)))))
        self._learn()
        for index in range(n):
            yield self.lists[index], self._row(index), self._stamps[STAMPS * index : STAMPS * (index + 1)].tolist()

    def _read_counts(self) -> int:
        while NUMBERS * (n := self.ledger.read_counts(self._counts)) > len(self._counts):
            self._counts.extend(array("d", bytes(8 * len(self._counts))))
        return n

    def _row(self, index: int) -> Sums:
        return self._counts[NUMBERS * index : NUMBERS * (index + 1)].tolist()

    def _learn(self) -> None:
        for kind, module, qualname, file, line, lists in self.ledger.sites(len(self._sites)):
            self._sites.append(ledger_site(kind, module, qualname, file, line))
            self.lists.append(lists)


def add(sums: Sums, more: Sums) -> None:
    for index, one in enumerate(more):
        sums[index] += one
