"""Pages are made, opened, refused and dropped; a session obeys one, and takes callables that come later."""

import atexit
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

from pytest_speedbump import _core

PATTERNS = _core.Patterns(["c:a.*", f"{__name__}:scenario"], [0, 3])
FOUND = [("a", "crc32", zlib.crc32, 0), ("a", "join", str.join, 0)]
FOLDER = tempfile.TemporaryDirectory()
atexit.register(FOLDER.cleanup)
PATH = Path(FOLDER.name) / "page"
BAD = Path(FOLDER.name) / "bad"
KEPT = _core.Page(f"{FOLDER.name}/kept", "spin", ["c", "native"])  # what was obeyed stays mapped


def scenario() -> None:
    page = _core.Page(str(PATH), "spin", ["c"])
    _core.Page(str(PATH)).adopt()
    for mode in ("spin", "await", "sleep"):
        with suppress(OSError, ValueError):
            _core.Page(str(PATH), mode)
    BAD.write_bytes(PATH.read_bytes()[:-1])
    with suppress(ValueError):
        _core.Page(str(BAD))
    page.select(1, 1)
    PATH.unlink()
    with suppress(ValueError):
        _core.Session(PATTERNS, "sleep", "leak", FOUND, page=page)
    for wrong in ([0, 16], [0], [1, 0]):
        with suppress(ValueError):
            _core.Patterns(["a", "b"], wrong)
    session = _core.Session(PATTERNS, "spin", "leak", FOUND[:1], page=KEPT)
    session.arm()
    KEPT.select(1, 1)
    session.set_delay(10, every=2)
    session.refresh(FOUND)
    with suppress(TypeError):
        session.refresh([*FOUND, ("a", "b", scenario, 0)])
    ",".join("ab")
    zlib.crc32(b"")
    session.snapshot()
