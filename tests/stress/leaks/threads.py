"""Threads that meet a session and end."""

import threading

from pytest_speedbump import _core


def leaf() -> None:
    pass


def scenario() -> None:
    session = _core.Session(_core.Patterns(["*:leaf"]), "nogil", "a leak test")
    session.arm()
    session.set_delay(1000)
    # Two: CPython 3.13 without a GIL loses a block itself for every fifteenth thread.
    threads = [threading.Thread(target=leaf) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.disarm()
    assert session.totals()[0] == 2
