"""Times with their intervals, as the page writes them."""

from pytest_speedbump.result import Estimate
from pytest_speedbump.units import format_time

__all__ = ["count", "slack_text", "time_text"]


def time_text(estimate: Estimate) -> str:
    """``301us [284us, 317us]``; an end that is not known is an ellipsis."""
    ends = ("..." if end is None else _signed(end) for end in (estimate.low, estimate.high))
    return f"{_signed(estimate)} [{', '.join(ends)}]"


def slack_text(slack_ns: Estimate) -> str:
    """As above, or ``at least 57us`` where nobody has seen the end of it."""
    if slack_ns.high is not None:
        return time_text(slack_ns)
    return f"at least {format_time(slack_ns if slack_ns.low is None else slack_ns.low)}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _signed(ns: float) -> str:
    return f"{'-' if ns < 0 else ''}{format_time(abs(ns))}"
