"""The page as text: its order, what it says of a result, and that names stay text."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markup import Node, parse
from reports import HOSTILE, PROGRAM, SCAN, SLACK, SOME, a_document, a_result, hostile_document, many, sweep

from pytest_speedbump.bump import Declaration
from pytest_speedbump.documents.document import Document
from pytest_speedbump.page.details import links
from pytest_speedbump.page.forest import Axis
from pytest_speedbump.page.page import NOTHING, page
from pytest_speedbump.page.style import CARD
from pytest_speedbump.page.svg import PAPER, TONES
from pytest_speedbump.report.columns import plain
from pytest_speedbump.report.repeat import repeat
from pytest_speedbump.result import Estimate, Machine, MatchedCode, Result, Unreached

FULL = a_document(*SOME, *sweep(), SLACK, scans=(SCAN,), commit="83a4e62f" * 5)


def shown(document: Document) -> Node:
    return parse(page([document]))


def drops(root: Node) -> Node:
    """Their table."""
    return next(one for one in root.all("table") if one.all("caption"))


def rows(root: Node) -> list[list[str]]:
    """Of that table."""
    body = drops(root).one("tbody")
    return [[cell.text for cell in row.children if isinstance(cell, Node)] for row in body.all("tr")]


def said(root: Node, index: int = 0) -> dict[str, str]:
    """What is told of a bump."""
    told = root.all("dl")[index]
    return dict(zip((one.text for one in told.all("dt")), (one.text for one in told.all("dd")), strict=True))


def test_it_needs_nothing_but_itself() -> None:
    root = shown(FULL)
    assert not root.all("script", "link", "img", "iframe", "object", "form")
    names = {name for node in root.walk() for name in node.attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"style", "src", "action"}
    assert all((node.attributes.get("href") or "#").startswith("#") for node in root.walk())
    assert "url(" not in root.one("style").text
    assert root.one("html").attributes["lang"] == "en"
    assert root.one("head").one("title").text == (
        "speedbump: 1 failed, 1 inconclusive, 1 sensitive, 9 measured, 1 insensitive, 1 void"
    )


def test_a_reader_who_sees_nothing_is_told() -> None:
    root = shown(FULL)
    levels = [int(node.tag[1]) for node in root.all("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for picture in root.all("svg"):
        assert {"width", "height", "viewbox"} <= picture.attributes.keys()
        told = picture.attributes.get("aria-label") or (picture.all("title") and picture.all("title")[0].text)
        assert told or picture.attributes.get("aria-hidden") == "true"
    assert all(one.attributes.get("scope") for one in root.all("th"))
    ids = [node.attributes["id"] for node in root.walk() if "id" in node.attributes]
    assert len(set(ids)) == len(ids)
    assert {f"#{one}" for one in ids} >= {one.attributes["href"] for one in root.all("a")}


def test_order() -> None:
    headings = [one.text for one in shown(FULL).all("h2")]
    assert headings[:2] == ["What failed, and why", "Throughput lost"]
    assert headings[-1] == "Test by test"
    assert {"Where a profiler misleads", "How much slower is free?", "What each function costs"} < set(headings)


def test_what_failed_is_said_as_pytest_says_it() -> None:
    assert SOME[0].lock is not None
    card = shown(FULL).one("div", class_="card")
    assert [one.text for one in card.all("h3", "p")] == [
        "◆ failed bench/test_engine.py::test_decode_step",
        "engine.log:emit slowed by 40us a call: grown since the lockfile was written: " + SOME[0].lock.text,
        "1 call x 40us = 40us in each run of 404us; 95% [78, 114] of it reaches the run time",
        "If this is meant, accept it with --speedbump-save. It also breaks what the test declares, 4.0%.",
    ]
    assert not shown(a_document(a_result())).all(class_="card")


def test_why_the_run_fails_as_a_whole() -> None:
    failed = replace(a_document(a_result()), failures=("no benchmark of this run calls its targets: <b>",))
    card = shown(failed).one("div", class_="card")
    assert [one.text for one in card.all("h3", "p")] == ["◆ failed the run as a whole", *failed.failures]


def test_rows_the_worst_first() -> None:
    limits = [one for one in drops(shown(a_document(SOME[0]))).all("path") if "stroke-dasharray" in one.attributes]
    assert len(limits) == 1
    found = rows(shown(a_document(*reversed(SOME))))
    assert [row[0] for row in found] == [
        "◆ failed", "? inconclusive", "▲ sensitive", "■ measured", "● insensitive", "■ measured", "○ void",
    ]  # fmt: skip
    assert found[0] == ["◆ failed", "test_decode_step", "engine.log:emit", "40us", "1", "", "8.7% [7.2, 10.2]",
                        "0.95 [0.78, 1.14]"]  # fmt: skip
    assert found[-1] == [
        "○ void",
        "test_validate",
        "graphql.language.parser:Parser.parse_name",
        "2us",
        "0",
        "",
        "-",
        "-",
    ]


def test_advice_is_no_failure_and_no_pass() -> None:
    one = replace(SOME[0], outcome="warned", lock=None)
    assert rows(shown(a_document(one)))[0][0] == "! warned"


def test_a_long_table_is_folded_and_all_that_is_bad_is_not() -> None:
    root = shown(many(150))
    (folded,) = [one for one in root.all("details") if one.all("summary")[0].text == "50 more"]
    assert len(folded.one("tbody").all("tr")) == 50
    assert "failed" not in folded.text
    bad = [replace(SOME[0], test=f"t.py::test_{n}") for n in range(150)]
    assert len(rows(shown(a_document(*bad)))) == 150


def test_all_that_is_known_of_a_result_is_told() -> None:
    one = replace(
        SOME[0],
        outcome="passed",
        warnings=("the tail is long",),
        time_share=0.42,
        slack_ns=Estimate(301e3, 284e3, None),
        doses=SLACK.doses[:2],
        machine=Machine(0.013, 0.002, 3.5, 0.21, 7, "unwaited"),
        unreached=(Unreached("c:len", "it is called directly"),),
        matched=(MatchedCode("a.b", "a.py", 10, 1.0, 2e3), MatchedCode("c:zlib.crc32", None, None, 2.0, 4e3, "c")),
    )
    told = said(shown(a_document(one)))
    assert told == {
        "Declared": "insensitive: at most 4.0% of throughput lost, by the marker; found: sensitive",
        "Note": "lockfile: grown: it costs 8.6% of throughput instead of 0.1% (transmission 0.00 -> 0.97)"
        "the tail is longnot slowed, --speedbump-list says why: c:len",
        "Drop": "8.7% [7.2, 10.2]; the rounds could tell 1.5% from none",
        "Transmission": "0.95 [0.78, 1.14] of the delay reaches the run time",
        "Slack": "at least 284us of each call are absorbed",
        "Share of time": "42.0% of a run is spent in the targets",
        "Calls": "1 a run: 40us of 40us delivered, 0ns late",
        "Time": "400us a run, 438us slowed, 404us with the probe, which adds 13ns",
        "Rounds": "180 pairs of 20 calls each, in 1.3s",
        "Doses": "+75us a call: a run takes 0.0us [-8.0, 8.0] more, a drop of 0.0% [-2.0, 2.0]; 200 pairs"
        "+150us a call: a run takes 0.0us [-8.0, 8.0] more, a drop of 0.0% [-2.0, 2.0]; 200 pairs",
        "Evidence": "over the limit 3, at most 3.2; under it -2, at most 0 (natural logs)",
        "Machine": "waited for a processor in 1.3% of the rounds; others used 21.0% of it; 0.2% of the delay came "
        "late; 3.5 switches a round; 7 pairs set aside; those pairs were judged that had not waited for a processor",
        "Slowed": "a.b a.py:10, 1 call, 2us deliveredc:zlib.crc32, 2 calls, 4us delivered",
        "Not slowed": "c:len: it is called directly",
        "Repeat": repeat(one, 22107),
    }


def test_slack_that_was_looked_for_and_slack_that_was_declared() -> None:
    looked_for = replace(SLACK, bump=replace(SLACK.bump, delay_ns=math.nan))
    declared = replace(SOME[0], bump=replace(SOME[0].bump, declared=Declaration("slack", 0.05, "marker")), lock=None)
    root = shown(a_document(looked_for, declared))
    assert rows(root)[1][3:] == ["slack", "0", "slack 301us [284, 317]", "-", "-"]
    assert "engine.schedule slack ■ measured" in [one.text for one in root.all("h3")]
    assert not any("stroke-dasharray" in one.attributes for one in drops(root).all("path")), "5 % of a delay is no drop"
    assert said(root, 1)["Declared"] == (
        "slack: each call may take 40us more, of which less than 5.0% arrives, by the marker; found: sensitive"
    )


def test_one_command_repeats_all_bumps_of_a_test() -> None:
    marked = shown(a_document(*sweep()))
    assert [one.text for one in marked.all("pre")] == ["pytest bench/test_engine.py::test_sweep --speedbump-seed 22107"]
    assert len(marked.all("dl")) == len(sweep())


def test_notes_that_many_share_are_said_once() -> None:
    results = [replace(a_result(f"t.py::test_{n}"), warnings=("the machine was busy",)) for n in range(5)]
    (line,) = shown(a_document(*results)).one("ul", class_="said").all("li")
    assert line.text == "t.py::test_0 [engine.log:emit +40us] and 4 more: the machine was busy"


def test_facts() -> None:
    text = shown(replace(FULL, run="1234-1")).one("p", class_="facts").text
    for fact in ("clock tsc", "among 14 verdicts at most 5.0%", "seed 22107", "commit 83a4e62f83a4", "run 1234-1"):
        assert fact in text.split(" · ") or fact in text


def test_an_empty_document_says_so() -> None:
    root = shown(a_document())
    assert NOTHING in [one.text for one in root.all("p")]
    assert not root.all("table", "h2")


def test_a_program() -> None:
    root = shown(replace(a_document(), program=PROGRAM, seed=None, error_rate=None))
    assert NOTHING not in root.text
    assert "train.py --steps 1000" in root.text
    assert "+50us every 10th call nogil; after 30s; 1 process; 1 still running when it had ended" in root.text
    assert "memory ran out: 2 functions not slowed; 12.3s; ended by SIGTERM" in root.text
    assert "engine.shedule never ran; there is engine.schedule" in root.text
    assert [row.text for row in root.all("tr")] == [
        "TargetCallsAskedDeliveredLate", "engine.*123462ms62ms4us", "engine.shedule0---",
        "TargetCallsAskedDeliveredLate", "engine.schedule /src/engine.py:3123462ms62ms4us",
    ]  # fmt: skip


def test_a_program_that_was_measured_shows_its_points() -> None:
    found = a_result("engine.Engine.step", "engine.schedule", by="command line")
    latency = {"begin": "a.b", "end": "c.d", "control_ns": 1e6, "slowed_ns": 1.6e6, "arrivals": 70,
               "added_ns": {"estimate": 6e5, "low": 5e5, "high": None}}  # fmt: skip
    root = shown(replace(a_document(found), program=PROGRAM | {"latency": latency}))
    assert [one.text for one in root.all("h2")] == ["The program", "Throughput lost", "Point by point"]
    assert "From a.b to c.d: 1ms, slowed 1.6ms, which is 600us [500, ...] more" in root.text
    assert not root.all("pre"), "no pytest repeats it"


# ---- names ----


def test_no_element_and_no_attribute_comes_from_a_name() -> None:
    def kinds(document: Document) -> set[tuple[str, str]]:
        return {(node.tag, name) for node in shown(document).walk() for name in ("", *node.attributes)}

    tame = a_document(*SOME, a_result("x" * 80, "y" * 80), *sweep(), SLACK, scans=(SCAN,))
    assert kinds(hostile_document()) <= kinds(tame)
    text = shown(hostile_document()).text
    for one in HOSTILE:
        assert plain(one) in text


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_name_is_read_back_as_it_was(test: str, target: str) -> None:
    root = shown(a_document(replace(SOME[0], test=test, bump=a_result(test, target).bump)))
    names = [one.text for one in root.all("bdi")]
    assert plain(test) in names
    assert plain(target) in names
    assert plain(test) == root.one("summary").one("bdi").text


# ---- how large, how legible ----


@pytest.mark.parametrize(("number", "most"), [(40, 120_000), (1500, 4_000_000)])
def test_size(number: int, most: int) -> None:
    assert len(page([many(number)]).encode()) <= most


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("tone", ["ink", "soft", "failed", "sensitive", "insensitive", "measured", "unknown"])
def test_contrast_of_text(tone: Any, theme: int) -> None:
    for ground in (PAPER, CARD):
        low, high = sorted((luminance(TONES[tone][theme]), luminance(ground[theme])))
        assert (high + 0.05) / (low + 0.05) >= 4.5


# ---- the axis ----


def of(low: float | None, drop: float, high: float | None) -> Result:
    return replace(a_result(), known_drop=Estimate(drop, low, high))


@given(st.lists(st.floats(-1e6, 1), min_size=2, max_size=5))
def test_the_axis_keeps_the_order(drops: list[float]) -> None:
    axis = Axis([of(None, drop, None) for drop in drops])
    places = [axis.at(drop) for drop in sorted(drops)]
    assert places == sorted(places)
    assert all(axis.MARGIN <= place <= axis.WIDTH - axis.MARGIN for place in places)
    labels = [axis.span(tick) for tick in axis.ticks]
    assert all(end < start for (_, end), (start, _) in pairwise(labels))
    assert 0.0 in axis.ticks


@pytest.mark.parametrize(
    ("low", "high", "arrows"), [(0.1, 0.3, 0), (None, 0.3, 1), (0.1, None, 1), (None, None, 2), (-9, 0.3, 1)]
)
def test_ends_that_are_not_known_are_arrows(low: float | None, high: float | None, arrows: int) -> None:
    root = shown(a_document(of(low, 0.2, high), of(0.0, 0.1, 0.2)))
    picture = drops(root).one("tbody").all("tr")[0].one("svg")
    (interval,) = [one for one in picture.all("path") if "11H" in (one.attributes["d"] or "")]
    assert (interval.attributes["d"] or "").count("l") == 2 * arrows


def test_links_are_of_tests() -> None:
    assert links([*sweep(), SLACK]) == {sweep()[0].test: "t0", SLACK.test: "t1"}
