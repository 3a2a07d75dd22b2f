"""What the records of a document say together. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.programs.cases import CASES

__all__ = ["Known", "knowns", "medians", "verdicts"]

type Record = dict[str, Any]

MOST_S = 20.0
WITHIN = {"drop": 0.01, "transmission": 0.03}


@dataclass(frozen=True, slots=True)
class Known:
    """One answer beside the truth. None: there is no number, and the verdict says why."""

    record: Record

    def error(self, what: str) -> float | None:
        found = self.record[what]
        return None if found is None else float(found["estimate"]) - float(self.record[f"true_{what}"])

    @property
    def is_near(self) -> bool:
        """Where a queue absorbs the delay, whether nothing wrong was said; else whether the answer is near in time."""
        if self.record["absorbs"] and self.record["verdict"] == "inconclusive":
            return True
        errors = {what: self.error(what) for what in WITHIN}
        near = all(error is not None and abs(error) <= WITHIN[what] for what, error in errors.items())
        return near and self.record["seconds"] <= MOST_S


def knowns(records: Iterable[Record]) -> list[Known]:
    """Program by program."""
    places = {case.program: place for place, case in enumerate(CASES)}
    chosen = [one for one in records if one["kind"] == "known"]
    return [Known(one) for one in sorted(chosen, key=lambda one: places.get(one["program"], len(places)))]


def verdicts(records: Iterable[Record]) -> dict[str, Counter[str]]:
    """Of programs in which nothing was slowed, by condition."""
    found: dict[str, Counter[str]] = {}
    for one in records:
        if one["kind"] == "same":
            found.setdefault(one["condition"], Counter())[one["verdict"]] += 1
    return found


def medians(records: Iterable[Record], kind: str, name: str) -> float | None:
    """Of all measurements of a cost; None where there is none."""
    found = [one[name] for one in records if one["kind"] == kind]
    return median(found) if found else None
