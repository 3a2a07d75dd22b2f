"""``speedbump report``: reports of result documents."""

from collections.abc import Sequence

from pytest_speedbump.errors import InputError

__all__ = ["report"]


def report(arguments: Sequence[str], command_line: Sequence[str]) -> int:
    """Returns the exit code. Raises InputError."""
    raise InputError("report is not there yet")
