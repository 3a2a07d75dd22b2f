"""A child is not slowed, may arm a session of its own, and its parent notices nothing."""

import pytest
from scripts import run_plain, run_script

FORK = """
import os, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads forks is what is tried here

def check_child():
    assert [sys.monitoring.get_tool(tool) for tool in (3, 4)] == [None, None]
    assert not session.intact
    before = session.totals()
    for _ in range(10):
        leaf()
    assert session.totals() == before
    own = make_session(owner="the child")
    own.arm()
    own.set_delay(1000)
    for _ in range(10):
        leaf()
    assert (own.totals()[0], own.intact, sys.monitoring.get_tool(3)) == (10, True, "pytest-speedbump")
    own.disarm()

def fork(check=check_child):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            check()
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.mark.parametrize("mode", ["spin", "time"])
def test_fork(mode: str) -> None:
    out = run_script(
        FORK
        + f"""
session = make_session(mode={mode!r})
session.arm()
session.set_delay(0)
for _ in range(3):
    leaf()
    fork()
    fork(lambda: fork())
    leaf()
print(session.totals()[0], session.intact)
session.disarm()
fork()
"""
    )
    assert out == "6 True\n"


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_fork_while_other_threads_are_delayed(mode: str) -> None:
    out = run_script(
        FORK
        + f"""
session = make_session(mode={mode!r})
session.arm()
session.set_delay(2e6)
made = [0] * 4
done = threading.Event()

def call(i):
    while not done.is_set():
        leaf()
        made[i] += 1

threads = [threading.Thread(target=call, args=(i,)) for i in range(4)]
for thread in threads:
    thread.start()
for _ in range(20):
    while session.totals()[0] < sum(made):
        pass
    fork()
done.set()
for thread in threads:
    thread.join()
print(session.totals()[0] == sum(made) > 0, session.intact)
"""
    )
    assert out == "True True\n"


def test_fork_while_other_threads_are_measured() -> None:
    """And in the middle of a measured function, whose end the child sees without being measured."""
    out = run_script(
        FORK
        + """
from array import array

def read():
    into = array("d", [0] * 6)
    return session.read_times(into), list(into)

def branch():
    def check():
        check_child()
        before = read()
        leaf()
        assert read() == before
    fork(check)

session = make_session("__main__:leaf", "__main__:branch", mode="time")
session.arm()
session.set_delay(0)
done = threading.Event()

def call():
    while not done.is_set():
        leaf()

threads = [threading.Thread(target=call) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(20):
    branch()
done.set()
for thread in threads:
    thread.join()
calls = {row[0].co_name: row[3] for row in session.snapshot()}
print(calls["branch"], calls["leaf"] > 0, session.intact)
"""
    )
    assert out == "20 True True\n"


def test_fork_in_a_handler_during_a_delay() -> None:
    """The child is in the middle of the call: it is let go, and the parent's delay goes on."""
    out = run_script(
        FORK
        + """
import signal
children = []

def handler(*_):
    pid = os.fork()
    if pid == 0:
        session.disarm()
    children.append(pid)

signal.signal(signal.SIGUSR1, handler)
session = make_session()
session.arm()
session.set_delay(1e9)

def watch():
    while session.totals()[0] == 0:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGUSR1)

threading.Thread(target=watch).start()
assert leaf() == 42
while not children:  # a busy machine may bring the signal late
    time.sleep(0.001)
if children == [0]:
    os._exit(0 if sys.monitoring.get_tool(3) is None else 1)
print(os.waitpid(children[0], 0)[1], session.totals()[0], session.intact)
"""
    )
    assert out == "0 1 True\n"


def test_multiprocessing() -> None:
    out = run_script(
        FORK
        + """
import multiprocessing
context = multiprocessing.get_context("fork")
session = make_session()
session.arm()
session.set_delay(0)
leaf()
children = [context.Process(target=check_child) for _ in range(3)]
for child in children:
    child.start()
    leaf()
for child in children:
    child.join()
print([child.exitcode for child in children], session.totals()[0], session.intact)
"""
    )
    assert out == "[0, 0, 0] 4 True\n"


def test_fork_while_another_thread_calibrates() -> None:
    """It holds a lock that nobody in the child would give back."""
    run_script(
        FORK
        + """
import signal

def check():
    signal.alarm(30)
    make_session(mode="sleep")
    check_child()

session = make_session()
thread = threading.Thread(target=make_session, kwargs={"mode": "sleep"})
thread.start()
time.sleep(0.005)
fork(check)
thread.join()
"""
    )


def test_fork_of_doses() -> None:
    """The child may give doses of its own, in the parent's session, too."""
    out = run_script(
        FORK
        + """
from array import array
session = make_session()
session.arm()
leaf()

def check():
    check_child()
    session.arm()
    session.set_doses(array("d", [2000, 1]))
    leaf()
    assert 2999 < session.totals()[1] < 3001

session.set_doses(array("d", [1000, 1]))
leaf()
fork(check)
fork(check)
print(session.totals()[0], round(session.totals()[1]), session.intact)
"""
    )
    assert out == "1 1000 True\n"


def test_fork_of_a_rhythm() -> None:
    """The child is paused, and may set one of its own, in the parent's session, too."""
    out = run_script(
        FORK
        + """
def check():
    check_child()
    session.arm()
    session.set_delay(2000, every=4)
    for _ in range(12):
        leaf()
    print(session.totals()[0], round(session.totals()[1]), flush=True)

session = make_session()
session.arm()
session.set_delay(1000, every=4, for_ns=1e12)
for _ in range(10):
    leaf()
fork(check)
fork(check)
for _ in range(2):
    leaf()
print(session.totals()[0], round(session.totals()[1]), session.intact)
"""
    )
    assert out == "22 8000\n22 8000\n12 3000 True\n"


@pytest.mark.parametrize(
    "plan", ["set_delay(1000)", "set_delay(1000, every=1, for_ns=1e12)", "set_doses(array('d', [1000, 1]))"]
)
def test_hooks_that_run_before_ours_are_not_slowed(plan: str) -> None:
    """Those of a child run in the order in which they were registered."""
    done = run_plain(
        f"""
import os, sys
from array import array

def leaf():
    pass

seen = []

def early():
    leaf()
    seen.append(session.totals()[0])

os.register_at_fork(after_in_child=early)
from pytest_speedbump import _core
session = _core.Session(_core.Patterns(["__main__:leaf"]), "spin", "a test")
session.arm()
leaf()
session.{plan}
leaf()
pid = os.fork()
if pid == 0:
    leaf()
    os._exit(0 if [*seen, session.totals()[0]] == [1, 1] else 1)
assert os.waitpid(pid, 0)[1] == 0
leaf()
print(seen, session.totals()[0], session.intact)
"""
    )
    assert done == "[] 2 True\n"


def test_copies_of_the_module_are_all_disarmed() -> None:
    run_script(
        FORK
        + """
import importlib
session = make_session()
del sys.modules["pytest_speedbump._core"]
other = importlib.import_module("pytest_speedbump._core")
second = other.Session(other.Patterns(["__main__:leaf"]), "spin", "second")
session.arm()
second.arm()
second.set_delay(0)
fork()
assert session.intact and second.intact
"""
    )
