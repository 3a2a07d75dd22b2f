"""How long it takes from one point to another, whatever thread, process or task takes it there.

By Little's law: what was under way between two points, added up over time, is what all who arrived were under way
together, but for those at either end of the stretch.
"""

from collections.abc import Sequence
from math import inf, sqrt

from pytest_speedbump.experiment.stretches import Pair, Stretch
from pytest_speedbump.program import Latency
from pytest_speedbump.result import Estimate

__all__ = ["latency_of", "passed"]

FEWEST = 8  # pairs that give an interval
TWO_SIDED_95 = 2.4  # standard errors of so few, by Student
UNLIKE = 1 / 3  # of the calls of either point: by which the other may be called less often, of requests that fail...
FEW_UNLIKE = 16  # ...or by so many, that are under way at an end of a stretch
BACKWARDS_NS = 10.0  # by which an end may come before its beginning: calls come while both points are read


def latency_of(pairs: Sequence[Pair], begin: int) -> Latency | None:
    """Between the points ``begin`` and ``begin + 1``; None where nothing has arrived in one of the arms, and where what
    passes one point cannot be what passes the other: see :func:`passed`.

    All stretches of an arm together, so that short ones, in which few arrive, shift nothing; the interval is that of
    leaving out one pair after the other (jackknife).
    """
    control = [_flight(pair.control, begin) for pair in pairs]
    slowed = [_flight(pair.slowed, begin) for pair in pairs]
    found = _mean(slowed), _mean(control)
    if None in found:
        return None
    slowed_ns, control_ns = (one or 0.0 for one in found)
    began, ended = passed(pairs, begin)
    is_unlike = abs(began - ended) > max(UNLIKE * max(began, ended), FEW_UNLIKE)
    if is_unlike or min(slowed_ns, control_ns) < -BACKWARDS_NS:
        return None
    added_ns, error_ns = slowed_ns - control_ns, _jackknife(slowed, control)
    room = TWO_SIDED_95 * error_ns
    ends = (None, None) if error_ns == inf else (added_ns - room, added_ns + room)
    arrivals = sum(number for _, number in control + slowed)
    return Latency(control_ns, slowed_ns, Estimate(added_ns, *ends), arrivals)


def passed(pairs: Sequence[Pair], begin: int) -> tuple[int, int]:
    """Calls of the points ``begin`` and ``begin + 1``, in both arms."""
    stretches = [stretch for pair in pairs for stretch in pair]
    began, ended = (sum(stretch.calls(point) for stretch in stretches) for point in (begin, begin + 1))
    return began, ended


def _flight(stretch: Stretch, begin: int) -> tuple[float, int]:
    """What was under way, added up over the stretch, and how many arrived."""
    (began, ended), (began_before, ended_before) = (
        glance.points[begin : begin + 2] for glance in (stretch.last, stretch.first)
    )
    under_way = (began.age_ns - ended.age_ns) - (began_before.age_ns - ended_before.age_ns)
    return under_way, ended.calls - ended_before.calls


def _mean(flights: Sequence[tuple[float, int]]) -> float | None:
    arrived = sum(number for _, number in flights)
    return sum(under_way for under_way, _ in flights) / arrived if arrived else None


def _jackknife(slowed: Sequence[tuple[float, int]], control: Sequence[tuple[float, int]]) -> float:
    """Standard error of the difference of means; inf where too few tell."""
    count = len(slowed)
    if count < FEWEST:
        return inf
    without = []
    for index in range(count):
        means = [_mean([*flights[:index], *flights[index + 1 :]]) for flights in (slowed, control)]
        if None in means:
            return inf
        without.append((means[0] or 0.0) - (means[1] or 0.0))
    middle = sum(without) / count
    return sqrt((count - 1) / count * sum((one - middle) ** 2 for one in without))
