"""The sensitivity lockfile: what slowing cost when somebody last accepted it, and whether it costs more now.

Pure, but for reading and writing the file. What is compared is what transfers between machines of different speed: the
transmission and the calls. A drop does not: the same delay is a larger share of a shorter run. So the locked
transmission and calls are turned into the drop that they would give on this machine, at this run's own time, and that
is what the measured drop must not exceed.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_speedbump.errors import InputError
from pytest_speedbump.files import write_json
from pytest_speedbump.result import Change, Estimate, Result
from pytest_speedbump.units import format_share, format_time

__all__ = ["SCHEMA", "Entry", "Key", "compare", "key_of", "merge", "name_of", "read", "write"]

SCHEMA = "pytest-speedbump-lock/1"
DIGITS = 4  # significant, of every number: what is beyond is noise

type Key = tuple[str, tuple[str, ...], str, float]


@dataclass(frozen=True, slots=True)
class Entry:
    """One bump of one test. Counts are per call of the benchmarked callable.

    Attributes:
        limit: the declared share, with its kind; None for a plain measurement.
        drop: estimate, low, high; on the machine that saved it. For people: comparisons use :meth:`drop_at`.
        transmission: estimate, low, high.
    """

    test: str
    targets: tuple[str, ...]
    mode: str
    delay_ns: float
    calls: float
    drop: tuple[float, float, float]
    transmission: tuple[float, float, float]
    kind: str | None
    limit: float | None

    @property
    def key(self) -> Key:
        return self.test, self.targets, self.mode, self.delay_ns

    @property
    def width(self) -> float:
        """Of the interval, in transmission."""
        return self.transmission[2] - self.transmission[1]

    def drop_at(self, transmission: float, control_ns: float) -> float:
        """The drop that this entry's calls and so much transmission give where one run takes ``control_ns``."""
        added = transmission * self.calls * self.delay_ns
        return added / (control_ns + added) if control_ns + added > 0 else -math.inf


def entry_of(result: Result) -> Entry | None:
    """The entry that accepts ``result``; None where it would guard nothing.

    That is: without a transmission (void, no time, a delay of zero), or where its interval has no end.
    """
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
        delay_ns=result.bump.delay_ns,
        calls=_round(result.calls),
        drop=drop,
        transmission=transmission,
        kind=declared.kind if declared else None,
        limit=declared.limit if declared else None,
    )


def key_of(result: Result) -> Key:
    return result.test, result.bump.targets.names, result.bump.mode, result.bump.delay_ns


def compare(entry: Entry | None, result: Result, tolerance: float) -> Change:
    """Whether the drop has grown by more than ``tolerance`` (a share of throughput) and beyond both intervals."""
    now = entry_of(result)
    if entry is None:
        return Change("new", "not in the lockfile yet; --speedbump-save adds it" if now else "")
    if result.verdict == "void":
        return Change("lost", f"it guarded something and guards nothing now: {result.reason}")
    if now is None or result.control_ns is None:
        return Change("inconclusive", f"not compared: {result.reason or 'too few rounds'}")
    estimate, low, high = (entry.drop_at(share, result.control_ns) for share in entry.transmission)
    drop = result.drop
    assert drop.low is not None
    assert drop.high is not None
    costs = (
        f"{format_share(drop)} of throughput instead of {format_share(estimate)} "
        f"(calls a run {entry.calls:g} -> {now.calls:g}; transmission {entry.transmission[0]:.2f} -> "
        f"{now.transmission[0]:.2f}; delay {format_time(entry.delay_ns)}, as before)"
    )
    if drop - estimate > tolerance:
        if drop.low > high:
            return Change("grown", f"it costs {costs}")
        return Change("inconclusive", f"it may cost {costs}, but the intervals overlap")
    if estimate - drop > tolerance and drop.high < low:
        return Change("improved", f"it costs only {costs}; --speedbump-save accepts it")
    return Change("kept", "")


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


def read(path: Path) -> dict[Key, Entry]:
    """The entries of a lockfile.

    Raises:
        InputError: no such file; not ours; of another schema; broken, truncated or edited by hand.
    """
    name = f"lockfile {str(path)!r}"
    again = "delete it and write it anew with --speedbump-save"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; write it first, with --speedbump-save") from None
    except (ValueError, RecursionError):
        raise InputError(f"{name} is broken or cut off: it is not JSON; restore it, or {again}") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}; mend that") from None
    if not isinstance(content, dict) or "schema" not in content:
        raise InputError(f"{name} is no lockfile of pytest-speedbump: it has no schema; {again}")
    if content["schema"] != SCHEMA:
        raise InputError(f"{name} has the schema {content['schema']!r}, and this version reads {SCHEMA!r}; {again}")
    try:
        entries = [_from_json(one) for one in content["entries"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{name} was edited by hand or is broken: {error}; restore it, or {again}") from None
    if len({entry.key for entry in entries}) < len(entries):
        raise InputError(f"{name} was edited by hand: it holds an entry twice; restore it, or {again}")
    return {entry.key: entry for entry in entries}


def write(path: Path, entries: Mapping[Key, Entry]) -> None:
    """Writes the file as a whole; entries sorted, so that the same entries give the same bytes."""
    write_json(path, {"schema": SCHEMA, "entries": [_to_json(entries[key]) for key in sorted(entries)]})


def _to_json(entry: Entry) -> dict[str, Any]:
    names = ("estimate", "low", "high")
    body = {
        "test": entry.test,
        "targets": list(entry.targets),
        "mode": entry.mode,
        "delay_ns": entry.delay_ns,
        "calls": entry.calls,
        "drop": dict(zip(names, entry.drop, strict=True)),
        "transmission": dict(zip(names, entry.transmission, strict=True)),
        "declared": None if entry.kind is None else {"kind": entry.kind, "limit": entry.limit},
    }
    return {**body, "check": _check(body)}


def _from_json(one: Any) -> Entry:
    """Raises KeyError, TypeError or ValueError unless ``one`` is just what :func:`_to_json` made of an entry."""
    declared = one["declared"]
    entry = Entry(
        test=one["test"],
        targets=tuple(one["targets"]),
        mode=one["mode"],
        delay_ns=one["delay_ns"],
        calls=one["calls"],
        drop=(one["drop"]["estimate"], one["drop"]["low"], one["drop"]["high"]),
        transmission=(one["transmission"]["estimate"], one["transmission"]["low"], one["transmission"]["high"]),
        kind=None if declared is None else declared["kind"],
        limit=None if declared is None else declared["limit"],
    )
    if _to_json(entry) != one:
        raise ValueError(f"the entry of {entry.test} does not match its check sum")
    return entry


def _check(body: Mapping[str, Any]) -> str:
    """A check sum for each entry, not for the file: so that a merge of two branches' entries is still whole."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]


def _same_question(one: Entry, other: Entry) -> bool:
    return (one.kind, one.limit) == (other.kind, other.limit)


def name_of(key: Key) -> str:
    """As people read it."""
    test, targets, mode, delay_ns = key
    return f"{test} [{', '.join(targets)} +{format_time(delay_ns)}{'' if mode == 'spin' else ' ' + mode}]"


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _round_all(estimate: Estimate) -> tuple[float, float, float] | None:
    """None where the interval has no end."""
    if estimate.low is None or estimate.high is None:
        return None
    return _round(estimate), _round(estimate.low), _round(estimate.high)
