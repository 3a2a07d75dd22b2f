"""What the records of a document say together. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.reach.kinds import KINDS
from benchmarks.reach.systems import SYSTEMS

__all__ = ["Costs", "Deliveries", "costs", "deliveries", "error", "knowns"]

type Record = dict[str, Any]

KIND_NAMES = [kind.name for kind in KINDS]
SYSTEM_NAMES = [system.name for system in SYSTEMS]


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one kind of target, in ns a call: medians."""

    kind: str
    bare_ns: float
    added_ns: float
    unmatched_ns: float


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Of one delay of one kind of target.

    Attributes:
        error_ns: by how much more than asked arrived, the median of all measurements.
        worst_ns: the one that is furthest off.
        booked_ns: by how much more than asked was counted as delivered, the median.
    """

    kind: str
    requested_ns: float
    error_ns: float
    worst_ns: float
    booked_ns: float

    @property
    def off(self) -> float:
        """The error against what is allowed, 5 ns or 1 %, whichever is more."""
        return abs(self.error_ns) / max(5.0, 0.01 * self.requested_ns)

    @property
    def is_exact(self) -> bool:
        return self.off <= 1


def costs(records: Iterable[Record]) -> list[Costs]:
    return [
        Costs(kind, *(median(one[name] for one in group) for name in ("bare_ns", "added_ns", "unmatched_ns")))
        for (kind,), group in _groups(records, "cost", KIND_NAMES, "target_kind")
    ]


def deliveries(records: Iterable[Record]) -> list[Deliveries]:
    found = []
    for (kind, asked), group in _groups(records, "delivered", KIND_NAMES, "target_kind", "requested_ns"):
        errors = [one["arrived_ns"] - asked for one in group]
        booked = median(one["booked_ns"] for one in group) - asked
        found.append(Deliveries(kind, asked, median(errors), max(errors, key=abs), booked))
    return found


def knowns(records: Iterable[Record]) -> list[Record]:
    """The measurements of known systems, system by system, and dose by dose."""
    return [one for _, group in _groups(records, "known", SYSTEM_NAMES, "system", "delay_ns") for one in group]


def error(known: Record) -> float | None:
    """Of its transmission; None where there is none."""
    found = known["transmission"]
    return None if found is None else found["estimate"] - known["true_transmission"]


def _groups(
    records: Iterable[Record], kind: str, order: Sequence[str], *names: str
) -> list[tuple[tuple[Any, ...], list[Record]]]:
    """By the fields ``names``, the first of which comes in the given order."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        if record["kind"] == kind:
            groups.setdefault(tuple(record[name] for name in names), []).append(record)
    places = {name: place for place, name in enumerate(order)}
    return sorted(groups.items(), key=lambda item: (places.get(item[0][0], len(places)), *item[0]))
