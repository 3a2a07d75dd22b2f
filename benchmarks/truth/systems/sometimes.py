"""Targets whose delay is felt in some rounds only. A round is a step; in which ones, the seed decides."""

import time
from abc import abstractmethod
from typing import ClassVar

from benchmarks.truth.closed_forms import Form, Serial
from benchmarks.truth.systems.system import System, median_ns
from benchmarks.truth.work import spin

__all__ = ["BITES", "Alternating", "BitesOf5", "Phases", "Sometimes"]

STEP_NS = 40_000


class Sometimes(System):
    """A target of every step, whose delay a device hides as long as it fits in; but in some steps there is none.

    Attributes:
        one_in: of so many steps one feels the delay, in the mean. Where it costs one budget in the mean, a step that
            feels it loses so many budgets.
    """

    slowed = "submit"
    one_in: ClassVar[int]

    def step(self) -> None:
        done_at = time.perf_counter_ns() + STEP_NS
        felt = self.is_felt()
        self.submit()
        if felt:
            spin(STEP_NS)
        while time.perf_counter_ns() < done_at:
            pass

    def submit(self) -> None:
        pass

    @abstractmethod
    def is_felt(self) -> bool:
        """In the present step; asked once in each."""

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.step, 200), felt=1 / self.one_in)


class _Drawn(Sometimes):
    """In each step anew."""

    def is_felt(self) -> bool:
        return self.coin.random() * self.one_in < 1


class _DrawnCalls(_Drawn):
    """Nothing is hidden, but the target is called once in most steps and five times ``one_in`` in the others."""

    CALLS = 5

    def step(self) -> None:
        for _ in range(self.CALLS * self.one_in if self.is_felt() else 1):
            self.submit()
        spin(STEP_NS)

    def calibrate(self) -> Form:
        return Serial(work_ns=median_ns(self.step, 200), n=self.CALLS + 1 - 1 / self.one_in)


class BitesOf1(_Drawn):
    name = "felt in every round"
    one_in = 1


class BitesOf5(_Drawn):
    name = "felt in one round of 5"
    doses: ClassVar[tuple[float, ...]] = (4_000.0, 16_000.0)
    one_in = 5


class BitesOf10(_Drawn):
    name = "felt in one round of 10"
    one_in = 10


class BitesOf20(_Drawn):
    name = "felt in one round of 20"
    one_in = 20


class CallsOf5(_DrawnCalls):
    name = "many calls in one round of 5"
    one_in = 5


class CallsOf10(_DrawnCalls):
    name = "many calls in one round of 10"
    one_in = 10


class CallsOf20(_DrawnCalls):
    name = "many calls in one round of 20"
    one_in = 20


class Alternating(Sometimes):
    """The two rounds of a pair are never alike."""

    name = "felt in every other round"
    one_in = 2

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._felt = False

    def is_felt(self) -> bool:
        self._felt = not self._felt
        return self._felt


class Phases(Sometimes):
    """Stretches of 10 to 300 rounds with it, and as many without."""

    name = "felt in phases"
    one_in = 2

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self._felt = False
        self._left = 0

    def is_felt(self) -> bool:
        if not self._left:
            self._felt = not self._felt
            self._left = self.coin.randint(10, 300)
        self._left -= 1
        return self._felt


BITES: tuple[type[Sometimes], ...] = (BitesOf1, BitesOf5, BitesOf10, BitesOf20, CallsOf5, CallsOf10, CallsOf20)
