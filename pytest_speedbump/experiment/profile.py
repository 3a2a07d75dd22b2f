"""Own times: where the rounds of a subject spend their time, function by function."""

from array import array
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from pytest_speedbump.experiment.rounds import undisturbed
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.slowing.session import TimingSession, armed

if TYPE_CHECKING:
    from types import CodeType

__all__ = ["OwnTime", "Profile"]

_NUMBERS = 3  # of a target: calls, own_ns, edges


class OwnTime(NamedTuple):
    """What one function took in one round, in ns, without its callees that are targets as well.

    Attributes:
        edges: events of the round whose dispatch by the interpreter is in ``own_ns``.
        bare_ns: what a round took without any instrumentation, at about that time.
    """

    own_ns: float
    edges: float
    bare_ns: float


class Profile:
    """Own times of all functions that the session matches, by the address of the code object.

    Attributes:
        times: of each in every round, also before it was met; the code objects live as long as the session.
    """

    def __init__(self, session: TimingSession) -> None:
        self._session = session
        self.times: dict[int, list[OwnTime]] = {}
        self._rounds: list[OwnTime] = []  # as of a function that was called in none

    def add(self, subject: Subject, rounds: int, bare_ns: float) -> None:
        """Runs rounds, and one before them, in which code is looked at. ``bare_ns``: see :class:`OwnTime`.

        Raises:
            CallableRaisedError: from the subject.
            InputError: another session is armed, or no tool id is free.
        """
        session = self._session
        with armed(session), undisturbed():
            subject.round(_nothing, _nothing)
            totals = [self._read()]
            for _ in range(rounds):
                subject.round(lambda: session.set_delay(0.0), session.pause)
                totals.append(self._read())
        codes: list[CodeType] = [code for code, *_ in session.snapshot()]
        for before, after in pairwise(totals):
            added = _differences(before, after)
            for code, own_ns, edges in zip(codes, added[1::_NUMBERS], added[2::_NUMBERS], strict=False):
                self.times.setdefault(id(code), self._rounds.copy()).append(OwnTime(own_ns, edges, bare_ns))
            self._rounds.append(OwnTime(0.0, 0.0, bare_ns))

    def _read(self) -> "array[float]":
        into = array("d", bytes(8 * _NUMBERS * self._session.read_times(array("d"))))
        self._session.read_times(into)
        return into


def _differences(before: "array[float]", after: "array[float]") -> list[float]:
    """What a round added: targets that it met first had nothing before."""
    padded = before + array("d", bytes(8 * (len(after) - len(before))))
    return [now - then for then, now in zip(padded, after, strict=True)]


def _nothing() -> None:
    pass
