"""Sessions armed for the length of a block, or refused in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from pytest_speedbump import _core
from pytest_speedbump.errors import InputError

__all__ = ["armed"]


@contextmanager
def armed(session: _core.Session) -> Iterator[None]:
    """Arms ``session``, paused. Raises InputError where another one is armed, or no tool id is free."""
    try:
        session.arm()
    except RuntimeError as error:
        raise InputError(str(error)) from None
    try:
        yield
    finally:
        session.disarm()
