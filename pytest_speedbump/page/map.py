"""The map "where a profiler misleads": the share of the time that code takes against what slowing it does."""

import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_speedbump.documents.document import Document
from pytest_speedbump.page.element import element, name, section
from pytest_speedbump.page.labels import Anchor, Placed, place
from pytest_speedbump.page.svg import (
    LOOKS,
    Box,
    Look,
    Scale,
    as_table,
    box_of,
    clip,
    drawing,
    fitted,
    grid_line,
    legend,
    look_of,
    mark,
    rect,
    shape,
    text,
    width_of_text,
)
from pytest_speedbump.page.svg import path_point as at
from pytest_speedbump.report.columns import plain
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.numbers import margin_text, share_text
from pytest_speedbump.report.ranked import COLD_SHARE, LEAST_SHARE, is_cold, is_hot_and_free, matters
from pytest_speedbump.result import Estimate

__all__ = ["map_section"]

TITLE = "Where a profiler misleads"
COLD = "cold but critical"
HOT = "hot but irrelevant"
CRITICAL, FREE = 0.5, 0.1  # transmissions above and below which a function is so called
WIDTH, HEIGHT = 1000.0, 520.0
PLOT = Box(62, 34, WIDTH - 10, HEIGHT - 50)
MARGIN = 26.0  # above and below, for what the quadrants are called
LABELLED = 40
LONGEST = 230.0  # of a label, in pixels
SIZE = 11.0
LEAST_DECADE, MOST_DECADE = -6, -3  # at which the axis begins
LOWEST, HIGHEST = -1.0, 2.5  # transmissions at which it ends at most


@dataclass(frozen=True, slots=True)
class Spot:
    """One bump, or one function of a scan.

    Attributes:
        meaning: COLD, HOT or empty.
    """

    name: str
    test: str
    share: float
    transmission: Estimate
    look: Look
    meaning: str

    @property
    def weight(self) -> tuple[bool, bool, bool, float]:
        """What deserves a label comes first."""
        quiet = self.look.word in ("small", "unresolved", "inconclusive")
        return self.look.word != "failed", not self.meaning, quiet, -self.share * max(abs(self.transmission), 0.05)


def map_section(document: Document) -> ET.Element | None:
    """None where of nothing both are known."""
    spots = sorted(_spots(document), key=lambda spot: spot.weight)
    if not spots:
        return None
    tests = short_names(spot.test for spot in spots)
    rows = [
        (name(spot.name), name(tests[spot.test]), spot.look.word, share_text(spot.share),
         margin_text(spot.transmission) or "not known", spot.meaning)
        for spot in spots
    ]  # fmt: skip
    return section(
        TITLE,
        element("div", _draw(spots), class_="wide"),
        as_table(
            f"The {len(rows)} points of the map as a table",
            ("Code", "Test", "Verdict", "Share of the time", "Transmission", "Meaning"),
            rows,
        ),
        how="From left to right: how much of the time it takes, as a profiler would say. Upwards: how much of a delay "
        "arrives in the run time. Time at the bottom right is not worth optimising; what is at the top left holds "
        "everything up, and no profiler shows it.",
    )


# ---- what is shown ----


def _spots(document: Document) -> Iterator[Spot]:
    for result in document.results:
        transmission, share = result.known_transmission, result.time_share
        if transmission is not None and share is not None:
            meaning = _meaning(share, transmission)
            yield Spot(str(result.bump.targets), result.test, share, transmission, look_of(result), meaning)
    for ranking in document.scans:
        for one in ranking.functions:
            if one.transmission is not None and one.share is not None:
                known = COLD if is_cold(one) else HOT if is_hot_and_free(one) else ""
                meaning = known or (_meaning(one.share, one.transmission) if matters(one) else "")
                yield Spot(one.name, ranking.test, one.share, one.transmission, LOOKS[one.verdict], meaning)


def _meaning(share: float, transmission: Estimate) -> str:
    """Only where the interval is on one side of the middle."""
    low = -math.inf if transmission.low is None else transmission.low
    high = math.inf if transmission.high is None else transmission.high
    if share < COLD_SHARE and low > CRITICAL:
        return COLD
    if share >= LEAST_SHARE and transmission < FREE and high < CRITICAL:
        return HOT
    return ""


# ---- the picture ----


def _draw(spots: Sequence[Spot]) -> ET.Element:
    across, up = _scales(spots)
    chosen = spots[:LABELLED]
    parts = [*_ground(across, up), *legend((spot.look for spot in spots), PLOT.left, 18)]
    parts += [_dot(spot, across, up) for spot in reversed(spots[LABELLED:])]
    whiskers = [_whisker(spot, across, up) for spot in chosen]
    parts += [
        shape(f"M{at(box.left + 1, box.top)}V{box.bottom:.1f}", stroke=spot.look.tone, width=1.8, stroke_opacity="0.75")
        for spot, box in zip(chosen, whiskers, strict=True)
    ]
    parts += _labels(spots, chosen, whiskers, across, up)
    parts += [_spot(spot, across, up) for spot in reversed(chosen)]
    hot, cold = (sum(spot.meaning == meaning for spot in spots) for meaning in (HOT, COLD))
    return drawing(
        WIDTH, HEIGHT, TITLE,
        f"Share of the time against transmission of {len(spots)} pieces of code: {cold} {COLD}, {hot} {HOT}. "
        "The table below has the numbers.",
        parts,
    )  # fmt: skip


def _scales(spots: Sequence[Spot]) -> tuple[Scale, Scale]:
    least = min((spot.share for spot in spots if spot.share > 0), default=1.0)
    decade = clip(math.floor(math.log10(least)), LEAST_DECADE, MOST_DECADE)
    values = [
        end for spot in spots[:LABELLED] for end in (spot.transmission, spot.transmission.low, spot.transmission.high)
    ]
    low = min((value for value in values if value is not None), default=0.0)
    high = max((value for value in values if value is not None), default=1.0)
    return (
        Scale(10.0**decade, 1.0, PLOT.left + 12, PLOT.right - 12, logarithmic=True),
        Scale(clip(low, LOWEST, -0.1), clip(high, 1.1, HIGHEST), PLOT.bottom - MARGIN, PLOT.top + MARGIN),
    )


_CAPTIONS = (
    (f"{COLD}: the profiler hides it", PLOT.left + 8, PLOT.top + 16, "start", "sensitive"),
    ("hot and critical: optimise", PLOT.right - 8, PLOT.top + 16, "end", "soft"),
    ("cold and irrelevant: leave alone", PLOT.left + 8, PLOT.bottom - 8, "start", "soft"),
    (f"{HOT}: do not bother", PLOT.right - 8, PLOT.bottom - 8, "end", "insensitive"),
)  # fmt: skip


def _ground(across: Scale, up: Scale) -> Iterator[ET.Element]:
    """Quadrants, axes and what they are called."""
    yield rect(Box(PLOT.left, PLOT.top, across(COLD_SHARE), up(CRITICAL)), "warm")
    yield rect(Box(across(LEAST_SHARE), up(FREE), PLOT.right, PLOT.bottom), "cool")
    for decade in range(round(math.log10(across.low)), 1):
        x = across(10.0**decade)
        yield grid_line(x, PLOT.top, x, PLOT.bottom)
        yield text(f"{10.0 ** (decade + 2):g}%", x, PLOT.bottom + 16, anchor="middle")
    step = 0.5
    for number in range(math.ceil(up.low / step), math.floor(up.high / step) + 1):
        y = up(number * step)
        yield grid_line(PLOT.left, y, PLOT.right, y, tone="soft" if number == 0 else "faint")
        yield text(f"{number * step:g}", PLOT.left - 8, y + 4, anchor="end")
    yield text(
        "share of the time of a run spent in it", (PLOT.left + PLOT.right) / 2, HEIGHT - 14, anchor="middle", size=12
    )
    yield text(
        "transmission of a delay", 0, 0, anchor="middle", size=12,
        transform=f"translate(18 {(PLOT.top + PLOT.bottom) / 2:g}) rotate(-90)",
    )  # fmt: skip
    for caption, x, y, anchor, tone in _CAPTIONS:
        yield text(caption, x, y, anchor=anchor, tone=tone, size=12, font_style="italic")  # type: ignore[arg-type]


def _whisker(spot: Spot, across: Scale, up: Scale) -> Box:
    one = spot.transmission
    x = across(spot.share)
    top = up.end if one.high is None else up(one.high)
    bottom = up.start if one.low is None else up(one.low)
    return Box(x - 1, top, x + 1, bottom)


def _dot(spot: Spot, across: Scale, up: Scale) -> ET.Element:
    return mark(Look("dot", spot.look.tone, ""), across(spot.share), up(spot.transmission))


def _spot(spot: Spot, across: Scale, up: Scale) -> ET.Element:
    told = (
        f"{spot.name}\n{spot.test}\n{spot.look.word}{f', {spot.meaning}' if spot.meaning else ''}\n"
        f"share {share_text(spot.share)}, transmission {margin_text(spot.transmission) or 'not known'}"
    )
    return element("g", element("title", told), mark(spot.look, across(spot.share), up(spot.transmission)))


# ---- labels ----


def _labels(
    spots: Sequence[Spot], chosen: Sequence[Spot], whiskers: Sequence[Box], across: Scale, up: Scale
) -> Iterator[ET.Element]:
    contents = [_label(spot, called, up) for spot, called in zip(chosen, _called(chosen), strict=True)]
    anchors = [
        Anchor(across(spot.share), up(spot.transmission), width_of_text(content, SIZE, mono=True) + 2, SIZE + 3)
        for spot, content in zip(chosen, contents, strict=True)
    ]
    points = [
        _around(across(spot.share), up(spot.transmission), 7 if index < LABELLED else 3)
        for index, spot in enumerate(spots)
    ]
    captions = [box_of(caption, x, y, 12, anchor=anchor) for caption, x, y, anchor, _ in _CAPTIONS]
    for spot, content, anchor, found in zip(
        chosen, contents, anchors, place(anchors, [*points, *captions], whiskers, PLOT), strict=True
    ):
        if found is not None:
            yield from _drawn(spot, content, anchor, found)


def _drawn(spot: Spot, content: str, anchor: Anchor, found: Placed) -> Iterator[ET.Element]:
    if found.leader is not None:
        yield grid_line(anchor.x, anchor.y, *found.leader, tone="soft", width=0.7)
    yield text(
        content, found.box.left + 1, found.box.top + SIZE, tone="ink", size=SIZE, mono=True, halo=True,
        bold=bool(spot.meaning) or spot.look.word == "failed",
    )  # fmt: skip


def _label(spot: Spot, called: str, up: Scale) -> str:
    """With its number, where that is beyond the axis."""
    beyond = "" if up.holds(spot.transmission) else f" {spot.transmission:.3g}"
    return fitted(called, LONGEST - width_of_text(beyond, SIZE, mono=True), SIZE, mono=True) + beyond


def _around(x: float, y: float, reach: float) -> Box:
    return Box(x - reach, y - reach, x + reach, y + reach)


def _called(chosen: Sequence[Spot]) -> Iterator[str]:
    """With the test, where the same code was measured in several."""
    short, tests = _short([spot.name for spot in chosen]), short_names(spot.test for spot in chosen)
    places = Counter(spot.name for spot in chosen)
    for spot in chosen:
        yield (f"{plain(tests[spot.test])}: " if places[spot.name] > 1 else "") + short[spot.name]


def _short(names: Iterable[str]) -> dict[str, str]:
    """For each name the shortest end that no other one has, and that says something."""
    known = dict.fromkeys(names)
    ends = Counter(end for one in known for end in _ends(one))
    return {one: next((end for end in _ends(one) if ends[end] == 1), plain(one)) for one in known}


def _ends(one: str) -> list[str]:
    shown = plain(one)
    starts = [match.end() for match in re.finditer(r"[.:](?=[^.:]*\w)", shown)]
    return [*(shown[start:] for start in reversed(starts) if re.search(r"\w", shown[start:])), shown]
