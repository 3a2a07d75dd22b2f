"""How the commands end."""

import sys
from collections.abc import Callable
from enum import IntEnum

__all__ = ["Exit", "ExitError", "ends"]


class Exit(IntEnum):
    OK = 0
    BROKEN = 1  # slower than before, a promise that does not hold, a measurement that failed
    BAD_INPUT = 2  # argparse's own
    MISSING_TOOL = 3
    NOT_COMPARABLE = 4
    FAILED_COMMAND = 5
    NOT_MEASURED = 6


class ExitError(Exception):
    """Ends the command with ``status``; its text is one sentence for whoever typed it."""

    def __init__(self, status: Exit, text: str) -> None:
        super().__init__(text)
        self.status = status


def ends(command: Callable[[], Exit]) -> Exit:
    """Runs ``command``; says the sentence of an ExitError on standard error."""
    try:
        return command()
    except ExitError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.status
