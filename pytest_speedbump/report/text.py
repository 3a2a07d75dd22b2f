"""Sentences about one result."""

from collections import Counter
from collections.abc import Sequence
from math import ceil

from pytest_speedbump.bump import every_text
from pytest_speedbump.report.columns import plain
from pytest_speedbump.report.numbers import interval_text, limit_text
from pytest_speedbump.result import Result
from pytest_speedbump.units import format_time

__all__ = ["drop_text", "failure_text", "found", "summary", "time_enough", "transmission_text", "verdict_text"]


def drop_text(result: Result) -> str:
    """``8.62% [8.10, 9.20]``, or ``not known in 2s``, or a dash where it was not asked."""
    if result.known_drop is None:
        return "-"
    return interval_text(result.known_drop, percent=True) or f"not known in {format_time(result.seconds * 1e9, 2)}"


def transmission_text(result: Result) -> str:
    """``0.970 [0.900, 1.000]``, or a dash."""
    return "-" if result.known_transmission is None else interval_text(result.known_transmission) or "-"


def time_enough(result: Result) -> str:
    """The option that gives time enough, with some to spare where it is known how much that is."""
    if result.needed_ns is None:
        return f"a longer {result.limited_by}"
    return f"{result.limited_by} {ceil(1.5 * result.needed_ns / 1e9)}s"


def found(result: Result) -> str:
    """What decides about the test: the verdict, or what became of the test's entry in the lockfile."""
    lock = result.lock
    if lock is not None and (lock.fails or (result.outcome == "failed" and _lock_decides(result))):
        return lock.kind
    return result.verdict


def verdict_text(result: Result) -> str:
    """What was found, and in capitals what became of the test if that is bad."""
    return f"{found(result)} FAILED" if result.outcome == "failed" else found(result)


def summary(results: Sequence[Result]) -> str:
    """``2 insensitive, 1 void``, in the order of first appearance."""
    return ", ".join(f"{n} {verdict}" for verdict, n in Counter(map(verdict_text, results)).items())


def failure_text(result: Result) -> str:
    """Why a test failed, what it means and what to do, for somebody who never heard of speedbump."""
    lines = [_headline(result), *_evidence(result), *_advice(result)]
    lines += [f"note: {note}" for note in (*result.bump.notes, *result.warnings)]
    return "\n  ".join(map(plain, lines))


def _headline(result: Result) -> str:
    bump, declared = result.bump, result.bump.declared
    delay = f"{format_time(bump.delay_ns)} {every_text(bump.every)}" if bump.is_resolved else ""
    if bump.delay_share is not None:
        delay = f"{delay} ({bump.asked} of the round)" if delay else f"{bump.asked} of the round"
    slowed = f"speedbump: {bump.targets}" + (f" slowed by {delay}" if delay else "")
    if _lock_decides(result):
        assert result.lock is not None
        return f"{slowed}: {result.lock.kind} since the {result.lock.lockfile} was written: {result.lock.text}"
    if result.verdict == "void":
        return f"speedbump: {bump}: no verdict: {result.reason}"
    assert declared is not None
    if declared.kind == "slack":
        return _slack_headline(result)
    limit = limit_text(declared.limit)
    if result.verdict == "inconclusive":
        return f"{slowed}: inconclusive about {limit}: {result.reason}"
    costs = f"costs {drop_text(result)} of throughput"
    if declared.kind == "insensitive":
        return f"{slowed} {costs}, more than the budget of {limit}"
    return f"{slowed} {costs}, less than the {limit} that it must show"


def _slack_headline(result: Result) -> str:
    bump = result.bump
    more = f"speedbump: a call of {bump.targets} may not take {bump.delay_text} more"
    if result.verdict == "inconclusive":
        return f"{more}, as far as is known: inconclusive: {result.reason}"
    arrives = "more than is free arrives"
    if result.known_transmission is not None and transmission_text(result) != "-":
        arrives = f"{interval_text(result.known_transmission, percent=True)} of that arrives"
    assert bump.declared is not None
    return f"{more}: {arrives}, and less than {limit_text(bump.declared.limit)} would be free"


def _lock_decides(result: Result) -> bool:
    """Whether the test failed for what the lockfile holds, rather than for what it declares itself."""
    if result.lock is None:
        return False
    declared = result.bump.declared
    kept = result.verdict == (declared.kept_by if declared else "measured")
    return result.lock.fails or (kept and result.lock.kind == "inconclusive")


def _evidence(result: Result) -> list[str]:
    counts = result.counts
    if result.known_drop is None or counts is None or not counts.calls or result.control_ns is None:
        return []
    delayed = counts.calls / result.bump.every
    noun = "call" if counts.calls == 1 else "calls"
    of = "" if result.bump.every == 1 else f"{delayed:.6g} of "
    per_call = format_time(counts.delivered_ns / delayed)
    work = f"{of}{counts.calls:.6g} {noun} x {per_call} = {format_time(counts.delivered_ns)}"
    reaches = ""
    is_said = result.bump.declared is not None and result.bump.declared.kind == "slack"
    if result.known_transmission is not None and transmission_text(result) != "-" and not is_said:
        reaches = f"; {interval_text(result.known_transmission, percent=True)} of it reaches the run time"
    return [f"{work} in each run of {format_time(result.control_ns)}{reaches}"]


def _advice(result: Result) -> list[str]:
    declared = result.bump.declared
    if result.lock is not None and result.lock.fails:
        breaks = (
            declared is not None
            and result.verdict in ("sensitive", "insensitive")
            and result.verdict != declared.kept_by
        )
        also = f" It also breaks what the test declares, {limit_text(declared.limit)}." if breaks and declared else ""
        accept = "accept it with --speedbump-save"
        if result.lock.ref is not None:
            accept = f"{accept} in {result.lock.ref}, and let this run pass with --speedbump-advisory"
        return [f"If this is meant, {accept}.{also}"]
    if result.verdict == "sensitive" and declared is not None and not _lock_decides(result):
        if declared.kind == "slack":
            return ["The slack is used up: make room for it again, or ask for less with a smaller at_least."]
        return ["It is on the critical path: take it off, call it less, or declare a larger budget."]
    if result.verdict == "insensitive" and declared is not None and not _lock_decides(result):
        return ["The benchmark hardly feels this code: does it measure what it is meant to?"]
    if result.verdict == "void":
        return ["This test proves nothing, so it must not pass."]
    if result.reason.kind not in ("", "time"):  # what it names is what to do
        return []
    if result.verdict == "inconclusive" or _lock_decides(result):
        return [f"Noise hid the answer: give it {time_enough(result)}, or a quieter machine."]
    return []
