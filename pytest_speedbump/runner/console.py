"""Standard error, where a command says what it has to say: standard output is the program's own."""

import contextlib
import os
import sys

__all__ = ["edge", "say"]


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


def edge(descriptor: int = 2) -> int | None:
    """Columns of the terminal there, on standard error; None where that is none, unless COLUMNS says so."""
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size(descriptor).columns) or None
    except (OSError, ValueError):
        return None
