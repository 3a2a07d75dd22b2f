"""The command ``speedbump attach``: a process that runs already, slowed for a while or in an experiment."""

import argparse
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from pytest_speedbump.program import Ending, ProgramRun
from pytest_speedbump.report.program_table import lay_out_found
from pytest_speedbump.runner.arguments import (
    NAME,
    Parser,
    add_slowing,
    option,
    parse_json,
    parse_settings,
    refuse_unknown,
)
from pytest_speedbump.runner.attach import Attachment, check_process
from pytest_speedbump.runner.console import edge, say
from pytest_speedbump.runner.experiment import Experiment, add_experiment
from pytest_speedbump.runner.program import read_program
from pytest_speedbump.runner.run_command import FAILED, tell
from pytest_speedbump.runner.settings import Settings
from pytest_speedbump.runner.watch import create_folder
from pytest_speedbump.slowing.folder import Folder

__all__ = ["attach"]

LEASE_NS = 10e9  # by which delays end where this process is killed and cannot end them
RENEW_S = 1.0
LOOK_S = 0.05

EXAMPLES = f"""\
examples:
  {NAME} attach 4711 --target 'engine.schedule' --delay 50us --for 30s
  {NAME} attach 4711 --target 'engine.schedule' --delay 50us --progress 'engine.Engine.step' --budget 2%
"""


def attach(arguments: Sequence[str], _all: Sequence[str]) -> int:
    """Slows the process until Ctrl-C, the end of ``--for``, the answer of an experiment, or its end.

    Returns 1 where a budget is broken, else 0.

    Raises:
        InputError: an argument is bad, or the process cannot be attached to.
    """
    parser = _parser()
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        refuse_unknown(parser, unknown[0], f"is no option; write one process, as in `{NAME} attach 4711 --target ...`")
    options = vars(given)
    settings, json = parse_settings(options, given.target), parse_json(given.json)
    experiment = Experiment.parse(options, option)
    pid = check_process(given.pid)
    began = time.monotonic()
    folder = create_folder(settings.targets, experiment.all_points if experiment else (), settings.mode)
    attachment = Attachment(pid, folder)
    found = None
    try:
        with _interrupts() as interrupted, attachment:
            if not given.quiet:
                say(f"{NAME}: process {pid} is slowed; Ctrl-C ends that, and leaves it as it was")
            stay = _Stay(attachment, interrupted)
            if experiment is None:
                _slow(folder, settings, stay)
            else:
                found = experiment.ask(folder, settings, stay.wait, guests=[pid])
        counts = read_program(folder, settings.targets)
    finally:
        if attachment.left:
            folder.remove()
    if not attachment.left:
        say(f"{NAME}: process {pid} does not answer; it is paused, and leaves when its main thread next runs Python")
    words = ("process", str(pid))
    if found is not None and not given.quiet:
        say("\n".join(lay_out_found(found, edge())))
    done = ProgramRun(
        words=words,
        bump=settings.bump() if experiment is None else experiment.bump(settings),
        after_ns=settings.after_ns,
        for_ns=settings.for_ns,
        ending=Ending(None, None, time.monotonic() - began),
        counts=counts,
        unrun={one.name: "" for one in counts.snapshot.targets if not one.calls},
        found=found,
    )
    tell(done, json, quiet=given.quiet)
    return FAILED if found is not None and found.fails else 0


def _parser() -> Parser:
    parser = Parser(
        prog=f"{NAME} attach",
        usage=f"{NAME} attach PID --target PATTERN [options]",
        description="Slows chosen code of a process that runs already, for a while or an experiment, until Ctrl-C; "
        "and leaves it as it was. Of its children, those that start meanwhile are slowed as well.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("pid", metavar="PID", help="the process")
    add_slowing(parser)
    add_experiment(parser)
    return parser


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """The signals that have asked for an end meanwhile, which do no more than that.

    It is a list, as a handler may take no lock: the thread that it interrupts may hold it.
    """
    interrupted: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def note(number: int, _frame: FrameType | None) -> None:
        interrupted.append(number)

    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Stay:
    """How long to stay: until somebody interrupts, or the process ends."""

    def __init__(self, attachment: Attachment, interrupted: list[int]) -> None:
        self._attachment, self._interrupted = attachment, interrupted

    def wait(self, seconds: float) -> bool:
        """For so long, at most; whether it is over."""
        deadline = time.monotonic() + seconds
        while not self._interrupted and self._attachment.is_alive():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, LOOK_S))
        return True


def _slow(folder: Folder, settings: Settings, stay: _Stay) -> None:
    """Until it is over. Delays are lent for some seconds at a time, so that they end where this process is killed."""
    begins = time.monotonic_ns() + settings.after_ns
    ends = begins + settings.for_ns
    while (now := time.monotonic_ns()) < ends:
        after_ns = max(begins - now, 0.0)
        for_ns = min(ends - max(now, begins), LEASE_NS)
        folder.page.set_delay(settings.delay_ns, settings.every, after_ns, for_ns)
        if stay.wait(min(RENEW_S, (ends - now) / 1e9)):
            return
