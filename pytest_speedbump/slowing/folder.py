"""The control folder of an experiment: its page, its targets, and one ledger of each process that has joined.

Read by every process that joins, at its start: so it imports next to nothing. The folder's name tells which process
made it, so that what a process leaves behind that was killed can be told from what is in use.
"""

import os

from pytest_speedbump import _core

__all__ = ["VARIABLE", "Folder", "is_own"]

VARIABLE = "SPEEDBUMP_CONTROL"
"""Names the folder to the processes that are to join."""

_PREFIX, _PAGE, _TARGETS, _LEDGER = "speedbump-", "page", "targets", ".ledger"
_MEMORY = "/dev/shm"  # noqa: S108 - where pages are never written to a disk; the folder in it is ours alone


class Folder:
    """One that is there; :meth:`create` makes one.

    Attributes:
        path: of the folder.
        page: switches all processes that have joined.
        rows: what they slow or count: patterns, each with the number of its list, which is bit i of the page's masks.
        patterns: the same, compiled.

    Raises:
        OSError: it is not there (any more), or not ours.
        ValueError: another version of the package made it.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)  # a program may go elsewhere before it forks
        self.page = _core.Page(os.path.join(self.path, _PAGE))
        with open(os.path.join(path, _TARGETS), "rb") as file:
            text = file.read().decode(errors="surrogateescape")
        rows = [row.split("\t", 1) for row in text.split("\0") if row]  # no pattern holds a NUL
        self.rows = [(int(number), text) for number, text in rows]
        self.patterns = _core.Patterns([text for _, text in self.rows], [number for number, _ in self.rows])
        self._ledgers: dict[str, _core.Ledger] = {}

    @classmethod
    def create(cls, lists: "list[_core.Patterns]", mode: str) -> "Folder":
        """A new folder, paused, that counts and delays nothing. Calibrates, for what the lists need.

        Folders of processes that were killed are removed.

        Raises:
            OSError: there is no place for it.
        """
        place = _place()
        _remove_abandoned(place)
        path = os.path.join(place, f"{_PREFIX}{_own_name()}-{os.urandom(8).hex()}")
        os.mkdir(path, 0o700)
        try:
            kinds = frozenset[str]().union(*(one.kinds for one in lists))
            _core.Page(os.path.join(path, _PAGE), mode, kinds)
            rows = "".join(f"{number}\t{text}\0" for number, one in enumerate(lists) for text in one.texts)
            with open(os.path.join(path, _TARGETS), "xb") as file:
                file.write(rows.encode(errors="surrogateescape"))
            return cls(path)
        except BaseException:
            _remove(path)
            raise

    def new_ledger(self) -> str:
        """Where this process is to count, in its next session."""
        return os.path.join(self.path, f"{os.getpid()}-{os.urandom(4).hex()}{_LEDGER}")

    def ledgers(self) -> "list[_core.Ledger]":
        """Of all processes that have joined so far, the dead ones too."""
        for name in os.listdir(self.path):
            if name.endswith(_LEDGER) and name not in self._ledgers:
                try:
                    self._ledgers[name] = _core.Ledger(os.path.join(self.path, name))
                except ValueError:  # what a program puts there
                    pass
        return list(self._ledgers.values())

    def ledger_paths(self) -> list[str]:
        """Of all processes that have joined so far, the dead ones too; one may not be written yet."""
        return [entry.path for entry in os.scandir(self.path) if entry.name.endswith(_LEDGER)]

    def remove(self) -> None:
        """Who has joined goes on as the page says last; who comes later finds no folder, and runs as it is."""
        _remove(self.path)


def is_own(path: str) -> bool:
    """Whether this very process has made the folder, be it before it called ``exec``. A fork's child is another one."""
    return _maker(path).startswith(f"{os.getpid()}.") and _maker(path) == _own_name()


def _place() -> str:
    if os.access(_MEMORY, os.W_OK):
        return _MEMORY
    from tempfile import gettempdir

    return gettempdir()


def _process(pid: int) -> str:
    """What no other process is called, before or after: its pid, when it started, and the namespace that pid is of.

    Raises:
        OSError: there is no such process, or no /proc.
    """
    with open(f"/proc/{pid}/stat", "rb") as file:
        started = file.read().rpartition(b")")[2].split()[19].decode()
    return f"{pid}.{started}.{_namespace()}"


def _namespace() -> str:
    return os.readlink("/proc/self/ns/pid").strip("pid:[]")


def _own_name() -> str:
    try:
        return _process(os.getpid())
    except OSError:
        return f"{os.getpid()}.0.0"


def _maker(path: str) -> str:
    return os.path.basename(path).removeprefix(_PREFIX).partition("-")[0]


def _is_abandoned(path: str) -> bool:
    """Whether its maker is known to be dead. Of another namespace nothing is known."""
    maker = _maker(path)
    pid, _, rest = maker.partition(".")
    try:
        if not pid.isdecimal() or rest.rpartition(".")[2] != _namespace():
            return False
        return _process(int(pid)) != maker
    except (FileNotFoundError, ProcessLookupError):
        return os.path.exists("/proc/self")
    except OSError:
        return False


def _remove_abandoned(place: str) -> None:
    for name in os.listdir(place):
        path = os.path.join(place, name)
        if name.startswith(_PREFIX) and _is_abandoned(path):
            _remove(path)


def _remove(path: str) -> None:
    """As far as it goes: another process may be removing it too, and some folders are not ours."""
    from shutil import rmtree

    for _ in range(5):  # who has opened the page already may still put a ledger there
        rmtree(path, ignore_errors=True)
        if not os.path.exists(path):
            break
