"""What the records add up to. Pure: from the JSON document's records to numbers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from statistics import median
from typing import Any

from pytest_speedbump.units import format_time

__all__ = [
    "Dose",
    "Gate",
    "SpeedupTally",
    "Verdicts",
    "covers",
    "doses",
    "gates",
    "quantile",
    "share",
    "speedups",
    "verdicts",
]

type Record = dict[str, Any]


def quantile(values: Iterable[float], part: float) -> float:
    """The smallest value that ``part`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(ceil(part * len(ordered)), 1) - 1]


def covers(record: Record) -> bool | None:
    """Whether the interval of the drop holds the truth. An end that is None is open; None where there is no drop."""
    drop, true = record["drop"], record["true_drop"]
    if drop is None:
        return None
    return (drop["low"] is None or drop["low"] <= true) and (drop["high"] is None or true <= drop["high"])


def share(flags: Iterable[bool | None]) -> tuple[int, int]:
    """How many are true, of how many that are known."""
    known = [flag for flag in flags if flag is not None]
    return sum(known), len(known)


def _grouped[K: tuple[Any, ...]](records: Iterable[Record], key: Callable[[Record], K]) -> list[tuple[K, list[Record]]]:
    return [(name, list(group)) for name, group in groupby(sorted(records, key=key), key)]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Verdicts on one effect. A false failure says ``sensitive`` where the drop keeps the budget; a wrong pass says
    ``insensitive`` where it breaks it. ``covered`` is (intervals that hold the truth, intervals)."""

    condition: str
    aim: float
    system: str
    n: int
    insensitive: int
    sensitive: int
    inconclusive: int
    void: int
    false_failures: int
    wrong_passes: int
    covered: tuple[int, int]
    median_s: float
    p90_s: float


def _verdicts(condition: str, aim: float, system: str, group: list[Record]) -> Verdicts:
    def count(verdict: str) -> int:
        return sum(one["verdict"] == verdict for one in group)

    return Verdicts(
        condition,
        aim,
        system,
        len(group),
        count("insensitive"),
        count("sensitive"),
        count("inconclusive"),
        count("void"),
        sum(one["verdict"] == "sensitive" and one["true_drop"] <= one["budget"] for one in group),
        sum(one["verdict"] == "insensitive" and one["true_drop"] >= one["budget"] for one in group),
        share(covers(one) for one in group),
        median(one["seconds"] for one in group),
        quantile([one["seconds"] for one in group], 0.9),
    )


def verdicts(records: Iterable[Record], *, by_system: bool = True) -> list[Verdicts]:
    """By condition, true drop and system; without ``by_system`` all systems together, under the name "all"."""
    chosen = [one for one in records if one["kind"] == "verdict"]

    def key(one: Record) -> tuple[str, float, str]:
        system = one["system"] if one["aim"] else f"{one['system']}, {format_time(one['delay_ns'])}"
        return one["condition"], one["aim"], system if by_system else "all"

    return [_verdicts(*name, group) for name, group in _grouped(chosen, key)]


@dataclass(frozen=True, slots=True)
class Dose:
    """Medians over repetitions; None where no repetition gave a number."""

    condition: str
    system: str
    delay_ns: float
    n: int
    true_drop: float
    drop: float | None
    true_transmission: float
    transmission: float | None
    covered: tuple[int, int]

    @property
    def error(self) -> float | None:
        """Of the transmission."""
        return None if self.transmission is None else self.transmission - self.true_transmission


def doses(records: Iterable[Record]) -> list[Dose]:
    """By condition, system and delay."""
    chosen = [one for one in records if one["kind"] == "dose"]

    def key(one: Record) -> tuple[str, str, float]:
        return one["condition"], one["system"], one["delay_ns"]

    def middle(group: list[Record], name: str) -> float | None:
        known = [one[name]["estimate"] for one in group if one[name] is not None]
        return median(known) if known else None

    return [
        Dose(
            condition,
            system,
            delay_ns,
            len(group),
            median(one["true_drop"] for one in group),
            middle(group, "drop"),
            median(one["true_transmission"] for one in group),
            middle(group, "transmission"),
            share(covers(one) for one in group),
        )
        for (condition, system, delay_ns), group in _grouped(chosen, key)
    ]


@dataclass(frozen=True, slots=True)
class Gate:
    """How often a way to gate fails a commit, and how long it takes."""

    condition: str
    case: str
    way: str
    n: int
    failed: int
    passed: int
    median_s: float


AIMS = {0.0: "A/A", 0.04: "4%"}


def gates(records: Iterable[Record]) -> list[Gate]:
    """pytest-benchmark's two ways and ours, for each condition and case."""
    rows: list[Record] = []

    def add(one: Record, case: str, way: str, failed: bool, passed: bool) -> None:
        of = {"condition": one["condition"], "case": case, "way": way}
        rows.append({**of, "failed": failed, "passed": passed, "seconds": one["seconds"]})

    for one in records:
        if one["kind"] == "gate":
            for field, failed in one["failed"].items():
                add(one, one["case"], f"compare-fail={field}:2%", failed, not failed)
        elif one["kind"] == "verdict" and one["aim"] in AIMS:
            add(one, AIMS[one["aim"]], "speedbump", one["verdict"] == "sensitive", one["verdict"] == "insensitive")
    return [
        Gate(
            condition,
            case,
            way,
            len(group),
            sum(row["failed"] for row in group),
            sum(row["passed"] for row in group),
            median(row["seconds"] for row in group),
        )
        for (condition, case, way), group in _grouped(rows, lambda row: (row["condition"], row["case"], row["way"]))
    ]


@dataclass(frozen=True, slots=True)
class SpeedupTally:
    """Medians over repetitions, as shares of throughput; ``worst`` is the largest error of a single one."""

    name: str
    n: int
    predicted: float
    real: float
    worst: float
    crosses: bool


def speedups(records: Iterable[Record]) -> list[SpeedupTally]:
    chosen = [one for one in records if one["kind"] == "speedup"]
    return [
        SpeedupTally(
            name,
            len(group),
            median(one["predicted"] for one in group),
            median(one["real"] for one in group),
            max(abs(one["predicted"] - one["real"]) for one in group),
            crosses,
        )
        for (crosses, name), group in _grouped(chosen, lambda one: (one["crosses"], one["speedup"]))
    ]
