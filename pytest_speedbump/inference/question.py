"""What is asked of the pairs, and what it takes to answer it."""

from dataclasses import dataclass
from math import inf, log1p
from typing import NamedTuple

from pytest_speedbump.inference.effect import centre, clip_scale, floor, predict_floor, time_needed
from pytest_speedbump.inference.sequential import Precision, Sequential, blocks_to_pass

__all__ = ["Floor", "Question", "bound"]


def bound(calls: float, delay_ns: float, t0_ns: float) -> float:
    """Log effect of a round of ``t0_ns`` that absorbs nothing of so many delays."""
    return log1p(calls * delay_ns / max(t0_ns, 1))


class Floor(NamedTuple):
    """The smallest log effect that can be told from none when the time is up, and when it will be the budget's own."""

    theta: float
    needed_ns: float


@dataclass(frozen=True, slots=True)
class Question:
    """Is the effect over a budget or under it? Or, without one, how large is it?

    Attributes:
        theta_b: the budget as a log effect; None asks for the size alone.
        alpha_over: chance of "over" where that is wrong; ``alpha_under`` likewise.
        alpha_end: most error at each end of an interval.
        width: half of the interval, in drop, at which a size is known.
    """

    theta_b: float | None
    alpha_over: float
    alpha_under: float
    alpha_end: float
    width: float

    def ask(self, bound: float) -> Sequential | Precision:
        """The procedure, for rounds whose log effect is at most ``bound`` or, with contention, not far beyond."""
        scale = clip_scale(self.theta_b, bound)
        if self.theta_b is None:
            return Precision(scale, self.alpha_end, self.width)
        over, under = (min(alpha, self.alpha_end) for alpha in (self.alpha_over, self.alpha_under))
        return Sequential(self.theta_b, scale, alpha_over=over, alpha_under=under)

    def blocks_to_pass(self, bound: float) -> int:
        """Blocks until "under" without effect and noise; 0 without a budget."""
        if self.theta_b is None:
            return 0
        return blocks_to_pass(self.theta_b, clip_scale(self.theta_b, bound), min(self.alpha_under, self.alpha_end))

    def centre(self, log_ratios: list[float], bound: float) -> float:
        """The effect, as far as a pilot's few pairs tell."""
        return centre(log_ratios, clip_scale(self.theta_b, bound))

    def floor(self, log_ratios: list[float], bound: float, elapsed_ns: float, limit_ns: float) -> Floor:
        """Predicted from a pilot that took ``elapsed_ns``; infinite where it has too few pairs to tell."""
        scale = clip_scale(self.theta_b, bound)
        now = floor(log_ratios, centre(log_ratios, scale), scale)
        needed = inf if self.theta_b is None else time_needed(now, elapsed_ns, self.theta_b)
        return Floor(predict_floor(now, elapsed_ns, limit_ns), needed)
