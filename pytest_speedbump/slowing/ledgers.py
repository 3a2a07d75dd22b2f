"""What all processes that have joined have counted, the dead among them."""

import fcntl
import time
from pathlib import Path

from pytest_speedbump import _core
from pytest_speedbump.counts import Counts, Site
from pytest_speedbump.errors import InputError
from pytest_speedbump.slowing.book import NUMBERS, Book, Sums, add
from pytest_speedbump.slowing.folder import Folder

__all__ = ["Account", "Ledgers"]

TICK_NS = 50e6  # longer than the step of any clock that files are dated by


class Ledgers:
    """Reads the ledgers of a folder, as often as after every round. All sums are since the folder was made.

    A process counts into its own ledger for as long as it lives. A benchmark may start one in each round, so the
    ledgers of the dead are added up and removed.

    Raises:
        InputError: by every method: the folder was removed.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder, self._place = folder, Path(folder.path)
        self._books: dict[str, Book] = {}
        self._dead: Sums = [0.0] * NUMBERS
        self._dead_sites: dict[tuple[int, Site], Sums] = {}
        self._dead_lost = 0
        self._changed_ns: int | None = None  # when the folder was, if all that it held then is known
        self.account: Account | None = None  # that all is counted for now

    def totals(self) -> Sums:
        self._look()
        sums = list(self._dead)
        for book in self._books.values():
            add(sums, book.totals())
        return sums

    def sites(self, number: int) -> dict[Site, Counts]:
        """Of each site in list ``number``."""
        self._look()
        found: dict[Site, Sums] = {}
        rows = [(lists, site, sums) for (lists, site), sums in self._dead_sites.items()]
        rows += (row for book in self._books.values() for row in book.sites())
        for lists, site, sums in rows:
            if lists >> number & 1:
                add(found.setdefault(site, [0.0] * NUMBERS), sums)
        return {site: Counts(*sums) for site, sums in found.items()}

    @property
    def lost(self) -> int:
        """Targets that were not slowed, because memory had run out."""
        return self._dead_lost + sum(book.ledger.lost for book in self._books.values())

    def _look(self) -> None:
        """Finds the processes that are new, and buries the dead, if any process has joined since."""
        try:
            changed_ns = self._place.stat().st_mtime_ns
            if changed_ns == self._changed_ns:
                return
            settled = time.time_ns() - changed_ns > TICK_NS  # else what comes next may have the same date
            for path in self._folder.ledger_paths():
                if path not in self._books:
                    try:
                        self._books[path] = Book(_core.Ledger(path))
                    except (OSError, ValueError):  # its process is about to write it
                        settled = False
            for path in [path for path in self._books if _is_closed(path)]:
                self._bury(self._books.pop(path))
                Path(path).unlink()
        except FileNotFoundError:
            raise InputError(
                f"the folder {self._folder.path!r} was removed, through which children are slowed; leave it there"
            ) from None
        self._changed_ns = changed_ns if settled else None

    def _bury(self, book: "Book") -> None:
        add(self._dead, book.totals())
        for lists, site, sums in book.sites():
            add(self._dead_sites.setdefault((lists, site), [0.0] * NUMBERS), sums)
        self._dead_lost += book.ledger.lost


class Account:
    """What is counted for one bump, of a list that others may have had before it, and will have.

    It is this one's turn from :meth:`take_turn` on, until another account takes its own. So what is told late, of
    delays that were under way when the rounds ended, is still counted where it belongs.
    """

    def __init__(self, ledgers: Ledgers, number: int) -> None:
        self._ledgers, self._number = ledgers, number
        self._totals, self._sites = [0.0] * NUMBERS, dict[Site, Counts]()  # of earlier turns
        self._totals_before, self._sites_before = self._totals, self._sites

    def take_turn(self) -> None:
        last = self._ledgers.account
        if last is self:
            return
        if last is not None:
            last._totals, last._sites = last.totals(), last.sites()
        self._totals_before, self._sites_before = self._ledgers.totals(), self._ledgers.sites(self._number)
        self._ledgers.account = self

    def totals(self) -> Sums:
        if self._ledgers.account is not self:
            return self._totals
        now = self._ledgers.totals()
        return [sum_ + one - before for sum_, one, before in zip(self._totals, now, self._totals_before, strict=True)]

    def sites(self) -> dict[Site, Counts]:
        """Those of the list, also such as nothing was counted of."""
        if self._ledgers.account is not self:
            return self._sites
        none = Counts()
        return {
            site: self._sites.get(site, none) + now - self._sites_before.get(site, none)
            for site, now in self._ledgers.sites(self._number).items()
        }


def _is_closed(path: str) -> bool:
    """Whether nobody can write to the file any more, through memory neither; False where the kernel does not tell.

    A process's number would not do: another process may have it, and in a container it is another number.
    """
    with Path(path).open("rb") as file:
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError:
            return False
    return True
