"""Sessions armed for the length of a block, or refused in a sentence."""

from pytest_speedbump import _core
from pytest_speedbump.errors import InputError

__all__ = ["armed"]


def armed(session: _core.Session) -> _core.Armed:
    """``with armed(session):`` arms it, paused, until the block is left, or what this returns is dropped.

    No variable in here holds the answer: where Ctrl-C comes before the block is entered, the answer goes, and disarms.

    Raises:
        InputError: another session is armed, or no tool id is free.
    """
    try:
        return _core.Armed(session)
    except RuntimeError as error:
        raise InputError(str(error)) from None
