"""Own times: where the rounds of a subject spend their time, function by function."""

import itertools
import time
from array import array
from statistics import median
from types import CodeType
from typing import NamedTuple

from pytest_speedbump.experiment.rounds import undisturbed
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.slowing.session import TimingSession, armed

__all__ = ["OwnTimes", "profile"]

MOST_ROUNDS = 40
FEWEST_ROUNDS = 3

_NUMBERS = 3  # of a target: calls, own_ns, edges


class OwnTimes(NamedTuple):
    """What one function took in each of some rounds, in ns, without its callees that are targets as well.

    Attributes:
        edges: events of a round whose dispatch by the interpreter is among its time.
    """

    code: CodeType
    module: str
    own_ns: list[float]
    edges: float


def profile(session: TimingSession, subject: Subject, length_ns: float) -> list[OwnTimes]:
    """As many rounds as ``length_ns`` holds, at least three.

    Raises:
        CallableRaisedError: from the subject.
        InputError: another session is armed, or no tool id is free.
    """
    totals = [array("d")]
    with armed(session), undisturbed():
        subject.round(_nothing, _nothing)
        deadline = time.perf_counter_ns() + length_ns
        while len(totals) <= FEWEST_ROUNDS or (len(totals) <= MOST_ROUNDS and time.perf_counter_ns() < deadline):
            subject.round(lambda: session.set_delay(0.0), session.pause)
            totals.append(_read(session))
    rounds = [_differences(before, after) for before, after in itertools.pairwise(totals)]
    found = []
    for target, (code, module, *_) in enumerate(session.snapshot()):
        rows = [one[_NUMBERS * target : _NUMBERS * (target + 1)] for one in rounds]
        known = [row for row in rows if row]
        if known:
            found.append(OwnTimes(code, module, [row[1] for row in known], median([row[2] for row in known])))
    return found


def _read(session: TimingSession) -> "array[float]":
    n = session.read_times(array("d"))
    into = array("d", bytes(8 * _NUMBERS * n))
    session.read_times(into)
    return into


def _differences(before: "array[float]", after: "array[float]") -> list[float]:
    """What a round added: targets that it met first had nothing before."""
    padded = before + array("d", bytes(8 * (len(after) - len(before))))
    return [now - then for then, now in zip(padded, after, strict=True)]


def _nothing() -> None:
    pass
