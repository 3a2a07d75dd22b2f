"""Sentences about one result."""

from pytest_speedbump.result import Estimate, Result
from pytest_speedbump.units import format_share, format_time

__all__ = ["drop_text", "failure_text", "interval_text", "verdict_text"]


def drop_text(result: Result) -> str:
    """``8.6% [8.1, 9.2]``, or a dash."""
    if result.known_drop is None:
        return "-"
    return f"{format_share(result.known_drop)} {interval_text(result.known_drop, 100, 1)}"


def interval_text(estimate: Estimate, factor: float, decimals: int) -> str:
    """``[8.1, 9.2]``; an end that is not known is an ellipsis."""
    ends = ("..." if end is None else f"{end * factor:.{decimals}f}" for end in (estimate.low, estimate.high))
    return f"[{', '.join(ends)}]"


def verdict_text(result: Result) -> str:
    """The verdict, and in capitals what became of the test if that is bad."""
    return f"{result.verdict} FAILED" if result.outcome == "failed" else result.verdict


def failure_text(result: Result) -> str:
    """Why a test failed, what it means and what to do, for somebody who never heard of speedbump."""
    lines = [_headline(result), *_evidence(result), *_advice(result)]
    lines += [f"note: {note}" for note in (*result.bump.notes, *result.warnings)]
    return "\n  ".join(lines)


def _headline(result: Result) -> str:
    bump, declared = result.bump, result.bump.declared
    slowed = f"speedbump: {bump.targets} slowed by {format_time(bump.delay_ns)} a call"
    if _lock_decides(result):
        assert result.lock is not None
        return f"{slowed}: {result.lock.kind} since the lockfile was written: {result.lock.text}"
    if result.verdict == "void":
        return f"{slowed}: no verdict is possible, and what guards nothing must not pass: {result.reason}"
    assert declared is not None
    limit = format_share(declared.limit)
    if result.verdict == "inconclusive":
        return f"{slowed}: inconclusive about {limit}: {result.reason}"
    costs = f"costs {drop_text(result)} of throughput"
    if declared.kind == "insensitive":
        return f"{slowed} {costs}, more than the budget of {limit}"
    return f"{slowed} {costs}, less than the {limit} that it must show"


def _lock_decides(result: Result) -> bool:
    """Whether the test failed for what the lockfile holds, rather than for what it declares itself."""
    if result.lock is None:
        return False
    declared = result.bump.declared
    kept = result.verdict == (declared.kind if declared else "measured")
    return result.lock.fails or (kept and result.lock.kind == "inconclusive")


def _evidence(result: Result) -> list[str]:
    counts = result.counts
    if result.known_drop is None or counts is None or not counts.calls or result.control_ns is None:
        return []
    per_call = counts.delivered_ns / counts.calls
    work = f"{counts.calls:.6g} calls x {format_time(per_call)} = {format_time(counts.delivered_ns)}"
    reaches = ""
    if result.known_transmission is not None:
        reaches = f"; {format_share(result.known_transmission, 0)} of it reach the run time"
    return [f"{work} in each run of {format_time(result.control_ns)}{reaches}"]


def _advice(result: Result) -> list[str]:
    declared = result.bump.declared
    if result.lock is not None and result.lock.fails:
        breaks = (
            declared is not None and result.verdict in ("sensitive", "insensitive") and result.verdict != declared.kind
        )
        also = f" It also breaks what the test declares, {format_share(declared.limit)}." if breaks and declared else ""
        return [f"If this is meant, accept it with --speedbump-save.{also}"]
    if result.verdict == "sensitive" and declared is not None and not _lock_decides(result):
        return ["It is on the critical path: take it off, call it less, or declare a larger budget."]
    if result.verdict == "insensitive" and declared is not None and not _lock_decides(result):
        return ["The benchmark hardly feels this code: does it measure what it is meant to?"]
    if result.verdict == "inconclusive" or _lock_decides(result):
        return ["Noise hid the answer: give it a longer --speedbump-max-time, a quieter machine or a longer delay."]
    return []
