"""The whole table: verdict, declaration and who named the target, against what becomes of the test."""

import pytest

from pytest_speedbump.bump import Bump, Declaration, Kind, Origin
from pytest_speedbump.result import Outcome, Verdict
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.judgement import outcome_of


def bump(kind: Kind | None, by: Origin) -> Bump:
    declared = None if kind is None else Declaration(kind, 0.02, by)
    return Bump(parse_targets(["pkg.*"]), 2000, "spin", declared, by)


@pytest.mark.parametrize(
    ("kind", "by", "verdict", "outcome"),
    [
        ("insensitive", "marker", "insensitive", "passed"),
        ("insensitive", "marker", "sensitive", "failed"),
        ("insensitive", "marker", "inconclusive", "warned"),
        ("insensitive", "marker", "void", "failed"),
        ("sensitive", "marker", "sensitive", "passed"),
        ("sensitive", "marker", "insensitive", "failed"),
        ("sensitive", "marker", "inconclusive", "warned"),
        ("sensitive", "marker", "void", "failed"),
        (None, "marker", "measured", "passed"),
        (None, "marker", "void", "failed"),
        (None, "command line", "measured", "passed"),
        (None, "command line", "void", "passed"),
        ("insensitive", "command line", "sensitive", "failed"),
        ("insensitive", "command line", "void", "failed"),
        ("insensitive", "ini", "void", "failed"),
    ],
)
def test_outcomes(kind: Kind | None, by: Origin, verdict: Verdict, outcome: Outcome) -> None:
    asked = bump(kind, by)
    plain = outcome_of(asked, verdict, uncalled=False, strict=False, advisory=False)
    strict = outcome_of(asked, verdict, uncalled=False, strict=True, advisory=False)
    advisory = outcome_of(asked, verdict, uncalled=False, strict=True, advisory=True)
    assert plain == outcome
    assert strict == ("failed" if outcome == "warned" else outcome)
    assert advisory == ("passed" if outcome == "passed" else "warned")


@pytest.mark.parametrize("kind", [None, "insensitive"])
@pytest.mark.parametrize(("by", "outcome"), [("marker", "failed"), ("command line", "passed"), ("ini", "passed")])
def test_a_suite_wide_target_need_not_be_called_everywhere(kind: Kind | None, by: Origin, outcome: Outcome) -> None:
    assert outcome_of(bump(kind, by), "void", uncalled=True, strict=True, advisory=False) == outcome
