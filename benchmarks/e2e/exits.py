"""How the two commands end."""

from enum import IntEnum

__all__ = ["Exit", "ExitError"]


class Exit(IntEnum):
    OK = 0
    REGRESSION = 1
    BAD_INPUT = 2  # argparse's own
    MISSING_TOOL = 3
    NOT_COMPARABLE = 4
    FAILED_COMMAND = 5


class ExitError(Exception):
    """Ends the command with ``status``; its text is one sentence for whoever typed it."""

    def __init__(self, status: Exit, text: str) -> None:
        super().__init__(text)
        self.status = status
