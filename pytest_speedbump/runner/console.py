"""Standard error, where a command says what it has to say beside a program, whose own standard output is.

What a command was asked to print goes to standard output.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterable

__all__ = ["edge", "print_lines", "say"]


def say(text: str) -> None:
    """Prints to standard error; where that is closed or full, nobody is there to be told."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        os.set_blocking(sys.stderr.fileno(), True)  # The program may have left it otherwise.
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        # What was not written would be tried again at the end, and change the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def print_lines(lines: Iterable[str]) -> None:
    """Prints to standard output what was asked for; whoever has read enough of it, as ``head`` does, may close it.

    Characters that it cannot encode are escaped. Raises OSError where it is full or closed from the start.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    with contextlib.suppress(AttributeError):  # Somebody may have replaced it.
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        for line in lines:
            print(line)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # as in say()
        if not isinstance(error, BrokenPipeError):
            raise


def edge(descriptor: int = 2) -> int | None:
    """Columns of the terminal on standard error, or another one; None where that is none, unless COLUMNS says so."""
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size(descriptor).columns) or None
    except (OSError, ValueError):
        return None
