"""Does it cost more than when somebody last accepted it, and what is to be accepted now? Pure.

What is compared is what transfers between machines of different speed: the transmission and the calls. A drop does not:
the same delay is a larger share of a shorter run. So the locked transmission and calls are turned into the drop that
they would give on this machine, at this run's own time, and that is what the measured drop must not exceed.

A slack is a time, and one of the machine: what another processor or device leaves is another slack. It is compared as
it is.
"""

from collections.abc import Iterable, Mapping

from pytest_speedbump.lockfile.entry import Entry, Key, entry_of, key_of, name_of
from pytest_speedbump.result import Change, Result
from pytest_speedbump.units import format_share, format_time

__all__ = ["LEAST_SHRINKING", "compare", "merge"]

LEAST_SHRINKING = 0.1  # of the locked slack, which it may lose without that being a regression


def compare(entry: Entry | None, result: Result, tolerance: float) -> Change:
    """Whether the drop has grown by more than ``tolerance`` (a share of throughput) and beyond both intervals."""
    now = entry_of(result)
    if entry is None:
        return Change("new", "not in the lockfile yet; --speedbump-save adds it" if now else "")
    if result.verdict == "void":
        return Change("lost", f"it guarded something and guards nothing now: {result.reason}")
    if now is None or result.bare_ns is None:
        return Change("inconclusive", f"not compared: {result.reason or 'too few rounds'}")
    if entry.slack is not None and now.slack is not None:
        return _compare_slack(entry.slack, now.slack, max(tolerance, LEAST_SHRINKING))
    assert entry.transmission is not None
    assert now.transmission is not None
    # A share of the round comes to another delay where the round or the calls differ, and to the same question.
    delayed_ns = (entry if entry.share is None else now).delayed_ns
    estimate, low, high = (entry.drop_at(one, result.bare_ns, delayed_ns) for one in entry.transmission)
    drop = result.drop
    assert drop.low is not None
    assert drop.high is not None
    costs = (
        f"{format_share(drop)} of throughput instead of {format_share(estimate)} "
        f"(calls a run {entry.calls:g} -> {now.calls:g}; transmission {entry.transmission[0]:z.2f} -> "
        f"{now.transmission[0]:z.2f}; delay {entry.delay}, as before)"
    )
    if drop - estimate > tolerance:
        if drop.low > high:
            return Change("grown", f"it costs {costs}")
        return Change("inconclusive", f"it may cost {costs}, but the intervals overlap")
    if estimate - drop > tolerance and drop.high < low:
        return Change("improved", f"it costs only {costs}; --speedbump-save accepts it")
    return Change("kept", "")


def _compare_slack(
    then: tuple[float, float, float | None], now: tuple[float, float, float | None], tolerance: float
) -> Change:
    """``tolerance`` is a share of the locked slack, an estimate with its ends."""
    absorbs = f"{_slack_text(now)} a call instead of {_slack_text(then)}"
    (was, low, most), (found, least, high) = then, now
    if was - found > tolerance * was:
        if high is not None and high < low:
            return Change("shrunk", f"the program absorbs only {absorbs}: throughput drops so much sooner")
        return Change("inconclusive", f"the program may absorb only {absorbs}, but the intervals overlap")
    if most is not None and found - was > tolerance * was and least > most:
        return Change("improved", f"the program absorbs {absorbs}; --speedbump-save accepts it")
    return Change("kept", "")


def _slack_text(slack: tuple[float, float, float | None]) -> str:
    found, _, high = slack
    return f"at least {format_time(found)}" if high is None else format_time(found)


def merge(
    old: Mapping[Key, Entry], results: Iterable[Result], gone: Iterable[Key], tolerance: float
) -> tuple[dict[Key, Entry], list[str]]:
    """The entries to save, and what changed, in sentences.

    Entries of tests that did not run stay. So do those whose new figures differ by no more than noise: a file that
    changes with every save hides what matters, and one that follows small growth would let it creep. Only much better
    knowledge, an interval of less than half the width, replaces what may still be true. Where a test asks one question
    twice, its first answer counts.

    Args:
        gone: keys that certainly exist no more.
    """
    entries, said = dict(old), []
    answered = set()
    for key in gone:
        if entries.pop(key, None) is not None:
            said.append(f"removed: {name_of(key)}")
    for result in results:
        key, entry = key_of(result), entry_of(result)
        if key in answered:
            continue
        answered.add(key)
        known = entries.get(key)
        if entry is None:
            if known is not None and result.calls == 0:
                del entries[key]
                said.append(f"removed: {name_of(key)}: {result.reason}")
            elif result.bump.delay_ns and (known is not None or result.calls != 0):
                state = "not added" if known is None else "left as it was"
                said.append(f"{state}: {name_of(key)}: {result.reason or 'too few rounds'}")
            continue
        if known is not None and _same_question(known, entry) and 2 * entry.width >= known.width:
            change = compare(known, result, tolerance)
            if change.kind == "inconclusive":
                said.append(f"left as it was: {name_of(key)}: {change.text}")
            if change.kind in ("kept", "inconclusive"):
                continue
        entries[key] = entry
        said.append(f"{'added' if known is None else 'changed'}: {name_of(key)}")
    return entries, said


def _same_question(one: Entry, other: Entry) -> bool:
    return (one.kind, one.limit) == (other.kind, other.limit)
