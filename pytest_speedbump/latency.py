"""How long it takes from one function to another, in control and slowed stretches of a program."""

from typing import Any, NamedTuple

from pytest_speedbump.result import Estimate

__all__ = ["Latency"]


class Latency(NamedTuple):
    """Mean times in ns.

    Attributes:
        added_ns: what the delay adds, with its interval of about 95 %.
        arrivals: calls of the second point, in both arms.
    """

    control_ns: float
    slowed_ns: float
    added_ns: Estimate
    arrivals: int

    def to_json(self) -> dict[str, Any]:
        return {
            "control_ns": self.control_ns,
            "slowed_ns": self.slowed_ns,
            "added_ns": self.added_ns.to_json(),
            "arrivals": self.arrivals,
        }
