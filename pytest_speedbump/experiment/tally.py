"""The sum of all rounds of one experiment: what reports quote and the audit checks, in little memory."""

from array import array
from statistics import median

from pytest_speedbump.counts import Counts
from pytest_speedbump.experiment.rounds import Pair

__all__ = ["Tally"]


class Tally:
    """Adds up pairs.

    Attributes:
        control_ns: length of each control round.
        control_calls: matched calls in it; ``slowed_calls`` likewise, in the order of the pairs.
        slowed: the sum of what the slowed rounds counted.
        most_calls: in one round; ``most_requested_ns``: of delay in one slowed round.
        undelayed: slowed rounds in which there were calls, and none was to be delayed.
    """

    def __init__(self) -> None:
        self.control_ns = array("q")
        self.control_calls = array("q")
        self.slowed_calls = array("q")
        self.slowed = Counts()
        self.most_calls = self.undelayed = 0
        self.most_requested_ns = 0.0

    def add(self, pair: Pair) -> None:
        self.control_ns.append(pair.control.ns)
        self.control_calls.append(int(pair.control.counts.calls))
        self.slowed_calls.append(int(pair.slowed.counts.calls))
        slowed = pair.slowed.counts
        self.slowed += slowed
        self.most_requested_ns = max(self.most_requested_ns, slowed.requested_ns)
        self.undelayed += slowed.calls > 0 == slowed.requested_ns
        self.most_calls = max(self.most_calls, self.control_calls[-1], self.slowed_calls[-1])

    @property
    def pairs(self) -> int:
        return len(self.control_ns)

    @property
    def median_control_ns(self) -> float:
        return median(self.control_ns)

    @property
    def calls(self) -> float:
        """Mean calls a round, over both arms."""
        return (sum(self.control_calls) + sum(self.slowed_calls)) / (2 * self.pairs)
