"""Columns of text, fitted to a terminal: names are shortened first, then whole columns are left out. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_speedbump.report.columns import pad, shorten, shorten_all, width_of

__all__ = ["Shape", "Table", "fit", "ruled"]

GAP = "  "


@dataclass(frozen=True, slots=True)
class Shape:
    """How columns give way, by their titles.

    Attributes:
        left: aligned to the left; others, of numbers, to the right.
        shortest: the fewest columns of text that each is cut to; one that is not here is never cut.
        leave_out: in this order, where shortening is not enough.
        ends: those of which the end is to be kept, rather than the halves.
    """

    left: tuple[str, ...]
    shortest: Mapping[str, int] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()


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

    @property
    def edge(self) -> int:
        """Where its longest line ends, which is beyond ``width`` where nothing more could give way."""
        return max(self.width, *(width_of(first + last) for first, last in (self.header, *self.rows)))


def fit(cells: Mapping[str, Sequence[str]], shape: Shape, width: int | None) -> Table:
    """The columns, each with its title, within ``width`` columns of text; None: as wide as it gets."""
    columns = dict(cells)
    widths = {title: max(map(width_of, (title, *column))) for title, column in columns.items()}
    left_out: tuple[str, ...] = ()
    if width is not None:
        left_out = _choose(widths, shape, width)
        for title in left_out:
            del columns[title], widths[title]
        for title, narrow in _narrow(widths, shape, width).items():
            columns[title], widths[title] = shorten_all(columns[title], narrow, ends=title in shape.ends), narrow

    def line(cells: Sequence[str]) -> tuple[str, str]:
        padded = [
            pad(cell, widths[title], right=title not in shape.left) for title, cell in zip(columns, cells, strict=True)
        ]
        return GAP.join([*padded[:-1], ""]), padded[-1].rstrip()

    header, rows = line(tuple(columns)), [line(cells) for cells in zip(*columns.values(), strict=True)]
    return Table(header, rows, _total(widths), left_out)


def ruled(title: str, table: Table, width: int | None) -> Iterator[str]:
    """Its lines between rules, below an empty one; at last what there was no room for."""
    rule = "-" * table.edge
    yield from ("", shorten(title, len(rule)).center(len(rule), "-"), "".join(table.header).rstrip(), rule)
    yield from ((first + last).rstrip() for first, last in table.rows)
    yield rule
    if table.left_out:
        yield f"no room in {width} columns for {' and '.join(table.left_out)}"


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def _choose(widths: Mapping[str, int], shape: Shape, width: int) -> tuple[str, ...]:
    """The columns to leave out: the fewest of the order that make room with names at their shortest."""
    least = {title: min(natural, shape.shortest.get(title, natural)) for title, natural in widths.items()}
    for count in range(len(shape.leave_out) + 1):
        left = {title: natural for title, natural in least.items() if title not in shape.leave_out[:count]}
        if _total(left) <= width:
            return shape.leave_out[:count]
    return shape.leave_out


def _narrow(widths: Mapping[str, int], shape: Shape, width: int) -> dict[str, int]:
    """The columns that must be narrower than their cells, the widest first."""
    narrow = dict(widths)
    while _total(narrow) > width:
        spare = {title: narrow[title] - least for title, least in shape.shortest.items() if title in narrow}
        title = max(spare, key=spare.__getitem__, default=None)
        if title is None or spare[title] <= 0:
            break
        narrow[title] -= 1
    return {title: now for title, now in narrow.items() if now < widths[title]}
