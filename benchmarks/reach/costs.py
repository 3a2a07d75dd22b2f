"""What a target costs and gets: its loop armed against unarmed, and slowed against armed, in turn in one process."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measured import pin_core
from benchmarks.reach.kinds import KINDS, Kind, Loop, bystander
from benchmarks.undisturbed import undisturbed
from pytest_speedbump.slowing.session import make_session
from pytest_speedbump.targets import parse_targets

__all__ = ["Cost", "Delivery", "cost", "deliver", "deliver_afresh"]

CALLS, FIRST_CALLS = 20_000, 2_000  # in a loop; before it, so that the code is instrumented, and specialised
BATCH_NS, MOST, LEAST = 1e5, 200, 2  # of delays in a loop, so that few meet a preemption; calls in one
FEWEST = 30  # pairs
SECONDS = 1.5
SEED = 1
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Cost:
    """ns a call: of the bare loop, and what being armed adds to it, the median over pairs; ``unmatched`` to others."""

    target_kind: str
    bare_ns: float
    added_ns: float
    unmatched_ns: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Delivery:
    """ns a call: asked for, and by how much the loop took longer, the median over pairs; what the counts say of it."""

    target_kind: str
    requested_ns: float
    arrived_ns: float
    booked_ns: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def _pairs(one: Callable[[], float], other: Callable[[], float], seconds: float) -> list[tuple[float, float]]:
    coin, pairs = random.Random(SEED), list[tuple[float, float]]()
    deadline = time.perf_counter() + seconds
    one(), other()
    while len(pairs) < FEWEST or time.perf_counter() < deadline:
        if coin.random() < 0.5:
            first = one()
            pairs.append((first, other()))
        else:
            second = other()
            pairs.append((one(), second))
    return pairs


def _added(pairs: Sequence[tuple[float, float]]) -> float:
    return median(after - before for before, after in pairs)


def cost(kind: Kind, seconds: float = SECONDS) -> Cost:
    """RuntimeError where the session counts other calls than the loop makes: what is not slowed costs nothing."""
    targets = parse_targets([kind.target])

    def bare(loop: Loop) -> float:
        loop(FIRST_CALLS)
        return loop(CALLS) / CALLS

    def armed(loop: Loop, calls: int) -> float:
        with make_session(targets, kind.mode, "a benchmark") as session:
            session.set_delay(0.0)
            ns = bare(loop)
            counted = session.totals()[0]
        if counted != calls:
            raise RuntimeError(f"{kind.target} was called {calls} times, and {counted} calls were counted")
        return ns

    with undisturbed():
        pairs = _pairs(lambda: bare(kind.loop), lambda: armed(kind.loop, FIRST_CALLS + CALLS), seconds)
        others = _pairs(lambda: bare(bystander), lambda: armed(bystander, 0), seconds)
    return Cost(kind.name, median(one for one, _ in pairs), _added(pairs), _added(others))


def deliver(kind: Kind, delay_ns: float, seconds: float = SECONDS) -> Delivery:
    calls = int(max(LEAST, min(MOST, BATCH_NS / delay_ns)))
    session = make_session(parse_targets([kind.target]), kind.mode, "a benchmark")

    def loop(delay_ns: float) -> float:
        session.set_delay(delay_ns)
        ns = kind.loop(calls) / calls
        session.pause()
        return ns

    with session, undisturbed():
        pairs = _pairs(lambda: loop(0.0), lambda: loop(delay_ns), seconds)
    _, requested, delivered, *_ = session.totals()
    return Delivery(kind.name, delay_ns, _added(pairs), delivered / requested * delay_ns)


def deliver_afresh(kind: Kind, delay_ns: float, seconds: float = SECONDS) -> Delivery:
    """The same in a process of its own: one keeps its share of the error for as long as it lives, as
    :mod:`benchmarks.micro.delivery` tells."""
    command = [sys.executable, "-m", __name__, kind.name, str(delay_ns), str(seconds)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Delivery(**json.loads(done.stdout))


if __name__ == "__main__":
    pin_core()
    asked = {kind.name: kind for kind in KINDS}[sys.argv[1]]
    print(json.dumps(deliver(asked, *map(float, sys.argv[2:])).to_json()))
