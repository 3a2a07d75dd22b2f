"""Callables of C are armed and called, refused, and dropped while armed."""

import collections
import zlib

from pytest_speedbump import _core

PATTERNS = _core.Patterns(["c:a.*"])
FOUND = [("a", "crc32", zlib.crc32, 0), ("a", "join", str.join, 0), ("a", "deque", collections.deque, 0)]


def scenario() -> None:
    for mode in ("spin", "nogil"):
        session = _core.Session(PATTERNS, mode, "leak", FOUND)
        session.arm()
        session.set_delay(10)
        ",".join("ab")
        collections.deque((), maxlen=1)
        try:
            zlib.crc32(1)  # type: ignore[arg-type]
        except TypeError:
            pass
        try:
            collections.deque(no_such=1)  # type: ignore[call-overload]
        except TypeError:
            pass
        session.snapshot()
    try:
        _core.Session(PATTERNS, "spin", "leak", [*FOUND, ("a", "b", scenario, 0)])
    except TypeError:
        pass
    _core.place_of(zlib.crc32), _core.place_of(1)
