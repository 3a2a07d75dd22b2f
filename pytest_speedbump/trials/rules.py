"""How far a trial is to go, and what fails."""

import math
from dataclasses import dataclass, replace
from typing import Self

from pytest_speedbump.bump import Bump
from pytest_speedbump.errors import InputError
from pytest_speedbump.inference.excess import excess_from_drop
from pytest_speedbump.inference.question import Question
from pytest_speedbump.result import ALPHA_PASS, Severity
from pytest_speedbump.units import parse_time

__all__ = ["Rules", "is_whole", "parse_limit", "parse_seed"]

LONGEST_NUMBER = 100  # digits; Python itself reads no more than some thousands

PLAIN_WIDTH = 0.005  # a plain measurement stops when the drop is known to +- so much...
PLAIN_SHARE = 0.1  # ...or to such a share of itself


@dataclass(frozen=True, slots=True)
class Rules:
    """How far to go, and what fails.

    Attributes:
        max_time_ns: limit of one verdict.
        limited_by: the option that says so. Others take ``taken_ns`` of its time, and ``sharers`` bumps share the rest.
        alpha_fail: chance that a program which keeps its declaration fails.
        alpha_pass: chance that one which breaks it passes.
        alpha_end: most error at each end of an interval: 0.025, so that the whole covers 95 %, or less.
        seed: draws the order of the arms.
    """

    max_time_ns: float
    alpha_fail: float
    severity: Severity
    seed: int
    alpha_pass: float = ALPHA_PASS
    alpha_end: float = 0.025
    limited_by: str = "--speedbump-max-time"
    taken_ns: float = 0.0
    sharers: int = 1

    def shared_by(self, verdicts: int) -> Self:
        """Those of one of so many verdicts that share the error rate."""
        return replace(self, alpha_fail=self.alpha_fail / max(verdicts, 1))

    def enough_ns(self, needed_ns: float) -> float:
        """The value of the option ``limited_by`` that lets this bump have ``needed_ns``."""
        return self.taken_ns + self.sharers * needed_ns

    def advice(self, needed_ns: float) -> str:
        """That option and value, as one types it."""
        return f"{self.limited_by} {math.ceil(self.enough_ns(needed_ns) / 1e9)}s"

    def question(self, bump: Bump) -> Question:
        """``insensitive`` fails by "over" and passes by "under", ``sensitive`` the other way round.

        The budget of a slack is a share of the delay, others are excesses.
        """
        declared = bump.declared
        over, under = self.alpha_fail, self.alpha_pass
        if declared is not None and declared.kept_by == "sensitive":
            over, under = under, over
        if declared is None:
            budget = None
        elif declared.kind == "slack":
            budget = declared.limit
        else:
            budget = excess_from_drop(declared.limit)
        return Question(budget, over, under, self.alpha_end, PLAIN_WIDTH, PLAIN_SHARE)


def parse_limit(value: object, name: str) -> float:
    """A time that something may take, in ns; ``name`` is what the error calls it."""
    ns = parse_time(value, name)
    if ns == 0:
        raise InputError(f"{name} {value!r} leaves no time to measure; write more than 0, as in '10s'")
    return ns


def is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER


def parse_seed(value: object, name: str) -> int:
    text = str(value)
    if not is_whole(text):
        raise InputError(f"{name} {text!r} is not a seed; write a whole number, 0 or more")
    return int(text)
