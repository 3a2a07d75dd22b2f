"""Callables of C are armed and called, refused, and dropped while armed."""

import collections
import zlib
from contextlib import suppress

from pytest_speedbump import _core

PATTERNS = _core.Patterns(["c:a.*"])
FOUND = [("a", "crc32", zlib.crc32, 0), ("a", "join", str.join, 0), ("a", "deque", collections.deque, 0)]


def scenario() -> None:
    for mode in ("spin", "nogil"):
        session = _core.Session(PATTERNS, mode, "leak", FOUND)
        session.arm()
        session.set_delay(10)
        ",".join("ab")
        collections.deque(maxlen=1)
        with suppress(TypeError):
            zlib.crc32(1)  # type: ignore[arg-type]
        with suppress(TypeError):
            collections.deque(no_such=1)  # type: ignore[call-overload]
        session.snapshot()
    with suppress(TypeError):
        _core.Session(PATTERNS, "spin", "leak", [*FOUND, ("a", "b", scenario, 0)])
    for thing in (zlib.crc32, 1):
        _core.place_of(thing)
