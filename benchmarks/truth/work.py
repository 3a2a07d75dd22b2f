"""What systems are busy with."""

import time

__all__ = ["Document", "burn", "pause", "spin"]


def spin(ns: float) -> None:
    """Holds the processor and the GIL for a time that the clock says: a preemption inside costs nothing."""
    end = time.perf_counter_ns() + ns
    while time.perf_counter_ns() < end:
        pass


def burn(ns: float) -> None:
    """Takes that much of this thread's processor time: as long at any speed of the machine, and preemption costs all
    that it takes. Exact to one look at the clock, some 0.6 us."""
    end = time.thread_time_ns() + ns
    while time.thread_time_ns() < end:
        pass


def pause(ns: float) -> None:
    """Holds neither. Oversleeps by the timer's slack, some 0.1 ms; who needs to know measures it."""
    time.sleep(ns * 1e-9)


class Document:
    """Work that a processor really does, some 40 us of pure Python: a preemption inside costs what it takes.

    A commit that makes it slower is one that has more tokens: 50 in a line instead of 48 are 4 % less throughput.
    """

    LINES = 8

    def __init__(self, tokens: int = 48) -> None:
        self.tokens = tuple(range(tokens))

    def read(self) -> int:
        total = self.header()
        for _ in range(self.LINES):
            total += self.line()
        return total

    def header(self) -> int:
        return 7

    def line(self) -> int:
        total = 0
        for token in self.tokens:
            total = (total * 31 + token) % 1_000_003
            total ^= token << 3
            # No branch: a processor learns hundreds of them by heart, and a delay makes it forget them.
            total = total + 1 - (total & 1)
        return total
