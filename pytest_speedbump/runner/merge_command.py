"""``speedbump merge``: one document of those of all shards."""

from collections.abc import Sequence

from pytest_speedbump.errors import InputError

__all__ = ["merge"]


def merge(arguments: Sequence[str], command_line: Sequence[str]) -> int:
    """Returns the exit code. Raises InputError."""
    raise InputError("merge is not there yet")
