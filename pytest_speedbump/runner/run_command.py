"""The command ``speedbump run``: a program as a child of this process, slowed for its life or in an experiment."""

import argparse
import contextlib
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_speedbump.files import show, write_json
from pytest_speedbump.program import Ending, ProgramAnswers, ProgramCounts, ProgramRun
from pytest_speedbump.report.answers_table import lay_out_answers
from pytest_speedbump.report.program import program_document
from pytest_speedbump.report.program_table import lay_out_program
from pytest_speedbump.runner.arguments import (
    NAME,
    Parser,
    add_slowing,
    check_joining,
    parse_json,
    parse_settings,
    refuse_unknown,
)
from pytest_speedbump.runner.console import edge, say
from pytest_speedbump.runner.inquiry import Inquiry, add_inquiry
from pytest_speedbump.runner.launch import Launch, own_flags
from pytest_speedbump.runner.program import read_program
from pytest_speedbump.runner.settings import Settings
from pytest_speedbump.runner.supervisor import Program, Supervisor, end_as
from pytest_speedbump.runner.unrun import Sources, why_alone, why_unrun
from pytest_speedbump.runner.watch import create_folder
from pytest_speedbump.slowing.folder import VARIABLE, Folder
from pytest_speedbump.slowing.session import clock_name
from pytest_speedbump.targets import Targets, load_core

__all__ = ["run"]

FAILED = 1  # the exit code where the program's own is 0 and a budget is broken

EXAMPLES = f"""\
examples:
  {NAME} run --target 'engine.schedule' --delay 50us -- train.py --steps 1000
  {NAME} run --target 'engine.*' --delay 5us --every 10 --after 30s --for 2m -- -m service
  {NAME} run --target 'engine.schedule' --delay 50us --progress 'engine.Engine.step' --budget 2% -- train.py
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What the command line asks for.

    Attributes:
        inquiry: None: the program is slowed for its whole life.
        json: where the document goes; None: nowhere.
        quiet: whether tables are left out.
        stop: whether the program is to be ended when all is known.
    """

    settings: Settings
    launch: Launch
    inquiry: Inquiry | None
    json: Path | None
    quiet: bool
    stop: bool


def run(arguments: Sequence[str], all_arguments: Sequence[str]) -> int:
    """Runs a program; ``all_arguments`` are those that follow the name of the command itself.

    Raises:
        InputError: one of them is bad, or the program cannot be started.
    """
    before, dashes, words = _split(arguments)
    parser = _parser()
    given, unknown = parser.parse_known_args(before)
    if unknown:
        where = "stands before --, where only options may" if dashes else "is no option"
        mend = f"{where}; write the program after --, as in `{NAME} run --target ... -- {unknown[0]}`"
        refuse_unknown(parser, unknown[0], mend)
    load_core()
    options = vars(given)
    settings = parse_settings(options, given.target)
    asked = Run(
        settings,
        Launch.parse(words, own_flags(all_arguments)),
        Inquiry.parse(options, settings),
        parse_json(given.json),
        given.quiet,
        given.stop,
    )
    if asked.launch.is_python:
        check_joining()
    return end_as(_carry_out(asked))


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], bool, Sequence[str]]:
    """What stands before the first ``--``, whether there is one, and what stands after it."""
    if "--" not in arguments:
        return arguments, False, ()
    at = list(arguments).index("--")
    return arguments[:at], True, arguments[at + 1 :]


def _parser() -> Parser:
    parser = Parser(
        prog=f"{NAME} run",
        usage=f"{NAME} run --target PATTERN [options] -- PROGRAM [arguments]",
        description="Runs a program whose chosen code is slower by a calibrated amount, and says at its end what was "
        "called, or with --progress what that costs. The program, and every Python process that it starts, behaves as "
        "without: its streams, signals and exit code are its own. PROGRAM is a Python file, `-m module`, `-c code`, or "
        "any other command.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_slowing(parser)
    add_inquiry(parser)
    parser.add_argument("--stop", action="store_true", help="end the program by SIGTERM once all is known")
    return parser


def _carry_out(asked: Run) -> Ending:
    """Runs the program and reports it. Whatever happens, the folder is removed."""
    settings, inquiry = asked.settings, asked.inquiry
    found: list[ProgramAnswers] = []
    with Supervisor() as supervisor:
        folder = create_folder(settings.targets, inquiry.all_points if inquiry else (), settings.mode)
        try:
            meanwhile = None
            if inquiry is None:
                folder.page.set_delay(settings.delay_ns, settings.every, settings.after_ns, settings.for_ns)
            else:
                meanwhile = _Watch(asked, inquiry, folder, found)
            ending = supervisor.run(asked.launch, {**os.environ, VARIABLE: folder.path}, meanwhile)
            folder.page.pause()  # Nobody could ever switch it off for the processes that go on.
            counts = _read(folder, settings.targets)
        finally:
            folder.remove()
    answers = found[0] if found else None
    with contextlib.suppress(KeyboardInterrupt):  # of the report: the program has ended as it did
        _report(asked, ending, counts, answers)
    return _judged(ending, answers, stopped=asked.stop)


class _Watch:
    """The experiment, in a thread beside the program; what it finds is said at once."""

    def __init__(self, asked: Run, inquiry: Inquiry, folder: Folder, found: list[ProgramAnswers]) -> None:
        self._asked, self._inquiry, self._folder, self._found = asked, inquiry, folder, found

    def __call__(self, program: Program) -> None:
        asked, inquiry = self._asked, self._inquiry
        program.wait(asked.settings.after_ns / 1e9)
        answers = inquiry.ask(self._folder, asked.settings, program.wait, Sources.of(asked.launch).explain)
        self._found.append(answers)
        if not asked.quiet:
            say("\n".join(lay_out_answers(asked.launch.words, answers, edge())))
        if asked.stop:
            program.send(signal.SIGTERM)


def _judged(ending: Ending, answers: ProgramAnswers | None, *, stopped: bool) -> Ending:
    """How this process ends: as the program, unless a budget was broken. An end that was asked for is a good one."""
    if stopped and ending.signal == signal.SIGTERM:
        ending = replace(ending, exit_code=0, signal=None)
    if answers is not None and answers.failed and ending.exit_code == 0:
        ending = replace(ending, exit_code=FAILED)
    return ending


def _read(folder: Folder, targets: Targets) -> ProgramCounts | None:
    """None where somebody has removed the folder: that costs the counts, and not the exit code."""
    try:
        return read_program(folder, targets)
    except OSError:
        return None


def _report(asked: Run, ending: Ending, counts: ProgramCounts | None, answers: ProgramAnswers | None) -> None:
    if counts is None:
        say(f"{NAME}: nothing is known of what was called: the control folder was removed while the program ran")
        return
    settings = asked.settings
    done = ProgramRun(
        words=asked.launch.words,
        bump=settings.bump(asked.inquiry.declared if asked.inquiry else None),
        after_ns=settings.after_ns,
        for_ns=settings.for_ns,
        ending=ending,
        counts=counts,
        unrun=why_unrun(asked.launch, settings.targets, counts) if counts.processes else {},
        alone="" if counts.processes else why_alone(asked.launch),
        answers=answers,
    )
    tell(done, asked.json, quiet=asked.quiet or (answers is not None and bool(counts.processes)))


def tell(done: ProgramRun, json: Path | None, *, quiet: bool) -> None:
    """The table of what was counted, unless ``quiet``, and the document."""
    if not quiet:
        say("\n".join(lay_out_program(done, edge(), more="--json has all")))
    if json is not None:
        try:
            write_json(json, program_document(done, clock_name()))
        except (OSError, UnicodeEncodeError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            say(f"{NAME}: --json: {show(json)} was not written: {reason}")
