"""A candidate: one function of a scan, and what the pairs say of it so far."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Literal

from pytest_speedbump.experiment.plans import Dose, fit_dose
from pytest_speedbump.experiment.screening import Function
from pytest_speedbump.inference.ranking import NORMAL, Gain, Push, Reach, enough, gain, precise, reach, slack, standing
from pytest_speedbump.inference.sequential import Interval
from pytest_speedbump.inference.shares import Share
from pytest_speedbump.ranking import Ranked, Standing
from pytest_speedbump.result import Estimate

__all__ = ["FEWEST", "LEAST_GAIN", "Candidate", "estimate_of"]

LEAST_GAIN = 0.005  # of throughput: less does not matter

FEWEST, MOST = 6, 60  # pairs of a dose
ARRIVES = 0.25  # of a small delay at least, in what is critical

_UNKNOWN = Reach(math.nan, math.inf)


@dataclass(slots=True)
class Candidate:
    """One function.

    Attributes:
        share: of a bare round that is its own.
        large, small: pairs in which it alone was slowed by the large dose of the ladder, and by the small one.
        together: pairs in which it was slowed in the company of others, and ``bound``: what they say of it. Of no use
            where it was slowed by itself.
        confirmed: fresh pairs have proved what is said of it; ``refuted``: they have proved the reverse.
    """

    function: Function
    share: Share
    large: list[Push] = field(default_factory=list)
    small: list[Push] = field(default_factory=list)
    together: int = 0
    bound: Reach = _UNKNOWN
    confirmed: bool = False
    refuted: bool = False

    @property
    def hot(self) -> float:
        """Its share, as far as it is known."""
        return self.share.value

    def dose(self, round_dose_ns: float) -> Dose:
        """That makes so much delay in a round."""
        return fit_dose(self.function.target, round_dose_ns, self.function.calls)

    def reach(self, noise: float) -> Reach:
        """By the dose that tells it more precisely; by the small one where less of that arrives.

        Rounds are convex in a delay, so no more of a small one does.
        """
        return self._best(noise)[0]

    def _best(self, noise: float) -> tuple[Reach, Sequence[Push]]:
        found = [(reach(pushes, noise), pushes) for pushes in (self.small, self.large) if pushes]
        if len(found) < 2:
            return found[0] if found else (self.bound, ())
        (small, _), (large, _) = found
        if large.tau - small.tau > NORMAL * math.hypot(small.error, large.error):
            return found[0]
        return min(found, key=lambda one: one[0].error)

    @property
    def pairs(self) -> int:
        """In which it was slowed, by itself or in company."""
        return len(self.small) + len(self.large) or self.together

    def gain(self, noise: float) -> Gain:
        return gain(self.hot, self.share.error, self.reach(noise))

    def standing(self, noise: float) -> Standing:
        # Of a large dose alone, slack may be hidden in what arrives.
        pairs = len(self.small) or self.together
        found = standing(self.hot, self.gain(noise), self.reach(noise), pairs, LEAST_GAIN)
        doubtful = self.refuted or (found == "critical" and not self._arrives(noise))
        return "unresolved" if doubtful and found in ("critical", "partly") else found

    def _arrives(self, noise: float) -> bool:
        """Whether some of the small dose does, as far as it was tried."""
        return not self.small or reach(self.small, noise).low > ARRIVES

    def wants(self, noise: float) -> Literal["small", "large"] | None:
        """The dose of the next pair; None where more are of no use.

        A few of the small dose say whether it arrives. What they do not say precisely enough the large one does for
        less: to slack both are as sensitive, which is a difference of times.
        """
        if len(self.small) < FEWEST:
            return "small"
        if enough(self.hot, self.reach(noise), LEAST_GAIN) and (self.reach(noise).low <= 0.5 or self._arrives(noise)):
            return None
        large = reach(self.large, noise)
        if len(self.large) < MOST and (not precise(self.hot, large) or large.high < 0.5):
            return "large"
        return "small" if len(self.small) < MOST else None

    def slack(self, noise: float) -> Interval | None:
        """Of a round, in ns."""
        if not self.large:
            return None
        small_ns = max([push.delivered_ns for push in self.small], default=0.0)
        large_ns = max([push.delivered_ns for push in self.large])
        small = reach(self.small, noise) if self.small else None
        return slack(large_ns, reach(self.large, noise), small_ns, small)

    def ranked(self, noise: float, iterations: int, bare_ns: float, rank: int) -> Ranked:
        """As the ranking says it."""
        function, (known, pushes) = self.function, self._best(noise)
        absorbed, standing = self.slack(noise), self.standing(noise)
        is_known = math.isfinite(known.error)
        return Ranked(
            name=function.site.name,
            file=function.site.file or None,
            line=function.site.first_line if function.site.file else None,
            kind=function.site.kind,
            calls=function.calls / iterations,
            share=self.share.value,
            transmission=estimate_of(Interval(known.tau, known.low, known.high)) if is_known else None,
            dose_ns=mean([push.delivered_ns for push in pushes]) / function.calls if pushes else None,
            slack_ns=None if absorbed is None else estimate_of(absorbed, per=function.calls),
            gain=estimate_of(self.gain(noise)) if is_known else None,
            gain_per_us=known.tau * function.calls * 1e3 / bare_ns if is_known else None,
            verdict=standing,
            confirmed=self.confirmed,
            rank=rank,
            pairs=self.pairs,
        )


def estimate_of(found: Interval, per: float = 1.0) -> Estimate:
    """An end that is not known is infinite."""
    low, high = (end / per if math.isfinite(end) else None for end in (found.low, found.high))
    return Estimate(found.centre / per, low, high)
