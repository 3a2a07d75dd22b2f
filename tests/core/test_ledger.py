"""Ledgers, read from outside the process that counts: what it counts is there, whatever becomes of it."""

import errno
import os
import signal
import subprocess
import sys
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from pytest_speedbump import _core

# Every program begins with it: it obeys the page and counts into the ledger that it is given, and goes on, step by
# step, when it is told to.
JOIN = """
import os, sys, threading, time, warnings, zlib
from pytest_speedbump import _core
warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads forks is what is tried here

def join(ledger, *patterns, lists=None):
    page = _core.Page(sys.argv[1])
    page.adopt()
    found = [("zlib", "crc32", zlib.crc32, i) for i, pattern in enumerate(patterns) if pattern == "c:zlib.crc32"]
    session = _core.Session(_core.Patterns(patterns, lists), page.mode, "a program", found, page=page, ledger=ledger)
    session.arm()
    return session

def step(text=""):
    print(text, flush=True)
    assert sys.stdin.readline()
"""


@contextmanager
def program(source: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-c", JOIN + dedent(source), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def reached(process: subprocess.Popen[str]) -> str:
    """The text of the step that it takes next, and waits in."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def calls(ledger: _core.Ledger) -> dict[tuple[str, str], int]:
    """By kind and qualname."""
    sites = ledger.sites()
    rows = array("d", bytes(40 * len(sites)))
    assert ledger.read_counts(rows) >= len(sites)
    return {(site[0], site[2]): int(rows[5 * i]) for i, site in enumerate(sites)}


@pytest.fixture
def page(tmp_path: Path) -> _core.Page:
    page = _core.Page(str(tmp_path / "page"), "spin", ["start", "c", "native"])
    page.select(1, 1)
    return page


def test_300_of_300_calls_of_every_kind(tmp_path: Path, page: _core.Page) -> None:
    script = """
        import asyncio

        def leaf():
            x = 1
            return x

        async def pauses():
            await asyncio.sleep(0)

        async def pause_often():
            for _ in range(300):
                await pauses()

        targets = "__main__:leaf", LINE, "resume:__main__:pauses", "c:zlib.crc32", "native:libz*:crc32"
        session = join(sys.argv[2], *targets)
        step()
        for _ in range(100):
            leaf(), zlib.crc32(b"")
        threads = [threading.Thread(target=lambda: [(leaf(), zlib.crc32(b"")) for _ in range(50)]) for _ in range(4)]
        for thread in threads:
            thread.start()
            thread.join()  # the next may have its memory
        asyncio.run(pause_often())
        step(session.totals()[0])
        time.sleep(100)
    """
    line = next(i for i, text in enumerate((JOIN + dedent(script)).split("\n"), start=1) if text == "    x = 1")
    path = tmp_path / "1.ledger"
    with program(script.replace("LINE", repr(f"__main__:{line}")), tmp_path / "page", path) as process:
        reached(process)
        ledger = _core.Ledger(path)
        assert (ledger.pid, ledger.lost) == (process.pid, 0)
        page.set_delay(1000)
        go_on(process)
        total = int(reached(process))
        counts = calls(ledger)
        native = counts.pop(("native", "crc32"), 300)  # where the interpreter's zlib has its own, none is imported
        assert counts == {("start", "leaf"): 300, ("line", "leaf"): 300, ("resume", "pauses"): 300, ("c", "crc32"): 300}
        assert (native, sum(counts.values())) == (300, total - (300 if len(ledger.sites()) == 5 else 0))
        sites = {(site[0], site[2]): site for site in ledger.sites()}
        assert sites["start", "leaf"] == ("start", "__main__", "leaf", "<string>", line - 1, 1)
        assert sites["line", "leaf"][4] == line
        assert sites["c", "crc32"] == ("c", "zlib", "crc32", "", 0, 1)
        assert ledger.sites(2) == ledger.sites()[2:]
        rows = array("d", bytes(40 * len(sites)))
        ledger.read_counts(rows)
        for i in range(len(sites)):
            _, requested, delivered, late, _ = rows[5 * i : 5 * i + 5]
            assert requested == pytest.approx(300_000, rel=1e-3)
            assert delivered + late > 0.8 * requested
        before = list(rows)
        process.send_signal(signal.SIGKILL)
        process.wait()
        ledger.read_counts(rows)
        assert list(rows) == before
        assert calls(_core.Ledger(os.fsencode(path))) == calls(ledger)


def test_calls_survive_sigkill_in_the_middle_of_one(tmp_path: Path, page: _core.Page) -> None:
    script = """
        def leaf():
            pass

        session = join(sys.argv[2], "__main__:leaf")
        step()
        for _ in range(300):
            leaf()
        step()
        leaf()
    """
    with program(script, tmp_path / "page", tmp_path / "1.ledger") as process:
        reached(process)
        ledger = _core.Ledger(tmp_path / "1.ledger")
        page.set_delay(0)
        go_on(process)
        reached(process)
        page.set_delay(50e9)
        go_on(process)
        while calls(ledger) == {("start", "leaf"): 300}:
            pass
        process.kill()
        process.wait()
    assert calls(ledger) == {("start", "leaf"): 301}


def test_a_child_leaves_its_parents_ledger_alone(tmp_path: Path, page: _core.Page) -> None:
    script = """
        def leaf():
            pass

        def both():
            leaf(), zlib.crc32(b"")

        session = join(sys.argv[2], "__main__:leaf", "c:zlib.crc32")
        step()
        for _ in range(10):
            both()
        child = os.fork()
        if child == 0:
            before = session.totals()
            both()
            assert session.totals() == before
            own = join(sys.argv[3], "__main__:leaf", "c:zlib.crc32")
            for _ in range(5):
                both()
            assert own.totals()[0] == 10
            os.kill(os.getpid(), 9)
        for _ in range(10):
            both()
        assert os.waitpid(child, 0)[1] == 9
        both()
        step(session.totals()[0])
    """
    paths = tmp_path / "1.ledger", tmp_path / "2.ledger"
    with program(script, tmp_path / "page", *paths) as process:
        reached(process)
        page.set_delay(0)
        go_on(process)
        assert reached(process) == "42"
        assert calls(_core.Ledger(paths[0])) == {("start", "leaf"): 21, ("c", "crc32"): 21}
        childs = _core.Ledger(paths[1])
        assert calls(childs) == {("start", "leaf"): 5, ("c", "crc32"): 5}
        assert childs.pid != process.pid


def test_points_tell_when_and_how_long_ago(tmp_path: Path) -> None:
    """Of two points, the begin and the end of what is under way: the time that is spent between them, added up."""
    page = _core.Page(str(tmp_path / "page"), "spin", ["start", "c"])
    page.select(7, 1, 6)
    script = """
        def slowed():
            pass

        def begin():
            pass

        def end():
            pass

        targets = "__main__:slowed", "__main__:begin", "__main__:end", "c:zlib.crc32"
        session = join(sys.argv[2], *targets, lists=[0, 1, 2, 2])
        step()
        for _ in range(3):
            begin(), slowed(), end(), zlib.crc32(b"")
        begin()
        step()
    """
    with program(script, tmp_path / "page", tmp_path / "1.ledger") as process:
        reached(process)
        ledger = _core.Ledger(tmp_path / "1.ledger")
        rows = array("d", range(15))
        assert ledger.read_points(rows, 0) == 1  # what is found by name is known at once
        assert not any(rows)
        start = _core.now_ns()
        page.set_delay(10e6)
        go_on(process)
        reached(process)
        now = _core.now_ns()
        assert ledger.read_points(rows, now) == 4
        told = {site[2]: list(rows[3 * i : 3 * i + 3]) for i, site in enumerate(ledger.sites())}
        assert {name: row[0] for name, row in told.items()} == {"slowed": 0, "begin": 4, "end": 3, "crc32": 3}
        assert told["slowed"] == [0, 0, 0]
        assert start < told["end"][1] <= told["crc32"][1] <= told["begin"][1] < now
        under_way = told["begin"][2] - told["end"][2] - (now - told["begin"][1])
        assert 30e6 < under_way < now - start
        assert not any(rows[12:])


def test_what_is_no_ledger_gets_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a file"
    with pytest.raises(FileNotFoundError, match="a file"):
        _core.Ledger(path)
    path.write_text("too short")
    with pytest.raises(ValueError, match=r"a file'\) is not a ledger$"):
        _core.Ledger(path)
    path.write_bytes(b"sbledger" + bytes(100))
    with pytest.raises(ValueError, match=r"was written by another build of pytest-speedbump; read it with that one$"):
        _core.Ledger(str(path))
    with pytest.raises(TypeError):
        _core.Ledger(1.5)  # type: ignore[arg-type]


def test_one_ledger_a_process_and_what_it_is_refused(tmp_path: Path, page: _core.Page, tool_ids: object) -> None:
    patterns = _core.Patterns(["no.such:thing"])

    def make(path: Path, mode: str = "spin", page: _core.Page | None = page) -> _core.Session:
        return _core.Session(patterns, mode, "a test", page=page, ledger=path)

    with pytest.raises(ValueError, match="a session with a ledger obeys a control page: give it a page, too"):
        make(tmp_path / "1", page=None)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        make(tmp_path / "no such folder" / "1")
    assert list(tmp_path.iterdir()) == [tmp_path / "page"]
    session = make(tmp_path / "1")
    assert (tmp_path / "1").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "1").stat().st_blocks < 1000  # of what would be a gigabyte
    with pytest.raises(RuntimeError, match="this process counts into a ledger already"):
        make(tmp_path / "2")
    assert not (tmp_path / "2").exists()
    private = _core.Session(patterns, "spin", "a test", page=page)
    del private, session
    with pytest.raises(FileExistsError):
        make(tmp_path / "1")
    session = make(tmp_path / "2")
    assert session.lost == 0
    ledger = _core.Ledger(tmp_path / "2")
    os.truncate(tmp_path / "2", 1000)
    with pytest.raises(ValueError, match=r"is a ledger that was cut short; nothing can be read from it$"):
        ledger.sites()
    with pytest.raises(ValueError, match="cut short"):
        _core.Ledger(tmp_path / "2")
    with pytest.raises(ValueError, match="start must be 0 or more, not -1"):
        _core.Ledger(tmp_path / "1").sites(-1)
    with pytest.raises(ValueError, match="at_ns"):
        _core.Ledger(tmp_path / "1").read_points(array("d"), float("nan"))


def test_no_place_on_the_disk_is_lost_targets_and_no_signal(tmp_path: Path, page: _core.Page) -> None:
    script = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        functions = {}
        for i in range(2000):
            exec(f"def f{i}(): pass", functions)
        session = join(sys.argv[2], "builtins:f*", "f*")
        step()
        for _ in range(2):
            for i in range(2000):
                functions[f"f{i}"]()
        step(session.lost)
    """
    with program(script, tmp_path / "page", tmp_path / "1.ledger") as process:
        reached(process)
        page.set_delay(0)
        go_on(process)
        lost = int(reached(process))
        ledger = _core.Ledger(tmp_path / "1.ledger")
        counted = sum(calls(ledger).values())
        assert lost == ledger.lost > 0
        assert 0 < counted < 4000
        assert (tmp_path / "1.ledger").stat().st_size <= 200_000
    small = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, -1))
        try:
            join(sys.argv[2], "*")
        except OSError as error:
            step(error.errno)
    """
    with program(small, tmp_path / "page", tmp_path / "2.ledger") as process:
        assert reached(process) == str(errno.EFBIG)
