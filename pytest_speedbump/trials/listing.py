"""``--speedbump-list``: what the targets match in one call of a benchmark, and how often. Measures nothing."""

from pytest_speedbump import _core
from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import take_snapshot
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject
from pytest_speedbump.result import MatchedCode, Result
from pytest_speedbump.slowing.session import armed
from pytest_speedbump.trials.audit import uncalled_target
from pytest_speedbump.trials.suggest import suggest

__all__ = ["list_bump"]


def list_bump(test: str, subject: Subject, bump: Bump) -> Result:
    """Runs one round, undelayed, and a second one only to find names where nothing matched.

    Raises:
        InputError: another bump is armed, or no tool id is free.
    """
    session = _core.Session(bump.targets.compile(), bump.mode, f"the listing of {test}")
    broken = ""
    with armed(session):
        try:
            subject.round(lambda: session.set_delay(0.0), session.pause)
        except CallableRaisedError as error:
            broken = f"the callable raised {error.__cause__!r} when repeated; what is listed was called until then"
    snapshot = take_snapshot(session, bump.targets)
    uncalled = uncalled_target(bump, snapshot.matched)
    return Result(
        test=test,
        bump=bump,
        verdict="listed",
        outcome="passed",
        reason=broken or (f"{uncalled} never ran{suggest(uncalled, subject)}" if uncalled else ""),
        iterations=subject.iterations,
        calls=sum(code.calls for code in snapshot.matched) / subject.iterations,
        matched=tuple(
            MatchedCode(code.name, code.file, code.line, code.calls / subject.iterations, 0.0)
            for code in snapshot.matched
        ),
    )
