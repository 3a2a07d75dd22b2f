"""Rounds: random-order pairs of a control and a slowed round, block by block. No statistics, no output."""

import gc
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from pytest_speedbump.experiment.subject import CallableRaisedError, Subject
from pytest_speedbump.inference.effect import log_ratio

__all__ = ["BrokenSubjectError", "Experiment", "Pair", "Round", "SessionLike"]


class SessionLike(Protocol):
    """The part of ``_core.Session`` that rounds need; tests put simulated ones here."""

    def set_delay(self, delay_ns: float, /) -> None: ...
    def pause(self) -> None: ...
    def totals(self) -> tuple[int, float, float, float, float]: ...


class Round(NamedTuple):
    """One round. Times in ns, for the whole round; counts are exact."""

    ns: int
    calls: int
    requested_ns: float
    delivered_ns: float
    late_ns: float
    waited_ns: float


class Pair(NamedTuple):
    """Two adjacent rounds, in the order that the coin chose."""

    control: Round
    slowed: Round

    @property
    def log_ratio(self) -> float:
        """D of the pair; a round that the timer saw as nothing took a nanosecond."""
        return log_ratio(max(self.control.ns, 1), max(self.slowed.ns, 1))


class BrokenSubjectError(Exception):
    """The callable raised when repeated: a :class:`CallableRaisedError`, and the ``arm`` in which it came."""

    def __init__(self, round_number: int, arm: str) -> None:
        super().__init__(f"the callable raised in round {round_number}, {arm} arm")
        self.round_number = round_number
        self.arm = arm


class Experiment:
    """Runs rounds of ``subject`` under an armed ``session``.

    The order inside each pair is drawn from ``rng``: a fixed order resonates with anything periodic, such as garbage
    collection (a study saw a spurious 2.1-2.4 % in every window). The collector is off inside a pair, and the youngest
    generation is collected between pairs, so that neither arm pays for the other's garbage.
    """

    def __init__(self, session: SessionLike, subject: Subject, delay_ns: float, rng: random.Random) -> None:
        self._session = session
        self._subject = subject
        self._delay_ns = delay_ns
        self._rng = rng
        self.rounds = 0

    def pair(self) -> Pair:
        """Runs both arms once."""
        if self._rng.random() < 0.5:
            control = self._round(0.0, "control")
            return Pair(control, self._round(self._delay_ns, "slowed"))
        slowed = self._round(self._delay_ns, "slowed")
        return Pair(self._round(0.0, "control"), slowed)

    def block(self, length_ns: float) -> list[Pair]:
        """As many pairs as fit into ``length_ns``, one at least."""
        pairs = []
        deadline = time.perf_counter_ns() + length_ns
        with undisturbed():
            while True:
                pairs.append(self.pair())
                gc.collect(0)
                if time.perf_counter_ns() >= deadline:
                    return pairs

    def _round(self, delay_ns: float, arm: str) -> Round:
        session = self._session
        self.rounds += 1
        before = session.totals()
        try:
            ns = self._subject.round(lambda: session.set_delay(delay_ns), session.pause)
        except CallableRaisedError as error:
            raise BrokenSubjectError(error.round_number, arm) from error.__cause__
        after = session.totals()
        return Round(ns, after[0] - before[0], *(now - then for now, then in zip(after[1:], before[1:], strict=True)))


@contextmanager
def undisturbed() -> Iterator[None]:
    """No collector, no Python tracer, no Python profiler; all put back as they were."""
    collecting = gc.isenabled()
    tracer, profiler = sys.gettrace(), sys.getprofile()
    gc.disable()
    sys.settrace(None)
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.setprofile(profiler)
        sys.settrace(tracer)
        if collecting:
            gc.enable()
