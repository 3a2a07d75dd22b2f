"""Functions that are timed: met in new threads, deep, as generators, with exceptions, and left on the stack."""

import threading
from array import array
from collections.abc import Iterator
from contextlib import suppress

from pytest_speedbump import _core


def descend(n: int) -> None:
    if n:
        descend(n - 1)
    else:
        list(numbers())
        raise KeyError


def numbers() -> Iterator[int]:
    yield from range(3)


def stop(session: _core.Session) -> None:
    session.disarm()


def scenario() -> None:
    session = _core.Session(_core.Patterns(["leaks*", "*:descend", "*:numbers", "*:stop"]), "time", "a leak test")
    into = array("d", [0.0] * 6)
    for _ in range(2):
        session.arm()
        session.set_delay(0)

        def work() -> None:
            with suppress(KeyError):
                descend(200)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        work()
        stop(session)
    assert session.read_times(into) == 3
    assert into[0] == 4 * 201
    for bad in (b"123", bytearray(24), into):
        with suppress(TypeError):
            session.read_times(bad)
    with suppress(ValueError):
        session.set_delay(1)
