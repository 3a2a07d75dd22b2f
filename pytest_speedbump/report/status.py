"""Letter and word of a test in pytest's progress line."""

from collections.abc import Sequence

__all__ = ["status"]

_LETTERS = {"measured": "m", "insensitive": "i", "sensitive": "S", "inconclusive": "?", "void": "v", "listed": "l"}
_GRAVEST_FIRST = ("void", "inconclusive", "sensitive", "insensitive", "measured", "listed")


def status(outcome: str, verdicts: Sequence[str], unmeasured: str | None) -> tuple[str, str, str] | None:
    """pytest's (category, letter, word): a failure keeps its F, and says in words what speedbump found.

    None where there is nothing to say that pytest does not say itself.
    """
    if unmeasured:
        return None if outcome == "failed" else (outcome, "n", "PASSED (NOT MEASURED)")
    for verdict in _GRAVEST_FIRST:
        if verdict in verdicts:
            letter = "F" if outcome == "failed" else _LETTERS[verdict]
            return outcome, letter, f"{outcome.upper()} ({verdict.upper()})"
    return None
