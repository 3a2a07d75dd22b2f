"""Questions whose right answers are known: which delay, against which budget, how often, and for how long."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.truth.delays import Delay
from benchmarks.truth.hog import Condition
from benchmarks.truth.systems import (
    BITES,
    Alternating,
    Awaited,
    Chain,
    ChainOf1s,
    ChainOf200ms,
    Computing,
    HiddenOf1s,
    HiddenOf4ms,
    HiddenOf200ms,
    HiddenWork,
    Phases,
    RealWork,
    RealWorkOf1ms,
    RealWorkOnce,
    Recursion,
    System,
)

__all__ = ["BUDGET", "BUDGETS", "CASES", "Case"]

BUDGET = 0.02
BUDGETS = {10: (2e-4, 1e-4), 60: (5e-5, 2e-5)}  # to be proved without an effect, in so many seconds
TINY = Delay.exactly(50)  # delays under some 30 ns cannot be delivered exactly, and the audit says so
DEFAULT = Delay.exactly(2_000)
SERIAL: tuple[type[System], ...] = (RealWork, RealWorkOnce)


@dataclass(frozen=True, slots=True)
class Case:
    """One question, put so many times under each condition.

    Attributes:
        name: what it is a case of; cases of one name are counted together.
        limit_s: of one verdict.
    """

    name: str
    system: type[System]
    delay: Delay
    counts: dict[Condition, int]
    limit_s: float = 10.0
    budget: float = BUDGET

    @property
    def label(self) -> str:
        """Tells it from others of its name."""
        aim = self.delay.aim
        what = f"{self.delay}" if aim is None else f"{aim:.4g}"
        return f"{self.system.name}, {what} against {self.budget:.4g}"


def _everywhere(quiet: int, hog: int | None = None, hogs: int | None = None) -> dict[Condition, int]:
    return {"quiet": quiet, "hog": quiet if hog is None else hog, "hogs": quiet if hogs is None else hogs}


def _cases() -> Iterator[Case]:
    yield Case("no effect", RealWorkOnce, TINY, _everywhere(150, 150, 30))
    yield Case("no effect", HiddenWork, DEFAULT, _everywhere(150, 150, 30))
    yield Case("no effect", HiddenWork, Delay.exactly(10_000), _everywhere(20, 20, 0))  # in sight it would be 20 %
    for system in SERIAL:
        yield Case("twice the budget", system, Delay.making(2 * BUDGET), _everywhere(150), limit_s=5)
        for aim in (0.01, 0.03, 0.05):
            yield Case("near the budget", system, Delay.making(aim), _everywhere(10, 10, 0))
    yield from _sometimes()
    yield from _busy()
    yield from _long()
    for budget in (0.75, 0.81):
        yield Case("much of the round is probe", Recursion, Delay.making(0.78), _everywhere(15, 5, 0), 4, budget)
    for limit_s, budgets in BUDGETS.items():
        for budget in budgets:
            counts: dict[Condition, int] = {"quiet": 2}
            yield Case(f"no effect, in {limit_s} s", HiddenWork, Delay.exactly(200), counts, limit_s, budget)
    # Whatever it says: it has time for some hundred pairs.
    yield Case("100 blocks", RealWorkOf1ms, Delay.making(0.51), {"quiet": 20}, 0.36, 0.51)


def _sometimes() -> Iterator[Case]:
    # What comes and goes in phases is another question than what is drawn: a visit sees but a few of them.
    by_name: dict[str, tuple[type[System], ...]] = {"bites": BITES, "phases": (Alternating, Phases)}
    for name, systems in by_name.items():
        for system in systems:
            yield Case(f"{name}, at the budget", system, Delay.making(BUDGET), {"quiet": 45}, limit_s=1)
            yield Case(f"{name}, twice the budget", system, Delay.making(2 * BUDGET), {"quiet": 10}, limit_s=3)


def _busy() -> Iterator[Case]:
    just_below = Delay.making(0.95 * BUDGET)
    yield Case("just below the budget", Chain, just_below, _everywhere(10, 10, 40), limit_s=1)
    yield Case("just below the budget", Computing, just_below, _everywhere(10, 10, 40), limit_s=1.5)
    yield Case("just below the budget", Computing, Delay.making(0.53), _everywhere(10, 10, 40), 1.5, 0.56)
    yield Case("hidden", HiddenOf4ms, Delay.worth(0.2), _everywhere(10, 10, 40), limit_s=1.5)
    yield Case("hidden", Awaited, Delay.exactly(300_000), _everywhere(10, 10, 40), 3, 0.05)
    yield Case("plain violation", RealWorkOnce, Delay.making(0.2), _everywhere(10, 10, 40), limit_s=3)
    yield Case("plain violation", Computing, Delay.making(0.2), _everywhere(10, 10, 40), limit_s=3)
    yield Case("plain violation", Computing, Delay.making(0.04), _everywhere(10, 10, 20), limit_s=5)


def _long() -> Iterator[Case]:
    two_budgets = Delay.worth(2 * BUDGET)
    yield Case("rounds of 0.2 s, hidden", HiddenOf200ms, two_budgets, {"quiet": 5}, limit_s=12)
    yield Case("rounds of 0.2 s, in sight", ChainOf200ms, Delay.making(2 * BUDGET), {"quiet": 5}, limit_s=12)
    yield Case("rounds of 1 s, hidden", HiddenOf1s, two_budgets, {"quiet": 3}, limit_s=50)
    yield Case("rounds of 1 s, in sight", ChainOf1s, Delay.making(2 * BUDGET), {"quiet": 1}, limit_s=50)


CASES = tuple(_cases())
