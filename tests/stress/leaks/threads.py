"""Threads that meet a session and end. All at once, each time: what the most at a time take is taken but once."""

import threading

from pytest_speedbump import _core


def leaf() -> None:
    pass


def scenario() -> None:
    session = _core.Session(_core.Patterns(["*:leaf"]), "nogil", "a leak test")
    session.arm()
    session.set_delay(1000)
    all_there = threading.Barrier(4)

    def call() -> None:
        all_there.wait()
        leaf()
        all_there.wait()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.disarm()
    assert session.totals()[0] == 4
