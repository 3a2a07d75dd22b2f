"""What the kernel says: the real one, of real threads. Nothing here depends on how busy the machine is."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_speedbump.experiment import scheduler
from pytest_speedbump.experiment.scheduler import MOST_THREADS, LinuxScheduler, UnknownScheduler, Wait, this_scheduler

linux = pytest.mark.skipif(
    not isinstance(this_scheduler(), LinuxScheduler), reason="this kernel keeps no statistics of waiting"
)


def held() -> list[str]:
    """The files of schedstat that this process has open."""
    names = []
    for file in Path("/proc/self/fd").iterdir():
        try:
            names.append(str(file.readlink()))
        except OSError:  # of the directory itself
            continue
    return [name for name in names if name.endswith("/schedstat")]


@contextmanager
def threads(count: int) -> Iterator[Callable[[], None]]:
    """So many threads, which do nothing until they are ended by what this gives."""
    go = threading.Event()
    running = [threading.Thread(target=go.wait) for _ in range(count)]

    def end() -> None:
        go.set()
        for thread in running:
            thread.join()
        # A thread has its folder for a moment after it was joined.
        while len(os.listdir("/proc/self/task")) > before:  # noqa: PTH208
            time.sleep(0.001)

    before = len(os.listdir("/proc/self/task"))  # noqa: PTH208
    for thread in running:
        thread.start()
    try:
        yield end
    finally:
        end()


@linux
def test_files_are_open_while_it_is_attended_to() -> None:
    one = this_scheduler()
    assert held() == []
    with one.attending():
        assert held() != []
        assert one.waited() >= (0, 0)
    assert held() == []
    with pytest.raises(KeyError), one.attending():
        raise KeyError
    assert held() == []
    with one.attending():
        assert held() != [], "again and again"
    assert (held(), one.waited()) == ([], (0, 0))


@linux
def test_a_file_that_somebody_else_has_closed_is_nothing_to_fail_for() -> None:
    one = LinuxScheduler()
    with one.attending():
        for file in one._files.values():
            os.close(file)
        assert one.waited() >= (0, 0)
    assert held() == []


@linux
def test_threads_that_start_are_found_and_those_that_end_make_room() -> None:
    """So many in turn that one could not hold them all."""
    one = LinuxScheduler()
    waits = [Wait()]
    with one.attending():
        before = len(held())
        for _ in range(3 * MOST_THREADS // 10):
            with threads(10) as end:
                one.refresh()
                assert len(held()) == before + 10
                waits.append(one.waited())
                end()
                waits.append(one.waited())
                assert len(held()) == before
    assert waits == sorted(waits), "what a thread has waited is not forgotten when it ends"


@linux
def test_of_a_crowd_of_threads_some_are_enough() -> None:
    one = LinuxScheduler()
    with threads(2 * MOST_THREADS), one.attending():
        assert len(held()) == MOST_THREADS
        assert f"/task/{threading.main_thread().native_id}/" in " ".join(held()), "that of the rounds is among them"
        one.refresh()
        assert len(held()) == MOST_THREADS
    assert held() == []


@linux
def test_whoever_sleeps_gives_the_processor_up() -> None:
    one = this_scheduler()
    before = one.switches()
    time.sleep(0.001)
    assert one.switches() > before


# Starts on the processor that is named, beside a hog, and works until it has waited, or nearly for ever.
STARVED = """
import time
from pytest_speedbump.experiment.scheduler import this_scheduler
one = this_scheduler()
with one.attending():
    before, until = one.waited(), time.monotonic() + 60
    while one.waited().ns == before.ns and time.monotonic() < until:
        sum(range(1000))
    print(*one.waited().since(before), one.company())
"""
HOG = "print(flush=True)\nwhile True: pass"


@linux
def test_beside_a_hog_a_thread_waits() -> None:
    processor = min(os.sched_getaffinity(0))

    def pinned() -> None:
        os.sched_setaffinity(0, {processor})

    hog = subprocess.Popen([sys.executable, "-c", HOG], stdout=subprocess.PIPE, preexec_fn=pinned)
    try:
        assert hog.stdout is not None
        assert hog.stdout.readline() == b"\n"
        done = subprocess.run(
            [sys.executable, "-c", STARVED], preexec_fn=pinned, capture_output=True, text=True, check=True
        )
    finally:
        hog.kill()
        hog.communicate()
    waited, times, company = done.stdout.split()
    assert int(waited) > 0 < int(times)
    assert company == "False", "the hog is nobody's child here"


# A child that is forked has the files, reads them, and lets them go; its parent goes on reading.
FORKED = """
import json, os
from pytest_speedbump.experiment.scheduler import LinuxScheduler

def held():
    names = [f"/proc/self/fd/{file}" for file in os.listdir("/proc/self/fd")]
    return sum(os.path.lexists(name) and os.readlink(name).endswith("/schedstat") for name in names)

one = LinuxScheduler()
with one.attending():
    child = os.fork()
    if not child:
        one.refresh()
        assert one.waited() >= (0, 0)
if not child:
    os._exit(held())
status = os.waitpid(child, 0)[1]
with one.attending():
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    reads = one.waited() >= (0, 0), one.company()
print(json.dumps([status, held(), *reads]))
"""


@linux
def test_a_fork_does_no_harm() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert (json.loads(done.stdout), done.stderr) == ([0, 0, True, False], "")


# ---- how busy others are ----

LINES = """cpu  9 9 9 9 9 9 9 9 0 0
cpu0 {} 0 0 50 0 0 0 0 0 0
cpu1 0 7 0 0 0 0 0 0 0 0
cpu2 {} 1 2 8 9 3 4 9 9 9
intr 1 2
"""


class Kernel:
    """Of processors 0 and 2, by a clock that shows a second at each look, and with a process that has worked 0.1 s."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = path
        self.processors = {0, 2}
        self._seconds = 0
        monkeypatch.setattr(scheduler, "STAT", path)
        monkeypatch.setattr("os.sched_getaffinity", lambda _: self.processors)
        monkeypatch.setattr("time.perf_counter_ns", self._now_ns)
        monkeypatch.setattr("time.process_time_ns", lambda: int(0.1e9) * self._seconds)
        self.write(0, 0)

    def _now_ns(self) -> int:
        self._seconds += 1
        return self._seconds * 10**9

    def write(self, *ticks: int) -> None:
        self._path.write_text(LINES.format(*ticks))


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(tmp_path / "stat", monkeypatch)


@linux
def test_others_use_what_we_do_not(kernel: Kernel) -> None:
    one = LinuxScheduler()
    assert one.others() is None
    per_second = os.sysconf("SC_CLK_TCK")
    began_s = kernel._seconds
    kernel.write(per_second, per_second // 2)
    one.refresh()
    elapsed_s = kernel._seconds - began_s
    assert one.others() == pytest.approx((1.5 - 0.1 * elapsed_s) / (2 * elapsed_s)), "cpu1 is not for us"
    one.refresh()
    assert one.others() == 0, "we have worked, and the kernel counts in steps"


@linux
def test_where_the_processors_change_nothing_is_known_for_once(kernel: Kernel) -> None:
    one = LinuxScheduler()
    kernel.processors = {0}
    one.refresh()
    assert one.others() is None
    one.refresh()
    assert one.others() == 0


@linux
@pytest.mark.parametrize("content", [None, "", "cpu0 1 2\n", "cpu0 a b c d e f g h\n"])
def test_a_kernel_that_says_nothing_of_processors(kernel: Kernel, tmp_path: Path, content: str | None) -> None:
    if content is None:
        (tmp_path / "stat").unlink()
    else:
        (tmp_path / "stat").write_text(content)
    one = LinuxScheduler()
    one.refresh()
    one.refresh()
    assert one.others() is None


# ---- where nobody knows ----


@pytest.mark.parametrize("content", [b"0 0 0\n", b"", b"none\n", None])
def test_a_kernel_without_statistics_is_not_believed(monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    def read(path: Path) -> bytes:
        if content is None:
            raise FileNotFoundError(path)
        return content

    monkeypatch.setattr(Path, "read_bytes", read)
    assert type(this_scheduler()) is UnknownScheduler


def test_other_systems_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    one = this_scheduler()
    assert type(one) is UnknownScheduler
    with one.attending():
        one.refresh()
        time.sleep(0.001)
        assert (one.waited(), one.switches(), one.company(), one.others()) == ((0, 0), 0, False, None)
