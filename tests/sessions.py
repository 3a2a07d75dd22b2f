"""What tests of sessions have in common, besides the fixtures of core/."""

from collections.abc import Callable
from types import CodeType

from pytest_speedbump import _core

__all__ = ["EVENTS", "TOOL_IDS", "MakeSession", "define"]

type MakeSession = Callable[..., _core.Session]

TOOL_IDS = (3, 4)

# Those that a session may subscribe to.
EVENTS = ("PY_START", "PY_RESUME", "PY_THROW", "PY_RETURN", "PY_YIELD", "PY_UNWIND")


def define(source: str, file: str = "<made up>") -> CodeType:
    """The code object of the only function in ``source``."""
    (code,) = [const for const in compile(source, file, "exec").co_consts if isinstance(const, CodeType)]
    return code
