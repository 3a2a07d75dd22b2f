"""The command ``speedbump attach``: a process that runs already, slowed for a while or in an experiment."""

import argparse
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from pytest_speedbump.program import Ending, ProgramRun
from pytest_speedbump.report.answers_table import lay_out_answers
from pytest_speedbump.runner.arguments import NAME, Parser, add_slowing, parse_json, parse_settings, refuse_unknown
from pytest_speedbump.runner.attach import Attachment, check_process
from pytest_speedbump.runner.console import edge, say
from pytest_speedbump.runner.inquiry import Inquiry, add_inquiry
from pytest_speedbump.runner.program import read_program
from pytest_speedbump.runner.run_command import FAILED, tell
from pytest_speedbump.runner.settings import Settings
from pytest_speedbump.runner.watch import create_folder
from pytest_speedbump.slowing.folder import Folder
from pytest_speedbump.targets import load_core

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
    load_core()
    options = vars(given)
    settings, json = parse_settings(options, given.target), parse_json(given.json)
    inquiry = Inquiry.parse(options, settings)
    pid = check_process(given.pid)
    began = time.monotonic()
    folder = create_folder(settings.targets, inquiry.all_points if inquiry else (), settings.mode)
    attachment = Attachment(pid, folder)
    answers = None
    try:
        with _interrupts() as interrupted, attachment:
            if not given.quiet:
                say(f"{NAME}: process {pid} is slowed; Ctrl-C ends that, and leaves it as it was")
            stay = _Stay(attachment, interrupted)
            if inquiry is None:
                _slow(folder, settings, stay)
            else:
                stay.wait(settings.after_ns / 1e9)
                answers = inquiry.ask(folder, settings, stay.wait, lambda _: "", guests=[pid])
        counts = read_program(folder, settings.targets)
    finally:
        if attachment.left:
            folder.remove()
    if not attachment.left:
        say(f"{NAME}: process {pid} does not answer; it is paused, and leaves when its main thread next runs Python")
    words = ("process", str(pid))
    if answers is not None and not given.quiet:
        say("\n".join(lay_out_answers(words, answers, edge())))
    done = ProgramRun(
        words=words,
        bump=settings.bump(inquiry.declared if inquiry else None),
        after_ns=settings.after_ns,
        for_ns=settings.for_ns,
        ending=Ending(None, None, time.monotonic() - began),
        counts=counts,
        unrun={one.name: "" for one in counts.snapshot.targets if not one.calls},
        answers=answers,
    )
    tell(done, json, quiet=given.quiet or answers is not None)
    return FAILED if answers is not None and answers.failed else 0


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
    add_inquiry(parser)
    return parser


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Whether somebody wants an end. Signals that ask for one do no more than that meanwhile."""
    interrupted = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def note(_number: int, _frame: FrameType | None) -> None:
        interrupted.set()

    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Stay:
    """How long to stay: until somebody interrupts, or the process ends."""

    def __init__(self, attachment: Attachment, interrupted: threading.Event) -> None:
        self._attachment, self._interrupted = attachment, interrupted

    def wait(self, seconds: float) -> bool:
        """For so long, at most; whether it is over."""
        deadline = time.monotonic() + seconds
        while not self._interrupted.is_set() and self._attachment.is_alive():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._interrupted.wait(min(left, LOOK_S))
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
