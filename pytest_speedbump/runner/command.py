"""The command ``speedbump``, which is also ``python -m pytest_speedbump``: what it is told, and what it does."""

import argparse
import contextlib
import difflib
import os
import signal
import site
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pytest_speedbump import __version__
from pytest_speedbump.bump import MODES, Bump
from pytest_speedbump.errors import InputError
from pytest_speedbump.files import parse_output, show, write_json
from pytest_speedbump.program import Ending, Found, ProgramCounts, ProgramRun
from pytest_speedbump.report.program import program_document
from pytest_speedbump.report.program_table import lay_out_program
from pytest_speedbump.runner.experiment import DEFAULT_MAX_TIME, Experiment
from pytest_speedbump.runner.launch import Launch, own_flags
from pytest_speedbump.runner.program import read_program
from pytest_speedbump.runner.settings import DEFAULT_DELAY, Settings
from pytest_speedbump.runner.supervisor import Program, Supervisor, end_as
from pytest_speedbump.runner.unrun import Sources, why_alone
from pytest_speedbump.slowing.folder import VARIABLE, Folder
from pytest_speedbump.slowing.session import clock_name
from pytest_speedbump.targets import Targets, load_core

__all__ = ["main"]

BAD_INPUT = 4  # as pytest's usage errors
NAME = "speedbump"
TARGETS = 1  # the mask of list 0
PTH = "pytest_speedbump.pth"

EXAMPLES = """\
examples:
  speedbump run --target 'engine.schedule' --delay 50us -- train.py --steps 1000
  speedbump run --target 'engine.*' --delay 5us --every 10 --after 30s --for 2m -- -m service
  speedbump run --target 'engine.*' --json counts.json -- ./start.sh
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the command line says; ``arguments`` are those of this process where None are given.

    Returns the exit code, 4 where the input was bad; a process whose program was ended by a signal ends by it as well.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _dispatch(arguments)
    except InputError as error:
        say(f"{NAME}: {error}")
        return BAD_INPUT
    except KeyboardInterrupt:
        return end_as(Ending(None, signal.SIGINT, 0.0))


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
        raise InputError(f"command {command!r} is unknown; {_did_you_mean(command, COMMANDS)}")
    return COMMANDS[command](rest, arguments)


def _overview() -> str:
    return (
        f"usage: {NAME} COMMAND ...\n\n"
        "  run    runs a program whose chosen code is slower, and says what was called\n\n"
        f"`{NAME} COMMAND --help` says more.\n\n{EXAMPLES}"
    )


# ---- run ----


@dataclass(frozen=True, slots=True)
class Run:
    """What the command line of ``run`` asks for.

    Attributes:
        json: where the document goes; None: nowhere.
        quiet: whether the table is left out.
    """

    settings: Settings
    experiment: Experiment | None
    launch: Launch
    json: Path | None
    quiet: bool

    @property
    def bump(self) -> Bump:
        settings = self.settings
        if self.experiment is not None:
            return self.experiment.bump(settings)
        return Bump(settings.targets, settings.delay_ns, settings.mode, None, "command line", every=settings.every)

    def create_folder(self) -> Folder:
        """Its page says what is to be counted, and delayed from the start. Raises InputError where it cannot be."""
        settings = self.settings
        if self.experiment is not None:
            return self.experiment.create_folder(settings)
        try:
            folder = Folder.create([settings.targets.compile()], settings.mode)
        except OSError as error:
            raise InputError(
                f"there is no place for the counts: {error.strerror}; free some memory or disk, or set TMPDIR"
            ) from None
        folder.page.select(TARGETS, TARGETS)
        folder.page.set_delay(settings.delay_ns, settings.every, settings.after_ns, settings.for_ns)
        return folder


def run(arguments: Sequence[str], all_arguments: Sequence[str]) -> int:
    """Runs a program; ``all_arguments`` are those that follow the name of the command itself."""
    before, dashes, words = _split(arguments)
    given, unknown = _parser().parse_known_args(before)
    if unknown:
        _refuse(unknown[0], dashes)
    load_core()
    asked = Run(
        Settings.parse(
            given.target, {name: getattr(given, name) for name in ("delay", "mode", "every", "after", "for")}, _option
        ),
        Experiment.parse(vars(given), _option),
        Launch.parse(words, own_flags(all_arguments)),
        None if given.json is None else parse_output(given.json, "--json", Path()),
        given.quiet,
    )
    if asked.launch.is_python:
        _check_joining()
    return _carry_out(asked)


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], bool, Sequence[str]]:
    """What stands before the first ``--``, whether there is one, and what stands after it."""
    if "--" not in arguments:
        return arguments, False, ()
    at = list(arguments).index("--")
    return arguments[:at], True, arguments[at + 1 :]


def _refuse(unknown: str, dashes: bool) -> NoReturn:
    if unknown.startswith("-"):
        name = unknown.partition("=")[0]
        options = [option for action in _parser()._actions for option in action.option_strings]
        raise InputError(f"option {name} is unknown; {_did_you_mean(name, options)}")
    where = "stands before --, where only options may" if dashes else "is no option"
    raise InputError(f"{unknown!r} {where}; write the program after --, as in `{NAME} run --target ... -- {unknown}`")


def _carry_out(asked: Run) -> int:
    """Runs the program and reports it; returns the exit code. Whatever happens, the folder is removed."""
    sources, found, is_stopped = Sources.of(asked.launch), None, False

    def watch(program: Program) -> None:
        nonlocal found, is_stopped
        assert asked.experiment is not None
        experiment = asked.experiment
        try:
            answers = experiment.watch(program, folder, asked.settings, sources.explain)
        except OSError:  # The folder is gone, which is said in any case.
            return
        rules = experiment.rules
        found = Found(answers.results, experiment.flight(answers), rules.seed, rules.alpha_fail)
        is_stopped = program.is_stopped

    with Supervisor() as supervisor:
        folder = asked.create_folder()
        try:
            environment = {**os.environ, VARIABLE: folder.path}
            ending = supervisor.run(asked.launch, environment, watch if asked.experiment is not None else None)
            folder.page.pause()  # Nobody could ever switch it off for the processes that go on.
            counts = _read(folder, asked.settings.targets)
        finally:
            folder.remove()
    with contextlib.suppress(KeyboardInterrupt):  # of the report: the program has ended as it did
        _report(asked, ending, counts, sources, found)
    code = 0 if is_stopped else end_as(ending)
    return code or int(found is not None and found.fails)


def _read(folder: Folder, targets: Targets) -> ProgramCounts | None:
    """None where somebody has removed the folder: that costs the counts, and not the exit code."""
    try:
        return read_program(folder, targets)
    except OSError:
        return None


def _report(asked: Run, ending: Ending, counts: ProgramCounts | None, sources: Sources, found: Found | None) -> None:
    if counts is None:
        say(f"{NAME}: nothing is known of what was called: the control folder was removed while the program ran")
        return
    done = ProgramRun(
        words=asked.launch.words,
        bump=asked.bump,
        after_ns=asked.settings.after_ns,
        for_ns=asked.settings.for_ns,
        ending=ending,
        counts=counts,
        unrun=sources.why_unrun(asked.settings.targets, counts) if counts.processes else {},
        alone="" if counts.processes else why_alone(asked.launch),
        found=found,
    )
    if not asked.quiet:
        say("\n".join(lay_out_program(done, _edge(), more="--json has all")))
    if asked.json is not None:
        try:
            write_json(asked.json, program_document(done, clock_name()))
        except (OSError, UnicodeEncodeError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            say(f"{NAME}: --json: {show(asked.json)} was not written: {reason}")


def _check_joining() -> None:
    """Raises InputError where no process could join."""
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    if not any(Path(folder, PTH).exists() for folder in folders):
        raise InputError(
            f"{sys.executable} would start no program that joins, because there is no {PTH} in its site-packages; "
            f"install the package there, as with `{sys.executable} -m pip install pytest-speedbump`"
        )


# ---- arguments ----


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        text = message.removeprefix("argument ").replace(": expected one argument", " needs a value")
        raise InputError(f"{text}; `{self.prog} --help` shows them all")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"{NAME} run",
        usage=f"{NAME} run --target PATTERN [options] -- PROGRAM [arguments]",
        description="Runs a program whose chosen code is slower by a calibrated amount, and says at its end what was "
        "called. The program, and every Python process that it starts, behaves as without: its streams, signals and "
        "exit code are its own. PROGRAM is a Python file, `-m module`, `-c code`, or any other command.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--target", action="append", default=[], metavar="PATTERN", help="what to slow, as in 'pkg.parse*'; repeatable")
    add("--delay", metavar="TIME", help=f"added to each call, as 500ns or 2us, the default is {DEFAULT_DELAY}")
    modes = [mode for mode in MODES if mode != "await"]
    add("--mode", metavar="MODE", help=f"how the time is spent: {', '.join(modes)}, the default is spin")
    add("--every", metavar="N", help="delay every Nth call of a target in each thread only; all are counted")
    add("--after", metavar="TIME", help="delay nothing for so long at first, as 30s")
    add("--for", metavar="TIME", help="delay for so long and then no more, as 2m")
    add("--json", metavar="PATH", help="write what was counted there; - is standard output, after the program's own")
    add("--quiet", action="store_true", help="print no table at the end")
    add = parser.add_argument_group(
        "experiments", "The program is slowed and not slowed in turns while it runs, and its throughput is compared."
    ).add_argument
    add("--progress", action="append", metavar="PATTERN", help="a function whose calls are progress; repeatable")
    add("--latency", nargs=2, metavar=("BEGIN", "END"), help="say also how long it takes from one function to another")
    add("--budget", metavar="SHARE", help="fail where throughput drops by so much, as 2%%")
    add("--max-time", metavar="TIME", help=f"limit of the experiment, the default is {DEFAULT_MAX_TIME}")
    add("--seed", metavar="N", help="order of the turns, drawn and printed by default")
    add("--strict", action="store_true", help="what is inconclusive fails too")
    add("--stop", action="store_true", help="end the program by SIGTERM once all is answered")
    return parser


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}"


COMMANDS: dict[str, Callable[[Sequence[str], Sequence[str]], int]] = {"run": run}


# ---- standard error ----


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


def _edge() -> int | None:
    """Columns of the terminal on standard error; None where that is none, unless COLUMNS says so."""
    try:
        return int(os.environ.get("COLUMNS") or os.get_terminal_size(2).columns) or None
    except (OSError, ValueError):
        return None
