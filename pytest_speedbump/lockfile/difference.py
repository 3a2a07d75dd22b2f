"""Two lockfiles, and what became of the entries of one in the other. Pure.

Two entries are told apart by the time that the delays add to a run: calls and transmission together, which transfer
between machines. A drop would not do, as it depends on the machine that saved it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pytest_speedbump.lockfile.entry import Entry, Key

__all__ = ["Difference", "differences", "weigh"]

type Weight = Literal["grown", "shrunk", "improved", "within noise", "declared anew"]


@dataclass(frozen=True, slots=True)
class Difference:
    """``old`` is None where the entry was added, ``new`` where it was removed."""

    key: Key
    old: Entry | None
    new: Entry | None

    @property
    def change(self) -> Weight | Literal["added", "removed"]:
        if self.old is None:
            return "added"
        if self.new is None:
            return "removed"
        return weigh(self.old, self.new)


def differences(old: Mapping[Key, Entry], new: Mapping[Key, Entry]) -> Iterator[Difference]:
    """In the order of the file."""
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield Difference(key, old.get(key), new.get(key))


def weigh(old: Entry, new: Entry) -> Weight:
    """What became of an entry: within noise is what has intervals that overlap. What shrinks is a slack."""
    before, after = _cost(old), _cost(new)
    if after[0] > before[1]:
        return "grown" if new.slack is None else "shrunk"
    if after[1] < before[0]:
        return "improved"
    return "within noise" if (old.kind, old.limit) == (new.kind, new.limit) else "declared anew"


def _cost(entry: Entry) -> tuple[float, float]:
    """The ends of what a run is longer by, in ns; where the delay is a share of the round, in units of that share.

    Of a slack they are below zero: the more of it there is, the better.
    """
    if entry.slack is not None:
        _, low, high = entry.slack
        return -math.inf if high is None else -high, -low
    assert entry.transmission is not None
    added = entry.delayed_ns if entry.share is None else 1.0
    _, low, high = entry.transmission
    return low * added, high * added
