"""The promises. This is the one list of them."""

from collections.abc import Iterator
from typing import Literal

from benchmarks.figures import readings
from benchmarks.figures.promise import Promise
from benchmarks.micro.delivery import AFRESH, DECADES
from benchmarks.micro.functions import FUNCTIONS
from benchmarks.reach.kinds import KINDS
from benchmarks.reach.systems import SYSTEMS
from benchmarks.truth.hog import CONDITIONS
from pytest_speedbump.units import format_time

__all__ = ["PROMISES"]

QUANTITIES: tuple[Literal["drop", "transmission"], ...] = ("drop", "transmission")


def _micro() -> Iterator[Promise]:
    yield Promise(
        "added per matched call at zero delay, empty C callback = 1", "<= 1.15 x", "micro",
        "side_by_side, matched-call",
        readings.added_ratio("matched-call", "core", "empty-callback", 1.15),
    )  # fmt: skip
    yield Promise(
        "added per call of unmatched code", "0 within noise (3 %)", "micro", "side_by_side, unmatched-call",
        readings.added_nothing("unmatched-call", 0.03),
    )  # fmt: skip
    for delay_ns in DECADES:
        yield Promise(
            f"delivered delay, {format_time(delay_ns)}", "within max(5 ns, 1 %)", "micro", "delivery, core",
            readings.delivered(delay_ns, 5.0, 0.01),
        )  # fmt: skip
    for delay_ns in AFRESH:
        yield Promise(
            f"delivered delay, {format_time(delay_ns)}, fresh processes within max(2 ns, 0.5 %)", ">= 27 of 30",
            "micro", "delivery_afresh",
            readings.delivered_afresh(delay_ns, 0.9),
        )  # fmt: skip
    for count, most_ms in ((100, 2.0), (1000, 10.0)):
        yield Promise(
            f"first pass over {len(FUNCTIONS):,} functions with {count:,} patterns", f"<= {most_ms:g} ms", "micro",
            f"side_by_side, first-pass-{count}",
            readings.total_added(f"first-pass-{count}", len(FUNCTIONS), most_ms),
        )  # fmt: skip
    yield Promise(
        "calls per code object against cProfile, on graphql-core", "equal", "micro", "counting", readings.equal_counts
    )
    yield Promise(
        "a dose for each target: added per matched, undelayed call", "<= +1 ns", "micro", "plans", readings.dosed(1.0)
    )


def _e2e() -> Iterator[Promise]:
    yield Promise(
        "plugin installed, not asked: a whole pytest run, against one without", "<= +2 %", "e2e",
        "results, pytest/inert and pytest/plain",
        readings.unslowed("pytest/inert", "pytest/plain", 0.02),
    )  # fmt: skip


def _truth() -> Iterator[Promise]:
    yield from _verdicts()
    for condition in CONDITIONS:
        for quantity in QUANTITIES:
            yield Promise(
                f"95 % intervals of the {quantity}, {condition}: hold the truth", ">= 95 %", "truth",
                f"records, {condition}",
                readings.coverage(condition, quantity, 0.95),
            )  # fmt: skip
    for system in ("serial chain", "hidden behind a device", None):
        yield Promise(
            f"transmission, {system or 'every system'}: within 0.02 of the truth", "each dose", "truth",
            f"records, dose/{system or '*'}, quiet",
            readings.transmissions(0.02, system),
        )  # fmt: skip
    yield Promise(
        "predicted speedup: within 1 point of the real one", "each", "truth", "records, speedup/*",
        readings.predictions(0.01),
    )  # fmt: skip
    yield from _time()


def _verdicts() -> Iterator[Promise]:
    for condition, right in (("quiet", 0.95), ("hog", 0.90)):
        for case, verdict in (("no effect", "insensitive"), ("twice the budget", "sensitive")):
            yield Promise(
                f"{case}, {condition}: {verdict}", f">= {100 * right:.0f} %", "truth", f"verdict/{case}, {condition}",
                readings.verdict_share(condition, case, field=verdict, least=right),
            )  # fmt: skip
        yield Promise(
            f"no effect, {condition}: false failures", "<= 1 %", "truth", f"verdict/no effect, {condition}",
            readings.verdict_share(condition, "no effect", field="false_failures", most=0.01),
        )  # fmt: skip
    for condition in CONDITIONS:
        yield Promise(
            f"twice the budget, {condition}: wrong passes", "<= 1 % of 300", "truth",
            f"verdict/twice the budget, {condition}",
            readings.verdict_share(condition, "twice the budget", field="wrong_passes", most=0.01, over=300),
        )  # fmt: skip
    yield Promise(
        "beside three hogs: false failures", "none of 200", "truth", "verdict/*, hogs",
        readings.false_failures("hogs", over=200),
    )  # fmt: skip
    yield Promise(
        "beside three hogs: plain violations found", ">= 80 %", "truth",
        "verdict/twice the budget, verdict/plain violation, hogs",
        readings.verdict_share("hogs", "twice the budget", "plain violation", field="sensitive", least=0.8),
    )  # fmt: skip
    for field, most in (("wrong_passes", 0.01), ("false_failures", 0.025)):
        yield Promise(
            f"mean time exactly at the budget, bites of 1 to 20 budgets: {field.replace('_', ' ')}",
            f"<= {100 * most:g} %", "truth", "verdict/bites, at the budget, quiet",
            readings.verdict_share("quiet", "bites, at the budget", field=field, most=most),
        )  # fmt: skip


def _time() -> Iterator[Promise]:
    """What a verdict, and an interval, take."""
    for condition, seconds in (("quiet", 0.15), ("hog", 0.25)):
        yield Promise(
            f"no effect, {condition}: median time to a verdict", f"<= {seconds:g} s", "truth",
            f"verdict/no effect, {condition}",
            readings.verdict_time(condition, "no effect", seconds),
        )  # fmt: skip
    yield Promise(
        "drop of 51 %, rounds of 1 ms: interval after 100 pairs", "+- 1.5 points", "truth",
        "verdict/100 blocks, quiet",
        readings.half_width("quiet", "100 blocks", 0.015),
    )  # fmt: skip
    for seconds, budget in ((10, 2e-4), (60, 5e-5)):
        yield Promise(
            f"no effect, 40 us: smallest budget proved in {seconds} s", f"<= {100 * budget:g} %", "truth",
            f"verdict/no effect, in {seconds} s, quiet",
            readings.smallest_budget(f"no effect, in {seconds} s", budget),
        )  # fmt: skip
    yield Promise(
        "rounds of 1 s, delay worth two budgets: pairs to a pass", "<= 14", "truth",
        "verdict/rounds of 1 s, hidden, quiet",
        readings.pairs_to_pass("quiet", "rounds of 1 s, hidden", 14),
    )  # fmt: skip
    for condition, seconds in (("quiet", 8), ("hog", 15)):
        place = f"readme/first command, {condition}"
        yield Promise(
            f"README's first command, {condition}: time", f"<= {seconds} s", "truth", place,
            readings.first_command(condition, seconds),
        )  # fmt: skip
        yield Promise(
            f"README's first command, {condition}: intervals narrower than half their drop", "each", "truth", place,
            readings.narrow_intervals(condition),
        )  # fmt: skip


def _scan() -> Iterator[Promise]:
    for package, seconds in (("graphql-core", 10), ("tomlkit", 6)):
        yield Promise(
            f"scan of {package}, quiet: time", f"<= {seconds} s", "scan", f"package/{package}, quiet",
            readings.scan_time("quiet", package, seconds),
        )  # fmt: skip
        for condition in ("quiet", "hog"):
            yield Promise(
                f"scan of {package}, {condition}: gains of 1 % missed, or of 0.5 % reported where under 0.2 % are true",
                "none", "scan", f"package/{package}, {condition}",
                readings.scan_errors(condition, package),
            )  # fmt: skip
    yield Promise(
        "scans beside a hog: the same answers, time", "all, <= 2 x", "scan", "package/*, quiet and hog",
        readings.scan_beside_a_hog(2),
    )  # fmt: skip
    yield Promise(
        "scans of known systems: transmission within two standard errors", ">= 95 %", "scan", "known/*, quiet",
        readings.scan_transmissions(0.95),
    )  # fmt: skip
    yield Promise(
        "scans of known systems: joint slack within 5 %", "each", "scan", "known/*, quiet", readings.scan_slacks(0.05)
    )
    yield Promise(
        "scan, gain predicted: within 1 point of what removing the cost wins", "each", "scan", "gain/*",
        readings.scan_gains(0.01),
    )  # fmt: skip
    yield Promise(
        "scan against single measurements of the same precision: time", "<= 1/50", "scan", "singles/*",
        readings.scan_saves(1 / 50),
    )  # fmt: skip
    yield Promise(
        "scans where nothing is critical: that confirm a function", "<= 5 % of 200", "scan", "hidden",
        readings.scan_false_criticals(0.05, over=200),
    )  # fmt: skip


def _reach() -> Iterator[Promise]:
    for kind, most_ns in (("c: function", 5), ("c: type", 5), ("native: symbol", 3), ("line", 20), ("resume", 12)):
        yield Promise(
            f"{kind}: added per armed, undelayed call", f"<= {most_ns} ns", "reach", f"cost/{kind}",
            readings.reach_added(kind, most_ns),
        )  # fmt: skip
    yield Promise(
        "armed for each kind of target: ns added to calls that do not match", "0 within 1", "reach", "cost/*",
        readings.reach_unmatched(1.0),
    )  # fmt: skip
    for one in KINDS:
        yield Promise(
            f"{one.name}: delivered delay, {', '.join(map(format_time, one.delays_ns))}", "within max(5 ns, 1 %)",
            "reach", f"delivered/{one.name}/*",
            readings.reach_delivered(one.name, one.delays_ns),
        )  # fmt: skip
    for system in SYSTEMS:
        yield Promise(
            f"{system.name}: transmission within 0.02 of the truth", "each", "reach", f"known/{system.name}/*",
            readings.reach_transmissions(system.name, 0.02),
        )  # fmt: skip


PROMISES = (*_micro(), *_e2e(), *_truth(), *_scan(), *_reach())
