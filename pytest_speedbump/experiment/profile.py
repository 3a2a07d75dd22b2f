"""Own times: where the rounds of a subject spend their time, function by function."""

from array import array
from itertools import pairwise

from pytest_speedbump.experiment.rounds import undisturbed
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.slowing.session import TimingSession, armed, site_of

__all__ = ["Profile"]

WARM_ROUNDS = 4

_NUMBERS = 3  # of a target: calls, own_ns, edges


class Profile:
    """Own times of all functions that the session matches.

    Attributes:
        times: by the key of the site, ``(own_ns, edges)`` of each in every round, also before it was met: what it took
            without its callees that are targets as well, and how many events' dispatch by the interpreter is in that.
            The keys are good as long as the session lives.
        rounds: so far.
        lengths: of them, in ns, with what the events take.
        calls: of all functions together, in each of them.
        intact: whether nothing was lost, and no other tool has turned our events off.
    """

    def __init__(self, session: TimingSession) -> None:
        self._session = session
        self.times: dict[tuple[object, ...], list[tuple[float, float]]] = {}
        self.rounds = 0
        self.lengths: list[int] = []
        self.calls: list[float] = []
        self.intact = True

    def add(self, subject: Subject, rounds: int) -> None:
        """Runs rounds, and some before them, in which code is looked at and becomes quick again.

        Raises:
            CallableRaisedError: from the subject.
            InputError: another session is armed, or no tool id is free.
        """
        session = self._session
        with armed(session), undisturbed():
            for _ in range(WARM_ROUNDS if rounds > WARM_ROUNDS else 1):
                subject.round(_nothing, _nothing)
            totals = [self._read()]
            for _ in range(rounds):
                self.lengths.append(subject.round(lambda: session.set_delay(0.0), session.pause))
                totals.append(self._read())
            self.intact = self.intact and session.intact and not session.lost
        keys = [site_of(what, module).key for what, module, *_ in session.snapshot()]
        for before, after in pairwise(totals):
            added = _differences(before, after)
            self.calls.append(sum(added[0::_NUMBERS]))
            for key, own_ns, edges in zip(keys, added[1::_NUMBERS], added[2::_NUMBERS], strict=False):
                self.times.setdefault(key, [(0.0, 0.0)] * self.rounds).append((own_ns, edges))
            self.rounds += 1

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
