"""Sessions that cannot arm: another is armed already, or no tool id is free."""

import sys

from pytest_speedbump import _core

PATTERNS = _core.Patterns(["pkg.*"])


def refuse(session: _core.Session) -> None:
    try:
        session.arm()
    except RuntimeError:
        return
    raise AssertionError("armed")


def scenario() -> None:
    first = _core.Session(PATTERNS, "spin", f"owner {id(object())}")
    first.arm()
    refuse(_core.Session(PATTERNS, "spin", "a leak test"))
    refuse(first)
    first.disarm()
    for tool in (3, 4):
        sys.monitoring.use_tool_id(tool, f"tool {tool}")
    refuse(first)
    for tool in (3, 4):
        sys.monitoring.free_tool_id(tool)
