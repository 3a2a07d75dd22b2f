"""What tests of sessions have in common, besides the fixtures of core/."""

from collections.abc import Callable
from types import CodeType

from pytest_speedbump import _core

__all__ = ["EVENTS", "TOOL_IDS", "MakeSession", "code_of", "define"]

type MakeSession = Callable[..., _core.Session]

TOOL_IDS = (3, 4)

# Those that a session may subscribe to.
EVENTS = ("PY_START", "PY_RESUME", "PY_THROW", "PY_RETURN", "PY_YIELD", "PY_UNWIND")


def code_of(what: CodeType | _core.Site) -> CodeType:
    """Of a target of Python starts, in a row of a snapshot."""
    assert isinstance(what, CodeType)
    return what


def define(source: str, file: str = "<made up>") -> CodeType:
    """The code object of the only function in ``source``."""
    (code,) = [const for const in compile(source, file, "exec").co_consts if isinstance(const, CodeType)]
    return code
