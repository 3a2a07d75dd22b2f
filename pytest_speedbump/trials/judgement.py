"""What a verdict means for the test. Pure."""

from pytest_speedbump.bump import Bump
from pytest_speedbump.result import Outcome, Verdict

__all__ = ["outcome_of"]


def outcome_of(bump: Bump, verdict: Verdict, *, uncalled: bool, strict: bool, advisory: bool) -> Outcome:
    """``failed`` fails the test, ``warned`` is only said.

    Args:
        uncalled: the verdict is void because the target never ran. A suite-wide target need not concern every test.
        strict: ``inconclusive`` fails too.
        advisory: nothing fails.
    """
    fails = _breaks(bump, verdict, uncalled=uncalled) or (strict and verdict == "inconclusive")
    if fails:
        return "warned" if advisory else "failed"
    return "warned" if verdict == "inconclusive" else "passed"


def _breaks(bump: Bump, verdict: Verdict, *, uncalled: bool) -> bool:
    if verdict == "void":
        return not bump.suite_wide or (bump.declared is not None and not uncalled)
    if bump.declared is None:
        return False
    opposite = {"insensitive": "sensitive", "sensitive": "insensitive"}
    return verdict == opposite[bump.declared.kind]
