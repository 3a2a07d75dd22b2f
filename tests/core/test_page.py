"""The control page: what it tells sessions, in this process and in others."""

import math
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts import run_script
from sessions import MakeSession

from pytest_speedbump import _core

HOUR_NS = 3.6e12
MODES = ["spin", "nogil", "sleep"]
NATIVE = _core.clock().name != "clock_gettime"


def leaf() -> int:
    return 42


def other() -> int:
    return 43


def lines() -> int:
    number = 1
    return number + 1


def generate() -> Iterator[int]:
    while True:
        yield 1


LINE = lines.__code__.co_firstlineno + 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "page"


@pytest.fixture
def page(path: Path) -> _core.Page:
    return _core.Page(path, "spin", ["c", "native"])


type Obey = Callable[..., _core.Session]


@pytest.fixture
def obey(make_session: MakeSession, page: _core.Page) -> Iterator[Obey]:
    """``obey((list, pattern), ..., mode=, found=, page=)``: an armed session."""
    sessions = []

    def make(*rows: tuple[int, str], mode: str = "spin", found: Any = (), page: _core.Page = page) -> _core.Session:
        patterns = _core.Patterns([pattern for _, pattern in rows], [number for number, _ in rows])
        sessions.append(_core.Session(patterns, mode, "a test", found, page=page))
        sessions[-1].arm()
        return sessions[-1]

    yield make
    for session in sessions:
        session.disarm()


def repeat(n: int, function: Callable[[], object] = leaf) -> None:
    for _ in range(n):
        function()


def rows(session: _core.Session) -> list[Any]:
    """(calls, requested_ns) a target."""
    return [(row[3], pytest.approx(row[4], rel=1e-6, abs=0.1)) for row in session.snapshot()]


# ---- one process ----


def test_every_kind_of_target_is_exact(page: _core.Page, obey: Obey) -> None:
    crc32 = zlib.crc32
    found = [("zlib", "crc32", crc32, 1)]
    session = obey(
        (0, f"{__name__}:leaf"), (0, "c:zlib.crc32"), *[(0, "native:*:getppid")] * NATIVE,
        (1, f"{__name__}:{LINE}"), (1, f"resume:{__name__}:generate"), found=found,
    )  # fmt: skip
    generator = generate()

    def call_all() -> None:
        leaf()
        crc32(b"")
        os.getppid()
        lines()
        next(generator)

    next(generator)
    repeat(10, call_all)
    assert session.totals()[0] == 0
    page.select(0b11, 0b01)
    page.set_delay(2000)
    repeat(300, call_all)
    page.pause()
    repeat(10, call_all)
    counted = {
        what.name if isinstance(what, _core.Site) else what.co_qualname: (calls, round(requested))
        for what, _, _, calls, requested, *_ in session.snapshot()
    }
    slowed = ["leaf", "crc32", *["getppid"] * NATIVE]
    assert counted == {name: (300, 600_000 * (name in slowed)) for name in (*slowed, "lines", "generate")}


@pytest.mark.parametrize("mode", MODES)
def test_each_mode(path: Path, obey: Obey, mode: str) -> None:
    page = _core.Page(path.with_suffix("." + mode), mode, ["c"])
    assert page.mode == mode
    session = obey((0, f"{__name__}:leaf"), (0, "c:zlib.crc32"), mode=mode, page=page,
                   found=[("zlib", "crc32", zlib.crc32, 1)])  # fmt: skip
    page.select(1, 1)
    page.set_delay(5000)
    repeat(100)
    repeat(100, lambda: zlib.crc32(b""))
    assert sorted(rows(session)) == [(100, 500_000)] * 2
    _, requested, delivered, late, _ = session.totals()
    assert delivered + late >= 0.9 * requested


def test_masks_say_who_is_counted_and_who_delayed(page: _core.Page, obey: Obey) -> None:
    """Also where a target is of two lists; as `!` excludes in its own list alone."""
    session = obey((0, f"{__name__}:leaf"), (3, f"{__name__}:*e*"), (3, f"!{__name__}:leaf"), (15, f"{__name__}:leaf"))
    page.set_delay(1000)
    expected = {"leaf": [0, 0], "other": [0, 0]}
    lists = {"leaf": 0x8001, "other": 8}
    page.select(0x8009, 0)
    leaf(), other()
    expected = {"leaf": [1, 0], "other": [1, 0]}
    for counted in (0, 1, 8, 9, 0x8000, 0xFFFF):
        for delayed in (0, 1, 8, 0x8000, 0xFFFF):
            page.select(counted, delayed, timed=0xFFFF)
            leaf(), other()
            for name, mask in lists.items():
                expected[name][0] += bool(counted & mask)
                expected[name][1] += 1000 * bool(counted & mask and delayed & mask)
    assert rows(session) == [tuple(expected["leaf"]), tuple(expected["other"])]


def test_rhythms_and_windows(page: _core.Page, obey: Obey) -> None:
    session = obey((0, f"{__name__}:leaf"))
    page.select(1, 1)
    for every, delayed in (1, 1000), (3, 333), (10, 100), (1001, 0):
        calls, before, *_ = session.totals()
        page.set_delay(0, every=every)
        repeat(-int(calls) % every)  # so that the rhythm begins anew
        page.set_delay(1000, every=every)
        repeat(1000)
        assert session.totals()[1] - before == pytest.approx(1000 * delayed)
        page.pause()
    before = session.totals()[1]
    page.set_delay(1000, after_ns=HOUR_NS)
    leaf()
    page.set_delay(1000, for_ns=0.0)
    leaf()
    assert session.totals()[1] == before
    page.set_delay(1000, for_ns=HOUR_NS)
    leaf()
    page.set_delay(1000, for_ns=math.inf)
    leaf()
    assert session.totals()[1] - before == pytest.approx(2000)


def test_a_session_stores_into_its_page(page: _core.Page, path: Path, obey: Obey) -> None:
    session = obey((0, f"{__name__}:leaf"))
    page.select(1, 1)
    session.set_delay(1000)
    leaf()
    session.set_delay(3000, every=2)
    repeat(2)
    session.pause()
    leaf()
    assert rows(session) == [(3, 4000)]
    with pytest.raises(TypeError, match=r"^a session that obeys a control page has no doses; make one without a page$"):
        session.set_doses(memoryview(b"").cast("d"))
    calls = session.totals()[0]
    page.set_delay(0)
    session.disarm()
    leaf()
    assert session.totals()[0] == calls  # whoever is not armed is not told
    session.arm()
    leaf()
    assert session.totals()[0] == calls + 1  # and whoever is, is told at once


def test_a_page_that_only_its_session_holds(path: Path, obey: Obey) -> None:
    session = obey((0, f"{__name__}:leaf"), page=_core.Page(path.with_suffix(".2"), "spin"))
    again = _core.Page(path.with_suffix(".2"))
    again.select(1, 1)
    again.set_delay(1000)
    path.with_suffix(".2").unlink()
    del again
    leaf()
    assert rows(session) == [(1, 1000)]


def test_one_slot_and_other_lists(page: _core.Page, obey: Obey) -> None:
    """A callable's cell is the same in a later session, and not what it is there for."""
    found = [("zlib", "crc32", zlib.crc32, 0)]
    for number in (2, 5, 2):
        session = obey((number, "c:zlib.crc32"), found=found)
        page.set_delay(1000)
        for mask in (1 << 2, 1 << 5):
            page.select(mask, mask)
            zlib.crc32(b"")
        assert rows(session) == [(1, 1000)]
        session.disarm()


def test_two_names_of_one_place_are_of_the_lists_of_both(page: _core.Page, obey: Obey) -> None:
    found = [("zlib", "crc32", zlib.crc32, 0), ("a", "b", zlib.crc32, 1)]
    session = obey((1, "c:zlib.crc32"), (4, "c:a.b"), found=found)
    page.set_delay(1000)
    for mask in (1, 2, 16):
        page.select(mask, mask)
        zlib.crc32(b"")
    assert rows(session) == [(2, 2000), (0, 0)]


def test_refresh_takes_what_was_found_since(page: _core.Page, obey: Obey) -> None:
    found: list[tuple[str, str, Any, int]] = [("zlib", "crc32", zlib.crc32, 0)]
    session = obey((0, "c:zlib.*"), found=found)
    page.select(1, 1)
    page.set_delay(1000)
    call = (lambda: zlib.crc32(b""), lambda: zlib.adler32(b""), lambda: zlib.decompressobj())
    repeat(3, call[0])
    repeat(3, call[1])
    found += [("zlib", "adler32", zlib.adler32, 0), ("zlib", "decompressobj", zlib.decompressobj, 0)]
    for _ in range(3):
        session.refresh(found)
        session.refresh(iter(found[:2]))
        session.refresh()
        assert session.intact
    for function in call:
        repeat(3, function)
    assert rows(session) == [(6, 6000), (3, 3000), (3, 3000)]
    for wrong, error in ([*found, ("a", "b", leaf, 0)], "is not called through a pointer"), ([3], "is a tuple of"):
        with pytest.raises(TypeError, match=error):
            session.refresh(wrong)  # type: ignore[arg-type]
    many = [("zlib", name, getattr(zlib, name), 0) for name in ("compress", "decompress", "compressobj")]
    session.refresh(many)
    session.disarm()
    for function in call:
        repeat(3, function)
    assert len(session.snapshot()) == 6
    assert session.totals()[0] == 12
    session.refresh([("zlib", "crc32", zlib.crc32, 0)])  # while it is not armed
    session.arm()
    zlib.compress(b"")
    assert session.totals()[0] == 13


# ---- what is refused ----


def test_files_that_are_no_pages(path: Path, page: _core.Page) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    good = path.read_bytes()
    sentence = (
        f"^{re.escape(repr(path))} is no control page that this build of pytest-speedbump knows; "
        "have all processes of an experiment use one installation$"
    )
    for content in (b"", good[:-1], b"x" + good[1:], good[:8] + b"\1" + good[9:], good[:16] + b"\3" + good[17:]):
        path.unlink()
        path.write_bytes(content)
        with pytest.raises(ValueError, match=sentence):
            _core.Page(path)
    with pytest.raises(FileExistsError) as caught:
        _core.Page(path, "spin")
    assert caught.value.filename == path
    assert path.read_bytes() == content
    with pytest.raises(FileNotFoundError) as missing:
        _core.Page(path.parent / "no")
    assert missing.value.filename == path.parent / "no"
    with pytest.raises(IsADirectoryError):
        _core.Page(path.parent)
    with pytest.raises(ValueError, match="null"):
        _core.Page("a\0b")


def test_arguments(path: Path, page: _core.Page, make_session: MakeSession) -> None:
    for mode in ("await", "time", "no such"):
        sentence = f"^the mode of a control page must be 'spin', 'nogil' or 'sleep', not '{mode}'$"
        with pytest.raises(ValueError, match=sentence):
            _core.Page(path.with_suffix(".2"), mode)
    with pytest.raises(ValueError, match=r"^there is no kind 'D' of targets$"):
        _core.Page(path.with_suffix(".2"), "spin", ["c", "D"])
    with pytest.raises(TypeError, match=r"^kinds must be a sequence of strings, not one string$"):
        _core.Page(path.with_suffix(".2"), "spin", "native")
    assert not path.with_suffix(".2").exists()
    patterns = _core.Patterns([f"{__name__}:leaf"])
    for mode in ("await", "time"):
        sentence = f"^a session of mode '{mode}' obeys no control page; make one without a page$"
        with pytest.raises(ValueError, match=sentence):
            _core.Session(patterns, mode, "a test", (), lambda _: lambda _: None, page)
    with pytest.raises(ValueError, match=r"^the control page is of mode 'spin': the session must be, too, not 'sleep'"):
        _core.Session(patterns, "sleep", "a test", page=page)
    with pytest.raises(TypeError, match=r"^page must be a Page or None, not 3$"):
        _core.Session(patterns, "spin", "a test", page=3)  # type: ignore[arg-type]
    session = make_session(f"{__name__}:leaf")
    for wrong in ((-1,), (6.1e10,), (1, 0), (1, 2**63), (1, 1, -1), (1, 1, math.inf), (1, 1, 0, -1), ("a",), (1, 1.5)):
        errors = []
        for one in (page, session):
            with pytest.raises((ValueError, TypeError)) as caught:
                one.set_delay(*wrong)
            errors.append((caught.type, str(caught.value)))
        assert errors[0] == errors[1]
    for masks in ((-1, 0), (0, 1 << 16), (0, 0, 2**70)):
        with pytest.raises(ValueError, match=r"^(counted|delayed|timed) must be a mask of the lists 0 to 15, between"):
            page.select(*masks)
    with pytest.raises(TypeError):
        page.select(1.0, 0)  # type: ignore[arg-type]


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """As a limit of the size of files has it."""
    out = run_script(
        f"""
        import os, resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        try:
            _core.Page({str(tmp_path / "page")!r}, "spin")
        except OSError as error:
            print(error.filename, os.path.exists(error.filename))
        """
    )
    assert out == f"{tmp_path / 'page'} False\n"


# ---- other processes ----


def test_who_adopts_a_page_calibrates_nothing(path: Path) -> None:
    """Nor does importing: else it would be too late to adopt a clock."""
    page = _core.Page(path, "spin", ["c", "native"])
    own = _core.Session(_core.Patterns([]), "spin", "a test")
    out = run_script(
        f"""
        page = _core.Page({str(path)!r})
        page.adopt()
        print(_core.clock() == {tuple(_core.clock())!r}, make_session().fixed_ns == {own.fixed_ns!r})
        for switch in (page.pause, lambda: page.set_delay(1), lambda: page.select(1, 1),
                       _core.Session(_core.Patterns([]), "spin", "", page=page).pause):
            try:
                switch()
            except RuntimeError as error:
                print(error)
        """
    )
    told = f"this process obeys the control page; it is switched by process {os.getpid()}, which made it\n"
    assert out == "True True\n" + told * 4
    del page


def test_children_obey_once_they_have_joined(path: Path) -> None:
    """A child is paused from its first instruction on. One that has joined sees the parent's next store."""
    out = run_script(
        f"""
        import os, signal, zlib
        signal.alarm(60)

        def other():
            return 43

        page = _core.Page({str(path)!r}, "spin", ["c"])
        PATTERNS = _core.Patterns(["__main__:leaf", "c:zlib.crc32", "__main__:other"], [0, 0, 1])

        def join(page):
            session = _core.Session(PATTERNS, "spin", "it", [("zlib", "crc32", zlib.crc32, 1)], page=page)
            session.arm()
            return session

        mine = join(page)
        page.select(3, 1)
        page.set_delay(1000)
        leaf(), zlib.crc32(b""), other()

        def child(number, ready):
            signal.alarm(60)
            leaf(), zlib.crc32(b""), other()
            assert mine.totals()[0] == 3, mine.totals()
            assert not mine.intact
            own = join(_core.Page({str(path)!r}))
            os.write(ready, b"x")
            while own.totals()[1] < 2500:  # what the parent is to say
                leaf()
            before = own.totals()
            for _ in range(300):
                leaf(), zlib.crc32(b""), other()
            after = own.totals()
            assert after[0] - before[0] == 900, (before, after)
            assert abs(after[1] - before[1] - 600 * 2500) < 1, (before, after)
            for one in (page, own):
                try:
                    one.pause()
                except RuntimeError:
                    os.write(ready, b"y")

        def fork(number, write):
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    child(number, write)
                    status = 0
                except BaseException:
                    sys.excepthook(*sys.exc_info())
                finally:
                    os._exit(status)
            return pid

        page.set_delay(0)
        read, write = os.pipe()
        children = [fork(number, write) for number in range(3)]
        joined = b"".join(os.read(read, 1) for _ in children)
        page.set_delay(2500)
        print([os.waitpid(pid, 0)[1] for pid in children])
        os.close(write)
        print((joined + os.read(read, 100)).decode())
        calls = mine.totals()[0]
        leaf()
        print(mine.totals()[0] - calls, mine.intact)
        mine.disarm()
        """
    )
    assert out == "[0, 0, 0]\nxxxyyyyyy\n1 True\n"
