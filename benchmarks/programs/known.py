"""The programs whose answer is known: ``python known.py NAME`` runs one until it is killed.

Each calls ``schedule`` for every unit of work, and ``step`` when one is done. Stages sleep, so that they need no
processor of their own, and take milliseconds, so that what a sleep takes longer than asked hardly counts.
"""

import multiprocessing
import queue
import sys
import threading
import time
from typing import Any

MS = 1e-3
ROOM = 2  # units that wait before a device


def schedule() -> None:
    """What is slowed."""


def begin() -> None:
    """A unit is under way, from here..."""


def step() -> None:
    """...to here: a unit is done."""


def host(units: Any, seconds: float, calls: int = 1) -> None:
    """Makes units for ever."""
    while True:
        begin()
        for _ in range(calls):
            schedule()
        time.sleep(seconds)
        units.put(None)


def device(units: Any, seconds: float) -> None:
    """Takes them for ever."""
    while True:
        units.get()
        if seconds:
            time.sleep(seconds)
        step()


def serial(seconds: float, calls: int = 1) -> None:
    while True:
        begin()
        for _ in range(calls):
            schedule()
        time.sleep(seconds)
        step()


def threads(host_s: float, device_s: float) -> None:
    units: queue.Queue[None] = queue.Queue(ROOM)
    threading.Thread(target=host, args=(units, host_s), daemon=True).start()
    device(units, device_s)


def processes(number: int, host_s: float, device_s: float, room: int = ROOM) -> None:
    context = multiprocessing.get_context("fork")
    units = context.Queue(room)
    for _ in range(number):
        context.Process(target=host, args=(units, host_s), daemon=True).start()
    device(units, device_s)


PROGRAMS = {
    "serial": lambda: serial(4 * MS),
    "many calls": lambda: serial(4 * MS, 20),
    "hidden": lambda: threads(2 * MS, 5 * MS),
    "half hidden": lambda: threads(4 * MS, 5 * MS),
    "serial workers": lambda: processes(2, 8 * MS, 0),
    "hidden worker": lambda: processes(1, 2 * MS, 5 * MS),
    "half hidden worker": lambda: processes(1, 4 * MS, 5 * MS),
    "deep queue": lambda: processes(1, 4.5 * MS, 5 * MS, 1000),
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]]()
