"""Arguments of the commands: a parser whose errors are sentences, and the options that commands share."""

import argparse
import difflib
import site
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from pytest_speedbump.errors import InputError
from pytest_speedbump.files import parse_output
from pytest_speedbump.runner.settings import DEFAULT_DELAY, PROGRAM_MODES, Settings

__all__ = [
    "NAME",
    "Parser",
    "add_slowing",
    "check_joining",
    "did_you_mean",
    "option",
    "parse_json",
    "parse_settings",
    "refuse_unknown",
]

NAME = "speedbump"
PTH = "pytest_speedbump.pth"


class Parser(argparse.ArgumentParser):
    """It raises InputError, and takes no abbreviation."""

    def error(self, message: str) -> NoReturn:
        text = message.removeprefix("argument ")
        text = text.replace(": expected one argument", " needs a value").replace(": expected 2 arguments", " needs two")
        raise InputError(f"{text}; `{self.prog} --help` shows them all")

    @property
    def options(self) -> list[str]:
        return [name for action in self._actions for name in action.option_strings]


def add_slowing(parser: Parser) -> None:
    """What is to be slowed and how, and where the answer goes."""
    add = parser.add_argument
    add("--target", action="append", default=[], metavar="PATTERN", help="what to slow, as in 'pkg.parse*'; repeatable")
    add("--delay", metavar="TIME", help=f"added to each call, as 500ns or 2us, the default is {DEFAULT_DELAY}")
    add("--mode", metavar="MODE", help=f"how the time is spent: {', '.join(PROGRAM_MODES)}, the default is spin")
    add("--every", metavar="N", help="delay every Nth call of a target in each thread only; all are counted")
    add("--after", metavar="TIME", help="delay nothing for so long at first, as 30s")
    add("--for", metavar="TIME", help="delay for so long and then no more, as 2m")
    add("--json", metavar="PATH", help="write what was counted there; - is standard output, after the program's own")
    add("--quiet", action="store_true", help="print no table at the end")


def parse_settings(given: Mapping[str, str | None], targets: Iterable[str]) -> Settings:
    """Raises InputError."""
    return Settings.parse(targets, {name: given[name] for name in ("delay", "mode", "every", "after", "for")}, option)


def parse_json(text: str | None) -> Path | None:
    """Raises InputError."""
    return None if text is None else parse_output(text, "--json", Path())


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def refuse_unknown(parser: Parser, unknown: str, mend: str) -> NoReturn:
    """``mend``: what to do about a word that is no option."""
    if unknown.startswith("-"):
        name = unknown.partition("=")[0]
        raise InputError(f"option {name} is unknown; {did_you_mean(name, parser.options)}")
    raise InputError(f"{unknown!r} {mend}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}"


def check_joining() -> None:
    """Raises InputError where no process that this Python starts could join."""
    folders: Sequence[str] = [
        *site.getsitepackages(),
        *([site.getusersitepackages()] if site.ENABLE_USER_SITE else []),
    ]
    if not any(Path(folder, PTH).exists() for folder in folders):
        raise InputError(
            f"{sys.executable} would start no program that joins, because there is no {PTH} in its site-packages; "
            f"install the package there, as with `{sys.executable} -m pip install pytest-speedbump`"
        )
