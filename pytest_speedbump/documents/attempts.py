"""Several attempts at one shard are one bet: what their evidence comes to, and the verdicts that follow. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any, Self

from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import ALPHA_PASS, Evidence, Result, Severity, Verdict

__all__ = ["Court", "combine"]

_OPPOSITE: dict[str, Verdict] = {"insensitive": "sensitive", "sensitive": "insensitive"}


@dataclass(frozen=True, slots=True)
class Court:
    """What is proved, and what fails.

    Attributes:
        fails_at: the evidence that a failure takes: the error rate is shared by all verdicts of the family.
    """

    fails_at: float
    severity: Severity

    @classmethod
    def of(cls, verdicts: int, error_rate: float, options: Mapping[str, Any]) -> Self:
        return cls(-log(error_rate / max(verdicts, 1)), Severity(options["strict"], options["advisory"]))

    def judge(self, result: Result, *, again: bool) -> Result:
        """The result of a declaration with what its evidence proves; others as they are.

        A verdict stands once it is reached. A failure that the evidence does not carry, for it was judged by more than
        its part of the error rate, is withdrawn. Of several attempts (``again``) the evidence alone decides: a rerun
        neither forgives what was proved nor accuses by asking often.
        """
        declared, evidence = result.bump.declared, result.evidence
        if declared is None or evidence is None or result.verdict not in (*_OPPOSITE, "inconclusive"):
            return result
        kept, broken = declared.kept_by, _OPPOSITE[declared.kept_by]
        against, for_it = evidence.over_max, evidence.under_max
        if kept == "sensitive":
            against, for_it = for_it, against
        verdict: Verdict = result.verdict
        if verdict == broken and against < self.fails_at:
            verdict = "inconclusive"
        elif again and against >= self.fails_at:
            verdict = broken
        elif again and for_it < -log(ALPHA_PASS):
            verdict = "inconclusive"
        elif again and result.reason.kind == "time":  # nothing but more evidence was wanting
            verdict = kept
        return result if verdict == result.verdict else self._with(result, verdict, is_broken=verdict == broken)

    def _with(self, result: Result, verdict: Verdict, *, is_broken: bool) -> Result:
        uncertain = verdict == "inconclusive"
        outcome = self.severity.outcome(broken=is_broken, uncertain=uncertain)
        if result.lock is not None:
            outcome = self.severity.with_lock(outcome, result.lock)
        reason = Remark("too_weak") if uncertain else Remark()
        return replace(result, verdict=verdict, outcome=outcome, reason=reason)


def combine(attempts: Sequence[Sequence[Result]], court: Court) -> Iterator[Result]:
    """The results of one test's last attempt, judged with the evidence of all; ``attempts`` in their order."""
    earlier: dict[tuple[str, int], Evidence] = {}
    for number, results in enumerate(attempts, start=1):
        asked = Counter[str]()
        for result in results:
            question = str(result.bump), asked[str(result.bump)]
            asked[question[0]] += 1
            before, now = earlier.get(question), result.evidence
            if before is not None and now is not None:
                now = before + now
            if now is not None:
                earlier[question] = now
            if number == len(attempts):
                again = before is not None
                yield court.judge(_resting_on(now, result) if again else result, again=again)


def _resting_on(evidence: Evidence | None, result: Result) -> Result:
    """The result with the evidence of earlier attempts as well; where it has none itself, none counts."""
    if evidence is None:
        return result
    warnings = tuple(dict.fromkeys((*result.warnings, str(Remark("earlier")))))
    return replace(result, evidence=evidence, warnings=warnings)
