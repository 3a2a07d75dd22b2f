"""Everything that is refused for its arguments."""

from array import array
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
    lambda: SESSION.set_delay(1, every=0),
    lambda: SESSION.set_delay(1, every=2**63),
    lambda: SESSION.set_delay(1, for_ns="2us"),
    lambda: SESSION.set_delay(10**400),
    lambda: SESSION.set_doses([1, 1]),
    lambda: SESSION.set_doses(array("f", [1, 1])),
    lambda: SESSION.set_doses(array("d", [1, 1, 1])),
    lambda: SESSION.set_doses(array("d", [1, 1, 1, 2])),
    lambda: SESSION.set_doses(array("d", [-1, 1])),
    lambda: SESSION.read_counts(b"12345678" * 5),
    lambda: SESSION.read_counts(memoryview(b"12345678" * 5).cast("d")),
    lambda: SESSION.read_counts(array("d", [1, 1, 1])),
]


def scenario() -> None:
    for bad in BAD:
        try:
            bad()
        except (ValueError, TypeError, OverflowError):
            continue
        raise AssertionError("accepted")
