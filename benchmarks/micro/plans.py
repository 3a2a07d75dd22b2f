"""What it costs that each target has a dose of its own: a loop of undelayed calls under either kind of plan, in turn.

One session, one process, the same calls of the same functions: nothing but the plan differs.
"""

import random
import time
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.micro.functions import FUNCTIONS
from benchmarks.undisturbed import undisturbed

__all__ = ["N_TARGETS", "Plans", "compare"]

N_TARGETS = 400
CALLS = 4000  # in a loop over all of them
SECONDS = 2.0
FEWEST = 30  # pairs
SEED = 1


@dataclass(frozen=True, slots=True)
class Plans:
    """ns a matched, undelayed call: medians over the pairs. ``added``: of what the doses add, pair by pair."""

    uniform: float
    doses: float
    added: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(seconds: float = SECONDS, targets: int = N_TARGETS) -> Plans:
    """ImportError or AttributeError without the core."""
    from pytest_speedbump import _core

    loops = range(CALLS // targets)
    functions, coin = FUNCTIONS[:targets], random.Random(SEED)
    none = array("d", [0.0, 1.0] * targets)
    session = _core.Session(_core.Patterns(sorted({f"{one.__module__}:*" for one in functions})), "spin", "a benchmark")

    def ns(switch: Callable[[], None]) -> float:
        switch()
        begin = time.perf_counter_ns()
        for _ in loops:
            for function in functions:
                function()
        return (time.perf_counter_ns() - begin) / (len(loops) * targets)

    ways = [lambda: session.set_delay(0.0), lambda: session.set_doses(none)]
    pairs: list[list[float]] = []
    with session, undisturbed():
        for _ in range(3):
            ns(ways[0])  # every function is seen, and its code specialised
        assert session.read_counts(array("d", bytes(8 * 5))) == targets
        deadline = time.perf_counter() + seconds
        while len(pairs) < FEWEST or time.perf_counter() < deadline:
            order = [0, 1] if coin.random() < 0.5 else [1, 0]
            times = {way: ns(ways[way]) for way in order}
            pairs.append([times[0], times[1]])
    uniform, doses = (median(values) for values in zip(*pairs, strict=True))
    return Plans(uniform, doses, median(after - before for before, after in pairs))
