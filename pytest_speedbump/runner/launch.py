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
        is_option, is_there = first.startswith("-"), os.path.exists(first)  # noqa: PTH110 - of anything that was typed
        command = None if is_option or (is_there and first.endswith(_SCRIPTS)) else shutil.which(first)
        if command is not None:
            return cls(tuple(words), command, tuple(words), is_python=False)
        if not is_option and not is_there:
            what = "script" if first.endswith(_SCRIPTS) else "script or command"
            raise InputError(f"there is no {what} {first!r}; {_EXAMPLE}")
        # By the name that this process was called by, the program finds all that an interpreter tells of itself.
        return cls(tuple(words), sys.executable, (sys.orig_argv[0], *flags, *words), is_python=True)

    @property
    def options(self) -> tuple[str, ...]:
        """The letters of Python's own options, without their values; of a command none."""
        return self._parsed[0]

    @property
    def script(self) -> str | None:
        """The path of the Python file that is run; None where something else is."""
        kind, name = self._parsed[1:]
        return name if kind == "" else None

    @property
    def module(self) -> str | None:
        """The name that follows ``-m``; None where something else is run."""
        kind, name = self._parsed[1:]
        return name if kind == "m" else None

    @property
    def _parsed(self) -> tuple[tuple[str, ...], str | None, str | None]:
        """Options, then how what is run is given: ``""``, ``c`` or ``m``, and its name."""
        options: list[str] = []
        words = iter(self.argv[1:] if self.is_python else ())
        for word in words:
            if not word.startswith("-"):
                return tuple(options), "", word
            if word == "-":
                break
            if word.startswith("--"):
                next(words, None)  # --check-hash-based-pycs, the only one before a program
                continue
            for at, letter in enumerate(word[1:], start=2):
                if letter in "cmWX":
                    value = word[at:] or next(words, None)
                    if letter in "cm":
                        return tuple(options), letter, value
                    break
                options.append(letter)
        return tuple(options), None, None


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
