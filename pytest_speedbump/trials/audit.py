"""Did the experiment do what it says? No verdict without a clean audit. Pure functions of measurements."""

from collections.abc import Iterator, Sequence

from pytest_speedbump.bump import Bump, every_text
from pytest_speedbump.counts import CodeCounts
from pytest_speedbump.experiment.conditions import Conditions
from pytest_speedbump.experiment.tally import Tally
from pytest_speedbump.inference.bare import PROBE_NS
from pytest_speedbump.remarks import Remark

__all__ = ["audit", "audit_conditions", "doubts", "doubts_of", "too_seldom", "uncalled_targets"]

DELIVERY_TOLERANCE = 0.05  # share of the request; the larger of the two tolerances holds
DELIVERY_TOLERANCE_NS = 10.0  # for each delayed call: about a step of a coarse clock
SELDOM = 0.25  # of the slowed rounds without any delay: in fewer it is as if the target were not called in some
CLOCK_TOLERANCE = 0.01  # share by which the clock of delays may differ from the system's
LESS_WORK = 10.0  # factor of time; 4 are explained by a busy machine and by where the frame stack begins a new chunk
MORE_WORK = 2.0  # factor of time, beyond what the probe costs


def audit(tally: Tally, conditions: Conditions, every: int = 1) -> Remark:
    """Why no verdict can be given; empty if all is well. That the target ran at all is asked elsewhere.

    ``every``: so many calls are delayed.
    """
    return (
        audit_conditions(conditions)
        or _delivery(tally, every)
        or _same_work(tally)
        or _less_work(tally, conditions)
        or too_seldom(tally, every)
    )


def too_seldom(tally: Tally, every: int) -> Remark:
    """Too few of the slowed rounds have a call that is to be delayed; empty where that is not so.

    What they lose comes in rare, large pieces then, which is not what clipped means are made for.
    """
    if every == 1 or not tally.pairs or tally.undelayed <= SELDOM * tally.pairs:
        return Remark()
    return Remark("seldom", every=every_text(every), calls=tally.calls, undelayed=tally.undelayed, pairs=tally.pairs)


def audit_conditions(conditions: Conditions) -> Remark:
    """What speaks against any rounds that ran under them; empty if all is well."""
    return _events(conditions) or _clock(conditions)


def doubts(tally: Tally, conditions: Conditions) -> Iterator[Remark]:
    """What may be wrong, and may be noise as well: it is said, and the verdict stands."""
    yield from doubts_of(conditions)
    control, baseline = min(tally.control_ns), conditions.baseline_ns
    if baseline is not None and control > MORE_WORK * baseline + tally.calls * PROBE_NS:
        yield Remark("more_work", now_ns=control, then_ns=baseline)


def doubts_of(conditions: Conditions) -> Iterator[Remark]:
    """The same of any rounds."""
    if conditions.hides_threads:
        yield Remark("short_rounds")
    if conditions.traced:
        yield Remark("traced")


def uncalled_targets(bump: Bump, matched: Sequence[CodeCounts]) -> Sequence[str]:
    """The targets for which the bump guards nothing; empty if all is well.

    A marker's targets must each run, also where a later pattern takes over the counting. Of suite-wide targets one is
    enough.
    """
    if bump.suite_wide:
        return () if matched else [name for _, name in bump.targets.chosen]
    return bump.targets.unmatched(matched)


def _events(conditions: Conditions) -> Remark:
    if not conditions.intact:
        return Remark("interfered")
    return Remark("lost", n=conditions.lost) if conditions.lost else Remark()


def _clock(conditions: Conditions) -> Remark:
    ratio = conditions.clock_ns / conditions.elapsed_ns
    return Remark("clock", ratio=ratio) if abs(ratio - 1) > CLOCK_TOLERANCE else Remark()


def _delivery(tally: Tally, every: int) -> Remark:
    slowed, delayed = tally.slowed, tally.slowed.calls / every
    error = abs(slowed.delivered_ns - slowed.requested_ns)
    if error <= max(DELIVERY_TOLERANCE * slowed.requested_ns, DELIVERY_TOLERANCE_NS * delayed):
        return Remark()
    if not slowed.delivered_ns:  # in other modes a delay is late at worst
        return Remark("unpaused")
    mean = slowed / delayed
    return Remark("delivery", delivered_ns=mean.delivered_ns, requested_ns=mean.requested_ns)


def _same_work(tally: Tally) -> Remark:
    """A callable that consumes its input repeats silently, doing less each time."""
    control, slowed = set(tally.control_calls), set(tally.slowed_calls)
    if len(control) == len(slowed) == 1 and control != slowed:
        return Remark("arms_differ", control=control.pop(), slowed=slowed.pop())
    quarter = tally.pairs // 4 or tally.pairs  # of too few to have quarters, all
    if not any(tally.control_calls[-quarter:]) and not any(tally.slowed_calls[-quarter:]):
        called = [i for i in range(tally.pairs) if tally.control_calls[i] or tally.slowed_calls[i]]
        return Remark("called_no_more", pair=called[-1] + 1 if called else 0, pairs=tally.pairs)
    return Remark()


def _less_work(tally: Tally, conditions: Conditions) -> Remark:
    """Half of the rounds far quicker than the quickest before: no noise does that, an exhausted input does."""
    control, baseline = tally.median_control_ns, conditions.baseline_ns
    if baseline is None or control >= baseline / LESS_WORK:
        return Remark()
    return Remark("less_work", now_ns=control, then_ns=baseline)
