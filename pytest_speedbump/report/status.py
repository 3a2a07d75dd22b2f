"""Letter and word of a test in pytest's progress line."""

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["status"]

_LETTERS = {"measured": "m", "insensitive": "i", "sensitive": "S", "inconclusive": "?", "void": "v", "listed": "l"}
# What a passed test is called by, where it has several: a void bump of the whole suite is none of its business.
_FIRST = ("inconclusive", "sensitive", "insensitive", "measured", "listed", "void")


def status(outcome: str, results: Sequence[Mapping[str, Any]], unmeasured: str | None) -> tuple[str, str, str] | None:
    """pytest's (category, letter, word): a failure keeps its F, and says in words what speedbump found.

    None where there is nothing to say that pytest does not say itself. ``results`` are as in the result document.
    """
    if outcome == "failed":
        found = next((_why_failed(result) for result in results if result["outcome"] == "failed"), None)
        return None if found is None else (outcome, "F", f"FAILED ({found.upper()})")
    if unmeasured:
        return outcome, "n", "PASSED (NOT MEASURED)"
    verdicts = {result["verdict"] for result in results}
    found = next((verdict for verdict in _FIRST if verdict in verdicts), None)
    return None if found is None else (outcome, _LETTERS[found], f"PASSED ({found.upper()})")


def _why_failed(result: Mapping[str, Any]) -> str:
    lock = result["lock"]
    kind: str = lock["kind"] if lock and lock["kind"] in ("grown", "lost") else result["verdict"]
    return kind
