"""What the kernel says of the processors: how long we waited for one, and how busy others keep them."""

import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple, Protocol

__all__ = ["LinuxScheduler", "Scheduler", "UnknownScheduler", "Wait", "this_scheduler"]

STAT = Path("/proc/stat")
TICKS_NS = 1e9 / os.sysconf("SC_CLK_TCK")
MOST_THREADS = 32  # of ours and of our children, whose waits are read after every round, at about 1 us each
LOOK_NS = 0.2e9  # between two looks at the others: the kernel counts in steps of 10 ms


class Wait(NamedTuple):
    """How long threads were ready to run and others ran, and how often they got a processor; of all together."""

    ns: int = 0
    times: int = 0

    def plus(self, other: "Wait") -> "Wait":
        return Wait(self.ns + other.ns, self.times + other.times)

    def since(self, before: "Wait") -> "Wait":
        return Wait(self.ns - before.ns, self.times - before.times)


class Scheduler(Protocol):
    """Totals since some start, of which only differences mean something."""

    def attending(self) -> AbstractContextManager[object]:
        """While it is open, waits are known."""
        ...

    def refresh(self) -> None:
        """Looks for threads that have started since. Not between the rounds of a pair: the totals may jump."""
        ...

    def waited(self) -> Wait:
        """Of threads of ours and of child processes."""
        ...

    def company(self) -> bool:
        """Whether there are other threads of ours, or child processes, whose waits are known."""
        ...

    def switches(self) -> int:
        """How often the calling thread gave its processor up, to wait for something."""
        ...

    def others(self) -> float | None:
        """Share of our processors that others used lately, but for our children; None as long as it is not known."""
        ...


class UnknownScheduler:
    """Of a system that tells nothing: nobody ever waits."""

    @contextmanager
    def attending(self) -> Iterator[None]:
        yield

    def refresh(self) -> None: ...

    def waited(self) -> Wait:
        return Wait()

    def company(self) -> bool:
        return False

    def switches(self) -> int:
        return 0

    def others(self) -> float | None:
        return None


class LinuxScheduler:
    """Reads ``/proc/self/task/*/schedstat`` (Documentation/scheduler/sched-stats.rst), ``/proc/stat`` and getrusage.

    Args:
        guests: processes that count as ours, as our children do.
    """

    def __init__(self, guests: Sequence[int] = ()) -> None:
        self._guests = guests
        self._files: dict[str, int] = {}  # of schedstat, by thread; open while attended to
        self._waits: dict[str, Wait] = {}
        self._ended = Wait()  # of threads that are no more
        self._others: float | None = None
        self._looked = _Look.now(self._company())

    @contextmanager
    def attending(self) -> Iterator[None]:
        try:
            self.refresh()
            self._attend(self._company())
            yield
        finally:
            for thread in list(self._files):
                self._let_go(thread)
            self._ended = Wait()

    def refresh(self) -> None:
        self._attend(f"/proc/self/task/{thread}" for thread in os.listdir("/proc/self/task"))  # noqa: PTH208 - names
        if self._looked is not None and time.perf_counter_ns() - self._looked.at_ns > LOOK_NS:
            company = list(self._company())
            self._attend(company)
            now = _Look.now(company)
            self._others = None if now is None else now.others_since(self._looked)
            self._looked = now

    def _company(self) -> Iterator[str]:
        yield from _threads_of_children("self")
        for guest in self._guests:
            yield from _threads_of(str(guest))

    def _attend(self, threads: Iterable[str]) -> None:
        for thread in threads:
            if len(self._files) >= MOST_THREADS:
                break
            if thread not in self._files:
                with suppress(OSError):  # it has just ended
                    self._files[thread] = os.open(f"{thread}/schedstat", os.O_RDONLY | os.O_CLOEXEC)

    def waited(self) -> Wait:
        for thread, file in list(self._files.items()):
            try:
                _, ns, times, *_ = os.pread(file, 64, 0).split()
                self._waits[thread] = Wait(int(ns), int(times))
            except (OSError, ValueError):  # it has ended, and makes room for another
                self._let_go(thread)
        total = self._ended
        for wait in self._waits.values():
            total = total.plus(wait)
        return total

    def _let_go(self, thread: str) -> None:
        """A thread keeps what it has waited."""
        with suppress(OSError):  # a program may close all files that it does not know
            os.close(self._files.pop(thread))
        self._ended = self._ended.plus(self._waits.pop(thread, Wait()))

    def company(self) -> bool:
        return len(self._files) > 1

    def switches(self) -> int:
        return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw

    def others(self) -> float | None:
        return self._others


def _threads_of_children(process: str) -> Iterator[str]:
    """Folders of the threads of all descendants; the kernel tells where it was built with CONFIG_PROC_CHILDREN."""
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _threads_of(child)


def _threads_of(process: str) -> Iterator[str]:
    """The same, and its own."""
    with suppress(OSError):
        yield from map(str, Path(f"/proc/{process}/task").iterdir())
    yield from _threads_of_children(process)


def _own_ns(children: Iterable[str]) -> int:
    """Time of processors that this process and its descendants have used, those that live and those that ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time_ns() + int((ended.ru_utime + ended.ru_stime) * 1e9)
    for thread in children:
        with suppress(OSError, IndexError, ValueError):
            total += int(Path(thread, "schedstat").read_bytes().split()[0])
    return total


class _Look:
    """Time so far of the processors that this process may use, of all that runs there, and of its own."""

    def __init__(self, at_ns: int, busy_ns: float, own_ns: int, processors: set[int]) -> None:
        self.at_ns, self.busy_ns, self.own_ns, self.processors = at_ns, busy_ns, own_ns, processors

    @classmethod
    def now(cls, children: Iterable[str]) -> "_Look | None":
        """None where the kernel does not tell. ``children``: folders of their threads."""
        processors = os.sched_getaffinity(0)
        unseen, busy = {b"cpu%d" % number for number in processors}, 0
        try:
            with STAT.open("rb") as file:
                for line in takewhile(lambda line: line.startswith(b"cpu"), file):
                    name, user, nice, system, _, _, irq, softirq, *_ = line.split()
                    if name in unseen:
                        unseen.remove(name)
                        busy += sum(map(int, (user, nice, system, irq, softirq)))
        except (OSError, ValueError):
            return None
        if unseen:
            return None
        return cls(time.perf_counter_ns(), busy * TICKS_NS, _own_ns(children), processors)

    def others_since(self, before: "_Look") -> float | None:
        """Share of these processors that others used; None where they have become others."""
        if self.processors != before.processors:
            return None
        others_ns = (self.busy_ns - before.busy_ns) - (self.own_ns - before.own_ns)
        return max(0.0, others_ns / ((self.at_ns - before.at_ns) * len(self.processors)))


def this_scheduler(guests: Sequence[int] = ()) -> Scheduler:
    """The kernel's own, where it is known how to ask it; ``guests`` are processes that count as ours."""
    if sys.platform == "linux":
        with suppress(OSError, ValueError):
            # A kernel that keeps no statistics writes three zeros.
            if any(map(int, Path("/proc/thread-self/schedstat").read_bytes().split())):
                return LinuxScheduler(guests)
    return UnknownScheduler()
