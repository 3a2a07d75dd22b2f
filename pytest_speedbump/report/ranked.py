"""One function of a scan in words: how it is called, what it is beside its verdict, whether it is worth a line."""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

from pytest_speedbump.ranking import Ranked
from pytest_speedbump.report.columns import plain

__all__ = [
    "COLD_SHARE",
    "CONFIRMED",
    "LEAST_SHARE",
    "Key",
    "is_cold",
    "is_folded",
    "is_hot_and_free",
    "key",
    "labels",
    "matters",
    "standing_text",
]

LEAST_SHARE = 0.005  # of a run: what takes less is not hot
COLD_SHARE = 0.01  # of a run: what takes less would not be looked at in a profile
COLD_FACTOR = 2  # gain over share, from which on a profile misleads
HIGH_PER_US = 0.1  # of throughput for one microsecond a call
CONFIRMED = "*"

type Key = tuple[str, str | None, int | None]


def key(one: Ranked) -> Key:
    """What tells a function from all others of a program, in whichever benchmark it is called."""
    return one.name, one.file, one.line


def labels(functions: Iterable[Ranked]) -> dict[Key, str]:
    """Their names, fit for a terminal; those that share one, such as lambdas, with file and line."""
    keys = dict.fromkeys(map(key, functions))
    named = Counter(name for name, _, _ in keys)
    return {
        (name, file, line): plain(f"{name} ({PurePath(file).name}:{line})" if file and named[name] > 1 else name)
        for name, file, line in keys
    }


def matters(one: Ranked) -> bool:
    return one.verdict in ("critical", "partly")


def is_hot_and_free(one: Ranked) -> bool:
    """Where a profiler misleads: time goes there, and none of it would be won."""
    return one.verdict == "free" and one.share is not None and one.share >= LEAST_SHARE


def is_cold(one: Ranked) -> bool:
    """Where a profiler misleads: critical, and hardly any time goes there.

    Its gain is shown to be twice its share at least, as that of what is done under a lock; or its share is under one
    percent, and each microsecond that a call takes more costs a tenth of the throughput.
    """
    if one.verdict != "critical" or one.share is None:
        return False
    amplified = one.gain is not None and one.gain.low is not None and one.gain.low >= COLD_FACTOR * one.share
    return amplified or (one.share < COLD_SHARE and (one.gain_per_us or 0.0) >= HIGH_PER_US)


def is_folded(one: Ranked) -> bool:
    """Whether a count may stand for it: it is too small, or nobody knows more than that it is, or hardly more."""
    if one.verdict == "unresolved":
        return one.share < LEAST_SHARE if one.share is not None else one.transmission is None
    return one.verdict == "small" or (one.verdict == "free" and one.share is not None and one.share < LEAST_SHARE)


def standing_text(one: Ranked, *, short: bool = False) -> str:
    """``critical*, cold`` or ``free, hot``; ``short``: without what follows the verdict."""
    words = [one.verdict + CONFIRMED * one.confirmed, "cold" * is_cold(one), "hot" * is_hot_and_free(one)]
    return words[0] if short else ", ".join(filter(None, words))
