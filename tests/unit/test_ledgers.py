"""What all processes have counted, from ledgers that are written by hand."""

import os
from array import array
from collections.abc import Buffer, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_speedbump import _core
from pytest_speedbump.counts import Counts, Site
from pytest_speedbump.errors import InputError
from pytest_speedbump.slowing.book import ROOM
from pytest_speedbump.slowing.ledgers import Account, Ledgers

F, G = ("start", "app", "f", "app.py", 1), ("start", "app", "g", "app.py", 5)


def site(row: tuple[str, str, str, str, int]) -> Site:
    kind, module, qualname, file, line = row
    return Site(kind, module, qualname, None, line, file)  # type: ignore[arg-type]


class Writer:
    """A process that has joined: its ledger is open for writing until it dies, and has rows of five numbers."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        self.rows: list[tuple[tuple[Any, ...], list[float]]] = []
        self.lost = 0

    def count(self, site: tuple[Any, ...], calls: int, requested_ns: float = 0.0, lists: int = 1) -> None:
        row = next((row for key, row in self.rows if key == (*site, lists)), None)
        if row is None:
            row = [0.0] * 5
            self.rows.append(((*site, lists), row))
        row[0] += calls
        row[1] += requested_ns
        row[2] += requested_ns

    def die(self) -> None:
        self._file.close()


class Processes:
    """The processes of a folder, and the folder as :class:`Ledgers` sees it."""

    def __init__(self, path: Path) -> None:
        self.path, self.writers = str(path), dict[str, Writer]()

    def start(self) -> Writer:
        path = Path(self.path) / f"{len(self.writers)}.ledger"
        writer = self.writers[str(path)] = Writer(path)
        return writer

    def ledger_paths(self) -> list[str]:
        return [str(path) for path in Path(self.path).glob("*.ledger")]

    def ledger(self, path: str) -> "Reader":
        return Reader(self.writers[path])


class Reader:
    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def sites(self, start: int = 0) -> list[tuple[Any, ...]]:
        return [key for key, _ in self._writer.rows[start:]]

    def read_counts(self, into: Buffer) -> int:
        numbers = [number for _, row in self._writer.rows for number in row][: len(memoryview(into))]
        memoryview(into).cast("B")[: 8 * len(numbers)] = array("d", numbers).tobytes()
        return len(self._writer.rows)

    @property
    def lost(self) -> int:
        return self._writer.lost


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    found = Processes(tmp_path)
    monkeypatch.setattr(_core, "Ledger", found.ledger, raising=False)
    yield found
    for writer in found.writers.values():
        writer.die()


def test_all_processes_are_one(processes: Processes) -> None:
    ledgers = Ledgers(processes)  # type: ignore[arg-type]
    assert (ledgers.totals(), ledgers.sites(0), ledgers.lost) == ([0.0] * 5, {}, 0)
    one, other = processes.start(), processes.start()
    one.count(F, 2, 10.0)
    one.count(G, 1, 5.0, lists=0b11)
    other.count(F, 1, 5.0)
    other.lost = 3
    assert ledgers.totals() == [4.0, 20.0, 20.0, 0.0, 0.0]
    assert ledgers.sites(0) == {site(F): Counts(3, 15.0, 15.0), site(G): Counts(1, 5.0, 5.0)}
    assert ledgers.sites(1) == {site(G): Counts(1, 5.0, 5.0)}
    assert ledgers.lost == 3


def test_more_sites_than_there_was_room_for(processes: Processes) -> None:
    ledgers, one = Ledgers(processes), processes.start()  # type: ignore[arg-type]
    one.count(F, 1)
    assert ledgers.totals()[0] == 1
    for number in range(5 * ROOM):
        one.count(("start", "app", f"f{number}", "app.py", number), 1)
    assert ledgers.totals()[0] == 1 + 5 * ROOM
    assert len(ledgers.sites(0)) == 1 + 5 * ROOM


def test_the_dead_count_and_their_files_go(processes: Processes) -> None:
    """A benchmark that starts a process in each round would leave thousands."""
    ledgers = Ledgers(processes)  # type: ignore[arg-type]
    lives = processes.start()
    lives.count(F, 1)
    for number in range(1, 6):
        dies = processes.start()
        dies.count(F, 1)
        dies.lost = 1
        assert ledgers.totals()[0] == 2 * number
        dies.count(G, 1)  # after it was read, and before it dies
        dies.die()
        assert ledgers.totals()[0] == 1 + 2 * number
    processes.start()  # which is what makes the folder worth a look
    assert ledgers.sites(0) == {site(F): Counts(6), site(G): Counts(5)}
    assert (ledgers.totals()[0], ledgers.lost) == (11, 5)
    assert len(processes.ledger_paths()) == 2


def test_a_folder_that_does_not_change_is_not_searched(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    ledgers, one = Ledgers(processes), processes.start()  # type: ignore[arg-type]
    one.count(F, 1)
    os.utime(processes.path, (1e9, 1e9))
    assert ledgers.totals()[0] == 1
    monkeypatch.setattr(processes, "ledger_paths", lambda: pytest.fail("searched again"))
    one.count(F, 1)
    assert ledgers.totals()[0] == 2
    monkeypatch.undo()


def test_an_account_has_what_was_counted_in_its_turns(processes: Processes) -> None:
    ledgers = Ledgers(processes)  # type: ignore[arg-type]
    one, other, same_list = Account(ledgers, 0), Account(ledgers, 1), Account(ledgers, 0)
    process = processes.start()
    process.count(F, 100)  # before anything was measured
    for account, calls in ((one, 1), (other, 10), (same_list, 20), (one, 2), (one, 3)):
        account.take_turn()
        before = account.totals()[0]
        process.count(F, calls, lists=0b11)
        assert account.totals()[0] == before + calls
    assert [account.totals()[0] for account in (one, other, same_list)] == [6, 10, 20]
    assert [account.sites()[site(F)].calls for account in (one, other, same_list)] == [6, 10, 20]


def test_what_is_told_late_belongs_to_the_last_turn(processes: Processes) -> None:
    ledgers = Ledgers(processes)  # type: ignore[arg-type]
    one, other = Account(ledgers, 0), Account(ledgers, 1)
    one.take_turn()
    process = processes.start()
    process.count(F, 1)
    assert one.totals()[1] == 0
    process.count(F, 0, requested_ns=7.0)  # between the turns
    other.take_turn()
    assert (one.totals()[1], other.totals()[1]) == (7.0, 0.0)
    assert one.sites() == {site(F): Counts(1, 7.0, 7.0)}


def test_a_folder_that_is_gone(processes: Processes) -> None:
    ledgers = Ledgers(processes)  # type: ignore[arg-type]
    Path(processes.path).rmdir()
    with pytest.raises(InputError, match="was removed, through which children are slowed; leave it there"):
        ledgers.totals()
