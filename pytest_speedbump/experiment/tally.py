"""The sum of all rounds of one experiment: what reports quote and the audit checks, in little memory."""

from array import array
from statistics import median

from pytest_speedbump.experiment.rounds import Pair

__all__ = ["Tally"]


class Tally:
    """Adds up pairs. Times in ns and counts are for whole rounds."""

    def __init__(self) -> None:
        self.control_ns = array("q")
        self.control_calls = array("q")
        self.slowed_calls = array("q")
        self.requested_ns = 0.0
        self.delivered_ns = 0.0
        self.late_ns = 0.0
        self.waited_ns = 0.0

    def add(self, pair: Pair) -> None:
        self.control_ns.append(pair.control.ns)
        self.control_calls.append(pair.control.calls)
        self.slowed_calls.append(pair.slowed.calls)
        self.requested_ns += pair.slowed.requested_ns
        self.delivered_ns += pair.slowed.delivered_ns
        self.late_ns += pair.slowed.late_ns
        self.waited_ns += pair.slowed.waited_ns

    @property
    def pairs(self) -> int:
        return len(self.control_ns)

    @property
    def median_control_ns(self) -> float:
        return median(self.control_ns)

    @property
    def recent_control_ns(self) -> float:
        """Median of the last hundred control rounds: what to compare with rounds that follow them."""
        return median(self.control_ns[-100:])

    @property
    def total_calls(self) -> int:
        return sum(self.control_calls) + sum(self.slowed_calls)

    @property
    def calls(self) -> float:
        """Mean calls a round, over both arms."""
        return self.total_calls / (2 * self.pairs)
