"""Threads that meet a session and end."""

import threading

from pytest_speedbump import _core


def leaf() -> None:
    pass


def scenario() -> None:
    session = _core.Session(_core.Patterns(["*:leaf"]), "nogil", "a leak test")
    session.arm()
    session.set_delay(1000)
    threads = [threading.Thread(target=leaf) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.disarm()
    assert session.totals()[0] == 4
