"""Letter and word of a test in pytest's progress line."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_speedbump.report.text import found
from pytest_speedbump.result import Result

__all__ = ["status"]

_LETTERS = {"measured": "m", "insensitive": "i", "sensitive": "S", "inconclusive": "?", "void": "v", "listed": "l"}
# A passed test with several verdicts is called by the first of these that it has. A void one comes last, because a
# target of the whole suite need not concern this test.
_FIRST = ("inconclusive", "sensitive", "insensitive", "measured", "listed", "void")


def status(outcome: str, results: Sequence[Mapping[str, Any]], unmeasured: str | None) -> tuple[str, str, str] | None:
    """pytest's (category, letter, word): a failure keeps its F, and says in words what speedbump found.

    None where there is nothing to say that pytest does not say itself. ``results`` are as in the result document.
    """
    if outcome == "failed":
        failed = [Result.from_json(dict(result)) for result in results if result["outcome"] == "failed"]
        return (outcome, "F", f"FAILED ({found(failed[0]).upper()})") if failed else None
    if unmeasured:
        return outcome, "n", "PASSED (NOT MEASURED)"
    verdicts = {result["verdict"] for result in results}
    first = next((verdict for verdict in _FIRST if verdict in verdicts), None)
    return None if first is None else (outcome, _LETTERS[first], f"PASSED ({first.upper()})")
