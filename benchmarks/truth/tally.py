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
    "Figure",
    "Gate",
    "SpeedupTally",
    "Verdicts",
    "covers",
    "doses",
    "figures",
    "gates",
    "quantile",
    "speedups",
    "verdicts",
]

type Record = dict[str, Any]


def quantile(values: Iterable[float], share: float) -> float:
    """The smallest value that ``share`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(ceil(share * len(ordered)), 1) - 1]


def covers(record: Record) -> bool | None:
    """Whether the interval of the drop holds the truth. An end that is None is open; None where there is no drop."""
    drop, true = record["drop"], record["true_drop"]
    if drop is None:
        return None
    return (drop["low"] is None or drop["low"] <= true) and (drop["high"] is None or true <= drop["high"])


def _share(flags: Iterable[bool | None]) -> tuple[int, int]:
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
        _share(covers(one) for one in group),
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
            _share(covers(one) for one in group),
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


CASES = {0.0: "A/A", 0.04: "4%"}


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
        elif one["kind"] == "verdict" and one["aim"] in CASES:
            add(one, CASES[one["aim"]], "speedbump", one["verdict"] == "sensitive", one["verdict"] == "insensitive")
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


@dataclass(frozen=True, slots=True)
class Figure:
    """One promise: what was wanted, what was found, whether it was reached."""

    what: str
    wanted: str
    found: str
    reached: bool


PROMISES = {  # condition: share of right verdicts, median seconds of a pass
    "quiet": (0.95, 0.3),
    "hog": (0.90, 0.6),
}
MOST_WRONG = 0.01
COVERAGE = 0.95
TRANSMISSION_ERROR = 0.02
SPEEDUP_ERROR = 0.01


def figures(records: Iterable[Record]) -> list[Figure]:
    """The figures to reach, as far as there are records for them."""
    records = list(records)
    found = []
    together = {(one.condition, one.aim): one for one in verdicts(records, by_system=False)}
    for condition, (right, seconds) in PROMISES.items():
        none, twice = together.get((condition, 0.0)), together.get((condition, 0.04))
        if none is not None:
            found += [
                _at_most(f"A/A, {condition}: false failures", none.false_failures, none.n, MOST_WRONG),
                _at_least(f"A/A, {condition}: insensitive", none.insensitive, none.n, right),
            ]
        if twice is not None:
            found += [
                _at_most(f"twice the budget, {condition}: wrong passes", twice.wrong_passes, twice.n, MOST_WRONG),
                _at_least(f"twice the budget, {condition}: sensitive", twice.sensitive, twice.n, right),
            ]
        covered = [covers(one) for one in records if one["condition"] == condition and "true_drop" in one]
        if any(flag is not None for flag in covered):
            found.append(_at_least(f"95 % intervals, {condition}: cover", *_share(covered), COVERAGE))
        times = [
            one["seconds"]
            for one in records
            if one["kind"] == "verdict" and one["condition"] == condition and one["aim"] == 0
        ]
        if times:
            middle = median(times)
            text = f"{middle:.2f} s"
            found.append(
                Figure(f"A/A, {condition}: median time to a verdict", f"<= {seconds} s", text, middle <= seconds)
            )
    measured = [one for one in doses(records) if one.condition == "quiet" and one.error is not None]
    if measured:
        near = sum(abs(one.error or 0) <= TRANSMISSION_ERROR for one in measured)
        text = f"{near} of {len(measured)}"
        found.append(Figure("transmission, quiet: within 0.02 of the truth", "each", text, near == len(measured)))
    predicted = [one for one in speedups(records) if not one.crosses]
    if predicted:
        near = sum(abs(one.predicted - one.real) <= SPEEDUP_ERROR for one in predicted)
        text = f"{near} of {len(predicted)}"
        found.append(Figure("predicted speedup: within 1 point", "each", text, near == len(predicted)))
    return found


def _at_most(what: str, count: int, n: int, share: float) -> Figure:
    return Figure(what, f"<= {share:.0%}", f"{count} of {n} ({count / n:.1%})", count <= share * n)


def _at_least(what: str, count: int, n: int, share: float) -> Figure:
    return Figure(what, f">= {share:.0%}", f"{count} of {n} ({count / n:.1%})", count >= share * n)
