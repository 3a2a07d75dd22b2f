"""One entry of the lockfile: what slowing cost when somebody last accepted it, in numbers that transfer."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_speedbump.bump import bump_text
from pytest_speedbump.result import Estimate, Result
from pytest_speedbump.units import Delay

__all__ = ["Entry", "Key", "digest", "entry_of", "from_json", "key_of", "name_of", "to_json"]

DIGITS = 4  # significant, of every number: what is beyond is noise

# Test, targets, mode, the delay: its ns and 0, or 0 and the share of the round, or infinite and 0 for the slack; and
# every how many calls it is added. What a share comes to is no part.
type Key = tuple[str, tuple[str, ...], str, float, float, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One bump of one test. Counts are per call of the benchmarked callable.

    Attributes:
        delay_ns: None where the slack was asked for.
        share: of the round, where the delay was given so; ``delay_ns`` is what that came to when it was saved.
        every: of the calls, so many are delayed.
        limit: the declared share, with its kind; None for a plain measurement.
        drop: estimate, low, high; on the machine that saved it. For people: comparisons use :meth:`drop_at`.
        transmission: estimate, low, high.
        slack: estimate, low, high, in ns a call; without a high end it is at least so much. An entry has either this,
            or a drop and a transmission.
    """

    test: str
    targets: tuple[str, ...]
    mode: str
    delay_ns: float | None
    calls: float
    drop: tuple[float, float, float] | None
    transmission: tuple[float, float, float] | None
    kind: str | None
    limit: float | None
    share: float | None = None
    every: int = 1
    slack: tuple[float, float, float | None] | None = None

    @property
    def key(self) -> Key:
        return self.test, self.targets, self.mode, *_delay_key(self.delay_ns, self.share), self.every

    @property
    def delay(self) -> Delay:
        """As it was written."""
        return Delay(self.delay_ns) if self.share is None else Delay(share=self.share)

    @property
    def delayed_ns(self) -> float:
        """All delays in one call of the benchmarked callable; 0 for the slack."""
        return self.calls / self.every * (self.delay_ns or 0.0)

    @property
    def width(self) -> float:
        """Of the interval, in transmission or in ns of slack, where it may be infinite."""
        _, low, high = self.slack or self.transmission or (0.0, 0.0, None)
        return math.inf if high is None else high - low

    def drop_at(self, transmission: float, bare_ns: float, delayed_ns: float) -> float:
        """The drop that so much transmission of ``delayed_ns`` gives where one run takes ``bare_ns``."""
        added = transmission * delayed_ns
        return added / (bare_ns + added) if bare_ns + added > 0 else -math.inf


def entry_of(result: Result) -> Entry | None:
    """The entry that accepts ``result``; None where it would guard nothing.

    That is: without a transmission or a slack (void, no time, a delay of zero), or where its interval has no end.
    """
    if result.bump.asks_slack:
        return _slack_entry(result)
    if result.known_drop is None or result.known_transmission is None or result.calls is None:
        return None
    drop, transmission = _round_all(result.known_drop), _round_all(result.known_transmission)
    if drop is None or transmission is None:
        return None
    declared = result.bump.declared
    return Entry(
        test=result.test,
        targets=result.bump.targets.names,
        mode=result.bump.mode,
        delay_ns=result.bump.delay_ns if result.bump.delay_share is None else _round(result.bump.delay_ns),
        calls=_round(result.calls),
        drop=drop,
        transmission=transmission,
        kind=declared.kind if declared else None,
        limit=declared.limit if declared else None,
        share=result.bump.delay_share,
        every=result.bump.every,
    )


def _slack_entry(result: Result) -> Entry | None:
    """At least so much is something to guard, from none on without an end is not."""
    slack, bump = result.slack_ns, result.bump
    if slack is None or slack.low is None or result.calls is None or (slack.high is None and not slack.low):
        return None
    return Entry(
        test=result.test,
        targets=bump.targets.names,
        mode=bump.mode,
        delay_ns=None,
        calls=_round(result.calls),
        drop=None,
        transmission=None,
        kind=None,
        limit=None,
        every=bump.every,
        slack=(_round(slack), _round(slack.low), None if slack.high is None else _round(slack.high)),
    )


def key_of(result: Result) -> Key:
    bump = result.bump
    return (
        result.test,
        bump.targets.names,
        bump.mode,
        *_delay_key(None if bump.asks_slack else bump.delay_ns, bump.delay_share),
        bump.every,
    )


def name_of(key: Key) -> str:
    """As people read it."""
    test, targets, mode, delay_ns, share, every = key
    delay = Delay() if delay_ns == math.inf else Delay(share=share) if share else Delay(delay_ns)
    return f"{test} [{bump_text(targets, delay, mode, every)}]"


def _delay_key(delay_ns: float | None, share: float | None) -> tuple[float, float]:
    if delay_ns is None:
        return math.inf, 0.0
    return (delay_ns, 0.0) if share is None else (0.0, share)


def to_json(entry: Entry) -> dict[str, Any]:
    """As the file holds it, with its check sum."""
    names = ("estimate", "low", "high")
    body = {
        "test": entry.test,
        "targets": list(entry.targets),
        "mode": entry.mode,
        "delay_ns": entry.delay_ns,
        **({} if entry.share is None else {"share": entry.share}),
        **({} if entry.every == 1 else {"every": entry.every}),
        "calls": entry.calls,
        **({} if entry.drop is None else {"drop": dict(zip(names, entry.drop, strict=True))}),
        **({} if entry.transmission is None else {"transmission": dict(zip(names, entry.transmission, strict=True))}),
        **({} if entry.slack is None else {"slack": dict(zip(names, entry.slack, strict=True))}),
        "declared": None if entry.kind is None else {"kind": entry.kind, "limit": entry.limit},
    }
    return {**body, "check": _check(body)}


def from_json(one: Any) -> Entry:
    """Raises KeyError, TypeError or ValueError unless ``one`` is just what :func:`to_json` made of an entry."""
    declared = one["declared"]
    entry = Entry(
        test=one["test"],
        targets=tuple(one["targets"]),
        mode=one["mode"],
        delay_ns=one["delay_ns"],
        share=one.get("share"),
        every=one.get("every", 1),
        calls=one["calls"],
        drop=None if "slack" in one else (one["drop"]["estimate"], one["drop"]["low"], one["drop"]["high"]),
        transmission=None
        if "slack" in one
        else (one["transmission"]["estimate"], one["transmission"]["low"], one["transmission"]["high"]),
        slack=(one["slack"]["estimate"], one["slack"]["low"], one["slack"]["high"]) if "slack" in one else None,
        kind=None if declared is None else declared["kind"],
        limit=None if declared is None else declared["limit"],
    )
    if to_json(entry) != one:
        raise ValueError(f"the entry of {entry.test} does not match its check sum")
    return entry


def digest(entries: Iterable[Entry]) -> str:
    """16 hexadecimal digits, the same for the same entries in whatever order."""
    return hashlib.sha256("".join(sorted(to_json(entry)["check"] for entry in entries)).encode()).hexdigest()[:16]


def _check(body: Mapping[str, Any]) -> str:
    """A check sum for each entry, not for the file: so that a merge of two branches' entries is still whole."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _round_all(estimate: Estimate) -> tuple[float, float, float] | None:
    """None where the interval has no end."""
    if estimate.low is None or estimate.high is None:
        return None
    return _round(estimate), _round(estimate.low), _round(estimate.high)
