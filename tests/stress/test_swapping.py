"""Pointers are swapped beside threads that call through them, and beside children that are forked meanwhile."""

from scripts import run_plain

PRELUDE = """
import collections, ctypes, os, sys, threading, zlib
from pytest_speedbump import _core
THINGS = [zlib.crc32, str.join, collections.deque, dict.fromkeys, sorted]

def values():
    return [ctypes.c_void_p.from_address(_core.place_of(thing)).value for thing in THINGS]

def make():
    return _core.Session(_core.Patterns(["c:a.b"]), "spin", "a test", [("a", "b", thing, 0) for thing in THINGS])

def call():
    assert zlib.crc32(b"a") == 3904355907 and ",".join(("a", "b")) == "a,b" and sorted((2, 1)) == [1, 2]
    assert len(collections.deque((1,), maxlen=1)) == 1 and dict.fromkeys("a") == {"a": None}

before = values()
"""


def test_a_thousand_cycles_beside_threads_that_call() -> None:
    out = run_plain(
        PRELUDE
        + """
done, wrong = threading.Event(), []

def work():
    try:
        while not done.is_set():
            call()
    except BaseException as error:
        wrong.append(error)

sys.setswitchinterval(1e-5)
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
session = make()
for i in range(1000):
    with session if i % 2 else make() as armed:
        armed.set_delay(i % 3 * 100)
        call()
        assert armed.intact and armed.totals()[0] >= 5
done.set()
for thread in threads:
    thread.join()
print(wrong, values() == before)
"""
    )
    assert out == "[] True\n"


def test_children_of_a_process_whose_threads_call() -> None:
    out = run_plain(
        PRELUDE
        + """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)
done = threading.Event()

def work():
    while not done.is_set():
        call()

threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
statuses = set()
for _ in range(20):
    with make() as session:
        session.set_delay(1000)
        pid = os.fork()
        if pid == 0:
            total = session.totals()[0]
            call()
            good = session.totals()[0] == total and values() == before
            with make() as own:
                own.set_delay(0)
                call()
                good = good and own.totals()[0] == 5
            os._exit(0 if good and values() == before else 1)
        statuses.add(os.waitpid(pid, 0)[1])
done.set()
for thread in threads:
    thread.join()
print(statuses, values() == before)
"""
    )
    assert out == "{0} True\n"
