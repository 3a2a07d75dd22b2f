"""What tests of sessions have in common, besides the fixtures of core/."""

from collections.abc import Callable
from types import CodeType

from pytest_speedbump import _core

__all__ = ["TOOL_IDS", "MakeSession", "define"]

type MakeSession = Callable[..., _core.Session]

TOOL_IDS = (3, 4)


def define(source: str, file: str = "<made up>") -> CodeType:
    """The code object of the only function in ``source``."""
    (code,) = [const for const in compile(source, file, "exec").co_consts if isinstance(const, CodeType)]
    return code
