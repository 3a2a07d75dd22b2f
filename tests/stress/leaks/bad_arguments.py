"""Everything that is refused for its arguments."""

from collections.abc import Callable
from typing import Any

from pytest_speedbump import _core as checked

_core: Any = checked  # whose arguments nobody checks before it runs

PATTERNS = _core.Patterns(["pkg.*"])
SESSION = _core.Session(PATTERNS, "spin", "a leak test")

BAD: list[Callable[[], object]] = [
    lambda: _core.Session(PATTERNS, "busy", "me"),
    lambda: _core.Session(PATTERNS, "spin", 3),
    lambda: _core.Session("pkg", "spin", "me"),
    lambda: _core.Patterns("pkg"),
    lambda: _core.Patterns(["pkg", "a["]),
    lambda: _core.Patterns(["pkg", "\udc80", 3]),
    lambda: PATTERNS.match("a", "b", 3),
    lambda: SESSION.set_delay(-1),
    lambda: SESSION.set_delay("2us"),
    lambda: SESSION.set_delay(10**400),
]


def scenario() -> None:
    for bad in BAD:
        try:
            bad()
        except (ValueError, TypeError, OverflowError):
            continue
        raise AssertionError("accepted")
