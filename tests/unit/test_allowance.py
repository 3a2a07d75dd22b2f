"""The time of a whole run, shared fairly among its bumps."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.plugin.allowance import Allowance
from pytest_speedbump.result import Severity
from pytest_speedbump.trials.rules import Rules
from pytest_speedbump.trials.scan import ScanRules

S = 1e9
RULES = Rules(max_time_ns=10 * S, alpha_fail=0.05, severity=Severity(strict=False, advisory=False), seed=1)
SCAN_RULES = ScanRules(max_time_ns=60 * S, alpha=0.05, seed=1)

wants = st.lists(st.floats(0, 30), min_size=1, max_size=30)  # seconds that each bump would take


@given(wants, st.floats(0.1, 200))
def test_what_quick_ones_leave_goes_to_the_later_ones(wants: list[float], total_s: float) -> None:
    allowance, limits = Allowance(total_s * S), []
    for index, want in enumerate(wants):
        limit_ns = allowance.limit(RULES, len(wants) - index).max_time_ns
        assert 0 <= limit_ns <= RULES.max_time_ns
        limits.append(limit_ns)
        allowance.spent_ns += min(want * S, limit_ns)
    assert allowance.spent_ns <= total_s * S * (1 + 1e-9)
    assert limits == pytest.approx(sorted(limits)), "nobody gets less for coming later"


@given(wants, st.integers(2, 4))
def test_a_worker_leaves_the_others_their_part(wants: list[float], workers: int) -> None:
    """It does not know which of the plan's tests come to it: here all of them."""
    allowance = Allowance(20 * S, workers)
    for index, want in enumerate(wants):
        limit_ns = allowance.limit(RULES, len(wants) - index).max_time_ns
        assert limit_ns > 0 or len(wants) - index < workers
        allowance.spent_ns += min(want * S, limit_ns)
    assert allowance.spent_ns <= 20 * S / workers * (1 + 1e-9)


@given(wants, st.floats(0.1, 500), st.integers(1, 4))
def test_scans_share_with_what_is_still_to_come(wants: list[float], total_s: float, workers: int) -> None:
    allowance = Allowance(total_s * S, workers)
    for index, want in enumerate(wants):
        rules = allowance.limit_scan(SCAN_RULES, len(wants) - index)
        assert 0 <= rules.max_time_ns <= SCAN_RULES.max_time_ns
        assert rules.limited_by == ("--speedbump-total-time" if rules != SCAN_RULES else "--speedbump-max-time")
        allowance.spent_ns += min(want * S, rules.max_time_ns)
    assert workers * allowance.spent_ns <= total_s * S * (1 + 1e-9)


def test_without_a_total_nothing_is_shared() -> None:
    allowance = Allowance()
    allowance.spent_ns = 1e15
    assert allowance.limit(RULES, 1000) == RULES
    assert allowance.limit_scan(SCAN_RULES, 1000) == SCAN_RULES
    assert not allowance.is_used_up


def test_the_advice_is_the_total_that_would_do() -> None:
    """Ten bumps of 60 s, of which 20 are spent: each gets 4, and 9 for each are 110 in all."""
    allowance = Allowance(60 * S)
    allowance.spent_ns = 20 * S
    rules = allowance.limit(RULES, 10)
    assert (rules.max_time_ns, rules.limited_by) == (4 * S, "--speedbump-total-time")
    assert rules.advice(9 * S) == "--speedbump-total-time 110s"
    allowance.total_ns = 110 * S
    assert allowance.limit(RULES, 10).max_time_ns == 9 * S
    assert RULES.advice(9 * S) == "--speedbump-max-time 9s"


def test_what_a_bump_has_had_in_early_passes_is_its_own() -> None:
    """Two bumps of 10 s: one has had 2, the other 1, and 7 are left for both."""
    allowance = Allowance(10 * S)
    allowance.spent_ns = 3 * S
    assert [allowance.limit(RULES, 2, own_ns).max_time_ns for own_ns in (2 * S, 1 * S)] == [5.5 * S, 4.5 * S]


def test_a_limit_of_its_own_stays() -> None:
    assert Allowance(100 * S).limit(RULES, 10) == RULES
    brief = replace(RULES, max_time_ns=S)
    assert Allowance(100 * S).limit(brief, 50) == brief


@given(st.floats(0, 1e12))
def test_used_up(spent_ns: float) -> None:
    allowance = Allowance(60 * S, spent_ns=spent_ns)
    assert allowance.is_used_up == (allowance.limit(replace(RULES, max_time_ns=math.inf), 3).max_time_ns == 0)


def test_the_clock_of_what_is_spent_runs_only_inside() -> None:
    allowance = Allowance(60 * S)
    with pytest.raises(KeyboardInterrupt), allowance.spending():
        raise KeyboardInterrupt
    assert (spent_ns := allowance.spent_ns) > 0
    assert allowance.spent_ns == spent_ns
