"""The table of a run as lines of text, fitted to a terminal. Pure."""

from collections.abc import Sequence

from pytest_speedbump.report.columns import plain
from pytest_speedbump.report.grid import Shape, Table, fit
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.sweeps import slack_text
from pytest_speedbump.report.text import drop_text, transmission_text, verdict_text
from pytest_speedbump.result import Result

__all__ = ["lay_out"]

TITLES = ("Name", "Target", "Delay", "Calls", "Drop", "Transmission", "Verdict")
LEFT_OUT = ("Calls", "Transmission", "Delay", "Target")
SHAPE = Shape(("Name", "Target", "Verdict"), {"Name": 16, "Target": 10}, LEFT_OUT)


def lay_out(results: Sequence[Result], width: int | None) -> Table:
    """One row a result, within ``width`` columns; None: as wide as it gets."""
    names = short_names(result.test for result in results)
    columns = zip(*(_cells(result, names) for result in results), strict=True)
    return fit(dict(zip(TITLES, columns, strict=True)), SHAPE, width)


def _cells(result: Result, names: dict[str, str]) -> tuple[str, ...]:
    return (
        plain(names[result.test]),
        plain(str(result.bump.targets)),
        result.bump.delay_text,
        "-" if result.calls is None else f"{result.calls:.6g}",
        drop_text(result) if result.slack_ns is None else f"slack {slack_text(result.slack_ns)}",
        transmission_text(result),
        verdict_text(result),
    )
