"""What documents say of a promise. Pure: each function makes a reading, from a document to a finding."""

from collections.abc import Collection, Iterable
from statistics import median
from typing import Literal

from benchmarks.documents import Document
from benchmarks.figures.promise import Finding, Reading
from benchmarks.micro.delivery import Delivery
from benchmarks.micro.sidebyside import SideBySide
from benchmarks.reach import tally as reached
from benchmarks.scan import tally as scans
from benchmarks.truth import tally
from pytest_speedbump.units import format_time

__all__ = [
    "added_nothing",
    "added_ratio",
    "coverage",
    "delivered",
    "delivered_afresh",
    "dosed",
    "equal_counts",
    "false_failures",
    "first_command",
    "half_width",
    "narrow_intervals",
    "pairs_to_pass",
    "predictions",
    "reach_added",
    "reach_delivered",
    "reach_transmissions",
    "reach_unmatched",
    "scan_beside_a_hog",
    "scan_errors",
    "scan_false_criticals",
    "scan_gains",
    "scan_saves",
    "scan_slacks",
    "scan_time",
    "scan_transmissions",
    "smallest_budget",
    "total_added",
    "transmissions",
    "unslowed",
    "verdict_share",
    "verdict_time",
]


# ---- micro ----


def _case(document: Document, name: str) -> SideBySide | None:
    found = [SideBySide.from_json(result) for result in document["side_by_side"] if result["case"] == name]
    return found[0] if found else None


def added_ratio(case: str, over: str, under: str, most: float) -> Reading:
    """What one backend adds, against another."""

    def read(document: Document) -> Finding | None:
        result = _case(document, case)
        if result is None:
            return None
        ratio, mine, theirs = result.ratio(over, under), result.added(over), result.added(under)
        if ratio is None or mine is None or theirs is None:
            return None
        values = {"ratio": ratio, f"{over}_ns": mine, f"{under}_ns": theirs}
        return Finding(f"{ratio:.2f} x ({mine:.1f} ns, {theirs:.1f} ns)", ratio <= most, values)

    return read


def added_nothing(case: str, noise: float) -> Reading:
    """Nothing that could be told from ``noise``, a share of the bare work."""

    def read(document: Document) -> Finding | None:
        result = _case(document, case)
        added = None if result is None else result.added("core")
        if result is None or added is None:
            return None
        bare = result.ns["uninstrumented"]
        text = f"{added:+.2f} ns ({added / bare:+.1%} of a call)"
        return Finding(text, abs(added) <= noise * bare, {"added_ns": added, "bare_ns": bare})

    return read


def total_added(case: str, operations: int, most_ms: float) -> Reading:
    def read(document: Document) -> Finding | None:
        result = _case(document, case)
        added = None if result is None else result.added("core")
        if added is None:
            return None
        ms = added * operations / 1e6
        return Finding(f"{ms:.2f} ms", ms <= most_ms, {"ms": ms})

    return read


def delivered(delay_ns: float, within_ns: float, within: float) -> Reading:
    """The error of a delay is at most the larger of ``within_ns`` and the share ``within``."""

    def read(document: Document) -> Finding | None:
        for one in document["delivery"]:
            if one["backend"] == "core" and one["requested_ns"] == delay_ns:
                error = one["delivered_ns"] - delay_ns
                text = f"{error:+.1f} ns ({error / delay_ns:+.2%})"
                values = {"requested_ns": delay_ns, "delivered_ns": one["delivered_ns"]}
                return Finding(text, abs(error) <= max(within_ns, within * delay_ns), values)
        return None

    return read


def delivered_afresh(delay_ns: float, least: float) -> Reading:
    """The share of fresh processes in which the delay is exact, as :class:`Delivery` says it."""

    def read(document: Document) -> Finding | None:
        processes = [[Delivery(**one) for one in found] for found in document["delivery_afresh"]]
        exact = [one.is_exact for found in processes for one in found if one.requested_ns == delay_ns]
        return _share(sum(exact), len(exact), least=least) if exact else None

    return read


def equal_counts(document: Document) -> Finding | None:
    counting = document["counting"]
    if counting is None:
        return None
    text = f"{counting['codes']} code objects, {counting['calls']:,} calls, {counting['differ']} differ"
    return Finding(text, counting["differ"] == 0 < counting["codes"], counting)


def dosed(most_ns: float) -> Reading:
    """What a plan of doses adds to an undelayed call, against a uniform one."""

    def read(document: Document) -> Finding | None:
        plans = document.get("plans")
        return None if plans is None else Finding(f"{plans['added']:+.2f} ns", plans["added"] <= most_ns, plans)

    return read


# ---- e2e ----


def unslowed(scenario: str, bare: str, most: float) -> Reading:
    """The median of one scenario is over that of another by the share ``most`` at most."""

    def read(document: Document) -> Finding | None:
        medians = {result["name"]: result["median"] for result in document["results"]}
        if not {scenario, bare} <= medians.keys():
            return None
        added = medians[scenario] - medians[bare]
        text = f"{added * 1e3:+.0f} ms of {medians[bare] * 1e3:.0f} ms ({added / medians[bare]:+.1%})"
        values = {"added_seconds": added, "bare_seconds": medians[bare]}
        return Finding(text, added <= most * medians[bare], values)

    return read


# ---- truth ----


def _verdicts(document: Document, condition: str, case: str) -> tally.Verdicts | None:
    for one in tally.verdicts(document["records"], by_label=False):
        if (one.condition, one.case) == (condition, case):
            return one
    return None


def verdict_share(
    condition: str,
    *cases: str,
    field: str,
    least: float | None = None,
    most: float | None = None,
    over: int = 1,
) -> Reading:
    """The share of verdicts in these cases that ``field`` of the tally counts; fewer than ``over`` tell nothing."""

    def read(document: Document) -> Finding | None:
        found = [one for case in cases if (one := _verdicts(document, condition, case)) is not None]
        n = sum(one.n for one in found)
        return None if n < over else _share(sum(getattr(one, field) for one in found), n, least=least, most=most)

    return read


def false_failures(condition: str, over: int) -> Reading:
    """None among all verdicts on drops that keep their budget; fewer than ``over`` of them tell nothing."""

    def read(document: Document) -> Finding | None:
        kept = [
            one
            for one in document["records"]
            if one["kind"] == "verdict" and one["condition"] == condition and one["true_drop"] <= one["budget"]
        ]
        return None if len(kept) < over else _share(sum(map(tally.is_false_failure, kept)), len(kept), most=0)

    return read


def verdict_time(condition: str, case: str, most_s: float) -> Reading:
    def read(document: Document) -> Finding | None:
        one = _verdicts(document, condition, case)
        if one is None:
            return None
        return Finding(f"{one.median_s:.2f} s", one.median_s <= most_s, {"seconds": one.median_s})

    return read


def half_width(condition: str, case: str, most: float) -> Reading:
    """Half of the interval of the drop, in the median."""

    def read(document: Document) -> Finding | None:
        one = _verdicts(document, condition, case)
        if one is None:
            return None
        half = one.median_width / 2
        text = f"+- {100 * half:.1f} points after {one.median_pairs:.0f}"
        return Finding(text, half <= most, {"half_width": half, "pairs": one.median_pairs})

    return read


def pairs_to_pass(condition: str, case: str, most: float) -> Reading:
    """The pairs of rounds that a pass takes, in the median; each must pass."""

    def read(document: Document) -> Finding | None:
        one = _verdicts(document, condition, case)
        if one is None:
            return None
        text = f"{one.median_pairs:.0f}, {one.insensitive} of {one.n} passed"
        return Finding(text, one.insensitive == one.n and one.median_pairs <= most, {"pairs": one.median_pairs})

    return read


def smallest_budget(case: str, wanted: float) -> Reading:
    """The smallest one that most verdicts of the case prove, on a quiet machine."""

    def read(document: Document) -> Finding | None:
        passes: dict[float, list[bool]] = {}
        for one in document["records"]:
            if one["kind"] == "verdict" and (one["condition"], one["case"]) == ("quiet", case):
                passes.setdefault(one["budget"], []).append(one["verdict"] == "insensitive")
        if not passes:
            return None
        proved = [budget for budget, passed in passes.items() if sum(passed) > len(passed) / 2]
        if not proved:
            return Finding("none", False, {})
        return Finding(f"{min(proved):.3%}", min(proved) <= wanted, {"budget": min(proved)})

    return read


def coverage(condition: str, quantity: Literal["drop", "transmission"], least: float) -> Reading:
    """Of all intervals whose truth is known."""

    def read(document: Document) -> Finding | None:
        chosen = [one for one in document["records"] if one["condition"] == condition and "true_drop" in one]
        held, n = tally.share(tally.covers(one, quantity) for one in chosen if quantity in one)
        return _share(held, n, least=least) if n else None

    return read


def first_command(condition: str, most_s: float) -> Reading:
    """How long the README's first command takes."""

    def read(document: Document) -> Finding | None:
        for one in tally.first_commands(document["records"]):
            if one.condition == condition:
                return Finding(f"{one.seconds:.1f} s", one.seconds <= most_s, {"seconds": one.seconds})
        return None

    return read


def narrow_intervals(condition: str) -> Reading:
    """Each drop that the README's first command finds has an interval narrower than half of it."""

    def read(document: Document) -> Finding | None:
        for one in tally.first_commands(document["records"]):
            if one.condition == condition:
                return _share(*one.narrow, least=1) if one.narrow[1] else None
        return None

    return read


def transmissions(within: float, system: str | None = None) -> Reading:
    """Each dose of a system, or of all, on a quiet machine."""

    def read(document: Document) -> Finding | None:
        chosen = [one for one in tally.doses(document["records"]) if one.condition == "quiet"]
        return _each((one.error for one in chosen if system in (None, one.system)), within)

    return read


def predictions(within: float) -> Reading:
    """Each predicted speedup, unless the bottleneck moves on the way: a slope cannot know that."""

    def read(document: Document) -> Finding | None:
        chosen = [one for one in tally.speedups(document["records"]) if not one.crosses]
        return _each((one.error for one in chosen), within)

    return read


# ---- scan ----


def scan_time(condition: str, package: str, most_s: float) -> Reading:
    """The median scan of a package."""

    def read(document: Document) -> Finding | None:
        one = _package_scans(document, condition, package)
        if one is None:
            return None
        text = f"{one.seconds:.1f} s, {one.functions:.0f} functions of {one.round_ns / 1e6:.1f} ms"
        return Finding(text, one.seconds <= most_s, {"seconds": one.seconds, "functions": one.functions})

    return read


def scan_errors(condition: str, package: str) -> Reading:
    """Nothing missed, nothing falsely reported; what is not resolved is said, and is no error."""

    def read(document: Document) -> Finding | None:
        one = _package_scans(document, condition, package)
        if one is None or not one.known:
            return None
        text = f"{one.missed} missed, {one.unresolved} unresolved of {one.matter}; {one.false} false"
        values = {"missed": one.missed, "unresolved": one.unresolved, "matter": one.matter, "false": one.false}
        return Finding(text, one.missed == one.false == 0, {name: float(value) for name, value in values.items()})

    return read


def _package_scans(document: Document, condition: str, package: str) -> scans.PackageScans | None:
    for one in scans.packages(document["records"]):
        if (one.condition, one.package) == (condition, package):
            return one
    return None


def scan_transmissions(least: float) -> Reading:
    """The share of functions of known systems, on a quiet machine, that are within two standard errors."""

    def read(document: Document) -> Finding | None:
        quiet = [one for one in scans.knowns(document["records"]) if one.condition == "quiet"]
        ranked = sum(one.ranked for one in quiet)
        return _share(sum(one.within for one in quiet), ranked, least=least) if ranked else None

    return read


def scan_slacks(within: float) -> Reading:
    """The joint slack of each scan of a known system on a quiet machine; one that is not told is not within."""

    def read(document: Document) -> Finding | None:
        quiet = [one for one in scans.knowns(document["records"]) if one.condition == "quiet"]
        errors = [error for one in quiet for error in one.slack_errors]
        return _each(errors, within)

    return read


def scan_beside_a_hog(most: float) -> Reading:
    """The same answers for each function whose truth is clear, in at most so many times the seconds."""

    def read(document: Document) -> Finding | None:
        every = scans.agreements(document["records"])
        if not every:
            return None
        same, of, slower = sum(one.same for one in every), sum(one.of for one in every), max(o.slower for o in every)
        text = f"{same} of {of} alike, {slower:.2f} x the time"
        return Finding(text, same == of and slower <= most, {"same": same, "of": of, "slower": slower})

    return read


def scan_saves(most: float) -> Reading:
    """The share of the time of single measurements that a scan takes."""

    def read(document: Document) -> Finding | None:
        every = scans.saved(document["records"])
        if not every:
            return None
        share = max(one.share for one in every)
        return Finding(f"1/{1 / share:.0f}", share <= most, {"share": share})

    return read


def scan_gains(within: float) -> Reading:
    """Each prediction of a cost that was then really removed."""

    def read(document: Document) -> Finding | None:
        return _each([one.worst for one in scans.gains(document["records"])], within)

    return read


def scan_false_criticals(most: float, over: int) -> Reading:
    """The share of scans, in all conditions, that confirm a function where nothing is critical; fewer than ``over``
    that rank anything tell nothing."""

    def read(document: Document) -> Finding | None:
        every = scans.hidden(document["records"])
        n = sum(one.n - one.empty for one in every)
        return None if n < over else _share(sum(one.confirmed for one in every), n, most=most)

    return read


# ---- reach ----


def reach_added(kind: str, most_ns: float) -> Reading:
    """What a call of this kind of target costs more where it is armed."""

    def read(document: Document) -> Finding | None:
        for one in reached.costs(document["records"]):
            if one.kind == kind:
                values = {"added_ns": one.added_ns, "bare_ns": one.bare_ns}
                return Finding(f"{one.added_ns:+.1f} ns", one.added_ns <= most_ns, values)
        return None

    return read


def reach_unmatched(within_ns: float) -> Reading:
    """What other calls cost more, beside each kind of target."""

    def read(document: Document) -> Finding | None:
        return _each((one.unmatched_ns for one in reached.costs(document["records"])), within_ns)

    return read


def reach_delivered(kind: str, delays_ns: Collection[float]) -> Reading:
    """Each of these delays, as :class:`Deliveries` says it; without one of them the document tells nothing."""

    def read(document: Document) -> Finding | None:
        found = {one.requested_ns: one for one in reached.deliveries(document["records"]) if one.kind == kind}
        if not found.keys() >= set(delays_ns):
            return None
        every = [found[delay_ns] for delay_ns in delays_ns]
        exact = sum(one.is_exact for one in every)
        worst = max(every, key=lambda one: one.off)
        text = f"{exact} of {len(every)}, worst {worst.error_ns:+.1f} ns of {format_time(worst.requested_ns)}"
        values = {f"error_ns_of_{one.requested_ns:g}": one.error_ns for one in every}
        return Finding(text, exact == len(every), values)

    return read


def reach_transmissions(system: str, within: float) -> Reading:
    """Each measurement of a system; one that gave no number is not within."""

    def read(document: Document) -> Finding | None:
        chosen = [one for one in reached.knowns(document["records"]) if one["system"] == system]
        errors = [reached.error(one) for one in chosen]
        if errors and all(error is None for error in errors):
            return Finding(f"0 of {len(errors)}", False, {"near": 0, "n": len(errors)})
        return _each(errors, within)

    return read


def _share(count: int, n: int, *, least: float | None = None, most: float | None = None) -> Finding:
    holds = (least is None or count >= least * n) and (most is None or count <= most * n)
    return Finding(f"{count} of {n} ({count / n:.1%})", holds, {"count": count, "n": n})


def _each(errors: Iterable[float | None], within: float) -> Finding | None:
    """What gave no number at all is not near the truth, either."""
    every = list(errors)
    known = [abs(error) for error in every if error is not None]
    if not known:
        return None
    near = sum(error <= within for error in known)
    values = {"near": near, "n": len(every), "median": median(known), "worst": max(known)}
    return Finding(f"{near} of {len(every)}, worst {max(known):.3f}", near == len(every), values)
