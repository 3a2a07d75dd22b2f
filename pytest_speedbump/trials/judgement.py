"""From what was measured to a verdict, and from a verdict to what becomes of the test. Pure."""

import math
from collections.abc import Callable
from typing import NamedTuple

from pytest_speedbump.bump import Bump
from pytest_speedbump.experiment.measurement import Measurement
from pytest_speedbump.inference.excess import drop_from_excess
from pytest_speedbump.inference.question import floor, tail_alarm
from pytest_speedbump.inference.sequential import Interval, Sequential
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Estimate, Machine, Verdict
from pytest_speedbump.trials.case import Case

__all__ = ["Judgement", "describe", "is_broken", "judge", "undecided"]


class Judgement(NamedTuple):
    """``transmission`` is None where nothing was delivered, ``floor``, a drop, where too few pairs tell.

    ``reason`` says why what had been decided does not stand.
    """

    verdict: Verdict
    reason: Remark
    drop: Estimate
    transmission: Estimate | None
    floor: float | None
    warnings: tuple[Remark, ...]


def judge(case: Case, largest: float) -> Judgement:
    """What the evidence says, of one block at least; ``largest``, in units, is lost by a round that absorbs nothing."""
    procedure, question, bare_ns, unit_ns = case.procedure, case.question, case.bare.ns, case.unit.ns
    found = case.interval
    verdict: Verdict = "measured"
    reason, warnings = Remark(), []
    if isinstance(procedure, Sequential):
        answers: dict[str | None, Verdict] = {"over": "sensitive", "under": "insensitive", None: "inconclusive"}
        verdict = answers[procedure.state]
    expected = found.centre * bare_ns if question.budget is None else question.budget * unit_ns
    scale = question.scale(largest) * unit_ns
    if tail_alarm(procedure.blocks, expected, scale):
        # What a clipped mean hardly feels may well be what breaks the budget.
        if verdict == "insensitive":
            verdict, reason = "inconclusive", Remark("far_tail")
        else:
            warnings.append(Remark("tail"))
    if case.transmission.halves_disagree():
        warnings.append(Remark("halves"))
    reaches = case.transmission.interval(question.alpha_end)
    least = floor(procedure.blocks, question.alpha_end, bare_ns)
    return Judgement(
        verdict,
        reason,
        _estimate(found, drop_from_excess),
        None if reaches is None else _estimate(reaches, float),
        drop_from_excess(least) if math.isfinite(least) else None,
        tuple(warnings),
    )


def describe(measurement: Measurement) -> Machine:
    """What the kernel said of the machine while the pairs ran."""
    conditions, selection = measurement.conditions, measurement.selection
    slowed = measurement.tally.slowed
    return Machine(
        waited=conditions.waited,
        late=slowed.late_ns / slowed.delivered_ns if slowed.delivered_ns else None,
        switches=conditions.switches / measurement.tally.pairs,
        others=conditions.others,
        set_aside=selection.set_aside,
        judged_by=selection.way,
    )


def undecided(bump: Bump) -> Verdict:
    """The verdict where there is no evidence at all."""
    return "inconclusive" if bump.declared else "measured"


def is_broken(bump: Bump, verdict: Verdict, *, uncalled: bool) -> bool:
    """Whether the verdict is not what was declared.

    Args:
        uncalled: it is void because the target never ran. A suite-wide target need not concern every test.
    """
    if verdict == "void":
        return not bump.suite_wide or (bump.declared is not None and not uncalled)
    if bump.declared is None:
        return False
    return verdict in ("insensitive", "sensitive") and verdict != bump.declared.kept_by


def _estimate(found: Interval, unit: Callable[[float], float]) -> Estimate:
    low = unit(found.low) if math.isfinite(found.low) else None
    high = unit(found.high) if math.isfinite(found.high) else None
    return Estimate(unit(found.centre), low, high)
