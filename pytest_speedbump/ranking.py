"""The answer of a scan: what each function of a benchmark really costs, frozen, as the result document says it."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

from pytest_speedbump.bump import Mode
from pytest_speedbump.counts import Kind
from pytest_speedbump.display import repr_html
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Estimate, take
from pytest_speedbump.targets import Targets

__all__ = ["Ranked", "Ranking", "Standing"]

Standing = Literal["critical", "partly", "free", "small", "unresolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One function. Times in ns and counts are per call of the benchmarked callable; shares are those of a bare round.

    Attributes:
        name: as it would be written as a target.
        file: None where there is no Python code.
        line: None as well.
        kind: ``start``: of a Python function; ``c``: a callable implemented in C.
        calls: of a typical undelayed round: the median, or the mean where that is 0.
        share: its own time, without that of callees which are targets as well; None where it was not measured.
        transmission: share of a delay that reaches the round time, by the dose that tells it most precisely, or by a
            smaller one of which less arrives.
        dose_ns: delay of each call under which that was seen, on the average; None where it was never slowed by itself.
        slack_ns: delay of each call that the program absorbs before throughput begins to drop; without a ``high`` end
            it is at least so much. None where nothing is absorbed, or it was not resolved.
        gain: throughput that would be won if the function cost nothing, ``transmission * share``. Holds until the
            bottleneck moves.
        gain_per_us: throughput won by each microsecond that a call takes less, as long as there is one to be saved.
        verdict: ``critical`` (more than half of a delay arrives, and perhaps all of it), ``partly`` (some of it does),
            ``free`` (hot, and less than a tenth of a delay arrives, or the gain is too small to matter), ``small``
            (too small to matter), ``unresolved``.
        confirmed: fresh pairs have proved a ``critical`` or ``partly`` at the error rate of the run.
        rank: from 1; those that cannot be told apart share one.
        pairs: of rounds, in which it was slowed: by itself or, where it never was, in company.
    """

    name: str
    file: str | None
    line: int | None
    calls: float
    share: float | None
    transmission: Estimate | None
    slack_ns: Estimate | None
    gain: Estimate | None
    gain_per_us: float | None
    verdict: Standing
    confirmed: bool
    rank: int
    pairs: int = 0
    dose_ns: float | None = None
    kind: Kind = "start"

    def to_json(self) -> dict[str, Any]:
        """One entry of ``functions`` in the result document."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        return plain | {name: estimate_json(getattr(self, name)) for name in _ESTIMATES}

    @classmethod
    def from_json(cls, one: dict[str, Any]) -> Self:
        return take(cls, one | {name: Estimate.from_json(one[name]) for name in _ESTIMATES})


_ESTIMATES = ("transmission", "slack_ns", "gain")


def estimate_json(estimate: Estimate | None) -> dict[str, float | None] | None:
    return None if estimate is None else estimate.to_json()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What the scan of one benchmark found. Times in ns are per call of the benchmarked callable.

    Attributes:
        round_ns: length of a bare round.
        seconds: that the scan took; ``pairs`` of rounds were run in it, of ``iterations`` calls of the callable each.
        functions: all that were called, sorted by the lower end of the gain.
        joint_slack_ns: delay that all free functions together absorb in one call of the benchmarked callable; without a
            ``high`` end it is at least so much, and None where it was not measured.
        additive: whether the critical ones slowed together cost as much as each by itself; None where it was not asked.
        reason: why some functions are unresolved, or none was ranked; empty where nothing stood in the way.
        warnings: doubts about what is there.
    """

    test: str
    targets: Targets
    mode: Mode = "spin"
    round_ns: float | None = None
    seconds: float = 0.0
    pairs: int = 0
    iterations: int = 1
    functions: tuple[Ranked, ...] = ()
    joint_slack_ns: Estimate | None = None
    additive: bool | None = None
    reason: Remark = field(default_factory=Remark)
    warnings: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Own time of all functions together, as a share of a bare round; the rest is spent in what was no target."""
        return sum(one.share or 0.0 for one in self.functions)

    def _repr_html_(self) -> str:
        return repr_html(self)

    def to_json(self) -> dict[str, Any]:
        """One entry of ``scans`` in the result document."""
        return {
            "test": self.test,
            "targets": list(self.targets.names),
            "mode": self.mode,
            "round_ns": self.round_ns,
            "seconds": self.seconds,
            "pairs": self.pairs,
            "iterations": self.iterations,
            "joint_slack_ns": estimate_json(self.joint_slack_ns),
            "additive": self.additive,
            "reason": str(self.reason),
            "cause": self.reason.kind,
            "warnings": [str(text) for text in self.warnings],
            "functions": [one.to_json() for one in self.functions],
        }

    @classmethod
    def from_json(cls, one: dict[str, Any]) -> Self:
        """What :meth:`to_json` wrote, in another process or by another version; all but the compiled patterns."""
        functions = (Ranked.from_json({"rank": place} | each) for place, each in enumerate(one["functions"], 1))
        return cls(
            **{name: one[name] for name in _PLAIN if name in one},
            targets=Targets(tuple(one["targets"]), (), ()),
            joint_slack_ns=Estimate.from_json(one["joint_slack_ns"]),
            reason=Remark.told(one.get("cause", ""), one.get("reason", "")),
            warnings=tuple(one.get("warnings", ())),
            functions=tuple(functions),
        )


_PLAIN = ("test", "mode", "round_ns", "seconds", "pairs", "iterations", "additive")
