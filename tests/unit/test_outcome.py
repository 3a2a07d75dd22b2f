"""The whole table: verdict, declaration and who named the target, against what becomes of the test."""

import pytest

from pytest_speedbump.bump import Bump, Declaration, Kind, Origin
from pytest_speedbump.result import Outcome, Severity, Verdict
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.judgement import is_broken


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
    broken = is_broken(asked, verdict, uncalled=False)

    def found(*, strict: bool, advisory: bool) -> Outcome:
        return Severity(strict, advisory).outcome(broken=broken, uncertain=verdict == "inconclusive")

    assert found(strict=False, advisory=False) == outcome
    assert found(strict=True, advisory=False) == ("failed" if outcome == "warned" else outcome)
    assert found(strict=True, advisory=True) == ("passed" if outcome == "passed" else "warned")


@pytest.mark.parametrize("kind", [None, "insensitive"])
@pytest.mark.parametrize(("by", "broken"), [("marker", True), ("command line", False), ("ini", False)])
def test_a_suite_wide_target_need_not_be_called_everywhere(kind: Kind | None, by: Origin, broken: bool) -> None:
    assert is_broken(bump(kind, by), "void", uncalled=True) == broken
