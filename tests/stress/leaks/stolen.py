"""Other tools take the id, or the callback, away."""

import sys

from pytest_speedbump import _core

MONITORING = sys.monitoring
PY_START = MONITORING.events.PY_START
PATTERNS = _core.Patterns(["*:leaf"])


def leaf() -> None:
    pass


def scenario() -> None:
    for thief in (True, False):
        session = _core.Session(PATTERNS, "spin", "a leak test")
        session.arm()
        session.set_delay(0)
        leaf()
        MONITORING.free_tool_id(3)
        if thief:
            MONITORING.use_tool_id(3, "thief")
        session.disarm()
        if thief:
            MONITORING.set_events(3, 0)
            MONITORING.register_callback(3, PY_START, None)
            MONITORING.free_tool_id(3)
    session = _core.Session(PATTERNS, "spin", "a leak test")
    session.arm()
    MONITORING.register_callback(3, PY_START, None)
    assert not session.intact
    del session
    assert MONITORING.get_tool(3) is None
