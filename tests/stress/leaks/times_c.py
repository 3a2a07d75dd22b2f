"""Callables implemented in C that are timed: met in new threads, deep, with exceptions, and left by those who went in
before the session was disarmed."""

import threading
import zlib
from array import array
from contextlib import suppress

from pytest_speedbump import _core


def nested(n: int) -> int:
    return sorted([n - 1], key=nested)[0] if n else 0


def scenario() -> None:
    found = [("zlib", "decompress", zlib.decompress, 0), ("builtins", "sorted", sorted, 0)]
    session = _core.Session(_core.Patterns(["c:*", "*:nested"]), "time", "a leak test", found)
    into = array("d", [0.0] * 9)
    for _ in range(2):
        session.arm()
        session.set_delay(0)

        def work() -> None:
            nested(100)
            for _ in range(10):
                with suppress(zlib.error):
                    zlib.decompress(b"no")

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        work()

        def disarm_for(one: int) -> int:
            session.disarm()
            return one

        sorted([1], key=disarm_for)
    assert session.read_times(into) == 3
    assert list(into[::3]) == [40, 402, 404]
    for bad in (("zlib", "crc32"), ("zlib", "crc32", 3, 0)):
        with suppress(TypeError):
            _core.Session(_core.Patterns(["c:*"]), "time", "a leak test", [bad])  # type: ignore[list-item]
