"""What a supervised run starts: this interpreter with a script, a module or code; or any other command."""

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from pytest_speedbump.errors import InputError

__all__ = ["Launch", "own_flags"]

_EXAMPLE = "write the program after --, as in `-- train.py --steps 1000`, `-- -m module` or `-- ./start.sh`"
_SCRIPTS = (".py", ".pyc", ".pyw", ".pyz")
_PACKAGE = "pytest_speedbump"


@dataclass(frozen=True, slots=True)
class Launch:
    """A program that can be started.

    Attributes:
        words: as the user wrote them.
        path: of the executable file.
        argv: with what the executable is to be called first.
        is_python: whether that is this very interpreter.
    """

    words: tuple[str, ...]
    path: str
    argv: tuple[str, ...]
    is_python: bool

    @classmethod
    def parse(cls, words: Sequence[str], flags: Sequence[str] = ()) -> Self:
        """What ``words``, all that stands after ``--``, mean.

        Options of Python, ``-`` and Python files go to this interpreter, after ``flags``; everything else is a command,
        which is found as a shell finds it.

        Raises:
            InputError: there is nothing, or no such file or command.
        """
        if not words or not words[0]:
            raise InputError(f"there is no program to run; {_EXAMPLE}")
        first = words[0]
        command = None if first.startswith("-") or _is_script(first) else shutil.which(first)
        if command is not None:
            return cls(tuple(words), command, tuple(words), is_python=False)
        if not first.startswith("-") and not os.path.exists(first):
            what = "script" if first.endswith(_SCRIPTS) else "script or command"
            raise InputError(f"there is no {what} {first!r}; {_EXAMPLE}")
        # By the name that this process was called by, the program finds all that an interpreter tells of itself.
        return cls(tuple(words), sys.executable, (sys.orig_argv[0], *flags, *words), is_python=True)

    @property
    def flags(self) -> tuple[str, ...]:
        """The options of Python that it gets."""
        return self.argv[1 : len(self.argv) - len(self.words)] if self.is_python else ()


def own_flags(arguments: Sequence[str]) -> list[str]:
    """The options that this interpreter itself was started with, as ``-X dev`` or ``-u``, as they were written.

    Those that stand in environment variables reach a child by themselves.

    Args:
        arguments: what the command line of this process ends with, after the name of the script or module.
    """
    before = sys.orig_argv[1 : len(sys.orig_argv) - len(arguments)]
    if not before or sys.orig_argv[len(before) + 1 :] != list(arguments):
        return []  # Not called as a command.
    last = before.pop()
    if last.startswith("-") and last.endswith(f"m{_PACKAGE}"):
        before.append(last.removesuffix(_PACKAGE))
    elif last != _PACKAGE or not before:
        return before  # The script's path.
    if before[-1].startswith("-") and before[-1].endswith("m"):  # of `-m`, or of several in one as `-Im`
        before[-1] = before[-1][:-1]
    return [flag for flag in before if flag != "-"]


def _is_script(path: str) -> bool:
    """Whether Python is to run it, although it may be an executable file: or because it is none."""
    if path.endswith(_SCRIPTS) or os.path.isdir(path):
        return True
    return os.path.isfile(path) and not os.access(path, os.X_OK) and shutil.which(path) is None
