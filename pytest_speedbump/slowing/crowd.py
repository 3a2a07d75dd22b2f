"""A crowd: this process and those that have joined, slowed and counted as one."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple

from pytest_speedbump import _core
from pytest_speedbump.bump import Mode
from pytest_speedbump.counts import Counts, Site
from pytest_speedbump.errors import InputError
from pytest_speedbump.slowing.callables import find_callables
from pytest_speedbump.slowing.folder import Folder
from pytest_speedbump.slowing.ledgers import Account, Ledgers
from pytest_speedbump.slowing.session import Row, Session, What, site_of
from pytest_speedbump.targets import Targets

__all__ = ["MOST_LISTS", "Crowd", "Crowds"]

MOST_LISTS = 16  # that a control page tells apart


class Crowds:
    """Makes the crowds of a run, which share a control folder; one at a time may be armed.

    Attributes:
        path: of the folder, for the processes that are to join.
    """

    def __init__(self, lists: Sequence[Targets], mode: Mode) -> None:
        """``lists``: all that is to be slowed at some time, :data:`MOST_LISTS` at most.

        Raises:
            InputError: there is no place for a folder.
        """
        self._numbers = {one.patterns: number for number, one in enumerate(lists)}
        try:
            self._folder = Folder.create([one.compile() for one in lists], mode)
        except OSError as error:
            raise InputError(
                f"child processes are slowed through a folder, for which there is no place: {error}"
            ) from None
        self._ledgers = Ledgers(self._folder)
        self.path = self._folder.path

    def make(self, targets: Targets, owner: str) -> "Crowd":
        """As :func:`pytest_speedbump.slowing.session.make_session`, of one of the lists."""
        number, texts, page = self._numbers[targets.patterns], targets.compile().texts, self._folder.page
        patterns = _core.Patterns(texts, [number] * len(texts))
        found = find_callables(patterns) if "c" in patterns.kinds else ()
        session = _core.Session(patterns, page.mode, owner, found, page=page)
        return Crowd(session, page, self._ledgers, patterns, number)

    def close(self) -> None:
        """Processes that go on run at their own pace, but for the cost of a probe that is paused."""
        self._folder.page.pause()
        self._folder.page.select(0, 0)
        self._folder.remove()


class Crowd:
    """A session of this process, and what the others count meanwhile: a ``Session`` as experiments see it.

    The others stay armed; what they count, and whether they are slowed, the page says. Between ``armed`` blocks that is
    nothing, so all that they count within one is of this crowd's list.
    """

    def __init__(
        self, session: Session, page: _core.Page, ledgers: Ledgers, patterns: _core.Patterns, number: int
    ) -> None:
        """``patterns``: of the session, all in list ``number``."""
        self._session, self._page, self._ledgers, self._patterns = session, page, ledgers, patterns
        self._list = 1 << number
        self._account = Account(ledgers, number)
        self.set_delay, self.pause = session.set_delay, session.pause  # one store on the page, for all

    def armed(self) -> AbstractContextManager[object]:
        return self._turn(self._session.armed())

    @contextmanager
    def _turn(self, own: AbstractContextManager[object]) -> Iterator[None]:
        with own:
            self._account.take_turn()
            self._page.select(self._list, self._list)
            try:
                yield
            finally:
                self._page.pause()
                self._page.select(0, 0)

    def totals(self) -> tuple[int, float, float, float, float]:
        calls, requested, delivered, late, waited = self._account.totals()
        own = self._session.totals()
        return own[0] + int(calls), own[1] + requested, own[2] + delivered, own[3] + late, own[4] + waited

    def snapshot(self) -> list[Row]:
        """What this process has called as well stands in its own row."""
        others, rows = self._account.sites(), list[Row]()
        for what, module, pattern, *numbers in self._session.snapshot():
            own = site_of(what, module)
            named = Site(own.kind, own.module, own.qualname, None, own.first_line, own.file)
            rows.append(_row(what, module, pattern, Counts(*numbers) + others.pop(named, Counts())))
        for site, counts in others.items():
            line = site.line if site.kind == "line" else 0
            pattern = self._patterns.match(site.module, site.qualname, site.path, site.kind, line)
            if pattern >= 0:
                rows.append(_row(site, site.module, pattern, counts))
        return rows

    @property
    def intact(self) -> bool:
        return self._session.intact

    @property
    def lost(self) -> int:
        return self._session.lost + self._ledgers.lost


def _row(what: What, module: str, pattern: int, counts: Counts) -> Row:
    return (what, module, pattern, int(counts.calls), *astuple(counts)[1:])
