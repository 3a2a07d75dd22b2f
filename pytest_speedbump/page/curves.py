"""Dose-response curves: how much slower code may get before that costs anything."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_speedbump.bump import every_text
from pytest_speedbump.documents.document import Document
from pytest_speedbump.page.element import element, name, section
from pytest_speedbump.page.svg import (
    Box,
    Scale,
    Tone,
    as_table,
    box_of,
    clip,
    domain,
    drawing,
    fitted,
    grid_line,
    heading,
    line_through,
    rect,
    shape,
    text,
    ticks,
)
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.numbers import interval_text, time_text
from pytest_speedbump.report.sweeps import ENOUGH, slack_text, sweeps
from pytest_speedbump.result import Estimate, Result
from pytest_speedbump.units import format_time

__all__ = ["curves_section"]

TITLE = "How much slower is free?"
NOT_KNOWN = "slack not known"
LEAST = 3  # delays that make a curve
WIDTH, HEIGHT = 346.0, 268.0
PLOT = Box(48, 78, WIDTH - 46, HEIGHT - 40)
SIZE = 10.5
WIDE = 40  # times the smallest delay is the largest, from which on the axis is logarithmic


@dataclass(frozen=True, slots=True)
class Point:
    """What one delay did to a run, in ns and as a drop."""

    delay_ns: float
    added_ns: Estimate
    drop: Estimate


@dataclass(frozen=True, slots=True)
class Curve:
    """One target under several delays.

    Attributes:
        calls: that are delayed in each run; None where nobody counted.
        round_ns: length of a run without delays; None where it is not known.
        slack_ns: None where the delays do not tell it.
        asked: whether the slack was what was looked for.
    """

    name: str
    test: str
    way: str
    points: tuple[Point, ...]
    calls: float | None
    round_ns: float | None
    slack_ns: Estimate | None
    asked: bool


def curves_section(document: Document) -> ET.Element | None:
    """None where nothing was slowed by several delays."""
    curves = list(_curves(document.results))
    if not curves:
        return None
    tests = short_names(curve.test for curve in curves)
    rows = [
        (name(curve.name), name(tests[curve.test]), f"{format_time(point.delay_ns)}{curve.way}",
         time_text(point.added_ns), interval_text(point.drop, percent=True) or "not known", _words(curve))
        for curve in curves for point in curve.points
    ]  # fmt: skip
    return section(
        TITLE,
        element("div", [_draw(curve, tests[curve.test]) for curve in curves], class_="charts"),
        as_table(
            f"The {len(rows)} points of the curves as a table",
            ("Code", "Test", "Delay of a call", "Added to a run", "Drop", "Slack"),
            rows,
        ),
        how="How much longer a run takes when each call takes so much longer, with its interval, and what that "
        "costs of throughput. Green is free; darker green, where it ceases to be, as well as that is known. "
        "Dotted: all of the delay arrives.",
    )


# ---- what is shown ----


def _curves(results: Sequence[Result]) -> Iterator[Curve]:
    """Those whose slack was asked for, and sweeps of delays."""
    for result in results:
        if len(result.doses) >= LEAST:
            points = tuple(Point(dose.delay_ns, dose.added_ns, dose.drop) for dose in result.doses)
            yield _curve(result, points, result.slack_ns, asked=True)
    for sweep in sweeps(results, LEAST):
        known = [result for result in sweep.results if result.known_drop is not None and result.bare_ns]
        if len(known) >= LEAST:
            slack_ns = sweep.slack_ns if len(known) >= ENOUGH else None
            yield _curve(known[0], tuple(map(_point, known)), slack_ns, asked=False)


def _curve(result: Result, points: tuple[Point, ...], slack_ns: Estimate | None, *, asked: bool) -> Curve:
    bump = result.bump
    way = "" if bump.mode == "spin" else f" {bump.mode}"
    if bump.every > 1:
        way += f" {every_text(bump.every)}"
    calls = result.calls / bump.every if result.calls else None
    if calls is None and result.matched:
        calls = sum(code.calls for code in result.matched) / bump.every or None
    round_ns = result.bare_ns or result.control_ns or _round_of(points)
    return Curve(str(bump.targets), result.test, way, points, calls, round_ns, slack_ns, asked)


def _round_of(points: Sequence[Point]) -> float | None:
    """The length of a run of which these are the drops."""
    most = max(points, key=lambda point: point.drop)
    return most.added_ns * (1 - most.drop) / most.drop if 0 < most.drop < 1 and most.added_ns > 0 else None


def _point(result: Result) -> Point:
    """Of a plain result: a drop is ``added / (round + added)``."""
    drop, round_ns = result.known_drop, result.bare_ns
    assert drop is not None
    assert round_ns is not None
    added = [None if one is None else _added(one, round_ns) for one in (float(drop), drop.low, drop.high)]
    assert added[0] is not None
    return Point(result.bump.delay_ns, Estimate(added[0], *added[1:]), drop)


def _added(drop: float, round_ns: float) -> float:
    return round_ns * drop / max(1 - drop, 1e-9)


def _words(curve: Curve) -> str:
    """What is absorbed."""
    slack_ns = curve.slack_ns
    if slack_ns is None:
        return "no slack found" if curve.asked else NOT_KNOWN
    if not (slack_ns.low or 0.0) > 0:
        return NOT_KNOWN if slack_ns.high is None else f"no slack found, below {format_time(slack_ns.high)}"
    return f"absorbs {slack_text(slack_ns)} a call"


# ---- the picture ----


def _draw(curve: Curve, test: str) -> ET.Element:
    across, up = _scales(curve)
    words = _words(curve)
    tone: Tone = "insensitive" if words.startswith("absorbs") else "soft" if words == NOT_KNOWN else "sensitive"
    return drawing(
        WIDTH, HEIGHT, f"{curve.name} in {test}: {words}",
        f"Time added to a run over the delay of each call, {len(curve.points)} delays from "
        f"{format_time(curve.points[0].delay_ns)} to {format_time(curve.points[-1].delay_ns)}.",
        heading(curve.name, curve.name, f"{test}{curve.way}", words, tone, WIDTH - 8),
        _free(curve, across), _axes(curve, across, up), _response(curve, across, up),
    )  # fmt: skip


def _scales(curve: Curve) -> tuple[Scale, Scale]:
    delays = [point.delay_ns for point in curve.points]
    positive = [delay for delay in delays if delay > 0] or [1.0]
    least, most = min(positive), max(positive)
    start, end = PLOT.left, PLOT.right
    wide = most / least >= WIDE
    across = (
        Scale(least / 1.6, most * 1.15, start, end, logarithmic=True) if wide else Scale(0.0, most * 1.05, start, end)
    )
    middle = [float(point.added_ns) for point in curve.points]
    ends = [end for point in curve.points for end in (point.added_ns.low, point.added_ns.high) if end is not None]
    reach = max(max(middle) - min(min(middle), 0.0), least * 1e-3)
    # An interval that says nothing must not make the rest flat.
    seen = [clip(end, min(middle) - reach, max(middle) + reach) for end in ends]
    low, high = domain([0.0, *middle, *seen], least=least * 1e-3)
    return across, Scale(low, high, PLOT.bottom, PLOT.top)


def _free(curve: Curve, across: Scale) -> Iterator[ET.Element]:
    slack_ns = curve.slack_ns
    if slack_ns is None:
        return
    low = max(slack_ns.low or 0.0, 0.0)
    ends = across(low), PLOT.right if slack_ns.high is None else across(slack_ns.high)
    if low > 0:
        yield rect(Box(PLOT.left, PLOT.top, ends[0], PLOT.bottom), "cool")
    if slack_ns.high is not None:
        yield rect(Box(ends[0], PLOT.top, max(ends[1], ends[0] + 2), PLOT.bottom), "deep")


def _axes(curve: Curve, across: Scale, up: Scale) -> Iterator[ET.Element]:
    """Times to the left and beneath, drops to the right, at the times that they stand for."""
    for value in ticks(up.low, up.high, 5):
        y = up(value)
        yield grid_line(PLOT.left, y, PLOT.right, y, tone="soft" if not value else "faint")
        content = fitted(_time(value), PLOT.left - 6, 10)
        yield text(content, PLOT.left - 6, y + 3.5, size=10, anchor="end")
    taken = PLOT.left - 30
    for value in _delays(across):
        content, x = _time(value), across(value)
        box = box_of(content, x, 0, 10, anchor="middle")
        if box.left > taken and box.right < WIDTH:
            yield grid_line(x, PLOT.bottom, x, PLOT.bottom + 4, tone="soft")
            yield text(content, x, PLOT.bottom + 16, size=10, anchor="middle")
            taken = box.right + 4
    yield text("added to a run", 0, PLOT.top - 9, size=SIZE)
    yield text("delay of each call", (PLOT.left + PLOT.right) / 2, HEIGHT - 8, size=SIZE, anchor="middle")
    if curve.round_ns:
        yield text("drop", WIDTH, PLOT.top - 9, size=SIZE, anchor="end")
    for drop, y in _drops(curve.round_ns, up) if curve.round_ns else ():
        yield grid_line(PLOT.right, y, PLOT.right + 4, y, tone="soft")
        yield text(fitted(f"{100 * drop:zg}%", WIDTH - PLOT.right - 7, 10), PLOT.right + 7, y + 3.5, size=10)


def _time(ns: float) -> str:
    return format_time(ns) if ns else "0"


def _drops(round_ns: float, up: Scale) -> Iterator[tuple[float, float]]:
    """Round drops and where they are, as many as there is room for."""
    low, high = (
        clip(added / (round_ns + added), -10.0, 0.99) if added > -0.9 * round_ns else -10.0
        for added in (up.low, up.high)
    )
    below = math.inf
    for drop in ticks(low, high, 5):
        y = up(_added(drop, round_ns))
        if below - y >= 16:
            below = y
            yield round(drop, 9), y


def _delays(across: Scale) -> Iterable[float]:
    if not across.logarithmic:
        return ticks(across.low, across.high, 5)
    decades = range(math.ceil(math.log10(across.low)), math.floor(math.log10(across.high)) + 1)
    return [10.0**decade for decade in decades]


def _response(curve: Curve, across: Scale, up: Scale) -> Iterator[ET.Element]:
    points = [(across(point.delay_ns), point) for point in curve.points]
    upper = [(x, up.end if point.added_ns.high is None else up(point.added_ns.high)) for x, point in points]
    lower = [(x, up.start if point.added_ns.low is None else up(point.added_ns.low)) for x, point in points]
    yield shape(line_through([*upper, *reversed(lower)]) + "Z", fill="measured", fill_opacity="0.18")
    if curve.calls:
        yield shape(
            line_through(_all_of_it(curve.calls, across, up)), stroke="soft", width=1.2, stroke_dasharray="1.5 3.5"
        )
    yield shape(
        line_through([(x, up(point.added_ns)) for x, point in points]),
        stroke="measured",
        width=2,
        stroke_linejoin="round",
    )
    for x, point in points:
        costs = interval_text(point.drop, percent=True) or "not known"
        told = f"{format_time(point.delay_ns)} a call: {time_text(point.added_ns)} added, drop {costs}"
        yield element(
            "g",
            element("title", told),
            element(
                "circle",
                class_="f-measured halo",
                cx=x,
                cy=up(point.added_ns),
                r=3.6,
                fill="#2b5bb8",
                stroke="#ffffff",
                stroke_width=1.2,
            ),
        )


def _all_of_it(calls: float, across: Scale, up: Scale) -> list[tuple[float, float]]:
    """Where a run would take longer by all of the delay, as far as that is in the picture."""
    line = []
    for step in range(61):
        x = across.start + (across.end - across.start) * step / 60
        share = step / 60
        delay = across.low * (across.high / across.low) ** share if across.logarithmic else across.high * share
        line.append((x, up(calls * delay)))
        if calls * delay >= up.high:
            break
    return line
