"""Drawing: scales and ticks, marks, text whose width is known, and the colours of all of it.

Colours stand in presentation attributes, because some who show the page take its styles away; each has a class
beside it, ``f-`` for areas and ``s-`` for lines, by which a style sheet changes it for the dark.
"""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pytest_speedbump.page.element import Child, element
from pytest_speedbump.report.columns import plain, shorten, width_of
from pytest_speedbump.result import Result

__all__ = [
    "LOOKS",
    "PAPER",
    "TONES",
    "Box",
    "Look",
    "Scale",
    "Tone",
    "as_table",
    "clip",
    "domain",
    "drawing",
    "fitted",
    "grid_line",
    "heading",
    "legend",
    "look_of",
    "mark",
    "rect",
    "shape",
    "text",
    "ticks",
    "width_of_text",
]

Tone = Literal[
    "ink", "soft", "faint", "failed", "sensitive", "insensitive", "measured", "unknown", "warm", "cool", "deep"
]
Shape = Literal["diamond", "triangle", "open triangle", "square", "disc", "ring", "dot"]

# In the light and in the dark; the last three are areas.
TONES: dict[Tone, tuple[str, str]] = {
    "ink": ("#1a1a1a", "#e8eaed"),
    "soft": ("#5f6368", "#a2a8b0"),
    "faint": ("#c9cdd3", "#3d434c"),
    "failed": ("#b71c1c", "#ff8a80"),
    "sensitive": ("#8a5200", "#ffc069"),
    "insensitive": ("#00695c", "#5fd1bf"),
    "measured": ("#2b5bb8", "#8ab4f8"),
    "unknown": ("#5f6368", "#a2a8b0"),
    "warm": ("#fdf1de", "#33291a"),
    "cool": ("#e3f2ef", "#17302c"),
    "deep": ("#b5dcd4", "#24564d"),
}
PAPER = ("#ffffff", "#14161a")

SANS = "system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif"
MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
# Of a character, in sizes of its font: of the widest fonts of these families.
MONO_WIDTH, SANS_WIDTH, BOLD_WIDTH = 0.61, 0.62, 0.69
ASCENT, DESCENT = 0.8, 0.25  # of a line above and below its base line, in sizes of its font


# ---- where things are ----


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: "Box") -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers between ``low`` and ``high`` to pixels between ``start`` and ``end``.

    What is beyond stays at the end. ``logarithmic``: both are more than 0.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        if not value > low:  # NaN as well
            return self.start
        if value >= high:
            return self.end
        if self.logarithmic:
            low, value, high = math.log(low), math.log(value), math.log(high)
        # Halves, because the difference of the largest numbers is none.
        return self.start + (self.end - self.start) * ((value / 2 - low / 2) / (high / 2 - low / 2))

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def domain(values: Iterable[float], *, least: float = 1e-3, pad: float = 0.06) -> tuple[float, float]:
    """Where all finite ``values`` are, and a little more; at least so wide."""
    known = [min(max(value, -1e300), 1e300) for value in values if not math.isnan(value)] or [0.0]
    low, high = min(known), max(known)
    room = max((high - low) * pad, (least - (high - low)) / 2, abs(high) * 1e-6, abs(low) * 1e-6)
    return low - room if low else 0.0 - room * (high <= 0), high + room


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from ``low`` to ``high``, at most so many."""
    rough = (high - low) / most
    if not (rough > 0 and math.isfinite(rough)):
        return []
    size = 10.0 ** math.floor(math.log10(rough))
    step = next((size * factor for factor in (1, 2, 5, 10, 20) if size * factor >= rough), size)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [step * number for number in range(first, last + 1)] if last - first <= most else []


def clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


# ---- text ----


def width_of_text(content: str, size: float, *, mono: bool = False, bold: bool = False) -> float:
    """An upper bound, in pixels."""
    return width_of(plain(content)) * size * (MONO_WIDTH if mono else BOLD_WIDTH if bold else SANS_WIDTH)


def fitted(content: str, width: float, size: float, *, mono: bool = False, bold: bool = False) -> str:
    """Shortened, the end of a name rather than its beginning kept, to so many pixels."""
    columns = int(width / (size * (MONO_WIDTH if mono else BOLD_WIDTH if bold else SANS_WIDTH)))
    return shorten(plain(content), max(columns, 4), 0.0 if mono else 0.5)


def text(
    content: str,
    x: float,
    y: float,
    *,
    tone: Tone = "soft",
    size: float = 11,
    anchor: Literal["start", "middle", "end"] = "start",
    mono: bool = False,
    bold: bool = False,
    halo: bool = False,
    **attributes: str | float,
) -> ET.Element:
    """One line. Its letters run by themselves, whatever stands beside it."""
    around: dict[str, str | float] = {}
    if halo:
        around = {"stroke": PAPER[0], "stroke_width": 3, "stroke_linejoin": "round", "paint_order": "stroke"}
    return element(
        "text", content,
        class_=f"f-{tone} halo" if halo else f"f-{tone}",
        x=x, y=y, fill=TONES[tone][0], font_size=size,
        text_anchor=None if anchor == "start" else anchor,
        font_family=MONO if mono else None, font_weight="600" if bold else None,
        unicode_bidi="isolate", **around, **attributes,
    )  # fmt: skip


def box_of(content: str, x: float, y: float, size: float, *, anchor: str = "start", mono: bool = False) -> Box:
    """Where :func:`text` is."""
    width = width_of_text(content, size, mono=mono)
    left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
    return Box(left, y - ASCENT * size, left + width, y + DESCENT * size)


def heading(full: str, shown: str, under: str, words: str, tone: Tone, width: float) -> list[ET.Element]:
    """Three lines at the top of a small picture: a name, where it was looked at, and what was found."""
    called = text(fitted(shown, width, 12, mono=True), 0, 18, tone="ink", size=12, mono=True, bold=True)
    return [
        element("g", element("title", full), called),
        text(fitted(under, width, 10.5), 0, 33, size=10.5),
        text(fitted(words, width, 12, bold=True), 0, 51, tone=tone, size=12, bold=True),
    ]


# ---- shapes ----


def drawing(width: float, height: float, title: str, description: str, *children: Child) -> ET.Element:
    """A picture of its own; a reader who sees nothing is told its title and description."""
    return element(
        "svg", element("title", title), element("desc", description), children,
        class_="pic", width=width, height=height, viewBox=f"0 0 {width:g} {height:g}", role="img",
        font_family=SANS, font_weight="400",
    )  # fmt: skip


def shape(
    d: str, *, fill: Tone | None = None, stroke: Tone | None = None, width: float = 1.5, **attributes: str | float
) -> ET.Element:
    """A path."""
    classes = [f"f-{fill}" if fill else "", f"s-{stroke}" if stroke else ""]
    return element(
        "path", d=d, class_=" ".join(filter(None, classes)),
        fill=TONES[fill][0] if fill else "none", stroke=TONES[stroke][0] if stroke else None,
        stroke_width=width if stroke else None, **attributes,
    )  # fmt: skip


def rect(box: Box, fill: Tone, **attributes: str | float) -> ET.Element:
    return element(
        "rect", class_=f"f-{fill}", x=box.left, y=box.top, width=max(box.right - box.left, 0.0),
        height=max(box.bottom - box.top, 0.0), fill=TONES[fill][0], **attributes,
    )  # fmt: skip


def grid_line(
    x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False, tone: Tone = "faint", width: float = 1
) -> ET.Element:
    d = f"M{path_point(x1, y1)}L{path_point(x2, y2)}"
    if dashed:
        return shape(d, stroke=tone, width=width, stroke_dasharray="4 3")
    return shape(d, stroke=tone, width=width)


def path_point(x: float, y: float) -> str:
    return f"{x:z.1f} {y:z.1f}"


def line_through(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(path_point(x, y) for x, y in points)


# ---- what a verdict looks like ----


@dataclass(frozen=True, slots=True)
class Look:
    """Shape, colour and word say the same, so that none is needed alone."""

    shape: Shape
    tone: Tone
    word: str


LOOKS: dict[str, Look] = {
    look.word: look
    for look in (
        Look("diamond", "failed", "failed"),
        Look("triangle", "sensitive", "sensitive"),
        Look("triangle", "sensitive", "critical"),
        Look("open triangle", "sensitive", "partly"),
        Look("square", "measured", "measured"),
        Look("disc", "insensitive", "insensitive"),
        Look("disc", "insensitive", "free"),
        Look("ring", "unknown", "inconclusive"),
        Look("ring", "unknown", "unresolved"),
        Look("dot", "unknown", "small"),
        Look("ring", "unknown", "void"),
        Look("dot", "unknown", "listed"),
    )
}


def look_of(result: Result) -> Look:
    return LOOKS["failed" if result.outcome == "failed" else result.verdict]


def mark(look: Look, x: float, y: float, size: float = 5) -> ET.Element:
    """The shape of a verdict around a point."""
    tone = look.tone
    match look.shape:
        case "diamond":
            r = size * 1.2
            return shape(f"M{path_point(x, y - r)}l{r:g} {r:g}l{-r:g} {r:g}l{-r:g} {-r:g}z", fill=tone)
        case "triangle" | "open triangle":
            r = size * 1.1
            d = f"M{path_point(x, y - r)}l{r:g} {1.8 * r:g}h{-2 * r:g}z"
            if look.shape == "triangle":
                return shape(d, fill=tone)
            return shape(d, stroke=tone, width=1.8, stroke_linejoin="round")
        case "square":
            r = size * 0.85
            return shape(f"M{path_point(x - r, y - r)}h{2 * r:g}v{2 * r:g}h{-2 * r:g}z", fill=tone)
        case "ring":
            return element(
                "circle",
                class_=f"s-{tone}",
                cx=x,
                cy=y,
                r=0.8 * size,
                fill="none",
                stroke=TONES[tone][0],
                stroke_width=2,
            )
        case "disc" | "dot":
            r = size * (0.9 if look.shape == "disc" else 0.5)
            return element("circle", class_=f"f-{tone}", cx=x, cy=y, r=r, fill=TONES[tone][0])


def legend(looks: Iterable[Look], x: float, y: float) -> list[ET.Element]:
    """What the marks mean, on one line that begins at ``x``."""
    parts = []
    for look in dict.fromkeys(looks):
        parts += [mark(look, x + 5, y - 4), text(look.word, x + 14, y, size=12)]
        x += 14 + width_of_text(look.word, 12) + 16
    return parts


# ---- the same in words ----


def as_table(summary: str, head: Sequence[Child], rows: Iterable[Sequence[Child]]) -> ET.Element:
    """What a picture shows, for those who do not see it and those who want the numbers; folded away."""
    cells = [element("tr", [element("td", cell) for cell in row]) for row in rows]
    table = element(
        "table",
        element("thead", element("tr", [element("th", title, scope="col") for title in head])),
        element("tbody", cells),
    )
    return element("details", element("summary", summary), element("div", table, class_="wide"))
