"""The table of drops with a picture in each row: where the interval lies, and where the limit."""

from collections.abc import Iterator, Mapping, Sequence
from math import asinh
from xml.etree.ElementTree import Element

from pytest_speedbump.page.element import Child, element, name
from pytest_speedbump.page.status import Status, status, worst_first
from pytest_speedbump.page.svg import SANS, grid_line, mark, shape, text, width_of_text
from pytest_speedbump.page.words import added_text
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.sweeps import slack_text
from pytest_speedbump.report.text import drop_text, transmission_text
from pytest_speedbump.result import Estimate, Result

__all__ = ["Axis", "forest"]

MOST_ROWS = 100  # of one table; the rest, of which none failed, is folded
LONG = 30  # characters of a name, beyond which it may be cut
CAPTION = (
    "Points with their intervals of 95 %; the dashed line is the limit that a test declares. "
    "The axis is stretched around zero; below zero, slowing helps."
)


class Axis:
    """Drops across the width of a picture, stretched around zero, where points of a percent matter.

    Attributes:
        low, high: the drops at its ends, wide enough for all that is known of ``results``; of what lies far below zero
            only an arrow is seen.
        ticks: zero, and others as far as there is room for their labels, those far from zero first.
    """

    WIDTH, HEIGHT, MARGIN = 240.0, 22.0, 9.0
    LINEAR = 0.01
    LOWEST = -1.0
    TICKS = (-1.0, -0.5, -0.2, -0.1, -0.05, -0.02, -0.01, 0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9)
    GAP = 4.0  # between labels

    def __init__(self, results: Sequence[Result]) -> None:
        ends = [end for result in results for end in _ends(result)]
        self.low = max(self.LOWEST, min((*ends, -0.012)))
        self.high = min(1.0, max((*ends, 0.03)))
        self.ticks = self._choose()

    def at(self, drop: float) -> float:
        """In units of the picture; within its margins, whatever the drop."""
        low, value, high = (
            asinh(one / self.LINEAR) for one in (self.low, min(max(drop, self.low), self.high), self.high)
        )
        return self.MARGIN + (value - low) / (high - low) * (self.WIDTH - 2 * self.MARGIN)

    @staticmethod
    def label(tick: float) -> str:
        return f"{tick * 100:z.0f}"

    def span(self, tick: float) -> tuple[float, float]:
        """From where to where its label reaches."""
        middle, half = self.at(tick), width_of_text(self.label(tick), 11) / 2
        return middle - half, middle + half

    def _choose(self) -> list[float]:
        chosen = [0.0]
        for tick in sorted(self.TICKS, key=abs, reverse=True):
            start, end = self.span(tick)
            free = all(end + self.GAP <= left or right + self.GAP <= start for left, right in map(self.span, chosen))
            if self.low <= tick <= self.high and free:
                chosen.append(tick)
        return sorted(chosen)


def _ends(result: Result) -> Iterator[float]:
    drop, limit = result.known_drop, _limit(result)
    if drop is not None:
        yield from (end for end in (drop.low, float(drop), drop.high) if end is not None)
    if limit is not None:
        yield limit


def _limit(result: Result) -> float | None:
    """Of the drop. What declares a slack speaks of the share that arrives of a delay."""
    declared = result.bump.declared
    return None if declared is None or declared.kind == "slack" else declared.limit


def forest(results: Sequence[Result], links: Mapping[str, str] | None = None, caption: str = CAPTION) -> list[Element]:
    """The table, the worst first, and a second one, folded, where it would be long.

    Args:
        links: where a test is told in full, by its node id.
    """
    ranked = worst_first(results)
    names = short_names(result.test for result in results)
    axis = Axis(ranked)
    grim = sum(status(one).word in ("failed", "inconclusive", "warned") for one in ranked)
    first = max(MOST_ROWS, grim)

    def table(some: Sequence[Result]) -> Element:
        said = element("caption", element("span", caption)) if caption else None
        rows = (_row(result, names[result.test], axis, links or {}) for result in some)
        return element(
            "div",
            element("table", said, _head(axis), element("tbody", rows), rules="rows", cellpadding="4"),
            class_="wide", role="region", aria_label="Throughput lost", tabindex="0",
        )  # fmt: skip

    tables = [table(ranked[:first])]
    if ranked[first:]:
        tables.append(element("details", element("summary", f"{len(ranked) - first} more"), table(ranked[first:])))
    return tables


def _head(axis: Axis) -> Element:
    labels = [text(axis.label(tick), axis.at(tick), 12, anchor="middle") for tick in axis.ticks]
    picture = element(
        "svg", labels, viewBox=f"0 0 {axis.WIDTH:.0f} 16", width=axis.WIDTH, height=16.0, role="img",
        aria_label="Axis of the drop in percent", font_family=SANS,
    )  # fmt: skip
    titles: list[tuple[Child, str | None]] = [
        ("Verdict", "left"), ("Test", "left"), ("Target", "left"), ("Delay", "right"), ("Calls", "right"),
        (picture, None), ("Drop", "right"), ("Transmission", "right"),
    ]  # fmt: skip
    return element("thead", element("tr", [element("th", one, scope="col", align=side) for one, side in titles]))


def _row(result: Result, short: str, axis: Axis, links: Mapping[str, str]) -> Element:
    one = status(result)
    link = links.get(result.test)
    called = _cut(short)
    return element(
        "tr",
        element("td", str(one), class_=f"f-{one.look.tone} word"),
        element("th", element("a", called, href=f"#{link}") if link else called, scope="row", align="left"),
        element("td", _cut(str(result.bump.targets))),
        element("td", added_text(result.bump).removeprefix("+"), align="right"),
        element("td", "-" if result.calls is None else f"{result.calls:.6g}", align="right"),
        element("td", _picture(result, one, axis)),
        element("td", drop_text(result), align="right", nowrap=""),
        element("td", transmission_text(result), align="right", nowrap=""),
    )


def _cut(text: str) -> Element:
    """A name that may be too long for its column; then it is shown whole under the pointer."""
    one = name(text)
    one.set("class", "cut")
    if len(text) > LONG:
        one.set("title", element("i", title=text).get("title", ""))
    return one


def _picture(result: Result, one: Status, axis: Axis) -> Child:
    drop, limit = result.known_drop, _limit(result)
    if drop is None and result.slack_ns is not None:
        return f"slack {slack_text(result.slack_ns)}"
    if drop is None:
        return None
    middle, bottom = axis.HEIGHT / 2, axis.HEIGHT
    grid = "".join(f"M{_short(axis.at(tick))} 0V{_short(bottom)}" for tick in axis.ticks if tick)
    at = 0.0 if limit is None else axis.at(limit)
    dashes = None if limit is None else grid_line(at, 1, at, bottom - 1, dashed=True, tone="failed", width=1.5)
    return element(
        "svg",
        shape(grid, stroke="faint", width=1),
        grid_line(axis.at(0.0), 0, axis.at(0.0), bottom, tone="soft"),
        dashes,
        shape(_interval(drop, axis), stroke=one.look.tone, width=2),
        mark(one.look, axis.at(float(drop)), middle),
        viewBox=f"0 0 {_short(axis.WIDTH)} {_short(bottom)}", width=axis.WIDTH, height=bottom, aria_hidden="true",
    )  # fmt: skip


def _interval(drop: Estimate, axis: Axis) -> str:
    """From end to end; an arrow where an end is not known, or lies beyond the axis."""
    open_low = drop.low is None or drop.low < axis.low
    open_high = drop.high is None or drop.high > axis.high
    low = axis.at(axis.low if drop.low is None else drop.low)
    high = axis.at(axis.high if drop.high is None else drop.high)
    d = f"M{_short(low)} 11H{_short(high)}"
    if open_low:
        d += f"M{_short(low + 4)} 7l-5 4l5 4"
    if open_high:
        d += f"M{_short(high - 4)} 7l5 4l-5 4"
    return d


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
