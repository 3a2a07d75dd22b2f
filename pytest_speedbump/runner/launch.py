"""What a supervised run starts: this interpreter with a script, a module or code; or any other command."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pytest_speedbump.errors import InputError

__all__ = ["Launch", "own_flags"]

_EXAMPLE = "write the program after --, as in `-- train.py --steps 1000`, `-- -m module` or `-- ./start.sh`"
_SCRIPTS = (".py", ".pyc", ".pyw", ".pyz")
_PACKAGE = "pytest_speedbump"
_MAINS = ("-", "-m", "-c")
_WITH_VALUE = ("-X", "-W", "--check-hash-based-pycs")


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
        is_option, is_there = first.startswith("-"), Path(first).exists()
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
        """Those of Python that it gets, without their values; of a command none."""
        return tuple(word for word in self._before_main() if word.startswith("-"))

    @property
    def script(self) -> str | None:
        """The path of the Python file that is run; None where something else is."""
        return self._main("") or None

    @property
    def module(self) -> str | None:
        """The name that follows ``-m``; None where something else is run."""
        return self._main("-m") or None

    def _main(self, introduced_by: str) -> str:
        rest = self.argv[1 + len(self._before_main()) :] if self.is_python else ()
        if not introduced_by:
            return rest[0] if rest and not rest[0].startswith("-") else ""
        return rest[1] if rest[:1] == (introduced_by,) and len(rest) > 1 else ""

    def _before_main(self) -> Sequence[str]:
        """The words up to what is run."""
        words, at = self.argv[1:], 0
        while self.is_python and at < len(words) and words[at].startswith("-") and words[at] not in _MAINS:
            at += 2 if words[at] in _WITH_VALUE else 1
        return words[:at]


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
