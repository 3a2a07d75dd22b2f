"""What the records add up to. Pure: from the JSON document's records to numbers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from math import ceil, inf
from statistics import median
from typing import Any, Literal

__all__ = [
    "Dose",
    "FirstCommand",
    "Gate",
    "SpeedupTally",
    "Verdicts",
    "covers",
    "doses",
    "first_commands",
    "gates",
    "is_false_failure",
    "is_wrong_pass",
    "quantile",
    "share",
    "speedups",
    "verdicts",
    "width",
]

type Record = dict[str, Any]


def quantile(values: Iterable[float], part: float) -> float:
    """The smallest value that ``part`` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(ceil(part * len(ordered)), 1) - 1]


def covers(record: Record, quantity: Literal["drop", "transmission"] = "drop") -> bool | None:
    """Whether the interval holds the truth. An end that is None is open; None where there is no estimate."""
    found, true = record[quantity], record[f"true_{quantity}"]
    if found is None:
        return None
    return (found["low"] is None or found["low"] <= true) and (found["high"] is None or true <= found["high"])


def width(estimate: Record | None) -> float:
    """Of its interval: infinite where an end is open, or where there is none."""
    if estimate is None or estimate["low"] is None or estimate["high"] is None:
        return inf
    return float(estimate["high"] - estimate["low"])


def share(flags: Iterable[bool | None]) -> tuple[int, int]:
    """How many are true, of how many that are known."""
    known = [flag for flag in flags if flag is not None]
    return sum(known), len(known)


def _grouped[K: tuple[Any, ...]](records: Iterable[Record], key: Callable[[Record], K]) -> list[tuple[K, list[Record]]]:
    return [(name, list(group)) for name, group in groupby(sorted(records, key=key), key)]


def is_false_failure(record: Record) -> bool:
    """It says ``sensitive`` where the drop keeps the budget, or lies on it."""
    return record["verdict"] == "sensitive" and (_is_at_budget(record) or record["true_drop"] <= record["budget"])


def is_wrong_pass(record: Record) -> bool:
    """It says ``insensitive`` where the drop breaks the budget, or lies on it."""
    return record["verdict"] == "insensitive" and (_is_at_budget(record) or record["true_drop"] >= record["budget"])


def _is_at_budget(record: Record) -> bool:
    """By intent: what the machine makes of that is on either side, by a little."""
    return bool(record["aim"] == record["budget"])


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Verdicts on one effect. ``covered`` is (intervals of the drop that hold the truth, intervals), and ``reached``
    the same of the transmission."""

    condition: str
    case: str
    label: str
    n: int
    true_drop: float
    insensitive: int
    sensitive: int
    inconclusive: int
    void: int
    false_failures: int
    wrong_passes: int
    covered: tuple[int, int]
    reached: tuple[int, int]
    median_s: float
    p90_s: float
    median_pairs: float
    median_width: float


def _verdicts(condition: str, case: str, label: str, group: list[Record]) -> Verdicts:
    def count(verdict: str) -> int:
        return sum(one["verdict"] == verdict for one in group)

    return Verdicts(
        condition,
        case,
        label,
        len(group),
        median(one["true_drop"] for one in group),
        count("insensitive"),
        count("sensitive"),
        count("inconclusive"),
        count("void"),
        sum(map(is_false_failure, group)),
        sum(map(is_wrong_pass, group)),
        share(covers(one) for one in group),
        share(covers(one, "transmission") for one in group),
        median(one["seconds"] for one in group),
        quantile([one["seconds"] for one in group], 0.9),
        median(one["pairs"] for one in group),
        median(width(one["drop"]) for one in group),
    )


def verdicts(records: Iterable[Record], *, by_label: bool = True) -> list[Verdicts]:
    """By condition, case and label; without ``by_label`` all of a case together, under the label "all"."""
    chosen = [one for one in records if one["kind"] == "verdict"]

    def key(one: Record) -> tuple[str, str, str]:
        return one["condition"], one["case"], one["label"] if by_label else "all"

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
    reached: tuple[int, int]

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
            share(covers(one, "transmission") for one in group),
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


GATED = {"no effect": "A/A", "twice the budget": "4%"}


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
        elif one["kind"] == "verdict" and one["case"] in GATED:
            add(one, GATED[one["case"]], "speedbump", one["verdict"] == "sensitive", one["verdict"] == "insensitive")
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
class FirstCommand:
    """The README's: medians over repetitions. ``narrow`` is (intervals narrower than half their drop, drops found)."""

    condition: str
    n: int
    seconds: float
    narrow: tuple[int, int]


def first_commands(records: Iterable[Record]) -> list[FirstCommand]:
    """By condition. A target that is proved not to matter has no drop that could be compared with an interval."""
    chosen = [one for one in records if one["kind"] == "first command"]

    def drops(group: list[Record]) -> list[Record]:
        found = [result for one in group for result in one["results"]]
        return [one["drop"] for one in found if one["verdict"] in ("measured", "sensitive") and one["drop"] is not None]

    return [
        FirstCommand(
            condition,
            len(group),
            median(one["seconds"] for one in group),
            share(width(drop) < abs(drop["estimate"]) / 2 for drop in drops(group)),
        )
        for (condition,), group in _grouped(chosen, lambda one: (one["condition"],))
    ]


@dataclass(frozen=True, slots=True)
class SpeedupTally:
    """Medians over repetitions, as shares of throughput; ``worst`` is the largest error of a single one. None where no
    repetition gave a prediction."""

    name: str
    n: int
    predicted: float | None
    real: float
    worst: float | None
    crosses: bool

    @property
    def error(self) -> float | None:
        return None if self.predicted is None else self.predicted - self.real


def speedups(records: Iterable[Record]) -> list[SpeedupTally]:
    chosen = [one for one in records if one["kind"] == "speedup"]

    def predicted(group: list[Record]) -> list[Record]:
        return [one for one in group if one["predicted"] is not None]

    return [
        SpeedupTally(
            name,
            len(group),
            median(one["predicted"] for one in predicted(group)) if predicted(group) else None,
            median(one["real"] for one in group),
            max((abs(one["predicted"] - one["real"]) for one in predicted(group)), default=None),
            crosses,
        )
        for (crosses, name), group in _grouped(chosen, lambda one: (one["crosses"], one["speedup"]))
    ]
