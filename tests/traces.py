"""Simulated round times, in ns, endless and seeded; and pairs drawn from them.

Each trace imitates one kind of noise, the same for both arms. Neighbouring rounds may hang
together in any way: only the order inside a pair is random.
"""

from collections.abc import Callable, Iterator
from math import exp, sin
from random import Random

from pytest_speedbump.inference.effect import log_ratio

type Trace = Iterator[float]

ROUND_NS = 100_000.0


def quiet(seed: int) -> Trace:
    """An idle machine: 0.5 % of jitter."""
    rng = Random(seed)
    while True:
        yield ROUND_NS * rng.lognormvariate(0.0, 0.005)


def periodic(seed: int, period: int = 10, cost: float = 0.25) -> Trace:
    """Every `period`-th round longer by `cost`, like one in which garbage is collected."""
    for i, jittered in enumerate(quiet(seed), start=1):
        yield jittered * (1 + cost) if i % period == 0 else jittered


def bursts(seed: int) -> Trace:
    """Beside a CPU hog: calm and crowded spells; crowded rounds vary, and many lose the CPU."""
    rng = Random(seed)
    crowded = False
    for jittered in quiet(seed + 1):
        crowded ^= rng.random() < 0.05
        ns = jittered
        if crowded:
            ns *= rng.lognormvariate(0.1, 0.1)
            if rng.random() < 0.3:
                ns += rng.paretovariate(1.0) * ROUND_NS
        yield ns


def phases(seed: int) -> Trace:
    """A clock that changes its frequency every few hundred rounds, and drifts in between."""
    rng = Random(seed)
    speed, left = 1.0, 0
    for i, jittered in enumerate(quiet(seed + 1)):
        if not left:
            speed, left = rng.uniform(0.7, 1.3), rng.randrange(100, 500)
        left -= 1
        yield jittered * speed * (1 + 0.05 * sin(i / 40))


TRACES: tuple[Callable[[int], Trace], ...] = (quiet, periodic, bursts, phases)


def pair(trace: Trace, effect: float, rng: Random | None) -> float:
    """D of the next two rounds, one of them slowed by the log effect; without rng the second."""
    control, slowed = next(trace), next(trace)
    if rng and rng.random() < 0.5:
        control, slowed = slowed, control
    return log_ratio(control, slowed * exp(effect))


def block(trace: Trace, effect: float, rng: Random | None, pairs: int = 10) -> list[float]:
    return [pair(trace, effect, rng) for _ in range(pairs)]
