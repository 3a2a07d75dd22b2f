"""Phrases that several parts of the page share."""

from pytest_speedbump.bump import Bump
from pytest_speedbump.report.numbers import time_text
from pytest_speedbump.result import Estimate
from pytest_speedbump.units import format_time

__all__ = ["added_text", "count", "slack_text"]


def added_text(bump: Bump) -> str:
    """``+40us``, or what is looked for instead."""
    return "slack" if bump.asks_slack else f"+{bump.delay_text}"


def slack_text(slack_ns: Estimate) -> str:
    """``301us [284, 317]``, or ``at least 57us`` where nobody has seen the end of it."""
    if slack_ns.high is None:
        return f"at least {format_time(slack_ns if slack_ns.low is None else slack_ns.low)}"
    return time_text(slack_ns)


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
