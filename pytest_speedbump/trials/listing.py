"""``--speedbump-list``: what the targets match in one call of a benchmark, and how often. Measures nothing."""

from collections.abc import Sequence

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts, Counts, Kind
from pytest_speedbump.experiment.rounds import look
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject, show_error
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import MatchedCode, Result
from pytest_speedbump.slowing.session import MakeSession, armed, make_session, take_snapshot
from pytest_speedbump.trials.audit import uncalled_targets
from pytest_speedbump.trials.chains import look_at_chains
from pytest_speedbump.trials.explain import explain_bump
from pytest_speedbump.trials.reach import unreached

__all__ = ["list_bump"]

PLANTED: tuple[Kind, ...] = ("c", "native")  # before anything runs: all that matches is known, also what is not called


def list_bump(test: str, subject: Subject, bump: Bump, make_session: MakeSession = make_session) -> Result:
    """Runs one round, undelayed, and another one only to find names where nothing matched, or how resumes multiply.

    Raises:
        InputError: another bump is armed, or no tool id is free.
    """
    session = make_session(bump.targets, bump.mode, f"the listing of {test}")
    broken = Remark()
    with armed(session):
        try:
            look(session, subject)
        except CallableRaisedError as error:
            broken = Remark("listed_until", error=show_error(error.__cause__))
    found = take_snapshot(session, bump.targets, idle=True).matched
    matched = [code for code in found if code.calls]
    names = uncalled_targets(bump, matched)
    uncalled = explain_bump(bump, session, names, subject) if names else None
    missing = Remark("not_listed", target=", ".join(names), hint=uncalled.hint) if uncalled else Remark()
    return Result(
        test=test,
        bump=bump,
        verdict="listed",
        outcome="passed",
        reason=broken or missing,
        warnings=() if broken else _chains(matched, subject),
        unreached=unreached(bump.targets),
        uncalled=uncalled,
        iterations=subject.iterations,
        counts=sum(matched, Counts()) / subject.iterations,
        matched=tuple(
            MatchedCode.of(code, Counts(code.calls / subject.iterations))
            for code in found
            if code.calls or code.site.kind in PLANTED
        ),
    )


def _chains(matched: Sequence[CodeCounts], subject: Subject) -> tuple[str, ...]:
    """How resumes multiply, where more than one generator or coroutine was resumed: another round tells."""
    codes = {code.site.code for code in matched if code.site.kind == "resume" and code.site.code is not None}
    if len(codes) < 2:
        return ()
    try:
        chains = look_at_chains(codes, subject)
    except CallableRaisedError:
        return ()
    return (str(Remark("chain", **chains._asdict())),) if chains is not None and chains.longest > 1 else ()
