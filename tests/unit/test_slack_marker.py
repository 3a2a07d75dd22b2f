"""The verdict on a declared slack, on a simulated machine whose slack is known."""

from dataclasses import replace

import pytest
from chance import most
from machine import Machine
from traces import ROUND_NS, MakeTrace, bursts, jitter, noisy, periodic, phases, quiet
from trying import RULES, on

from pytest_speedbump.inference import knee
from pytest_speedbump.plugin import markers
from pytest_speedbump.report.text import failure_text
from pytest_speedbump.result import Result

SLACK_NS = 30e3
FREE = knee.FREE
RUNS = 20
CLEARLY = (quiet, jitter(0.03), periodic, phases)


def tried(
    at_least: float, *, seed: int = 1, trace: MakeTrace = quiet, calls: int = 3, limit_ns: float = 0.6e9
) -> Result:
    """Declares so many slacks of a machine to be there, whose rounds call the target some times."""
    machine, rounds = Machine(calls=calls, slack_ns=SLACK_NS), trace(seed)
    machine.before_round = lambda: setattr(machine, "round_ns", next(rounds))
    delay_ns = at_least * SLACK_NS / calls
    return on(machine, FREE, delay_ns, kind="slack", rules=replace(RULES, max_time_ns=limit_ns, seed=seed))


def test_free_is_one_share_everywhere() -> None:
    assert markers.FREE == knee.FREE


@pytest.mark.parametrize("trace", CLEARLY)
@pytest.mark.parametrize(("at_least", "verdict"), [(0.5, "insensitive"), (0.9, "insensitive"), (1.1, "sensitive")])
def test_just_under_and_just_over_the_true_slack(trace: MakeTrace, at_least: float, verdict: str) -> None:
    results = [tried(at_least, seed=seed, trace=trace, limit_ns=1.5e9) for seed in range(6)]
    found: list[str] = [result.verdict for result in results]
    assert set(found) <= {verdict, "inconclusive"}
    assert found.count(verdict) >= 4, found
    assert {result.outcome for result in results if result.verdict == "sensitive"} <= {"failed"}


@pytest.mark.parametrize("trace", [quiet, noisy, phases, bursts])
def test_no_more_errors_than_declared_where_just_so_much_arrives_as_is_free(trace: MakeTrace) -> None:
    """By either error, looked at from the line between them."""
    at_the_line = 1 / (1 - FREE)
    found = [tried(at_the_line, seed=seed, trace=trace).verdict for seed in range(RUNS)]
    assert found.count("sensitive") <= most(RULES.alpha_fail, RUNS)
    assert found.count("insensitive") <= most(RULES.alpha_pass, RUNS)


def test_the_failure_is_one_that_a_newcomer_understands() -> None:
    result = tried(1.5)
    assert failure_text(result).startswith("speedbump: a call of machine:target may not take 15us more: 3")
    assert "of that arrives, and less than 5.0% would be free\n" in failure_text(result)
    assert failure_text(result).endswith("make room for it again, or ask for less with a smaller at_least.")
    assert "3 calls x 15us = 45us in each run of 1" in failure_text(result)


def test_what_is_too_noisy_is_inconclusive() -> None:
    result = tried(0.9, trace=jitter(0.5), limit_ns=0.3e9)
    assert (result.verdict, result.outcome) == ("inconclusive", "warned")
    assert "may not take 9us more, as far as is known: inconclusive: " in failure_text(result)


def test_what_is_never_called_is_void() -> None:
    result = on(Machine(calls=0), FREE, 1e3, kind="slack")
    assert (result.verdict, result.outcome, result.reason.kind) == ("void", "failed", "uncalled")


def test_a_rerun_adds_to_what_was_known() -> None:
    first = tried(1.1, limit_ns=0.05e9)
    assert first.evidence is not None
    machine = Machine(calls=3, slack_ns=SLACK_NS, round_ns=ROUND_NS)
    again = on(machine, FREE, 1.1 * SLACK_NS / 3, kind="slack", prior=first.evidence)
    assert again.evidence is not None
    assert again.evidence.over > first.evidence.over
    assert again.verdict == "sensitive"
