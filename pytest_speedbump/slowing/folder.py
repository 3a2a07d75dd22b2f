"""The control folder of an experiment: its page, its targets, and one ledger of each process that has joined.

Read by every process that joins, at its start: so it imports next to nothing.
"""

import os
import tempfile

from pytest_speedbump import _core

__all__ = ["VARIABLE", "Folder"]

VARIABLE = "SPEEDBUMP_CONTROL"
"""Names the folder to the processes that are to join."""

_PAGE, _TARGETS, _LEDGER = "page", "targets", ".ledger"
_MEMORY = "/dev/shm"  # noqa: S108 - where pages are never written to a disk; the folder in it is ours alone


class Folder:
    """One that is there; :meth:`create` makes one.

    Attributes:
        path: of the folder.
        page: switches all processes that have joined.
        patterns: what they slow or count, in lists: list i is bit i of the page's masks.

    Raises:
        OSError: it is not there (any more), or not ours.
        ValueError: another version of the package made it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.page = _core.Page(os.path.join(path, _PAGE))
        with open(os.path.join(path, _TARGETS), encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.split("\t", 1) for line in file.read().split("\n") if line]
        self.patterns = _core.Patterns([text for _, text in rows], [int(number) for number, _ in rows])
        self._ledgers: dict[str, _core.Ledger] = {}

    @classmethod
    def create(cls, lists: "list[_core.Patterns]", mode: str) -> "Folder":
        """A new folder, paused, that counts and delays nothing. Calibrates, for what the lists need.

        Raises:
            OSError: there is no place for it.
        """
        path = tempfile.mkdtemp(prefix="speedbump-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None)
        kinds = frozenset[str]().union(*(one.kinds for one in lists))
        _core.Page(os.path.join(path, _PAGE), mode, kinds)
        with open(os.path.join(path, _TARGETS), "w", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(f"{number}\t{text}\n" for number, one in enumerate(lists) for text in one.texts)
        return cls(path)

    def new_ledger(self) -> str:
        """Where this process is to count, in its next session."""
        return os.path.join(self.path, f"{os.getpid()}-{os.urandom(4).hex()}{_LEDGER}")

    def ledgers(self) -> "list[_core.Ledger]":
        """Of all processes that have joined so far, the dead ones too."""
        for entry in os.scandir(self.path):
            if entry.name.endswith(_LEDGER) and entry.name not in self._ledgers:
                self._ledgers[entry.name] = _core.Ledger(entry.path)
        return list(self._ledgers.values())

    def ledger_paths(self) -> list[str]:
        """Of all processes that have joined so far, the dead ones too; one may not be written yet."""
        return [entry.path for entry in os.scandir(self.path) if entry.name.endswith(_LEDGER)]

    def remove(self) -> None:
        """Who has joined goes on as the page says last; who comes later finds no folder, and runs as it is."""
        for entry in os.scandir(self.path):
            os.unlink(entry.path)
        os.rmdir(self.path)
