"""Before the rounds that count: how long a round must be, what it takes bare, what the target can do to it at most."""

import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from pytest_speedbump.errors import InputError
from pytest_speedbump.experiment.rounds import Experiment, Pair, undisturbed
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.slowing.session import read_clocks

__all__ = ["LONG_ROUND_NS", "Pilot", "others_run", "run_pilot", "set_round_length", "stretch"]

SHORTEST_ROUND_NS = 5e3  # under it the timer's own cost and step show in the ratios
SWITCH_INTERVALS = 8  # of the GIL: beside a thread that wants it, 2 ms rounds showed half of the loss, 40 ms all
BUSY_SHARE = 0.02  # of a processor, by which other threads count as running
LOOK_NS = 5e6  # spent on looking for other threads
LONG_ROUND_NS = 50e6  # Rounds as long as this are too dear for warm-ups, whose effect would not show in them.
PAIRS = 10  # in a pilot
LONGEST_NS = 0.5e9  # of a pilot, unless one pair takes longer
TICK_NS = 10e3  # longer than the step of any clock that can time rounds


@dataclass(frozen=True, slots=True)
class Pilot:
    """A few pairs from which to plan the rest; they are no evidence.

    Attributes:
        calls: most matched calls in one round.
        pair_ns: median time that a pair takes, all that belongs to it included.
        elapsed_ns: what the pairs took.
    """

    pairs: tuple[Pair, ...]
    calls: int
    pair_ns: float
    elapsed_ns: float


def set_round_length(subject: Subject) -> tuple[float, bool]:
    """Raises ``subject.iterations`` until a round is long enough.

    Returns its length in ns, and whether it is long enough to show what other threads lose.

    Raises:
        InputError: time stands still, so that no round would ever be long enough.
    """
    _check_time_passes()
    ns = stretch(subject, SHORTEST_ROUND_NS)
    shortest = SWITCH_INTERVALS * sys.getswitchinterval() * 1e9
    if ns >= shortest or not others_run(subject):
        return ns, True
    ns = stretch(subject, shortest)
    return ns, ns >= shortest


def _check_time_passes() -> None:
    system_ns, clock_ns = now = read_clocks()
    while now[1] - clock_ns < TICK_NS:
        now = read_clocks()
    if now[0] == system_ns:
        raise InputError(
            "time stands still: something, such as freezegun, has replaced time.perf_counter_ns; let time pass while "
            "rounds are measured, and stop it, if need be, inside the callable"
        )


def stretch(subject: Subject, shortest_ns: float) -> float:
    """Raises ``subject.iterations`` until a round is so long.

    Returns its length: the first that is far above the need, else the fastest of three."""
    with undisturbed():
        while True:
            ns = subject.round(_nothing, _nothing)
            if ns < LONG_ROUND_NS:
                ns = min(ns, subject.round(_nothing, _nothing), subject.round(_nothing, _nothing))
            if ns >= shortest_ns or not subject.stretchable:
                return ns
            # Never more than tenfold at once: the first rounds are the slowest.
            subject.iterations *= min(10, max(2, -(-int(shortest_ns) // max(ns, 1))))


def others_run(subject: Subject) -> bool:
    """Whether other threads use the processor while a round runs. Threads that only wait disturb nothing."""
    if len(sys._current_frames()) < 2:
        return False
    with undisturbed():
        start, process, thread = time.perf_counter_ns(), time.process_time_ns(), time.thread_time_ns()
        while time.perf_counter_ns() - start < LOOK_NS:
            subject.round(_nothing, _nothing)
        others = (time.process_time_ns() - process) - (time.thread_time_ns() - thread)
        return others > BUSY_SHARE * (time.perf_counter_ns() - start)


def run_pilot(experiment: Experiment, limit_ns: float) -> Pilot:
    """Ten pairs, or what fits into half a second and ``limit_ns``, but one at least, of a subject that is warm."""
    pairs: list[Pair] = []
    ends = [time.perf_counter_ns()]
    while not pairs or (len(pairs) < PAIRS and ends[-1] - ends[0] < min(LONGEST_NS, limit_ns)):
        pairs += experiment.block(0)
        ends.append(time.perf_counter_ns())
    calls = max(int(half.counts.calls) for pair in pairs for half in pair)
    pair_ns = median(end - start for start, end in pairwise(ends))
    return Pilot(tuple(pairs), calls, pair_ns, ends[-1] - ends[0])


def _nothing() -> None:
    pass
