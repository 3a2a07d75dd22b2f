"""Ctrl-C and other signals during a delay. Each in a process of its own, which they end."""

import signal

import pytest
from scripts import run_plain, run_script

# The signal is sent once the call is counted, so that it arrives during the delay.
SEND = """
    import os, signal, threading, time

    def send(number):
        before = session.totals()[0]

        def watch():
            while session.totals()[0] == before:
                time.sleep(0.01)
            time.sleep(0.05)
            os.kill(os.getpid(), number)

        threading.Thread(target=watch, daemon=True).start()
"""


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_ctrl_c_ends_a_long_delay(mode: str) -> None:
    out = run_script(
        SEND
        + f"""
    session = make_session(mode={mode!r})
    session.arm()
    session.set_delay(30e9)
    send(signal.SIGINT)
    try:
        leaf()
    finally:
        calls, requested, delivered, *_ = session.totals()
        print(calls, requested > 29e9, 0 < delivered < 15e9, session.intact)
        session.disarm()
        print([sys.monitoring.get_tool(tool) for tool in (3, 4)])
        """,
        status=-signal.SIGINT,
    )
    assert out.splitlines() == ["1 True True True", "[None, None]"]


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_a_handler_that_returns_does_not_shorten_the_delay(mode: str) -> None:
    out = run_script(
        SEND
        + f"""
    handled = []
    signal.signal(signal.SIGUSR1, lambda *_: handled.append(leaf()))
    session = make_session(mode={mode!r})
    session.arm()
    session.set_delay(300e6)
    send(signal.SIGUSR1)
    begin = time.perf_counter()
    print(leaf(), handled, time.perf_counter() - begin > 0.297)
    calls, requested, delivered, *_ = session.totals()
    print(calls, delivered > 297e6)  # no event fires inside a callback: the handler's own call is not seen
        """
    )
    assert out.splitlines() == ["42 [42] True", "1 True"]


def test_an_exception_of_a_handler_passes_through_the_slowed_call() -> None:
    out = run_script(
        SEND
        + """
    class Alarm(Exception):
        pass

    def alarm(*_):
        raise Alarm

    def caller():
        try:
            leaf()
        except Alarm as error:
            names = []
            trace = error.__traceback__
            while trace:
                names.append(trace.tb_frame.f_code.co_name)
                trace = trace.tb_next
            return names

    signal.signal(signal.SIGUSR1, alarm)
    session = make_session()
    session.arm()
    session.set_delay(30e9)
    send(signal.SIGUSR1)
    print(caller())
    session.set_delay(0)
    leaf()
    print(session.totals()[0], session.intact)
        """
    )
    assert out.splitlines() == ["['caller', 'leaf', 'alarm']", "2 True"]


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_a_handler_may_use_and_drop_the_session(mode: str) -> None:
    out = run_script(
        SEND
        + f"""
    import gc

    def alive():
        return [name for name in ("Session", "_Probe") for thing in gc.get_objects() if type(thing).__name__ == name]

    def handler(*_):
        global session
        (row,) = session.snapshot()
        session.set_delay(0)
        session.pause()
        print(row[3:6], session.totals()[0], session.intact)
        session.disarm()
        watcher.join()
        session = None
        print(alive(), "held by the delay alone")

    signal.signal(signal.SIGUSR1, handler)
    session = make_session(mode={mode!r})
    session.arm()
    session.set_delay(0)
    leaf()  # on first sight a session would be held for another reason
    session.set_delay(300e6)
    send(signal.SIGUSR1)
    watcher = threading.enumerate()[-1]
    print(leaf())
    print(alive(), sys.monitoring.get_tool(3))
        """
    )
    assert out.splitlines() == ["(2, 0.0, 0.0) 2 True", "['_Probe'] held by the delay alone", "42", "[] None"]


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_a_handler_may_call_callbacks_by_hand(mode: str) -> None:
    """For new code, so that cells move under the delay, and of another session, so that its table is the last used."""
    out = run_script(
        SEND
        + f"""
    PY_START = sys.monitoring.events.PY_START
    codes = [leaf.__code__.replace(co_qualname=f"made_up_{{n}}") for n in range(100)]

    def callback_of(session):
        session.arm()
        callback = sys.monitoring.register_callback(3, PY_START, None)
        sys.monitoring.register_callback(3, PY_START, callback)
        return callback

    other = make_session("*made_up*", owner="the other")
    other_callback = callback_of(other)
    other.disarm()
    session = make_session("*:leaf", "*made_up*", mode={mode!r})
    callback = callback_of(session)

    def handler(*_):
        session.set_delay(0)
        for code in codes:
            callback(code, 0)
            other_callback(code, 0)

    signal.signal(signal.SIGUSR1, handler)
    session.set_delay(300e6)
    send(signal.SIGUSR1)
    leaf()
    rows = {{row[0].co_qualname: row[3:6] for row in session.snapshot()}}
    print(len(rows), rows["made_up_99"], rows["leaf"][0], rows["leaf"][2] > 297e6, len(other.snapshot()))
        """
    )
    assert out == "101 (1, 0.0, 0.0) 1 True 100\n"


def test_exit_while_armed_is_silent() -> None:
    assert run_script("session = make_session()\nsession.arm()\nsession.set_delay(0)\nprint(leaf())") == "42\n"
    assert run_script("session = make_session()\nsession.arm()\nraise SystemExit(3)", status=3) == ""


def test_a_long_delay_in_a_daemon_thread_holds_up_neither_collections_nor_exit() -> None:
    """Without a GIL a collection stops all threads, and a spinning one must let itself be stopped."""
    out = run_script(
        """
    import gc, threading, time
    session = make_session()
    session.arm()
    session.set_delay(60e9)
    thread = threading.Thread(target=leaf, daemon=True)
    thread.start()
    while session.totals()[0] == 0:
        time.sleep(0.01)
    for _ in range(20):
        gc.collect()
    print(thread.is_alive())
        """
    )
    assert out == "True\n"


BLOCKS = """
import random, signal, sys, time
from contextlib import ExitStack
from pytest_speedbump import _core, slow
from pytest_speedbump.slowing.session import armed

def make_session():
    return _core.Session(_core.Patterns(["no.such.thing"]), "spin", "a test")

session, bump = make_session(), slow("no.such.thing", delay="0ns")
decorated = bump(lambda: None)

def with_session():
    with session:
        pass

def with_armed():
    with armed(session):
        pass

def with_slow():
    with slow("no.such.thing", delay="0ns"):
        pass

def with_the_same():
    with bump:
        pass

def with_stack():
    with ExitStack() as stack:
        stack.enter_context(slow("no.such.thing", delay="0ns"))

class Interrupt(BaseException):
    pass

def interrupt(*_):
    raise Interrupt

signal.signal(signal.SIGALRM, interrupt)
lost = {}
blocks = [with_session, with_armed, with_slow, with_the_same, with_stack, decorated]
if sys.version_info >= (3, 14):
    blocks.remove(with_session)  # may be interrupted between an __enter__ in C and the block
for block in blocks:
    begin = time.perf_counter()
    for _ in range(20):
        block()
    longest = (time.perf_counter() - begin) / 20
    lost[block.__name__] = 0
    for _ in range(TRIES):
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, longest))
            block()
            while True:
                pass
        except Interrupt:
            pass
        if sys.monitoring.get_tool(3) or sys.monitoring.get_tool(4):
            lost[block.__name__] += 1
            session.disarm()
            bump.__exit__(None, None, None)
print(lost)
"""


def test_ctrl_c_anywhere_around_a_block_loses_nothing() -> None:
    out = run_plain(BLOCKS.replace("TRIES", "800"))
    assert set(eval(out).values()) == {0}, out
