"""Did the experiment do what it says? No verdict without a clean audit. Pure functions of measurements."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_speedbump import _core
from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts
from pytest_speedbump.experiment.tally import Tally
from pytest_speedbump.units import format_time

__all__ = ["Conditions", "audit", "doubts", "uncalled_target"]

DELIVERY_TOLERANCE = 0.05  # of the request, or...
DELIVERY_TOLERANCE_NS = 10.0  # ...a call: a step of a coarse clock
CLOCK_TOLERANCE = 0.01
LESS_WORK = 10.0  # factor of time; a busy machine, and where the frame stack begins a new chunk, explain 4
MORE_WORK = 2.0
PROBE_NS = 200.0  # a call's probe costs less, everywhere


@dataclass(slots=True)
class Conditions:
    """What the rounds ran under, summed over all stretches.

    Attributes:
        intact: the events were still on at the end of each.
        lost: code objects that could not be slowed.
        elapsed_ns: time armed, by the operating system's clock.
        clock_ns: the same by the clock that delays are measured with.
        baseline_ns: fastest round of the test's own benchmark, None where there was none.
    """

    intact: bool = True
    lost: int = 0
    elapsed_ns: float = 0.0
    clock_ns: float = 0.0
    baseline_ns: float | None = None

    def add(self, *, intact: bool, lost: int, elapsed_ns: float, clock_ns: float) -> None:
        """Adds a stretch."""
        self.intact = self.intact and intact
        self.lost = lost
        self.elapsed_ns += elapsed_ns
        self.clock_ns += clock_ns


def audit(tally: Tally, conditions: Conditions) -> str:
    """Why no verdict can be given; empty if all is well. That the target ran at all is asked elsewhere."""
    return (
        _events(conditions)
        or _clock(conditions)
        or _delivery(tally)
        or _same_work(tally)
        or _less_work(tally, conditions)
    )


def doubts(tally: Tally, conditions: Conditions) -> str:
    """What may be wrong, and may be noise as well: it is said, and the verdict stands. Empty if nothing."""
    control, baseline = min(tally.control_ns), conditions.baseline_ns
    if baseline is None or control <= MORE_WORK * baseline + tally.calls * PROBE_NS:
        return ""
    now, then = format_time(control), format_time(baseline)
    return (
        f"repeated rounds take {now} at least where the benchmark itself took {then}: "
        "does the callable do more each time, or did the machine slow down?"
    )


def uncalled_target(bump: Bump, matched: Sequence[CodeCounts]) -> str | None:
    """The target for which the bump guards nothing; None if all is well.

    A marker's targets must each run, also where a later pattern takes over the counting. Of suite-wide targets one is
    enough.
    """
    if bump.suite_wide:
        return None if matched else str(bump.targets)
    for index, name in enumerate(bump.targets.names):
        if name.startswith("!"):
            continue
        own = [p for p, origin in zip(bump.targets.patterns, bump.targets.origins, strict=True) if origin == index]
        patterns = _core.Patterns(own)
        if not any(patterns.match(code.module, code.code.co_qualname, code.file) >= 0 for code in matched):
            return name
    return None


def _events(conditions: Conditions) -> str:
    if not conditions.intact:
        return "another tool turned our sys.monitoring events off while the rounds ran; turn that tool off"
    if conditions.lost:
        return f"memory ran out: {conditions.lost} code objects were not slowed"
    return ""


def _clock(conditions: Conditions) -> str:
    ratio = conditions.clock_ns / conditions.elapsed_ns
    if abs(ratio - 1) > CLOCK_TOLERANCE:
        return f"the clock jumped: it ran {ratio:.3f} times as fast as the system's; measure again"
    return ""


def _delivery(tally: Tally) -> str:
    calls = sum(tally.slowed_calls)
    error = abs(tally.delivered_ns - tally.requested_ns)
    if error <= max(DELIVERY_TOLERANCE * tally.requested_ns, DELIVERY_TOLERANCE_NS * calls):
        return ""
    return (
        f"the delay was not delivered: {format_time(tally.delivered_ns / calls)} a call instead of "
        f"{format_time(tally.requested_ns / calls)}; ask for a longer one"
    )


def _same_work(tally: Tally) -> str:
    """A callable that consumes its input repeats silently, doing less each time."""
    mend = "can it run twice? A callable that consumes its input needs benchmark.pedantic(setup=...)"
    control, slowed = set(tally.control_calls), set(tally.slowed_calls)
    if len(control) == len(slowed) == 1 and control != slowed:
        return f"the arms differ: {control.pop()} calls in each control round, {slowed.pop()} in a slowed one; {mend}"
    quarter = tally.pairs // 4
    if quarter and not any(tally.control_calls[-quarter:]) and not any(tally.slowed_calls[-quarter:]):
        last = max(i for i in range(tally.pairs) if tally.control_calls[i] or tally.slowed_calls[i])
        return f"the target was called no more after pair {last + 1} of {tally.pairs}; {mend}"
    return ""


def _less_work(tally: Tally, conditions: Conditions) -> str:
    """Half of the rounds far quicker than the quickest before: no noise does that, an exhausted input does."""
    control, baseline = tally.median_control_ns, conditions.baseline_ns
    if baseline is None or control >= baseline / LESS_WORK:
        return ""
    now, then = format_time(control), format_time(baseline)
    return (
        f"repeated rounds take {now} where the benchmark itself took {then} at least: "
        "the callable does not do the same work each time; give it benchmark.pedantic(setup=...)"
    )
