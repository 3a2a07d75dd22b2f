"""Plans: what the two arms of a pair are, and what counts as slowed."""

from array import array
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from pytest_speedbump.counts import Counts, Site
from pytest_speedbump.slowing.session import DosedSession, Session, site_of
from pytest_speedbump.units import LONGEST_DELAY_NS

__all__ = ["DelayPlan", "Dose", "DosePlan", "Plan", "fit_dose"]

SHORTEST_NS = 1000.0  # a delay that is delivered exactly whatever code it interrupts; shorter ones go to fewer calls

_NUMBERS = 5  # of a count: calls, requested, delivered, late, waited
_ROOM = 256  # targets that there is room for, to begin with


class Plan(Protocol):
    """Switches the session between the arms; each is one store."""

    def control(self) -> None: ...
    def slowed(self) -> None: ...
    def counts(self) -> Counts:
        """Of what is slowed, in both arms, so far."""
        ...


class DelayPlan:
    """All that matches is slowed by the same delay, which may change between pairs, every so many calls.

    These are looked for in both arms, so that what finds them costs the same in both.
    """

    def __init__(self, session: Session, delay_ns: float, every: int = 1) -> None:
        self._session, self.delay_ns, self._every = session, delay_ns, every

    def control(self) -> None:
        self._session.set_delay(0.0, self._every)

    def slowed(self) -> None:
        self._session.set_delay(self.delay_ns, self._every)

    def counts(self) -> Counts:
        return Counts(*self._session.totals())


class Dose(NamedTuple):
    """What a target is slowed by: ``delay_ns`` for a ``share`` of its calls, spread evenly over them."""

    target: int
    delay_ns: float
    share: float = 1.0


def fit_dose(target: int, round_dose_ns: float, calls: float) -> Dose:
    """The dose that makes so many ns of delay in a round of ``calls`` calls, of each call or, where that would be less
    than can be delivered exactly, of fewer."""
    each_ns = round_dose_ns / max(calls, 1.0)
    if each_ns >= SHORTEST_NS:
        return Dose(target, min(each_ns, LONGEST_DELAY_NS))
    return Dose(target, SHORTEST_NS, each_ns / SHORTEST_NS)


class DosePlan:
    """Each target has a dose of its own. Which targets there are is found out by :meth:`look`.

    Both arms are tables of doses, so that what is not slowed costs the same in both.
    """

    def __init__(self, session: DosedSession) -> None:
        self._session = session
        self._rows = array("d", bytes(8 * _NUMBERS * _ROOM))
        self._none = array("d")
        self._doses = array("d")
        self._slowed: tuple[int, ...] = ()

    def look(self) -> list[Counts]:
        """What was counted of every target so far, in the order of first sight."""
        n = self._session.read_counts(self._rows)
        if n * _NUMBERS > len(self._rows):
            self._rows.extend(bytes(_NUMBERS * n))
            n = self._session.read_counts(self._rows)
        if 2 * n > len(self._none):
            self._none = array("d", bytes(16 * n))
            self._doses.extend(self._none[len(self._doses) :])
        return [self._row(target) for target in range(n)]

    def sites(self) -> list[Site]:
        """What :meth:`look` has seen, in its order."""
        return [site_of(what, module) for what, module, *_ in self._session.snapshot()][: len(self._none) // 2]

    def choose(self, doses: Iterable[Dose]) -> None:
        """What the slowed arm is, from the next pair on."""
        for target in self._slowed:
            self._doses[2 * target] = self._doses[2 * target + 1] = 0.0
        doses = tuple(doses)
        for target, delay_ns, share in doses:
            self._doses[2 * target], self._doses[2 * target + 1] = delay_ns, share
        self._slowed = tuple(dose.target for dose in doses)

    def control(self) -> None:
        self._session.set_doses(self._none)

    def slowed(self) -> None:
        self._session.set_doses(self._doses)

    def counts(self) -> Counts:
        self._session.read_counts(self._rows)
        return sum(map(self._row, self._slowed), Counts())

    def _row(self, target: int) -> Counts:
        return Counts(*self._rows[_NUMBERS * target : _NUMBERS * (target + 1)])
