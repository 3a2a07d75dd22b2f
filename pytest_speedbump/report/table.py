"""The table of a run as lines of text, fitted to a terminal. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_speedbump.report.columns import pad, plain, shorten_all, width_of
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.text import drop_text, transmission_text, verdict_text
from pytest_speedbump.result import Result

__all__ = ["Table", "lay_out"]

TITLES = ("Name", "Target", "Delay", "Calls", "Drop", "Transmission", "Verdict")
LEFT = ("Name", "Target", "Verdict")  # aligned to the left; numbers are aligned to the right
SHORTENED = {"Name": 16, "Target": 10}  # the fewest columns that each is cut to; numbers are never cut
LEFT_OUT = ("Calls", "Transmission", "Delay", "Target")  # in this order, where shortening is not enough
GAP = "  "


@dataclass(frozen=True, slots=True)
class Table:
    """Lines without their last cell, which may be coloured, and that cell.

    Attributes:
        left_out: titles of columns for which there was no room.
    """

    header: tuple[str, str]
    rows: list[tuple[str, str]]
    width: int
    left_out: tuple[str, ...]


def lay_out(results: Sequence[Result], width: int | None) -> Table:
    """One row a result, within ``width`` columns; None: as wide as it gets."""
    names = short_names(result.test for result in results)
    columns = dict(zip(TITLES, zip(*(_cells(result, names) for result in results), strict=True), strict=True))
    widths = {title: max(map(width_of, (title, *cells))) for title, cells in columns.items()}
    left_out: tuple[str, ...] = ()
    if width is not None:
        left_out = _choose(widths, width)
        for title in left_out:
            del columns[title], widths[title]
        for title, narrow in _narrow(widths, width).items():
            columns[title], widths[title] = tuple(shorten_all(columns[title], narrow)), narrow

    def line(cells: Sequence[str]) -> tuple[str, str]:
        padded = [pad(cell, widths[name], right=name not in LEFT) for name, cell in zip(columns, cells, strict=True)]
        return GAP.join([*padded[:-1], ""]), padded[-1].rstrip()

    header, rows = line(tuple(columns)), [line(cells) for cells in zip(*columns.values(), strict=True)]
    return Table(header, rows, _total(widths), left_out)


def _cells(result: Result, names: dict[str, str]) -> tuple[str, ...]:
    return (
        plain(names[result.test]),
        plain(str(result.bump.targets)),
        result.bump.delay_text,
        "-" if result.calls is None else f"{result.calls:.6g}",
        drop_text(result),
        transmission_text(result),
        verdict_text(result),
    )


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def _choose(widths: dict[str, int], width: int) -> tuple[str, ...]:
    """The columns to leave out: the fewest of the order that make room with names at their shortest."""
    least = {title: min(natural, SHORTENED.get(title, natural)) for title, natural in widths.items()}
    for count in range(len(LEFT_OUT) + 1):
        left = {title: natural for title, natural in least.items() if title not in LEFT_OUT[:count]}
        if _total(left) <= width:
            return LEFT_OUT[:count]
    return LEFT_OUT


def _narrow(widths: dict[str, int], width: int) -> dict[str, int]:
    """The columns that must be narrower than their cells, the widest first."""
    narrow = dict(widths)
    while _total(narrow) > width:
        spare = {title: narrow[title] - least for title, least in SHORTENED.items() if title in narrow}
        title = max(spare, key=spare.__getitem__)
        if spare[title] <= 0:
            break
        narrow[title] -= 1
    return {title: now for title, now in narrow.items() if now < widths[title]}
