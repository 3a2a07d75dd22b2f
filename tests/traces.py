"""Round times in ns, simulated, endless and seeded, or recorded; and pairs drawn from them.

Each trace is one kind of noise, the same for both arms. Neighbouring rounds may hang together in any way: only the
order inside a pair is random.
"""

from collections.abc import Callable, Iterator
from functools import cache
from math import sin
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

from pytest_speedbump.inference.excess import Reading

type Trace = Iterator[float]
type MakeTrace = Callable[[int], Trace]
type Way = Literal["added", "times"]
type Recording = Literal["quiet", "hogs"]

ROUND_NS = 100_000.0
RECORDINGS: tuple[Recording, ...] = ("quiet", "hogs")


def noiseless(seed: int) -> Trace:
    while True:
        yield ROUND_NS


def jitter(share: float) -> MakeTrace:
    """An idle machine, more or less: rounds vary by so much, each by itself."""

    def rounds(seed: int) -> Trace:
        rng = Random(seed)
        while True:
            yield ROUND_NS * rng.lognormvariate(0.0, share)

    rounds.__name__ = f"jitter of {share:.1%}"
    return rounds


quiet, noisy = jitter(0.005), jitter(0.2)


def periodic(seed: int, period: int = 10, cost: float = 0.25) -> Trace:
    """Every `period`-th round longer by `cost`, like one in which garbage is collected."""
    for i, jittered in enumerate(quiet(seed), start=1):
        yield jittered * (1 + cost) if i % period == 0 else jittered


def alternating(seed: int) -> Trace:
    """Every other round longer, as where two buffers take turns: no pair is without noise."""
    for i, jittered in enumerate(quiet(seed)):
        yield jittered + 0.12 * ROUND_NS * (i % 2)


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


TRACES: tuple[MakeTrace, ...] = (quiet, noisy, periodic, alternating, bursts, phases)


def pair(trace: Trace, effect: float, rng: Random | None, way: Way = "added") -> float:
    """Excess of the next two rounds, one of them slowed; without rng the second.

    The effect is ``added`` as delays are, as a share of a typical round, or the slowed round is so many ``times``
    longer than it would have been.
    """
    control, slowed = next(trace), next(trace)
    if rng and rng.random() < 0.5:
        control, slowed = slowed, control
    slowed = slowed + effect * ROUND_NS if way == "added" else slowed * (1 + effect)
    return (slowed - control) / ROUND_NS


def block(trace: Trace, effect: float, rng: Random | None, pairs: int = 10, way: Way = "added") -> list[Reading]:
    return [exactly(pair(trace, effect, rng, way)) for _ in range(pairs)]


def exactly(excess: float) -> Reading:
    """Where nothing was late."""
    return Reading(excess, excess)


class Three(NamedTuple):
    """Adjacent rounds of one callable, in random order, in ns: two controls, and one that took 5 us more."""

    control: float
    again: float
    slowed: float


DELAY_NS = 5_000.0


@cache
def recorded(name: Recording) -> tuple[Three, ...]:
    """What ``benchmarks.recorded`` has seen of a real machine; three processes wanted its two processors in ``hogs``.

    In either a seventh of the controls is more than 4 % longer than is typical; in ``hogs`` 3 % lost the processor, and
    took more than ten times as long.
    """
    path = Path(__file__).parent / "unit" / "rounds" / f"{name}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(Three(*(10.0 * int(number) for number in line.split())) for line in lines if line[0] != "#")
