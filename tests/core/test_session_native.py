"""Symbols that one shared library imports from another: of the C library, and of two that are made here."""

import ctypes
import importlib.util
import math
import os
import shutil
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from scripts import run_script
from sessions import MakeSession

from pytest_speedbump import _core

if _core.clock().name == "clock_gettime":
    pytest.skip("native symbols are slowed by a cycle counter, which the kernel does not trust here", True)

COMPILER = os.environ.get("CC", "cc").split()

PROVIDER = "long bump(long a) { return a + 1; }\nlong drop(long a) { return a - 1; }\n"
IMPORTER = """
long bump(long); long drop(long);
long call(long a, long times) { for (long i = 0; i < times; i++) a = bump(a); return a; }
long call_drop(long a, long times) { for (long i = 0; i < times; i++) a = drop(a); return a; }
void *address(void) { return (void *)bump; }
void *address_of_drop(void) { return (void *)drop; }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With ``libsbprovider.so``, and with ``libsbimporter.so`` and ``libsblater.so``, which import from it."""
    if shutil.which(COMPILER[0]) is None:
        pytest.skip(f"{COMPILER[0]} is not installed")
    folder = tmp_path_factory.mktemp("libraries")
    (folder / "provider.c").write_text(PROVIDER)
    (folder / "importer.c").write_text(IMPORTER)
    make = [*COMPILER, "-shared", "-fPIC", "-O1"]
    subprocess.run([*make, "provider.c", "-o", "libsbprovider.so"], cwd=folder, check=True)
    for name, binding in ("libsbimporter.so", "-Wl,-z,lazy"), ("libsblater.so", "-Wl,-z,now,-z,relro"):
        link = ["-o", name, binding, "-L.", "-lsbprovider", f"-Wl,-rpath,{folder}"]
        subprocess.run([*make, "importer.c", *link], cwd=folder, check=True)
    return folder


def load(path: Path) -> SimpleNamespace:
    """The functions of an importer; nothing of it is bound yet that can be bound later."""
    library = ctypes.CDLL(str(path))
    for function in (library.address, library.address_of_drop):
        function.restype = ctypes.c_void_p
    for function in (library.call, library.call_drop):
        function.restype, function.argtypes = ctypes.c_long, [ctypes.c_long, ctypes.c_long]
    return SimpleNamespace(
        path=str(path), handle=library._handle, call=library.call, call_drop=library.call_drop,
        address=library.address, address_of_drop=library.address_of_drop,
    )  # fmt: skip


@pytest.fixture
def importer(folder: Path) -> SimpleNamespace:
    return load(folder / "libsbimporter.so")


def copy(path: Path, to: Path) -> Path:
    """Another library, to the dynamic linker."""
    return Path(shutil.copy(path, to))


def names(session: _core.Session) -> dict[str, int]:
    """Calls by symbol."""
    return {what.name: calls for what, _, _, calls, *_ in session.snapshot() if isinstance(what, _core.Site)}


# ---- what is found ----


def test_every_call_of_a_symbol_is_counted(make_session: MakeSession) -> None:
    """Of one that the C library chooses by the processor (IFUNC), too."""
    expected = [math.cos(i) for i in range(100)]
    session = make_session("no.such.thing", "native:libm.so*:cos")
    session.arm()
    assert [math.cos(i) for i in range(100)] == expected
    session.set_delay(2000)
    assert [math.cos(i) for i in range(100)] == expected
    assert list(map(math.cos, range(100))) == expected
    session.set_delay(0)
    math.cos(1.0)
    session.pause()
    math.cos(1.0)
    ((what, module, pattern, calls, requested, delivered, *_),) = session.snapshot()
    assert isinstance(what, _core.Site)
    assert (what.kind, what.name, what.code, what.line) == ("native", "cos", None, 0)
    assert module.startswith("libm.so")
    assert (pattern, calls, session.intact) == (1, 201, True)
    assert requested == pytest.approx(200 * 2000, rel=1e-3)
    assert delivered == pytest.approx(requested, rel=0.02)
    assert session.totals()[:2] == (calls, requested)
    session.disarm()
    math.cos(1.0)
    assert session.totals()[0] == 201


def test_a_compiled_module_and_its_library(make_session: MakeSession) -> None:
    session = make_session("native:libz*:crc32")
    session.arm()
    if not session.snapshot():
        pytest.skip("this Python's zlib module holds the library")
    session.set_delay(0)
    assert {zlib.crc32(b"abc") for _ in range(100)} == {891568578}
    large = bytes(100_000)  # the GIL is given up meanwhile
    assert zlib.crc32(large) == zlib.crc32(large)
    assert names(session) == {"crc32": 102}


def test_what_a_session_finds_is_there_before_it_is_called(
    make_session: MakeSession, importer: SimpleNamespace
) -> None:
    """Which is what a listing shows; and names of one address are one target."""
    session = make_session("native:libsbprovider.so:*", "native:libm.so*:*", "!native:*:cos")
    session.arm()
    found = {
        (module, what.name): calls for what, module, _, calls, *_ in session.snapshot() if isinstance(what, _core.Site)
    }
    assert ("libsbprovider.so", "bump") in found
    assert ("libsbprovider.so", "drop") in found
    assert {name for module, name in found if module.startswith("libm.so")} > {"sin", "tan"}
    assert "cos" not in {name for _, name in found}
    assert set(found.values()) == {0}


def test_a_library_is_named_by_its_file_or_its_path(make_session: MakeSession, importer: SimpleNamespace) -> None:
    folder = Path(importer.path).parent
    for pattern, found in (
        ("native:libsbprovider.so:bump", {"bump": 0}),
        (f"native:{folder}/*:b*p", {"bump": 0}),
        (f"native:{folder.name}/libsbprovider.so:*", {"bump": 0, "drop": 0}),
        ("native:libsbprovider:bump", {}),
        ("native:libsbimporter.so:*", {}),
        ("native:*:no_such_symbol", {}),
    ):
        session = make_session(pattern)
        session.arm()
        assert names(session) == found, pattern
        assert session.intact
        session.disarm()


def test_functions_that_python_itself_provides(make_session: MakeSession, importer: SimpleNamespace) -> None:
    """By libpython or, where there is none, by the program; what is data stays as it is."""
    session = make_session("native:*python3*:Py*", "native:*python3*:_Py*")
    session.arm()
    session.set_delay(0)
    expected = sum(math.hypot(i, 1.0) for i in range(50))
    assert sum(math.hypot(i, 1.0) for i in range(50)) == expected
    assert importer.call(1, 10) == 11  # by ctypes, a module of its own in every Python
    assert zlib.compress(bytes(100)) == zlib.compress(bytes(100))
    with pytest.raises(ValueError, match=r"math domain error|expected a nonnegative input"):
        math.sqrt(-1.0)
    found = names(session)
    assert sum(found.values()) > 0
    assert not {"PyExc_ValueError", "PyFloat_Type", "_Py_NoneStruct", "Py_Version"} & set(found)


# ---- when it is called ----


def test_a_symbol_that_is_not_bound_yet(make_session: MakeSession, folder: Path, tmp_path: Path) -> None:
    """Armed before its first call, and left as it was found: the dynamic linker binds it afterwards."""
    importer = load(copy(folder / "libsbimporter.so", tmp_path / "libsbfresh.so"))
    session = make_session("native:libsbprovider.so:*")
    session.arm()
    assert importer.call(1, 10) == 11
    session.set_delay(0)
    assert importer.call(1, 10) == 11
    assert importer.call_drop(1, 5) == -4
    assert (names(session), session.intact) == ({"bump": 10, "drop": 5}, True)
    session.disarm()
    assert importer.call(1, 10) == 11
    session.arm()
    session.set_delay(0)
    assert importer.call(1, 10) == 11
    assert names(session) == {"bump": 20, "drop": 5}


@pytest.mark.parametrize("refresh", [lambda session: session.set_delay(0), lambda session: session.refresh()],
                         ids=["set_delay", "refresh"])  # fmt: skip
def test_a_library_that_is_loaded_later(
    make_session: MakeSession, folder: Path, tmp_path: Path, refresh: Callable[[_core.Session], None]
) -> None:
    load(folder / "libsbimporter.so")
    session = make_session("native:libsbprovider.so:bump")
    session.arm()
    session.set_delay(0)
    later = load(copy(folder / "libsblater.so", tmp_path / "libsbwhenever.so"))
    assert session.intact
    assert later.call(1, 10) == 11
    assert session.totals()[0] == 0
    refresh(session)
    assert later.call(1, 10) == 11
    assert (names(session), session.intact) == ({"bump": 10}, True)
    session.disarm()
    assert later.call(1, 10) == 11
    assert session.totals()[0] == 10


def is_mapped(path: str) -> bool:
    return path in Path("/proc/self/maps").read_text()


def test_a_library_that_is_closed_stays_until_disarmed(make_session: MakeSession, folder: Path, tmp_path: Path) -> None:
    import _ctypes

    load(folder / "libsbimporter.so")  # which keeps the provider
    later = load(copy(folder / "libsblater.so", tmp_path / "libsbclosed.so"))
    session = make_session("native:libsbprovider.so:*")
    session.arm()
    session.set_delay(0)
    assert later.call(1, 10) == 11
    _ctypes.dlclose(later.handle)
    assert is_mapped(later.path)
    assert session.intact
    assert later.call(1, 10) == 11
    session.disarm()
    assert not is_mapped(later.path)
    session.arm()
    assert session.totals()[0] == 20


def test_found_as_left(make_session: MakeSession, importer: SimpleNamespace) -> None:
    """Whoever stored what it found while armed may call it for as long as the process lives."""
    before = importer.address(), importer.address_of_drop()
    session = make_session("native:libsbprovider.so:bump")
    with session:
        session.set_delay(0)
        stored = importer.address()
        assert (stored != before[0], importer.address_of_drop()) == (True, before[1])
        bump = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long)(stored)
        assert bump(1) == 2
    assert (importer.address(), importer.address_of_drop()) == before
    assert bump(1) == 2
    assert session.totals()[0] == 1
    with pytest.raises(ZeroDivisionError), session:
        raise ZeroDivisionError
    assert (importer.address(), importer.address_of_drop()) == before
    with session:
        session.set_delay(0)
        assert importer.address() == stored
        assert bump(1) == 2
    assert session.totals()[0] == 2


def test_nogil_is_refused() -> None:
    with pytest.raises(ValueError, match="'nogil' gives the GIL up, and a native symbol's caller may not hold the GIL"):
        _core.Session(_core.Patterns(["native:libm*:cos"]), "nogil", "a test")


@pytest.mark.parametrize("mode", ["spin", "sleep"])
def test_delays_of_callers_that_hold_the_gil_and_that_do_not(
    mode: str, make_session: MakeSession, importer: SimpleNamespace
) -> None:
    held = ctypes.PyDLL(importer.path).call
    session = make_session("native:libsbprovider.so:bump", mode=mode)
    session.arm()
    for delay_ns, times in (300, 1000), (10_000, 100), (1e6, 10), (25e6, 1):
        for call in importer.call, held:
            session.set_delay(delay_ns)
            before, begin = session.totals(), time.perf_counter_ns()
            assert call(1, times) == 1 + times
            took = time.perf_counter_ns() - begin
            session.pause()
            calls, requested, delivered, late, _ = (a - b for a, b in zip(session.totals(), before, strict=True))
            assert calls == times
            assert requested == pytest.approx(times * delay_ns, rel=1e-3)
            assert delivered == pytest.approx(requested, rel=1 / 32, abs=200)  # what is off by more is late
            assert took > 0.98 * (delivered + late)


# ---- threads, forks, interpreters ----


def run_beside(work: Callable[[], object], others: list[Callable[[], object]]) -> None:
    """While the others run, over and over; what they raise is raised."""
    stop, failures = threading.Event(), []

    def repeat(other: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                other()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=repeat, args=[other]) for other in others]
    for thread in threads:
        thread.start()
    try:
        work()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_threads_count_exactly(make_session: MakeSession, importer: SimpleNamespace) -> None:
    session = make_session("native:libsbprovider.so:bump")
    session.arm()
    session.set_delay(50)
    threads = [threading.Thread(target=importer.call, args=[0, 30_000]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls, requested, *_ = session.totals()
    assert (calls, session.lost) == (240_000, 0)
    assert requested == pytest.approx(240_000 * 50, rel=1e-2)


def test_a_thousand_cycles_beside_threads_that_call(make_session: MakeSession, importer: SimpleNamespace) -> None:
    """They hardly ever hold the GIL, so that they call while slots are written."""

    def call() -> None:
        assert importer.call(7, 3_000_000) == 3_000_007

    def cycle() -> None:
        for i in range(1000):
            session.arm()
            session.set_delay(100)
            assert session.intact
            before = session.totals()[0]
            while i % 100 == 0 and session.totals()[0] == before:
                time.sleep(0.001)
            session.set_delay(0)
            session.disarm()

    before = importer.address()
    session = make_session("native:libsbprovider.so:*", "native:libm.so*:cos")
    run_beside(cycle, [call] * 3)
    assert importer.address() == before
    assert session.totals()[0] >= 10


def test_a_child_of_a_fork_is_not_slowed(folder: Path) -> None:
    out = run_script(
        f"""
    import ctypes, os, math
    importer = ctypes.CDLL({str(folder / "libsbimporter.so")!r})
    importer.address.restype = ctypes.c_void_p
    before = importer.address()
    session = make_session("native:libsbprovider.so:bump", "native:libm.so*:cos")
    session.arm()
    session.set_delay(1000)
    importer.call(1, 10)
    pid = os.fork()
    if pid == 0:
        counted = session.totals()
        ok = importer.call(1, 10) == 11 and session.totals() == counted and not session.intact
        ok = ok and importer.address() == before
        own = make_session("native:libsbprovider.so:bump", owner="the child")
        own.arm()
        own.set_delay(0)
        ok = ok and importer.call(1, 10) == 11 and own.totals()[0] == 10
        own.disarm()
        os._exit(0 if ok and importer.address() == before else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    importer.call(1, 10)
    print(session.totals()[0], session.intact)
    """
    )
    assert out == "0\n20 True\n"


INTERPRETERS = next(
    (name for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name) is not None), None
)


@pytest.mark.skipif(INTERPRETERS is None, reason="this Python has no module to make sub-interpreters with")
def test_interpreters_of_one_process(folder: Path) -> None:
    """A symbol is the process's: its calls are counted whoever makes them, and one session has it at a time."""
    out = run_script(
        f"""
    import ctypes, math
    import {INTERPRETERS} as interpreters
    importer = ctypes.CDLL({str(folder / "libsbimporter.so")!r})
    importer.address_of_drop.restype = ctypes.c_void_p
    session = make_session("native:libsbprovider.so:bump", "native:libm.so*:cos")
    session.arm()
    session.set_delay(0)
    inner = interpreters.create()
    print(interpreters.run_string(inner, '''if True:
        import math
        from pytest_speedbump import _core
        for _ in range(10):
            math.cos(1.0)

        def make(*patterns):
            return _core.Session(_core.Patterns(patterns), "spin", "another interpreter")

        own = make("native:libm.so*:tan")
        own.arm()
        own.set_delay(0)
        math.tan(1.0)
        print(own.totals()[0], own.intact, flush=True)
        own.disarm()
        try:
            make("native:libsbprovider.so:*", "native:libm.so*:tan").arm()
        except RuntimeError as error:
            print(error, flush=True)
    '''))
    before = importer.address_of_drop()
    interpreters.destroy(inner)
    print(session.totals()[0], session.intact)
    session.disarm()
    print(before == importer.address_of_drop())
    """
    )
    assert out.splitlines() == [
        "1 True",
        "the native symbol bump is slowed by another interpreter of this process already",
        "None",
        "10 True",
        "True",
    ]


# ---- interrupted, and at exit ----


@pytest.mark.parametrize("mode", ["spin", "sleep"])
def test_a_signal_is_handled_after_the_delay(mode: str) -> None:
    out = run_script(
        f"""
    import math, os, signal, threading, time
    session = make_session("native:libm.so*:cos", mode={mode!r})
    session.arm()
    session.set_delay(400e6)
    handled = []
    signal.signal(signal.SIGUSR1, lambda *_: handled.append(time.perf_counter()))
    main = threading.main_thread().ident
    def send():
        while session.totals()[0] == 0:
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGUSR1)
        signal.pthread_kill(main, signal.SIGINT)
    thread = threading.Thread(target=send)
    thread.start()
    begin = time.perf_counter()
    try:
        math.cos(1.0)
    except KeyboardInterrupt:
        pass
    try:
        thread.join()
    except KeyboardInterrupt:
        thread.join()
    took = time.perf_counter() - begin
    print(0.39 < took, len(handled), session.totals()[0], session.intact)
    """
    )
    assert out == "True 1 1 True\n"


def test_exit_while_armed() -> None:
    out = run_script(
        """
    import atexit, math, threading
    session = make_session("native:libc.so*:mem*", "native:libc.so*:*alloc", "native:libc.so*:free", "native:libm*:*")
    session.arm()
    session.set_delay(100)
    def work():
        while True:
            math.cos(len(bytes(bytearray(1000))))
    for _ in range(2):
        threading.Thread(target=work, daemon=True).start()
    atexit.register(lambda: print(session.totals()[0] > 0, session.intact))
    sys.keep = session
    """
    )
    assert out == "True True\n"


def test_the_c_library_beneath_everything(make_session: MakeSession) -> None:
    """What the interpreter, the dynamic linker and our own library need is slowed, and nothing of ours waits for it."""
    session = make_session("native:libc.so*:*", "native:libm.so*:*")
    session.arm()
    session.set_delay(50)
    try:
        expected = sum(len(bytes(bytearray(i))) for i in range(2000))
        files = {file.name for file in Path(__file__).parent.iterdir()}
        text = subprocess.run([sys.executable, "-S", "-c", "print(6 * 7)"], capture_output=True, text=True).stdout
        threads = [threading.Thread(target=zlib.compress, args=[bytes(10_000)]) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with pytest.raises(FileNotFoundError):
            Path("/no/such/file").read_text()
    finally:
        intact = session.intact
        session.disarm()
    assert (expected, text, intact) == (1999000, "42\n", True)
    assert Path(__file__).name in files
    assert session.totals()[0] > 1000
