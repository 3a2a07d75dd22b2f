"""Ledgers are counted into, read, refused and dropped."""

import atexit
import os
import shutil
import tempfile
from array import array
from contextlib import suppress
from pathlib import Path

from pytest_speedbump import _core

FOLDER = Path(tempfile.mkdtemp())
atexit.register(shutil.rmtree, FOLDER)
PAGE = _core.Page(str(FOLDER / "page"), "spin", [])
PAGE.select(1, 1, 1)
PAGE.set_delay(0)
PATTERNS = _core.Patterns(["*:leaf"])


def leaf() -> None:
    pass


def scenario() -> None:
    path = FOLDER / "a.ledger"
    with _core.Session(PATTERNS, "spin", "leak", page=PAGE, ledger=path):
        leaf()
        with suppress(RuntimeError):
            _core.Session(PATTERNS, "spin", "leak", page=PAGE, ledger=FOLDER / "b.ledger")
        ledger = _core.Ledger(path)
        assert len(ledger.sites()) == 1
        into = array("d", bytes(40))
        ledger.read_counts(into)
        assert into[0] == 1
        ledger.read_points(array("d", bytes(24)), 0)
    with suppress(FileExistsError):
        _core.Session(PATTERNS, "spin", "leak", page=PAGE, ledger=path)
    with suppress(ValueError):
        _core.Session(PATTERNS, "spin", "leak", ledger=path)
    os.truncate(path, 10)
    with suppress(ValueError):
        ledger.sites()
    with suppress(ValueError):
        _core.Ledger(path)
    path.unlink()
    with suppress(FileNotFoundError):
        _core.Ledger(path)
