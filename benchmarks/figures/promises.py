"""The promises. This is the one list of them."""

from collections.abc import Iterator

from benchmarks.figures import readings
from benchmarks.figures.promise import Promise
from benchmarks.micro.delivery import AFRESH, DECADES
from benchmarks.micro.functions import FUNCTIONS
from pytest_speedbump.units import format_time

__all__ = ["PROMISES"]


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


def _e2e() -> Iterator[Promise]:
    yield Promise(
        "plugin installed, not asked: a whole pytest run, against one without", "<= +2 %", "e2e",
        "results, pytest/inert and pytest/plain",
        readings.unslowed("pytest/inert", "pytest/plain", 0.02),
    )  # fmt: skip


def _truth() -> Iterator[Promise]:
    for condition, right, seconds in (("quiet", 0.95, 0.3), ("hog", 0.90, 0.6)):
        for what, aim, wrong, verdict in (
            ("no effect", 0.0, "false_failures", "insensitive"),
            ("twice the budget", 0.04, "wrong_passes", "sensitive"),
        ):
            place = f"records, verdict/{aim:.0%}, {condition}"
            yield Promise(
                f"{what}, {condition}: {wrong.replace('_', ' ')}", "<= 1 %", "truth", place,
                readings.verdict_share(condition, aim, wrong, most=0.01),
            )  # fmt: skip
            yield Promise(
                f"{what}, {condition}: {verdict}", f">= {right:.0%}".replace("%", " %"), "truth", place,
                readings.verdict_share(condition, aim, verdict, least=right),
            )  # fmt: skip
        yield Promise(
            f"no effect, {condition}: median time to a verdict", f"<= {seconds:g} s", "truth",
            f"records, verdict/0%, {condition}",
            readings.verdict_time(condition, 0.0, seconds),
        )  # fmt: skip
        yield Promise(
            f"95 % intervals of the drop, {condition}: hold the truth", ">= 95 %", "truth", f"records, {condition}",
            readings.coverage(condition, 0.95),
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


PROMISES = (*_micro(), *_e2e(), *_truth())
