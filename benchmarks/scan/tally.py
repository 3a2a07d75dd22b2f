"""What the records add up to. Pure: from the JSON document's records to numbers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from statistics import mean, median
from typing import Any

__all__ = [
    "Agreement",
    "Gain",
    "Hidden",
    "KnownSystem",
    "PackageScans",
    "Sampled",
    "Saved",
    "agreements",
    "gains",
    "hidden",
    "knowns",
    "packages",
    "sampled",
    "saved",
    "z",
]

type Record = dict[str, Any]

MATTERS = 0.01  # a true gain that must not be missed
REPORTED = 0.005  # a gain that must not be reported...
NOTHING = 0.002  # ...where the truth is less than this
STANDARD_ERRORS = 1.96  # from the middle of an interval to its end
WITHIN = 2.0  # standard errors
FOUND = ("critical", "partly")
LEFT = ("free", "small")


def _grouped(records: Iterable[Record], kind: str, *names: str) -> list[tuple[tuple[Any, ...], list[Record]]]:
    chosen = sorted((one for one in records if one["kind"] == kind), key=lambda one: [one[name] for name in names])
    return [(name, list(group)) for name, group in groupby(chosen, lambda one: tuple(one[name] for name in names))]


# ---- packages ----


def _true_shares(records: Iterable[Record]) -> dict[str, dict[str, float]]:
    """By package and function, medians of all looks; every delay arrives there, so that they are the gains, too."""
    return {
        package: {name: median(shares) for name, shares in _looks(group).items()}
        for (package,), group in _grouped(records, "shares", "package")
        if _looks(group)
    }


def _looks(group: list[Record]) -> dict[str, list[float]]:
    """The share of each function in each look that saw a round."""
    seen = [one for one in group if one["total"]]
    names = {name for one in seen for name in one["samples"]}
    return {name: [one["samples"].get(name, 0) / one["total"] for one in seen] for name in names}


@dataclass(frozen=True, slots=True)
class Sampled:
    """How well the truth is known.

    Attributes:
        looks: at the package, of ``samples`` in all.
        apart: the median distance of a look from the median of all, over functions of 1 % and more, as a share of the
            round; ``worst`` the largest.
    """

    package: str
    looks: int
    samples: int
    apart: float
    worst: float


def sampled(records: Iterable[Record]) -> list[Sampled]:
    found = []
    for (package,), group in _grouped(records, "shares", "package"):
        big = [shares for shares in _looks(group).values() if median(shares) >= MATTERS]
        apart = [abs(share - median(shares)) for shares in big for share in shares]
        if apart:
            total = sum(one["total"] for one in group)
            found.append(Sampled(package, len(group), total, median(apart), max(apart)))
    return found


@dataclass(frozen=True, slots=True)
class PackageScans:
    """Scans of one package; counts are sums over ``n`` of them.

    Attributes:
        functions: ranked, in the median.
        seconds: median and longest; ``round_ns`` and ``pairs`` are medians.
        matter: functions whose true gain is 1 % and more. Each is found (critical or partly), or not resolved, or
            missed: said to be free or small, or not ranked at all.
        false: a gain of 0.5 % and more is reported where the truth is less than 0.2 %.
        known: whether there are true shares; else the counts mean nothing.
    """

    condition: str
    package: str
    n: int
    functions: float
    round_ns: float
    pairs: float
    seconds: float
    longest_s: float
    matter: int
    found: int
    unresolved: int
    missed: int
    false: int
    known: bool


def packages(records: list[Record]) -> list[PackageScans]:
    """By condition and package."""
    shares = _true_shares(records)
    return [
        _package(condition, package, group, shares.get(package, {}))
        for (condition, package), group in _grouped(records, "package", "condition", "package")
    ]


def _package(condition: str, package: str, group: list[Record], shares: dict[str, float]) -> PackageScans:
    answers: Counter[str] = Counter()
    false = 0
    for one in group:
        # The sampler cannot tell apart what has one name and place, such as the __init__ that dataclasses generate.
        verdicts: dict[str, list[str]] = {}
        for function in one["functions"]:
            verdicts.setdefault(function["name"], []).append(function["verdict"])
        for name, share in shares.items():
            if share >= MATTERS:
                answers[min(verdicts.get(name, ["small"]), key=[*FOUND, "unresolved", *LEFT].index)] += 1
        false += sum(
            function["gain"] is not None
            and function["gain"]["estimate"] >= REPORTED
            and shares.get(function["name"], 0.0) < NOTHING
            for function in one["functions"]
        )
    return PackageScans(
        condition,
        package,
        len(group),
        median(len(one["functions"]) for one in group),
        median(one["round_ns"] or 0.0 for one in group),
        median(one["pairs"] for one in group),
        median(one["seconds"] for one in group),
        max(one["seconds"] for one in group),
        answers.total(),
        sum(answers[verdict] for verdict in FOUND),
        answers["unresolved"],
        sum(answers[verdict] for verdict in LEFT),
        false,
        bool(shares),
    )


@dataclass(frozen=True, slots=True)
class Agreement:
    """Scans of a package beside a hog, against those on a quiet machine.

    Attributes:
        same, of: functions that are told alike, of those that are resolved in both conditions and whose truth is clear:
            1 % and more, or less than 0.2 %. What is told is what most scans say: that it matters, or not.
        slower: ratio of the median seconds.
    """

    package: str
    same: int
    of: int
    slower: float


def agreements(records: list[Record]) -> list[Agreement]:
    shares = _true_shares(records)
    scans = dict(_grouped(records, "package", "condition", "package"))
    found = []
    for condition, package in scans:
        quiet, hog = scans.get(("quiet", package)), scans.get(("hog", package))
        if condition != "hog" or quiet is None or hog is None or package not in shares:
            continue
        clear = [name for name, share in shares[package].items() if not NOTHING <= share < MATTERS]
        told = [(_told(quiet, name), _told(hog, name)) for name in clear]
        both = [one for one in told if None not in one]
        slower = median(one["seconds"] for one in hog) / median(one["seconds"] for one in quiet)
        found.append(Agreement(package, sum(a == b for a, b in both), len(both), slower))
    return found


def _told(scans: list[Record], name: str) -> bool | None:
    """Whether it matters, as most scans say that say anything."""
    verdicts = [one["verdict"] for scan in scans for one in scan["functions"] if one["name"] == name]
    found, left = (sum(verdict in kinds for verdict in verdicts) for kinds in (FOUND, LEFT))
    return None if found == left else found > left


# ---- known systems ----


def z(function: Record) -> float | None:
    """By how many standard errors, as its interval has them, its transmission is off; None where one is not known."""
    found, true = function["transmission"], function["true_transmission"]
    if found is None or true is None or found["low"] is None or found["high"] is None or found["high"] <= found["low"]:
        return None
    return float((found["estimate"] - true) / ((found["high"] - found["low"]) / 2 / STANDARD_ERRORS))


@dataclass(frozen=True, slots=True)
class KnownSystem:
    """Scans of one system; counts are sums over ``n`` of them.

    Attributes:
        functions: that there are.
        ranked: with a transmission and an interval; ``within`` two standard errors of the truth.
        worst: the farthest from it, in standard errors; ``off``: the median distance of transmissions, in either
            direction.
        slacks: (estimate or None, truth) of the joint slack in ns, of each scan where there is a truth.
        seconds: median.
    """

    condition: str
    system: str
    n: int
    functions: int
    ranked: int
    within: int
    worst: float | None
    off: float | None
    slacks: tuple[tuple[float | None, float], ...]
    seconds: float

    @property
    def slack_errors(self) -> list[float | None]:
        """Of each scan, as a share of the truth; None where the scan tells no joint slack."""
        return [None if found is None else found / true - 1 for found, true in self.slacks]


def knowns(records: Iterable[Record]) -> list[KnownSystem]:
    """By condition and system."""
    return [
        _known(condition, system, group)
        for (condition, system), group in _grouped(records, "known", "condition", "system")
    ]


def _known(condition: str, system: str, group: list[Record]) -> KnownSystem:
    functions = [function for one in group for function in one["functions"]]
    found = [value for value in map(z, functions) if value is not None]
    off = [
        abs(one["transmission"]["estimate"] - one["true_transmission"])
        for one in functions
        if one["transmission"] is not None and one["true_transmission"] is not None
    ]
    slacks = tuple(
        (one["joint_slack_ns"] and one["joint_slack_ns"]["estimate"], one["true_joint_slack_ns"])
        for one in group
        if one["true_joint_slack_ns"] is not None
    )
    return KnownSystem(
        condition,
        system,
        len(group),
        sum(one["expected"] for one in group),
        len(found),
        sum(abs(value) <= WITHIN for value in found),
        max(found, key=abs, default=None),
        median(off) if off else None,
        slacks,
        median(one["seconds"] for one in group),
    )


# ---- nothing critical ----


@dataclass(frozen=True, slots=True)
class Hidden:
    """Scans of systems in which nothing is critical.

    Attributes:
        confirmed: scans that confirm any function all the same; ``called``: that call one critical or partly, unproved
            or not.
        empty: that rank nothing, and so cannot err.
    """

    condition: str
    n: int
    empty: int
    called: int
    confirmed: int
    functions: float
    seconds: float


def hidden(records: Iterable[Record]) -> list[Hidden]:
    """By condition."""
    return [
        Hidden(
            condition,
            len(group),
            sum(not one["ranked"] for one in group),
            sum(bool(one["called_critical"]) for one in group),
            sum(bool(one["confirmed"]) for one in group),
            median(one["functions"] for one in group),
            median(one["seconds"] for one in group),
        )
        for (condition,), group in _grouped(records, "hidden", "condition")
    ]


# ---- gains, and single measurements ----


@dataclass(frozen=True, slots=True)
class Gain:
    """Costs predicted and really removed, as shares of the round: medians; ``worst`` is the largest error of one."""

    removal: str
    n: int
    predicted: float | None
    real: float
    worst: float | None


def gains(records: Iterable[Record]) -> list[Gain]:
    found = []
    for (removal,), group in _grouped(records, "gain", "removal"):
        told = [one for one in group if one["predicted"] is not None]
        predicted = [one["predicted"]["estimate"] for one in told]
        worst = max((abs(one["predicted"]["estimate"] - one["real"]) for one in told), default=None)
        real = median(one["real"] for one in group)
        found.append(Gain(removal, len(group), median(predicted) if predicted else None, real, worst))
    return found


@dataclass(frozen=True, slots=True)
class Saved:
    """A scan of ``functions`` against measurements of each by itself.

    Attributes:
        single_s: that one measurement would take until its transmission is known as well as the scan knows it, in the
            mean over ``sample``: errors fall with the root of the time.
        share: of the time of all those, that the scan takes.
    """

    package: str
    functions: int
    scan_s: float
    sample: int
    single_s: float
    share: float


def saved(records: Iterable[Record]) -> list[Saved]:
    found = []
    for one in records:
        if one["kind"] != "singles":
            continue
        times = [
            single["seconds"] * (error / single["scan_error"]) ** 2
            for single in one["singles"]
            if (error := _error(single["transmission"])) is not None
        ]
        if times:
            single_s = mean(times)
            share = one["seconds"] / (single_s * one["functions"])
            found.append(Saved(one["package"], one["functions"], one["seconds"], len(times), single_s, share))
    return found


def _error(estimate: Record | None) -> float | None:
    if estimate is None or estimate["low"] is None or estimate["high"] is None:
        return None
    return float(estimate["high"] - estimate["low"]) / 2
