"""The command ``speedbump run``: a program as a child of this process, slowed for its life or in an experiment."""

import argparse
import contextlib
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_speedbump.documents.program import program_document
from pytest_speedbump.files import show, why_unwritten, write_json
from pytest_speedbump.program import Ending, Found, ProgramCounts, ProgramRun
from pytest_speedbump.report.program_table import lay_out_found, lay_out_program
from pytest_speedbump.runner.arguments import (
    NAME,
    Parser,
    add_slowing,
    check_joining,
    option,
    parse_json,
    parse_settings,
    refuse_unknown,
)
from pytest_speedbump.runner.attach import is_alive
from pytest_speedbump.runner.console import edge, say
from pytest_speedbump.runner.experiment import Experiment, add_experiment
from pytest_speedbump.runner.launch import Launch, own_flags
from pytest_speedbump.runner.program import read_program
from pytest_speedbump.runner.settings import Settings
from pytest_speedbump.runner.supervisor import Program, Supervisor, end_as
from pytest_speedbump.runner.unrun import Sources, why_alone
from pytest_speedbump.runner.watch import create_folder
from pytest_speedbump.slowing.folder import VARIABLE, Folder
from pytest_speedbump.slowing.session import clock_name
from pytest_speedbump.targets import Targets

__all__ = ["run"]

MOMENT_S, LOOK_S = 1.0, 0.01  # for processes to end by SIGTERM
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
        experiment: None: the program is slowed for its whole life.
        json: where the document goes; None: nowhere.
        quiet: whether tables are left out.
        stop: whether the program is to be ended when all is known.
    """

    settings: Settings
    launch: Launch
    experiment: Experiment | None
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
    options = vars(given)
    settings = parse_settings(options, given.target)
    asked = Run(
        settings,
        Launch.parse(words, own_flags(all_arguments)),
        Experiment.parse(options, option),
        parse_json(given.json),
        given.quiet,
        given.stop,
    )
    if asked.launch.is_python:
        check_joining()
    return _carry_out(asked)


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
    add_experiment(parser)
    parser.add_argument(
        "--stop",
        action="store_true",
        help="end the program, and what it started and joined, by SIGTERM once all is known",
    )
    return parser


def _carry_out(asked: Run) -> int:
    """Runs the program and reports it; returns the exit code. Whatever happens, the folder is removed."""
    settings, experiment, sources = asked.settings, asked.experiment, Sources.of(asked.launch)
    found, is_stopped = None, False

    def watch(program: Program) -> None:
        nonlocal found, is_stopped
        assert experiment is not None
        try:
            found = experiment.ask(folder, settings, program.wait, sources.explain)
        except OSError:  # The folder is gone, which is said in any case.
            return
        if not asked.quiet:  # At once: the program may run for long, and nothing of it is slowed any more.
            say("\n".join(lay_out_found(found, edge())))
        if asked.stop:
            program.stop()
            is_stopped = program.is_stopped

    with Supervisor() as supervisor:
        folder = create_folder(settings.targets, experiment.all_points if experiment else (), settings.mode)
        try:
            if experiment is None:
                folder.page.set_delay(settings.delay_ns, settings.every, settings.after_ns, settings.for_ns)
            environment = {**os.environ, VARIABLE: folder.path}
            ending = supervisor.run(asked.launch, environment, None if experiment is None else watch)
            folder.page.pause()  # Nobody could ever switch it off for the processes that go on.
            counts = _read(folder, settings.targets)
        finally:
            folder.remove()
    if is_stopped and counts is not None:
        counts = _stop_others(counts)
    with contextlib.suppress(KeyboardInterrupt):  # of the report: the program has ended as it did
        _report(asked, ending, counts, sources, found)
    code = 0 if is_stopped else end_as(ending)
    return code or (FAILED if found is not None and found.fails else 0)


def _stop_others(counts: ProgramCounts) -> ProgramCounts:
    """Whoever ends a program by a signal leaves its workers behind, that wait for it for ever.

    Returns the counts with what then still runs, after a moment in which they may end.
    """
    for process in counts.processes:
        if process.running:
            with contextlib.suppress(OSError):
                os.kill(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + MOMENT_S
    while True:
        processes = tuple(replace(one, running=one.running and is_alive(one.pid)) for one in counts.processes)
        if time.monotonic() > deadline or not any(one.running for one in processes):
            return replace(counts, processes=processes)
        time.sleep(LOOK_S)


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
    settings = asked.settings
    done = ProgramRun(
        words=asked.launch.words,
        bump=settings.bump() if asked.experiment is None else asked.experiment.bump(settings),
        after_ns=settings.after_ns,
        for_ns=settings.for_ns,
        ending=ending,
        counts=counts,
        unrun=sources.why_unrun(settings.targets, counts) if counts.processes else {},
        alone="" if counts.processes else why_alone(asked.launch),
        found=found,
    )
    tell(done, asked.json, quiet=asked.quiet)


def tell(done: ProgramRun, json: Path | None, *, quiet: bool) -> None:
    """The table of what was called, unless ``quiet``, and the document."""
    if not quiet:
        say("\n".join(lay_out_program(done, edge(), more="--json has all")))
    if json is not None:
        try:
            write_json(json, program_document(done, clock_name()))
        except (OSError, UnicodeEncodeError) as error:
            reason = why_unwritten(error)
            say(f"{NAME}: --json: {show(json)} was not written: {reason}")
