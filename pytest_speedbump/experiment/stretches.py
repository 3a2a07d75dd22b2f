"""Stretches: what a running program does while its targets are slowed, and while they are not. No statistics.

Nothing in the program begins or ends with a stretch: one store switches it, and what is under way goes on. So each
stretch begins with a border that is not looked at, where the program finds its new pace, and the rest has two halves,
which tell whether it has found it.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from pytest_speedbump.counts import Counts

__all__ = ["Ended", "Glance", "Pair", "Passed", "Stretch", "Stretches", "World"]

BORDER = 1 / 3  # of a stretch
LEAST_CALLS = 4  # of each point that are hoped for in what is looked at: the border then holds one
UNEVEN = 0.2  # by which lengths vary: what is periodic in a program must not see stretches begin at its own pace
PATIENCE = 20  # lengths that a half may take until it has one


class Passed(NamedTuple):
    """Calls of one point until some moment.

    Attributes:
        last_ns: when the last of them came; 0 before the first.
        age_ns: the sum over all of how long ago they came.
    """

    calls: int = 0
    last_ns: float = 0.0
    age_ns: float = 0.0


class Glance(NamedTuple):
    """A program at one moment, all of its processes together; only differences mean something.

    Attributes:
        points: in the order in which they were asked for.
        counts: of all targets.
        waited_ns: how long its threads waited for a processor.
    """

    at_ns: float
    points: tuple[Passed, ...]
    counts: Counts
    waited_ns: float = 0.0


class World(Protocol):
    """A running program, and the clock that it is watched by."""

    def switch(self, *, slowed: bool) -> None: ...

    def read(self) -> Glance: ...

    def sleep(self, ns: float) -> None: ...

    @property
    def alive(self) -> bool:
        """Whether the program runs; what it has counted can be read in any case."""
        ...

    def others(self) -> float | None:
        """Share of the processors that others used lately; None where nobody knows."""
        ...


class Ended(Exception):  # noqa: N818 - no error: programs end
    """The program has ended, or the time is up, before a stretch was over."""


class Stretch(NamedTuple):
    """What was looked at: its beginning, its middle, and its end."""

    first: Glance
    middle: Glance
    last: Glance

    @property
    def ns(self) -> float:
        return self.last.at_ns - self.first.at_ns

    @property
    def counts(self) -> Counts:
        return self.last.counts - self.first.counts

    @property
    def waited_ns(self) -> float:
        return self.last.waited_ns - self.first.waited_ns

    def calls(self, point: int) -> int:
        return self.last.points[point].calls - self.first.points[point].calls

    def unit_ns(self, point: int) -> float:
        """Time from one call of the point to the next. Between last calls: where stretches begin costs no precision."""
        return _unit_ns(self.first, self.last, self.first.points[point], self.last.points[point])

    def half_units_ns(self, point: int) -> tuple[float, float]:
        halves = (self.first, self.middle), (self.middle, self.last)
        first, second = (_unit_ns(one, other, one.points[point], other.points[point]) for one, other in halves)
        return first, second

    @property
    def target_ns(self) -> float:
        """Time from one call of a target to the next, as far as their number tells."""
        return self.ns / max(self.counts.calls, 1)


def _unit_ns(first: Glance, last: Glance, before: Passed, after: Passed) -> float:
    """The whole time where there was no call: it is longer than that, and nobody knows by how much."""
    calls = after.calls - before.calls
    if calls <= 0:
        return last.at_ns - first.at_ns
    if before.last_ns and after.last_ns > before.last_ns:
        return (after.last_ns - before.last_ns) / calls
    return (last.at_ns - first.at_ns) / calls


class Pair(NamedTuple):
    """Two adjacent stretches, in the order that the coin chose."""

    control: Stretch
    slowed: Stretch


class Stretches:
    """Runs pairs of stretches of ``world``, until ``deadline_ns`` of its clock."""

    def __init__(self, world: World, points: Sequence[int], rng: random.Random, deadline_ns: float) -> None:
        """``points``: those that must have been called in every stretch."""
        self._world, self._points, self._rng = world, points, rng
        self.deadline_ns = deadline_ns

    def pair(self, length_ns: float) -> Pair:
        """Raises Ended."""
        if self._rng.random() < 0.5:
            control = self._stretch(length_ns, slowed=False)
            return Pair(control, self._stretch(length_ns, slowed=True))
        slowed = self._stretch(length_ns, slowed=True)
        return Pair(self._stretch(length_ns, slowed=False), slowed)

    def _stretch(self, length_ns: float, *, slowed: bool) -> Stretch:
        self._world.switch(slowed=slowed)
        length_ns *= self._rng.uniform(1 - UNEVEN, 1 + UNEVEN)
        half_ns = (1 - BORDER) / 2 * length_ns
        self._sleep(BORDER * length_ns)
        first = self._world.read()
        middle = self._half(first, half_ns)
        return Stretch(first, middle, self._half(middle, half_ns))

    def _half(self, since: Glance, half_ns: float) -> Glance:
        """Longer where the program pauses: a half without progress tells nothing but that.

        Not until some number is there: what ends when calls have come has more of them than is due.
        """
        now = since
        for _ in range(PATIENCE):
            self._sleep(since.at_ns + half_ns - now.at_ns if now is since else half_ns)
            now = self._world.read()
            if all(now.points[point].calls > since.points[point].calls for point in self._points):
                break
        return now

    def _sleep(self, ns: float) -> None:
        world = self._world
        if not world.alive:
            raise Ended
        world.sleep(ns)
        if not world.alive or world.read().at_ns > self.deadline_ns:
            raise Ended
