"""``speedbump lock show|diff|merge``: what lockfiles hold."""

from collections.abc import Sequence

from pytest_speedbump.errors import InputError

__all__ = ["lock"]


def lock(arguments: Sequence[str], command_line: Sequence[str]) -> int:
    """Returns the exit code. Raises InputError."""
    raise InputError("lock is not there yet")
