"""The command ``speedbump``, which is also ``python -m pytest_speedbump``."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from pytest_speedbump import __version__
from pytest_speedbump.core import load_core
from pytest_speedbump.errors import InputError
from pytest_speedbump.runner.arguments import NAME, did_you_mean
from pytest_speedbump.runner.console import say

__all__ = ["main"]

BAD_INPUT = 4  # as pytest's usage errors

COMMANDS = {
    "run": "runs a program whose chosen code is slower, and says what was called or what that costs",
    "attach": "does the same to a process that runs already (CPython 3.14 on)",
    "report": "makes a page, Markdown or metrics of result documents",
    "merge": "makes one document, and one verdict, of those of all shards",
    "lock": "shows lockfiles, compares them, and merges what two branches made of one",
}


NEED_THE_CORE = ("run", "attach")  # the others read documents


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the command line says; ``arguments`` are those of this process where None are given.

    Returns the exit code, 4 where the input was bad; a process whose program was ended by a signal ends by it as well,
    and so does one that Ctrl-C ends before there is a program.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _dispatch(arguments)
    except InputError as error:
        say(f"{NAME}: {error}")
        return BAD_INPUT
    except KeyboardInterrupt:  # before there was a program, or after it
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)  # as Python itself ends, without its traceback
        return 128 + signal.SIGINT


def _dispatch(arguments: Sequence[str]) -> int:
    if not arguments:
        say(_overview())
        return BAD_INPUT
    command, *rest = arguments
    if command in ("-h", "--help"):
        print(_overview())
        return 0
    if command == "--version":
        print(f"{NAME} {__version__}")
        return 0
    if command not in COMMANDS:
        raise InputError(f"command {command!r} is unknown; {did_you_mean(command, COMMANDS)}")
    if command in NEED_THE_CORE:
        load_core()
    module = import_module(f"pytest_speedbump.runner.{command}_command")
    do: Callable[[Sequence[str], Sequence[str]], int] = getattr(module, command)
    return do(rest, arguments)


def _overview() -> str:
    lines = "".join(f"  {name:8}{what}\n" for name, what in COMMANDS.items())
    return f"usage: {NAME} COMMAND ...\n\n{lines}\n`{NAME} COMMAND --help` says more."
