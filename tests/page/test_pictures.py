"""The pictures of the page: what they show and say, and that nothing lies outside of them, whatever the numbers are."""

import itertools
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reports import (
    HOSTILE,
    SCAN,
    SLACK,
    SOME,
    a_document,
    a_result,
    hostile_document,
    many,
    ranked,
    sweep,
)  # fmt: skip

from pytest_speedbump.documents.document import Document
from pytest_speedbump.page.commits import CHARTS, commits_section
from pytest_speedbump.page.curves import curves_section
from pytest_speedbump.page.element import to_html
from pytest_speedbump.page.labels import Anchor, place
from pytest_speedbump.page.map import LABELLED, map_section
from pytest_speedbump.page.scan_section import scan_section
from pytest_speedbump.page.svg import Box, Scale, box_of, domain, fitted, ticks, width_of_text
from pytest_speedbump.ranking import Ranked, Standing
from pytest_speedbump.result import Dose, Estimate, Result
from pytest_speedbump.targets import Targets

SECTIONS: tuple[Callable[[Document], ET.Element | None], ...] = (
    map_section,
    curves_section,
    scan_section,
    lambda document: commits_section([document, document]),
)
COMMAND = re.compile(r"([MLHVZlhvz])([^A-Za-z]*)")


# ---- reading pictures ----


def pictures(section: ET.Element | None) -> list[ET.Element]:
    return [] if section is None else list(section.iter("svg"))


def points(d: str) -> Iterator[tuple[float, float]]:
    """The corners of a path."""
    x = y = 0.0
    for command, rest in COMMAND.findall(d):
        numbers = [float(one) for one in rest.split()]
        match command:
            case "M" | "L":
                x, y = numbers
            case "l":
                x, y = x + numbers[0], y + numbers[1]
            case "H":
                (x,) = numbers
            case "h":
                x += numbers[0]
            case "V":
                (y,) = numbers
            case "v":
                y += numbers[0]
        yield x, y


def extent(one: ET.Element) -> Box | None:
    """What an element covers; of text no less than it does."""
    get = one.get
    match one.tag:
        case "text" if get("transform") is None:
            size = float(get("font-size") or 0)
            x, y, mono = float(get("x") or 0), float(get("y") or 0), "monospace" in (get("font-family") or "")
            return box_of(one.text or "", x, y, size, anchor=get("text-anchor") or "start", mono=mono)
        case "rect":
            x, y, width, height = (float(get(name) or "nan") for name in ("x", "y", "width", "height"))
            return Box(x, y, x + width, y + height)
        case "circle":
            x, y, r = (float(get(name) or "nan") for name in ("cx", "cy", "r"))
            return Box(x - r, y - r, x + r, y + r)
        case "path":
            corners = list(points(get("d") or ""))
            assert corners
            return Box(*(pick(one[axis] for one in corners) for pick, axis in ((min, 0), (min, 1), (max, 0), (max, 1))))
    return None


def check_inside(picture: ET.Element) -> None:
    """Everything is within the picture, which has a size of its own and words for those who do not see it."""
    left, top, width, height = map(float, (picture.get("viewBox") or "").split())
    assert (left, top) == (0, 0)
    assert (picture.get("width"), picture.get("height")) == (f"{width:g}", f"{height:g}")
    if picture.get("aria-hidden") is None:
        assert picture.get("role") == "img"
        assert [one.tag for one in picture[:2]] == ["title", "desc"]
        assert all(one.text for one in picture[:2])
    for one in picture.iter():
        box = extent(one)
        if box is not None:
            assert all(map(math.isfinite, box)), ET.tostring(one)
            assert Box(-0.5, -0.5, width + 0.5, height + 0.5).holds(box), (box, ET.tostring(one))


def labels(picture: ET.Element) -> list[str]:
    return [one.text or "" for one in picture.iter("text") if "halo" in (one.get("class") or "")]


def cells(section: ET.Element | None) -> list[list[str]]:
    assert section is not None
    return [
        ["".join(cell.itertext()) for cell in row.iter("td")]
        for row in section.iter("tr")
        if row.find("td") is not None
    ]


def words(section: ET.Element | None) -> list[str]:
    assert section is not None
    return [one.text or "" for one in section.iter("text")]


def shared(document: Document, shares: Sequence[float | None]) -> Document:
    results = tuple(
        replace(one, time_share=share) for one, share in zip(document.results, itertools.cycle(shares), strict=False)
    )
    return replace(document, results=results)


SPREAD = [10 ** (-4 + 4 * index / 37) for index in range(38)]
FULL = replace(shared(a_document(*SOME, *sweep(), SLACK, scans=(SCAN,)), SPREAD))
DOCUMENTS = {
    "full": FULL,
    "hostile": shared(hostile_document(), SPREAD),
    "many": shared(many(1500), SPREAD),
    "empty": a_document(),
}


# ---- all of them ----


@pytest.mark.parametrize("name", DOCUMENTS)
def test_everything_is_inside(name: str) -> None:
    found = [section(DOCUMENTS[name]) for section in SECTIONS]
    assert (found == [None] * 4) == (name == "empty")
    for section in found:
        for picture in pictures(section):
            check_inside(picture)


@pytest.mark.parametrize("section", SECTIONS)
def test_names_are_text(section: Callable[[Document], ET.Element | None]) -> None:
    """Whatever a name holds is neither markup nor a letter that turns the line around."""
    found = section(DOCUMENTS["hostile"])
    if found is not None:
        written = to_html(found).encode("utf-8").decode("utf-8")
        read = Tags()
        read.feed(written)
        assert not read.tags & {"script", "img", "a", "style"}
        assert not set(written) & {"\u202e", "\u2067", "\x00", "\x1b"}
        assert "&lt;script&gt;" in written


class Tags(HTMLParser):
    """Which there are."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


finite = st.floats(min_value=-1e200, max_value=1e200)  # beyond, squares and percentages are no numbers any more
end = st.none() | finite
estimates = st.builds(Estimate, finite, end, end)
positive = st.floats(min_value=0, max_value=1e100)


@st.composite
def results(draw: st.DrawFn) -> Result:
    one = a_result(
        draw(st.sampled_from(("a.py::t", "b.py::t"))),
        draw(st.sampled_from(("pkg.f", "pkg.g", *HOSTILE))),
        delay_ns=draw(st.floats(min_value=0, max_value=6e10)),
        calls=draw(st.sampled_from((0.0, 1.0, 1e-300, 1e12))),
        verdict=draw(st.sampled_from(("measured", "sensitive", "inconclusive"))),
    )
    doses = tuple(
        Dose(delay, draw(estimates), draw(estimates), 3)
        for delay in sorted(draw(st.lists(positive, max_size=4, unique=True)))
    )
    return replace(
        one,
        known_drop=draw(st.none() | estimates),
        known_transmission=draw(st.none() | estimates),
        time_share=draw(st.none() | positive),
        bare_ns=draw(st.none() | positive),
        control_ns=draw(st.none() | positive),
        slack_ns=draw(st.none() | estimates),
        doses=doses,
    )


@st.composite
def functions(draw: st.DrawFn) -> Ranked:
    verdict: Standing = draw(st.sampled_from(get_args(Standing)))
    return replace(
        ranked(draw(st.sampled_from(("pkg.f", "pkg.g"))), 0.1, 0.5, verdict),
        share=draw(st.none() | positive),
        transmission=draw(st.none() | estimates),
        gain=draw(st.none() | estimates),
        slack_ns=draw(st.none() | estimates),
        gain_per_us=draw(st.none() | finite),
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(results(), max_size=6), st.lists(functions(), max_size=5))
def test_any_finite_numbers(found: list[Result], scanned: list[Ranked]) -> None:
    scan = replace(SCAN, functions=tuple(scanned))
    document = a_document(*found, scans=(scan,))
    for section in SECTIONS:
        for picture in pictures(section(document)):
            check_inside(picture)


# ---- scales, ticks, text ----


@given(finite, finite, st.floats(), st.booleans())
@example(-1.7e308, 1.7e308, 0.0, False)
def test_scale(a: float, b: float, value: float, logarithmic: bool) -> None:
    low, high = sorted((abs(a), abs(b))) if logarithmic else sorted((a, b))
    if low < high and (low > 0 or not logarithmic):
        scale = Scale(low, high, 300.0, 20.0, logarithmic)
        assert 20 <= scale(value) <= 300
        assert (scale(low), scale(high)) == (300, 20)


@given(st.lists(finite, max_size=5))
def test_ticks_are_round_and_within(values: list[float]) -> None:
    low, high = domain(values)
    assert math.isfinite(low)
    assert low < high
    found = ticks(low, high, 5)
    assert len(found) <= 6
    assert all(low <= one <= high or math.isclose(one, low) or math.isclose(one, high) for one in found)


@given(st.text(max_size=60) | st.sampled_from(HOSTILE), st.floats(min_value=60, max_value=400), st.booleans())
def test_fitted_text_fits(content: str, width: float, mono: bool) -> None:
    assert width_of_text(fitted(content, width, 11, mono=mono), 11, mono=mono) <= width


sized = st.builds(
    Anchor,
    st.floats(0, 400), st.floats(0, 300), st.floats(10, 150), st.just(14.0),
)  # fmt: skip


@given(st.lists(sized, max_size=30))
def test_labels_hide_nothing(anchors: list[Anchor]) -> None:
    """Neither each other, nor a point; and they stay within bounds."""
    bounds = Box(0, 0, 400, 300)
    dots = [Box(one.x - 6, one.y - 6, one.x + 6, one.y + 6) for one in anchors]
    boxes = [one.box for one in place(anchors, dots, [], bounds) if one is not None]
    assert all(map(bounds.holds, boxes))
    assert not any(one.meets(other) for one, other in itertools.combinations(boxes, 2))
    assert not any(one.meets(dot) for one in boxes for dot in dots)


def test_labels_keep_off_lines_where_they_can() -> None:
    anchor, line = Anchor(100, 100, 60, 14), Box(110, 0, 112, 300)
    (found,) = place([anchor], [], [line], Box(0, 0, 400, 300))
    assert found is not None
    assert found.box.right < 100  # to the left, where no line is
    (found,) = place([anchor], [], [Box(0, 0, 400, 300)], Box(0, 0, 400, 300))
    assert found is not None
    assert found.box.left > 100


# ---- the map ----


def test_map_says_what_misleads() -> None:
    section = map_section(FULL)
    rows = {(row[0], row[2]): row for row in cells(section)}
    assert rows["engine.log.emit", "critical"][3:] == ["0.50%", "0.97 +-0.10", "cold but critical"]
    assert rows["engine.batch.prepare", "free"][3:] == ["61%", "0.00 +-0.10", "hot but irrelevant"]
    assert rows["engine.kv.BlockTable.append", "partly"][5] == ""
    assert rows["engine.log:emit", "failed"][5] == "cold but critical"
    (picture,) = pictures(section)
    assert {"log.emit", "schedule", "batch.prepare"} <= set(labels(picture))
    assert {"failed", "critical", "free", "partly"} <= set(words(section))


def test_the_same_code_in_several_tests_is_told_apart() -> None:
    tests = ("t.py::test_request", "t.py::test_parse")
    found = [replace(a_result(test, "pkg.parse", drop=0.1 * n), time_share=0.2 * n) for n, test in enumerate(tests, 1)]
    (picture,) = pictures(map_section(a_document(*found)))
    assert {"test_request: parse", "test_parse: parse"} <= set(labels(picture))


@pytest.mark.parametrize("document", [DOCUMENTS["many"], DOCUMENTS["hostile"]])
def test_map_of_many_has_some_labels_which_do_not_overlap(document: Document) -> None:
    section = map_section(document)
    (picture,) = pictures(section)
    drawn = [one for one in picture.iter("text") if one.get("transform") is None]
    assert 5 <= len(labels(picture)) <= LABELLED
    boxes = [box for box in map(extent, drawn) if box is not None]
    assert not [pair for pair in itertools.combinations(boxes, 2) if pair[0].meets(pair[1])]
    assert len(cells(section)) == sum(
        one.time_share is not None and one.known_transmission is not None for one in document.results
    ) + sum(len(one.functions) for one in document.scans)


def test_map_needs_both() -> None:
    assert map_section(a_document(*SOME)) is None
    assert map_section(shared(a_document(*SOME), [None])) is None


# ---- curves ----


def test_curves_say_the_slack() -> None:
    nothing = replace(SLACK, slack_ns=Estimate(3e3, 0.0, 9e3))
    least = replace(SLACK, slack_ns=Estimate(450e3, 450e3, None))
    section = curves_section(a_document(SLACK, nothing, least, replace(SLACK, slack_ns=None), *sweep()))
    said = words(section)
    assert "absorbs 301us [284, 317] a call" in said
    assert "no slack found, below 9us" in said
    assert "absorbs at least 450us a call" in said
    assert "no slack found" in said
    (swept,) = [one for one in said if one.startswith("absorbs 300us [")]
    assert len(pictures(section)) == 5
    rows = cells(section)
    assert len(rows) == 5 * 6
    assert rows[-1][2:] == ["500us", "200us [183, 219]", "33.3% [31.3, 35.3]", swept]


def test_three_delays_make_a_curve_and_two_none() -> None:
    assert curves_section(a_document(*sweep(delays_us=(50, 400)))) is None
    assert curves_section(a_document(*sweep(delays_us=(50, 400)), *sweep("other.py::t", delays_us=(100,)))) is None
    section = curves_section(a_document(*sweep(delays_us=(50, 200, 400))))
    assert "slack not known" in words(section)


def test_the_knee_is_shaded() -> None:
    """Free up to the low end of the slack, and not known up to the high one."""
    (picture,) = pictures(curves_section(a_document(SLACK)))
    free, knee = picture.findall("rect")
    assert (free.get("class"), knee.get("class")) == ("f-cool", "f-deep")
    left, width = (float(free.get(name) or 0) for name in ("x", "width"))
    axis = (left + width - left) / 284
    assert float(knee.get("x") or 0) == pytest.approx(left + width, abs=0.1)
    assert float(knee.get("width") or 0) == pytest.approx((317 - 284) * axis, abs=0.5)


# ---- scans ----


def test_scan_has_its_numbers_and_its_words() -> None:
    section = scan_section(a_document(scans=(SCAN,)))
    rows = cells(section)
    assert [row[1].strip() for row in rows] == ["critical*", "critical*", "free, hot", "partly", "small"]
    assert rows[1][2] == "engine.log.emit"
    assert section is not None
    said = ["".join(one.itertext()) for one in section.iter("li")]
    assert "1 function too small to matter, 0.2% of a run together (each is below)" in said
    assert "slowed together, the critical ones cost what each costs by itself" in said
    assert any("the free ones have a slack of" in one for one in said)
    (folded,) = section.iter("details")
    assert [row[2] for row in cells(folded)] == ["engine.metrics.inc"]


def test_scan_bar_and_mark_share_an_axis() -> None:
    """The bar of a share of 5 % ends where the mark of a gain of 5 % is."""
    section = scan_section(a_document(scans=(SCAN,)))
    assert section is not None
    first = next(one for one in pictures(section) if (one.findtext("title") or "").endswith("schedule"))
    (bar,) = first.findall("rect")
    mark = next(one for one in first.findall("path") if "f-sensitive" in (one.get("class") or ""))
    tip = next(points(mark.get("d") or ""))
    assert float(bar.get("x") or 0) + float(bar.get("width") or 0) == pytest.approx(tip[0], abs=0.1)


# ---- commits ----


def histories(transmissions: Sequence[float | None], test: str = "t.py::t") -> list[Result | None]:
    return [
        None if one is None else a_result(test, drop=0.1 * one / (1 + 0.1 * one), half=0.005, round_ns=400e3)
        for one in transmissions
    ]


def documents(*columns: Sequence[Result | None]) -> list[Document]:
    return [
        a_document(*filter(None, row), commit=f"{index:07x}{'0' * 33}")
        for index, row in enumerate(zip(*columns, strict=True))
    ]


@pytest.mark.parametrize(
    ("transmissions", "told"),
    [
        ((0.0, 0.0, 1.0, 1.0), "came onto the critical path in 0000002"),
        ((1.0, None, 0.0, 0.0), "left the critical path in 0000002"),
        ((0.6, 0.6, 0.6, 0.95), "changed in 0000003: 0.60 -> 0.95"),
        ((0.5, 0.52, 0.51, 0.5), "no change"),
    ],
)
def test_commits_say_what_changed(transmissions: Sequence[float | None], told: str) -> None:
    section = commits_section(documents(histories(transmissions)))
    assert told in words(section)
    assert {"0000000", "0000003"} <= set(words(section))
    assert [row[2] for row in cells(section)] == [
        f"000000{index}" for index, one in enumerate(transmissions) if one is not None
    ]


def test_commits_draw_what_changed_the_most() -> None:
    columns = [histories((0.0, index / 20), f"t.py::test_{index}") for index in range(20)]
    section = commits_section(documents(*columns))
    charts = [one.findtext("title") or "" for one in pictures(section)]
    assert len(charts) == CHARTS
    assert [re.search(r"test_(\d+)", one)[1] for one in charts] == [str(19 - index) for index in range(12)]  # type: ignore[index]
    assert section is not None
    *_, rest = section.iter("details")
    assert len(cells(rest)) == 8
    assert "changed by more than their intervals" in (section.findtext("p") or "")


def test_commits_need_two_documents() -> None:
    assert commits_section([FULL]) is None
    assert commits_section([FULL, a_document()]) is None
    two = [replace(FULL, run="run 1"), replace(FULL, run=None)]
    assert {"run 1", "#2"} <= set(words(commits_section(two)))


def test_targets_of_a_bump_are_told_in_full() -> None:
    several = a_result("t.py::t", "pkg.a", "!pkg.b")
    assert several.bump.targets == Targets(("pkg.a", "!pkg.b"), (), ())
    section = map_section(a_document(replace(several, time_share=0.2)))
    assert cells(section)[0][0] == "pkg.a, !pkg.b"
