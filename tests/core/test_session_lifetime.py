"""What a session owns goes with it; what an interpreter owns stays in it."""

import gc
import importlib.util
import sys
import weakref
from types import FunctionType

import pytest
from scripts import run_script
from sessions import MakeSession, define

from pytest_speedbump import _core


def sessions() -> int:
    return sum(type(thing) is _core.Session for thing in gc.get_objects())


def test_a_session_is_freed_with_its_code_objects(tool_ids: tuple[int, int], mortal_code: None) -> None:
    code = define("def made_up_mortal(): pass")
    before, alive = sessions(), weakref.ref(code)
    session = _core.Session(_core.Patterns(["made_up_mortal"]), "spin", "a test")
    session.arm()
    session.set_delay(0)
    FunctionType(code, {})()
    session.disarm()
    del code
    assert (sessions(), session.totals()[0]) == (before + 1, 1)
    assert alive() is not None
    del session
    assert sessions() == before  # by reference counting alone
    assert alive() is None


def test_a_session_that_nobody_holds_is_disarmed(tool_ids: tuple[int, int]) -> None:
    """Also where a thread is in the middle of a delayed call: that ends as it began."""
    gc.collect()  # else what earlier tests left behind may go meanwhile
    before = sessions()
    session = _core.Session(_core.Patterns(["no.such.thing"]), "spin", "the first")
    session.arm()
    second = _core.Session(_core.Patterns(["no.such.thing"]), "spin", "the second")
    with pytest.raises(RuntimeError, match="the first is armed already"):
        second.arm()
    del session
    assert sessions() == before + 1
    assert sys.monitoring.get_tool(3) is None
    second.arm()
    second.disarm()


def test_a_resurrected_session_is_disarmed_when_it_dies_again() -> None:
    out = run_script(
        """
    import gc

    class Phoenix:
        def __init__(self):
            self.session, self.myself = make_session(owner="risen"), self

        def __del__(self):
            global risen
            risen = self.session

    Phoenix()
    gc.collect()
    risen.arm()
    sys.monitoring.register_callback(3, sys.monitoring.events.PY_START, None)
    del risen
    held = [sys.monitoring.get_tool(tool) for tool in (3, 4)]
    strings = [f"owner {i}" for i in range(1000)]  # in the place of the dead
    successor = make_session()
    successor.arm()
    print(held, successor.intact)
        """
    )
    assert out == "[None, None] True\n"


def test_a_session_in_the_making_is_seen_by_nobody() -> None:
    """Calibration of a mode, which its first session waits for, lets other threads run."""
    out = run_script(
        """
    import gc, threading
    done, seen = threading.Event(), 0

    def look():
        global seen
        while not done.is_set():
            for thing in gc.get_objects():
                if type(thing) is _core.Session:
                    thing.fixed_ns, thing.snapshot(), thing.totals(), thing.intact
                    seen += 1

    gc.freeze()  # few objects to go through
    watcher = threading.Thread(target=look)
    watcher.start()
    sessions = [make_session(mode=mode) for mode in ("sleep", "nogil", "spin")]
    while seen < 3:
        pass
    done.set()
    watcher.join()
        """
    )
    assert out == ""


def test_references_are_balanced(make_session: MakeSession) -> None:
    owner = f"owner {id(object())}"
    patterns = _core.Patterns([f"{__name__}:no_such_function"])
    counts = [sys.getrefcount(thing) for thing in (owner, patterns, sys.monitoring.DISABLE, _core.Session)]
    for _ in range(100):
        session = _core.Session(patterns, "spin", owner)
        session.arm()
        session.set_delay(0)
        session.snapshot()
        session.disarm()
    del session
    now = [sys.getrefcount(thing) for thing in (owner, patterns, sys.monitoring.DISABLE, _core.Session)]
    assert now == counts


def test_copies_of_the_module_share_nothing_but_the_tool_ids() -> None:
    out = run_script(
        """
    import importlib
    first = make_session(owner="first")
    first.arm()
    first.set_delay(0)
    del sys.modules["pytest_speedbump._core"]
    other = importlib.import_module("pytest_speedbump._core")
    print(other is _core, other.Session is _core.Session)
    second = other.Session(other.Patterns(["__main__:leaf"]), "spin", "second")
    second.arm()
    second.set_delay(0)
    leaf()
    first.disarm()
    leaf()
    print(first.totals()[0], second.totals()[0], first.intact, second.intact, sys.monitoring.get_tool(3))
        """
    )
    assert out.splitlines() == ["False False", "1 2 False True None"]


INTERPRETERS = next(
    (name for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name) is not None), None
)


@pytest.mark.skipif(INTERPRETERS is None, reason="this Python has no module to make sub-interpreters with")
def test_each_interpreter_has_its_own() -> None:
    out = run_script(
        f"""
    import {INTERPRETERS} as interpreters
    inside = '''if True:
        import sys
        from pytest_speedbump import _core
        def leaf(): pass
        assert sys.monitoring.get_tool(3) is None
        session = _core.Session(_core.Patterns(["__main__:leaf"]), "spin", "the inner one")
        session.arm()
        session.set_delay(0)
        for _ in range(7):
            leaf()
        assert session.totals()[0] == 7, session.totals()
        assert sys.monitoring.get_tool(3) == "pytest-speedbump"
        {{ending}}
    '''
    session = make_session()
    session.arm()
    session.set_delay(0)
    for ending in ("session.disarm()", "", "del session"):
        leaf()
        interpreter = interpreters.create()
        failure = interpreters.run_string(interpreter, inside.format(ending=ending))
        assert failure is None, failure
        leaf()
        interpreters.destroy(interpreter)
        leaf()
    print(session.totals()[0], session.intact)
        """
    )
    assert out == "9 True\n"
