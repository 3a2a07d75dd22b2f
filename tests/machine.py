"""A simulated machine: a session and a subject whose rounds take exactly what they are told to, in no time."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType

from pytest_speedbump.experiment.subject import CallableRaisedError


def target() -> None:
    """What is slowed."""


class Machine:
    """Rounds of ``round_ns``, ``calls`` calls of the target in each, of whose delay the share ``reaches`` arrives.

    It is the session and the subject in one. Attributes may be changed between rounds, by ``before_round`` for one.

    Attributes:
        noise: standard deviation of a round, as a share of it.
        delivers: share of the requested delay that is delivered.
        raises_in: number of the round that raises; rounds count from 1.
        delays: what the arms of the rounds were, in order; None where nothing was armed.
    """

    def __init__(
        self,
        round_ns: float = 100e3,
        calls: int = 1,
        reaches: float = 1.0,
        *,
        noise: float = 0.0,
        delivers: float = 1.0,
        raises_in: int | None = None,
        code: CodeType = target.__code__,
    ) -> None:
        self.round_ns, self.calls, self.reaches, self.noise = round_ns, calls, reaches, noise
        self.delivers, self.raises_in, self.code = delivers, raises_in, code
        self.iterations = 1
        self.baseline_ns: float | None = None
        self.stretchable = False
        self.intact, self.lost = True, 0
        self.before_round: Callable[[], object] = lambda: None
        self.delays: list[float | None] = []
        self.is_armed = False
        self._delay_ns: float | None = None
        self._totals = [0, 0.0, 0.0]
        self._rng = random.Random(1)

    # ---- a subject ----

    def round(self, start: Callable[[], object], stop: Callable[[], object]) -> int:
        self.before_round()
        start()
        delay_ns, calls = self._delay_ns, self.calls * self.iterations
        self.delays.append(delay_ns)
        try:
            if len(self.delays) == self.raises_in:
                raise CallableRaisedError(len(self.delays)) from ValueError("no more")
        finally:
            stop()
        delivered = calls * (delay_ns or 0.0) * self.delivers
        if delay_ns is not None:
            self._totals[0] += calls
            self._totals[1] += calls * delay_ns
            self._totals[2] += delivered
        return int(self.round_ns * self.iterations * self._rng.gauss(1, self.noise) + self.reaches * delivered)

    # ---- a session ----

    def arm(self) -> None:
        assert not self.is_armed
        self.is_armed = True

    @contextmanager
    def armed(self) -> Iterator[None]:
        self.arm()
        try:
            yield
        finally:
            self.is_armed = False
            self._delay_ns = None

    def set_delay(self, delay_ns: float, /) -> None:
        if self.is_armed:
            self._delay_ns = delay_ns

    def pause(self) -> None:
        self._delay_ns = None

    def totals(self) -> tuple[int, float, float, float, float]:
        calls, requested, delivered = self._totals
        return int(calls), requested, delivered, 0.0, 0.0

    def snapshot(self) -> list[tuple[CodeType, str, int, int, float, float, float, float]]:
        calls, requested, delivered = self._totals
        return [(self.code, __name__, 0, int(calls), requested, delivered, 0.0, 0.0)]
