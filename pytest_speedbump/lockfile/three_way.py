"""What two branches made of one lockfile, as one. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from textwrap import indent

from pytest_speedbump.lockfile.difference import weigh
from pytest_speedbump.lockfile.entry import Entry, Key, to_json
from pytest_speedbump.lockfile.file import SCHEMA

__all__ = ["Merged", "merge_three"]

type Entries = Mapping[Key, Entry]


@dataclass(frozen=True, slots=True)
class Merged:
    """What each side would have the file be: where they differ, there is a conflict."""

    ours: dict[Key, Entry] = field(default_factory=dict)
    theirs: dict[Key, Entry] = field(default_factory=dict)

    def text(self) -> str:
        """The file with the marks that git writes around the sides of a conflict.

        Whoever leaves one side of each conflict, and no mark, has a whole lockfile.
        """
        ours, theirs = _texts(self.ours), _texts(self.theirs)
        lines = ["{", f' "schema": {json.dumps(SCHEMA)},', ' "entries": [']
        for agreed, group in groupby(sorted(ours | theirs), lambda key: ours.get(key) == theirs.get(key)):
            keys = list(group)
            mine, other = ([side[key] for key in keys if key in side] for side in (ours, theirs))
            lines += mine if agreed else ["<<<<<<< ours", *mine, "=======", *other, ">>>>>>> theirs"]
        return "\n".join([*lines, " ]", "}", ""])


def merge_three(base: Entries, ours: Entries, theirs: Entries) -> Merged:
    """Entry by entry: what one side alone changed, added or removed counts.

    Of two changes that differ by no more than noise the better known one counts, on both sides.
    """
    merged = Merged()
    for key in base.keys() | ours.keys() | theirs.keys():
        before, mine, other = base.get(key), ours.get(key), theirs.get(key)
        if mine == before:
            mine = other
        elif other == before:
            other = mine
        elif mine is not None and other is not None and weigh(mine, other) == "within noise":
            mine = other = min(mine, other, key=lambda entry: entry.width)
        for side, entry in ((merged.ours, mine), (merged.theirs, other)):
            if entry is not None:
                side[key] = entry
    return merged


def _texts(entries: Entries) -> dict[Key, str]:
    """Each entry as it stands in the file, with the comma between it and the next one."""
    keys = sorted(entries)
    ends = dict.fromkeys(keys, ",") | dict.fromkeys(keys[-1:], "")
    return {key: _text(entries[key]) + ends[key] for key in keys}


def _text(entry: Entry) -> str:
    return indent(json.dumps(to_json(entry), indent=1, ensure_ascii=False), "  ")
