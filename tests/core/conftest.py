"""Sessions that do not outlive their test, in an interpreter whose tool ids are left as they were."""

import sys
import weakref
from collections.abc import Iterator

import pytest
from sessions import EVENTS, TOOL_IDS, MakeSession, define

from pytest_speedbump import _core


@pytest.fixture
def mortal_code() -> None:
    """For tests that need code objects to die: they do not on a free-threaded 3.13 that has started a thread."""
    gone = weakref.ref(define("def made_up(): pass"))
    if gone() is not None:
        pytest.skip("code objects are immortal in this interpreter")


@pytest.fixture
def tool_ids() -> Iterator[tuple[int, int]]:
    """The ids that a session may take, free; whoever holds them afterwards is turned out."""
    monitoring = sys.monitoring
    assert [monitoring.get_tool(tool) for tool in TOOL_IDS] == [None, None]
    yield TOOL_IDS
    for tool in TOOL_IDS:
        if monitoring.get_tool(tool) is not None:
            monitoring.set_events(tool, 0)
            for event in EVENTS:
                monitoring.register_callback(tool, getattr(monitoring.events, event), None)
            monitoring.free_tool_id(tool)
    monitoring.restart_events()


@pytest.fixture
def make_session(tool_ids: tuple[int, int]) -> Iterator[MakeSession]:
    """``make_session(*patterns, mode="spin", owner="a test")``: not armed, and disarmed at the end."""
    sessions = []

    def make(*patterns: str, mode: str = "spin", owner: str = "a test") -> _core.Session:
        sessions.append(_core.Session(_core.Patterns(patterns), mode, owner))
        return sessions[-1]

    yield make
    for session in sessions:
        session.disarm()


@pytest.fixture
def count(make_session: MakeSession) -> MakeSession:
    """``count(*patterns)``: an armed session that counts and adds nothing."""

    def make(*patterns: str) -> _core.Session:
        session = make_session(*patterns)
        session.arm()
        session.set_delay(0)
        return session

    return make
