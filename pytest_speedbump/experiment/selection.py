"""Which pairs are judged on a busy machine, and by which time.

Others that want the processor lengthen rounds, and more so rounds that use it for longer: what a delay makes them lose
then is not what it makes the program lose.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import combinations
from statistics import median
from typing import Literal, NamedTuple

from pytest_speedbump.experiment.rounds import Pair, Round

__all__ = ["Selection", "Times", "Way"]

type Way = Literal["all", "unwaited", "net"]

QUIET = 0.05  # of the processors used by others: what threads of ours wait for is then each other
WAITED = 0.01  # of a pair's time, from which on it counts as having waited...
WAITED_OF_BUDGET = 0.25  # ...or from such a share of the budget on, where that is less
ENOUGH = 0.5  # of the pairs must not have waited, where net time could be used instead
NEAR = 50  # control rounds that tell whether net time is sound...
FEWEST = 8  # ...and fewer do not
STRAIGHT = 0.25  # by which waiting may lengthen a round by more or less than itself


class Times(NamedTuple):
    """One judged pair, in ns: its rounds, the delay spent, and the part of ``slowed`` by which that came too late.

    ``slowed`` may be too short by ``spare``.
    """

    control: float
    slowed: float
    delivered: float
    late: float
    spare: float = 0.0


class Selection:
    """Chooses before each block, by what was seen before it, and remembers how many pairs it set aside.

    Attributes:
        way: ``all`` pairs on a quiet machine, where threads of ours wait for each other; else pairs that never waited
            for a processor; or, where hardly any is left and all waiting lengthens a round, all pairs by net time,
            which is without the wait.
        pairs: taken so far.
        set_aside: of these, not judged.
    """

    def __init__(self, budget: float = 1.0) -> None:
        """``budget``: the drop that is declared; pairs must not wait for longer than a part of what it allows."""
        self.way: Way = "unwaited"
        self.pairs = self.set_aside = 0
        self.keep_to(budget)
        self._seen = self._waited = 0
        self._controls: deque[Round] = deque(maxlen=NEAR)

    def keep_to(self, budget: float) -> None:
        """The budget, where it is known later than the first pair: 0 where nothing is to be lost at all."""
        self._limit = min(WAITED, WAITED_OF_BUDGET * budget)

    def choose(self, others: float | None, *, alone: bool) -> None:
        """
        Args:
            others: share of the processors that other processes use; None where nobody knows.
            alone: one thread works in the rounds, and never waits for anything but a processor.
        """
        few_wait = self._waited <= (1 - ENOUGH) * self._seen
        # A single thread waits for nobody of ours: where it waits now, others have come that were not looked at yet.
        if others is not None and others < QUIET and not (alone and few_wait):
            self.way = "all"
        elif alone and not few_wait and _waiting_lengthens(self._controls):
            self.way = "net"
        else:
            self.way = "unwaited"

    @property
    def kept(self) -> float:
        """Share of the pairs that were judged; 1 before the first."""
        return 1 - self.set_aside / self.pairs if self.pairs else 1.0

    def look_at(self, pairs: Iterable[Pair]) -> None:
        """Sees how many have waited, before it chooses."""
        for pair in pairs:
            self._seen += 1
            self._waited += self._has_waited(*pair)
            self._controls.append(pair.control)

    def take(self, pairs: Sequence[Pair]) -> list[Times]:
        """The pairs to judge."""
        self.look_at(pairs)
        taken = self.sift(pairs)
        self.pairs += len(pairs)
        self.set_aside += len(pairs) - len(taken)
        return taken

    def sift(self, pairs: Iterable[Pair]) -> list[Times]:
        """Those that would be judged."""
        return [
            times(pair, net=self.way == "net")
            for pair in pairs
            if self.way != "unwaited" or not self._has_waited(*pair)
        ]

    def controls(self, rounds: Iterable[Round]) -> list[float]:
        """Lengths of rounds without delay, in the same way: only what was read alike can be compared."""
        if self.way == "net":
            return [_net(one) for one in rounds]
        return [float(one.ns) for one in rounds if self.way == "all" or not self._has_waited(one)]

    def _has_waited(self, *rounds: Round) -> bool:
        return sum([one.waited_ns for one in rounds]) > self._limit * sum([one.ns for one in rounds])


def times(pair: Pair, *, net: bool) -> Times:
    control, slowed = pair
    delivered, late = slowed.counts.delivered_ns, slowed.counts.late_ns
    if not net:
        return Times(control.ns, slowed.ns, delivered, late)
    # Most of what preemption added to a delay is part of the wait, which is taken off already.
    left_late = max(0.0, late - slowed.waited_ns)
    return Times(_net(control), _net(slowed), delivered, left_late, _spent_waiting(slowed))


def _spent_waiting(slowed: Round) -> float:
    """What a round's delays may have gone on while it waited, in ns: by the clock they end when they do.

    A wait that begins within a delay hides at most this one. As many of them do as are a share of the time at work.
    """
    counts = slowed.counts
    share = min(counts.delivered_ns / _net(slowed), 1.0)
    hidden = share * slowed.times * counts.delivered_ns / max(counts.calls, 1)
    return max(0.0, min(hidden, counts.delivered_ns, slowed.waited_ns - counts.late_ns))


def _net(one: Round) -> float:
    return max(one.ns - one.waited_ns, 1.0)


def _waiting_lengthens(rounds: Sequence[Round]) -> bool:
    """Whether a round gets longer by what it waits: one that polls a clock or a device until it is time does not.

    Rounds that never wait where slowed ones do are too short for that: nothing but the delay waits. Others tell it by
    the median slope of all pairs of rounds (Theil and Sen), which stragglers do not bend, and by being as long, net, as
    those that have not waited: what has polled for a part of its time only is shorter.
    """
    if len(rounds) < FEWEST:
        return False
    free = [one.ns for one in rounds if not one.waited_ns]
    net = [_net(one) for one in rounds if one.waited_ns]
    if free and net and abs(median(net) / median(free) - 1) > STRAIGHT:
        return False
    slopes = [
        (one.ns - other.ns) / (one.waited_ns - other.waited_ns)
        for one, other in combinations(rounds, 2)
        if one.waited_ns != other.waited_ns
    ]
    return not slopes or abs(median(slopes) - 1) < STRAIGHT
