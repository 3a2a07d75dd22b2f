"""Before the rounds that count: how long a round must be, what it takes bare, what the target can do to it at most."""

import sys
import time
from dataclasses import dataclass
from math import log1p
from statistics import median

from pytest_speedbump.experiment.rounds import Experiment, Pair, undisturbed
from pytest_speedbump.experiment.subject import Subject

__all__ = ["LONG_ROUND_NS", "Pilot", "bare_round_ns", "others_run", "run_pilot", "set_round_length"]

SHORTEST_ROUND_NS = 5e3  # under it the timer's own cost and step show in the ratios
SWITCH_INTERVALS = 8  # of the GIL: a shorter round hides half of what other threads lose (statistics.md)
BUSY_SHARE = 0.02  # of a processor, by which other threads count as running
BARE_NS = 5e6
LONG_ROUND_NS = 50e6  # from here on each round counts, and no instrumentation shows
PAIRS = 10
LONGEST_NS = 0.5e9


@dataclass(frozen=True, slots=True)
class Pilot:
    """A few pairs that fix the clip scale and predict the floor; they are not bet on.

    Attributes:
        t0_ns: median control round.
        calls: most matched calls in one round.
        bound: log effect of a round that absorbs nothing.
        elapsed_ns: what the pairs took.
    """

    pairs: tuple[Pair, ...]
    t0_ns: float
    calls: int
    bound: float
    elapsed_ns: float

    @property
    def log_ratios(self) -> list[float]:
        return [pair.log_ratio for pair in self.pairs]


def set_round_length(subject: Subject) -> tuple[float, str]:
    """Raises ``subject.iterations`` until a round is long enough.

    Returns its length in ns, and a warning, or '', where it cannot be made long enough.
    """
    ns = _stretch(subject, SHORTEST_ROUND_NS)
    shortest = SWITCH_INTERVALS * sys.getswitchinterval() * 1e9
    if ns >= shortest or not others_run(subject):
        return ns, ""
    ns = _stretch(subject, shortest)
    if ns >= shortest:
        return ns, ""
    return ns, "other threads run Python code, and rounds this short can hide what these lose; raise `iterations`"


def _stretch(subject: Subject, shortest_ns: float) -> float:
    """Returns the length of a round: the first that is far above the need, else the fastest of three."""
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
        while time.perf_counter_ns() - start < BARE_NS:
            subject.round(_nothing, _nothing)
        others = (time.process_time_ns() - process) - (time.thread_time_ns() - thread)
        return others > BUSY_SHARE * (time.perf_counter_ns() - start)


def bare_round_ns(subject: Subject) -> float:
    """Median round without any instrumentation."""
    with undisturbed():
        start = time.perf_counter_ns()
        rounds: list[int] = []
        while len(rounds) < 3 or (time.perf_counter_ns() - start < BARE_NS and len(rounds) < 100):
            rounds.append(subject.round(_nothing, _nothing))
    return median(rounds)


def run_pilot(experiment: Experiment, delay_ns: float) -> Pilot:
    """Ten pairs, or what fits into half a second, of a subject that is warm."""
    start = time.perf_counter_ns()
    pairs: list[Pair] = []
    while len(pairs) < 2 or (len(pairs) < PAIRS and time.perf_counter_ns() - start < LONGEST_NS):
        pairs += experiment.block(0)
    t0_ns = median(pair.control.ns for pair in pairs)
    calls = max(max(pair.control.calls, pair.slowed.calls) for pair in pairs)
    return Pilot(tuple(pairs), t0_ns, calls, log1p(calls * delay_ns / max(t0_ns, 1)), time.perf_counter_ns() - start)


def _nothing() -> None:
    pass
