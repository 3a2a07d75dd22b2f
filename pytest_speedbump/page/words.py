"""Phrases that several parts of the page share."""

from pytest_speedbump.bump import Bump

__all__ = ["added_text", "count"]


def added_text(bump: Bump) -> str:
    """``+40us``, or what is looked for instead."""
    return "slack" if bump.asks_slack else f"+{bump.delay_text}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
