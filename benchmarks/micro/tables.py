"""The tables that are printed at the end of a run."""

from collections.abc import Iterable, Sequence

from benchmarks.backends import BACKENDS
from benchmarks.micro.delivery import Delivery
from benchmarks.micro.sidebyside import SideBySide
from benchmarks.tables import table

__all__ = ["afresh_table", "delivery_table", "side_by_side_table"]


def side_by_side_table(results: Iterable[SideBySide]) -> list[str]:
    """ns an operation, and the ratios that carry from machine to machine."""
    header = ["case", "ns a", *BACKENDS, "core / floor", "python / core"]
    rows = []
    for result in results:
        times = [_number(result.ns.get(name)) for name in BACKENDS]
        ratios = [_ratio(result.ratio("core", "empty-callback")), _ratio(result.ratio("python", "core"))]
        rows.append([result.case, result.unit, *times, *ratios])
    return table(header, rows)


def delivery_table(results: Iterable[Delivery]) -> list[str]:
    header = ["backend", "requested ns", "delivered ns", "error ns", "error"]
    rows = [
        [r.backend, f"{r.requested_ns:g}", f"{r.delivered_ns:.1f}", f"{r.error_ns:+.1f}",
         f"{r.error_ns / r.requested_ns:+.2%}"]
        for r in results
    ]  # fmt: skip
    return table(header, rows)


def afresh_table(processes: Sequence[Sequence[Delivery]]) -> list[str]:
    """A line a process, and how many of them delivered each delay within 2 ns or half a percent."""
    by_delay = list(zip(*processes, strict=True))
    header = ["process", *(f"{results[0].requested_ns:g} ns" for results in by_delay)]
    rows = [[str(i), *(f"{r.error_ns:+.1f}" for r in found)] for i, found in enumerate(processes, start=1)]
    exact = [f"{sum(r.is_exact for r in results)} of {len(results)}" for results in by_delay]
    return table(header, [*rows, ["exact", *exact]])


def _number(ns: float | None) -> str:
    return "-" if ns is None else f"{ns:,.1f}" if ns < 1000 else f"{ns:,.0f}"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f} x"
