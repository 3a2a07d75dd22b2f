"""What scans found: for each benchmark what its functions take, and what would be won if they took nothing."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence

from pytest_speedbump.documents.document import Document
from pytest_speedbump.page.element import element, name, section
from pytest_speedbump.page.svg import (
    LOOKS,
    Box,
    Scale,
    drawing,
    grid_line,
    mark,
    rect,
    shape,
    text,
    ticks,
    width_of_text,
)
from pytest_speedbump.page.svg import path_point as at
from pytest_speedbump.page.words import count
from pytest_speedbump.ranking import Ranked, Ranking
from pytest_speedbump.report.columns import shorten
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.ranked import is_folded, key, labels, standing_text
from pytest_speedbump.report.ranking_table import TITLES, cells, lay_out_ranking

__all__ = ["scan_section"]

TITLE = "What each function costs"
WIDTH, HEIGHT, HEAD = 250.0, 24.0, 18.0
MARGIN = 10.0
BAR = 9.0
SIZE = 10.5
MOST = 3.0  # runs: what would be won by more than that ends at the edge
LEAST = 0.01  # of a run that the axis shows at least
MORE = "each is below"
LONGEST = 52  # columns of a name
# What is looked at first stands first, with a picture after the name.
ORDER = ("Rank", "Verdict", "Function", "Gain", "Share", "Transmission", "Slack", "Per us", "Calls")
assert sorted(ORDER) == sorted(TITLES)
LEFT = ("Verdict", "Function")


def scan_section(document: Document) -> ET.Element | None:
    """None where nothing was scanned."""
    if not document.scans:
        return None
    tests = short_names(ranking.test for ranking in document.scans)
    return section(
        TITLE,
        [_scan(ranking, tests[ranking.test]) for ranking in document.scans],
        how="The bar is what a profiler shows, the share of a run that a function takes itself. The mark with its "
        "interval is what would be won if the function cost nothing. A bar without a mark at its end is time that "
        "nobody waits for.",
    )


def _scan(ranking: Ranking, test: str) -> list[ET.Element]:
    shown = [one for one in ranking.functions if not is_folded(one)]
    folded = [one for one in ranking.functions if is_folded(one)]
    said = lay_out_ranking(ranking, None, test=test, more=MORE).foot
    parts = [element("h3", name(test), ": ", name(str(ranking.targets)))]
    if shown:
        parts.append(element("div", _table(shown, _axis(shown), ranking), class_="wide"))
    parts.append(element("ul", [element("li", sentence) for sentence in said], class_="m"))
    if folded:
        table = element("div", _table(folded, None, ranking), class_="wide")
        parts.append(element("details", element("summary", count(len(folded), "more function")), table))
    return parts


def _axis(shown: Sequence[Ranked]) -> Scale:
    """From what slowing helps at most to the most that is taken, or would be won."""
    ends = [LEAST, *(one.share or 0.0 for one in shown)]
    for one in shown:
        if one.gain is not None:
            ends += [end for end in (float(one.gain), one.gain.low, one.gain.high) if end is not None]
    low, high = max(min(0.0, *ends), -MOST), min(max(ends), MOST)
    return Scale(low, high, MARGIN, WIDTH - MARGIN)


def _table(functions: Sequence[Ranked], axis: Scale | None, ranking: Ranking) -> ET.Element:
    """With a picture in each row where there is an ``axis``."""
    named = labels(ranking.functions)
    head: list[ET.Element] = []
    for title in ORDER:
        if title == "Gain" and axis is not None:
            head.append(element("th", _head(axis), scope="col"))
        head.append(element("th", title, scope="col", class_=None if title in LEFT else "n"))
    rows = [element("tr", _row(one, named[key(one)], axis)) for one in functions]
    return element("table", element("thead", element("tr", head)), element("tbody", rows))


def _row(one: Ranked, label: str, axis: Scale | None) -> Iterator[ET.Element]:
    contents = dict(zip(TITLES, cells(one, label), strict=True))
    for title in ORDER:
        content = contents[title]
        if title == "Gain" and axis is not None:
            yield element("td", _picture(one, axis))
        if title == "Function":
            yield element("td", name(shorten(content, LONGEST, 0.0)), title=content)
        elif title == "Verdict":
            yield element("td", _glyph(one), " ", content)
        else:
            yield element("td", content, class_="n")


def _glyph(one: Ranked) -> ET.Element:
    return element(
        "svg",
        mark(LOOKS[one.verdict], 7, 7),
        class_="glyph",
        width=14,
        height=14,
        viewBox="0 0 14 14",
        aria_hidden="true",
    )


def _picture(one: Ranked, axis: Scale) -> ET.Element:
    middle, zero = HEIGHT / 2, axis(0.0)
    parts = [*_grid(axis, HEIGHT)]
    told = [standing_text(one)]
    if one.share is not None:
        parts.append(rect(Box(zero, middle - BAR / 2, axis(one.share), middle + BAR / 2), "faint"))
        told.append(f"share {one.share:.1%}")
    if one.gain is not None:
        low = axis.start if one.gain.low is None else axis(one.gain.low)
        high = axis.end if one.gain.high is None else axis(one.gain.high)
        look = LOOKS[one.verdict]
        parts += [
            shape(f"M{at(low, middle)}H{high:.1f}", stroke=look.tone, width=2.4),
            mark(look, axis(one.gain), middle),
        ]
        told.append(f"gain {float(one.gain):.1%}")
    return drawing(WIDTH, HEIGHT, one.name, ", ".join(told), parts)


def _head(axis: Scale) -> ET.Element:
    """The axis, above all rows."""
    numbers = []
    for tick in ticks(axis.low, axis.high, 5):
        content = f"{100 * tick:z.6g}%"
        half = width_of_text(content, SIZE) / 2
        x = min(max(axis(tick), half), WIDTH - half)  # the mark of an end's number is not quite beneath it
        numbers.append(text(content, x, 12, size=SIZE, anchor="middle"))
    return drawing(WIDTH, HEAD, "Share of a run", "the axis of the pictures below", numbers)


def _grid(axis: Scale, height: float) -> Iterator[ET.Element]:
    for tick in ticks(axis.low, axis.high, 5):
        x = axis(tick)
        yield grid_line(x, 0, x, height, tone="soft" if not tick else "faint")
