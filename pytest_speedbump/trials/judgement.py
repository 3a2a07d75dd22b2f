"""From what was measured to a verdict, and from a verdict to what becomes of the test. Pure."""

import math
from collections.abc import Callable
from typing import NamedTuple

from pytest_speedbump.bump import Bump
from pytest_speedbump.experiment.tally import Tally
from pytest_speedbump.inference.effect import drop_from_theta, floor, transmission
from pytest_speedbump.inference.sequential import Interval, Precision, Sequential, halves_disagree, tail_alarm
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Estimate, Verdict

__all__ = ["Judgement", "is_broken", "judge", "undecided"]


class Judgement(NamedTuple):
    """``transmission`` is None where nothing was delivered, ``floor``, a drop, where too few pairs tell."""

    verdict: Verdict
    drop: Estimate
    transmission: Estimate | None
    floor: float | None
    warnings: tuple[Remark, ...]


def judge(procedure: Sequential | Precision, theta_b: float | None, tally: Tally) -> Judgement:
    """What the evidence of ``procedure``, one block at least, says about the budget ``theta_b``, if there is one."""
    blocks, bounds = procedure.blocks, procedure.interval()
    verdict: Verdict = "measured"
    if isinstance(procedure, Sequential):
        answers: dict[str | None, Verdict] = {"over": "sensitive", "under": "insensitive", None: "inconclusive"}
        verdict = answers[procedure.state]
    reaches = None
    if tally.slowed.delivered_ns > 0:
        t0_ns, delivered_ns = tally.median_control_ns, tally.slowed.delivered_ns / tally.pairs
        reaches = _estimate(bounds, lambda theta: transmission(t0_ns, theta, delivered_ns))
    least = floor(blocks, bounds.theta, blocks.s)
    warnings = []
    if tail_alarm(blocks, theta_b or bounds.theta):
        warnings.append(Remark("tail"))
    if halves_disagree(blocks):
        warnings.append(Remark("halves"))
    return Judgement(
        verdict,
        _estimate(bounds, drop_from_theta),
        reaches,
        drop_from_theta(least) if math.isfinite(least) else None,
        tuple(warnings),
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
    opposite = {"insensitive": "sensitive", "sensitive": "insensitive"}
    return verdict == opposite[bump.declared.kind]


def _estimate(bounds: Interval, unit: Callable[[float], float]) -> Estimate:
    low = unit(bounds.low) if math.isfinite(bounds.low) else None
    high = unit(bounds.high) if math.isfinite(bounds.high) else None
    return Estimate(unit(bounds.theta), low, high)
