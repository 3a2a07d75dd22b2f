"""The report as Markdown: what is where, whole rows within so many bytes, and no name that is more than a name."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendered import cells, inlines, render
from reports import HOSTILE, SCAN, SLACK, SOME, a_document, a_result, hostile_document, many, sweep

from pytest_speedbump.formats.markdown import COMMENT_BYTES, LEAST_BYTES, SUMMARY_BYTES, markdown
from pytest_speedbump.report.columns import plain
from pytest_speedbump.result import Estimate

MANY = many(1500)
EVERYTHING = a_document(*SOME, SLACK, *sweep(), scans=(SCAN,), commit="0123abc")


def test_everything_has_its_place() -> None:
    written = markdown(EVERYTHING)
    assert written.startswith(
        "<!-- speedbump -->\n"
        "### speedbump: 1 failed, 1 inconclusive, 1 void, 1 insensitive, 9 measured, 1 sensitive, 1 scan\n"
    )
    places = [
        written.index(one)
        for one in ("> [!CAUTION]\n> **`bench/test_engine.py::test_decode_step`**", "| ❌ grown FAILED",
                    "| ❔ inconclusive",
                    "test_prefill &#91;engine.kv&#58;BlockTable.append +2us&#93;: inconclusive: time ran out after 10s",
                    "<details><summary>Scan of", "<details><summary>12 passed</summary>\n\n|", "| ✅ insensitive",
                    "<sub>Python 3.")
    ]  # fmt: skip
    assert places == sorted(places)
    assert "accept it with --speedbump-save" in written
    assert "`pytest bench/test_engine.py::test_decode_step --speedbump-seed 22107`" in written
    assert written.endswith("chance of any false failure at most 5.0%; seed 22107; commit 0123abc</sub>\n")


def test_why_the_run_fails_as_a_whole() -> None:
    written = markdown(replace(EVERYTHING, failures=("no benchmark calls <b>its</b> targets",)))
    assert "\n> [!CAUTION]\n> **The run fails**\\\n> no benchmark calls &#60;b&#62;its&#60;/b&#62; targets\n" in written


def test_cells() -> None:
    shown = [[cell.text for cell in row] for row in cells(markdown(EVERYTHING))]
    titles = ["", "test", "target", "delay × calls", "throughput lost, 0–50 %", "transmission"]  # noqa: RUF001
    assert shown.count(titles) == 2
    assert ["❌ grown FAILED", "test_decode_step", "engine.log:emit", "+40us × 1",  # noqa: RUF001
            "·┊●········· 8.7% [7.2, 10.2], limit 4.0%", "0.95 [0.78, 1.14]"] in shown  # fmt: skip
    assert ["⚪ void", "test_validate", "graphql.language.parser:Parser.parse_name", "+2us × 0", "–", "–"] in shown  # noqa: RUF001
    assert "slack 301us [284, 317]" in [row[4] for row in shown if row[1] == "test_slack"]
    assert ["🔺 critical*", "engine.log.emit", "0.5%", "0.97 +-0.10", "0.485% [0.435, 0.535]", "–"] in shown  # noqa: RUF001
    assert [row[1] for row in shown].count("engine.metrics.inc") == 0, "too small for a line"
    assert "1 more" in [cell.text for cell in inlines(markdown(EVERYTHING))]


def test_a_slack_that_has_no_end() -> None:
    result = replace(SLACK, slack_ns=Estimate(57e3, 57e3, None))
    assert "slack **at least 57us**" in markdown(a_document(result))


def test_a_declared_slack_is_about_the_transmission() -> None:
    """A share of the delay, which no axis of drops can hold."""
    (row,) = [row for row in cells(markdown(a_document(a_result(limit=0.1, kind="slack")))) if "+40us" in row[3].text]
    assert [cell.text for cell in row[4:]] == ["········━━●━ 8.7% [7.2, 10.2]", "0.95 [0.78, 1.14], limit 10.0%"]
    asked = replace(SLACK, bump=replace(SLACK.bump, delay_ns=math.nan))
    assert any(row[3].text.startswith("slack") for row in cells(markdown(a_document(asked)))[1:])


def test_nothing() -> None:
    assert "### speedbump: nothing was measured\n" in markdown(a_document())
    assert len(markdown(a_document(), LEAST_BYTES).encode()) < 200


@given(st.integers(LEAST_BYTES, SUMMARY_BYTES) | st.integers(LEAST_BYTES, COMMENT_BYTES), st.integers(0, 1500))
def test_whole_rows_within_the_limit(most_bytes: int, number: int) -> None:
    document = replace(MANY, results=MANY.results[:number], scans=(SCAN,) * (number % 50))
    written = markdown(document, most_bytes)
    assert len(written.encode()) <= most_bytes
    rows = [line for line in written.splitlines() if line.startswith("| ") and "package.module" in line]
    assert all(line.count("|") == 7 and line.endswith(" |") for line in rows)
    left_out = {noun: int(n) for n, noun in re.findall(r"^(\d+) more (passed|that failed)", written, re.MULTILINE)}
    assert len(rows) + sum(left_out.values()) == number
    assert "that failed" not in left_out or not any("FAILED" not in row for row in rows), "what passed goes first"
    assert written.count("<details>") == written.count("</details>")


def test_a_comment_says_what_is_left_out() -> None:
    written = markdown(MANY, COMMENT_BYTES)
    assert COMMENT_BYTES - 1000 < len(written.encode()) <= COMMENT_BYTES
    assert written.count("FAILED |") == 16
    assert re.search(r"^1\d{3} more passed, left out\.$", written, re.MULTILINE)
    assert "passed, left out" not in markdown(MANY)


def test_no_name_is_more_than_a_name() -> None:
    document = hostile_document()
    written = markdown(document)
    found = inlines(written)
    assert {other for one in found for other in one.others} <= {"strong_open", "strong_close"}
    shown = {cell.text for row in cells(written) for cell in row}
    for name in HOSTILE:
        short = plain(name) if len(name) < 80 else "x" * 38 + "..." + "x" * 39
        assert short in shown, "as a target, and as a function of the scan"
        assert any(plain(name) in one.text for one in found), "whole, in a sentence"
    kinds = {token.type for token in render(written) if token.nesting == 1}
    assert kinds == {"heading_open", "blockquote_open", "paragraph_open", "table_open", "thead_open", "tbody_open",
                     "tr_open", "th_open", "td_open", "bullet_list_open", "list_item_open"}  # fmt: skip
    blocks = [token.content for token in render(written) if token.type == "html_block"]
    tags = {tag for block in blocks for tag in re.findall(r"<[^>]*>", block)}
    assert tags == {"<!-- speedbump -->", "<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"}
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in written.splitlines())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_environments(name: str) -> None:
    document = replace(a_document(a_result()), environment={"python": name}, commit=name)
    last = inlines(markdown(document))[-1]
    assert last.others == ()
    assert len(markdown(document, LEAST_BYTES).encode()) <= LEAST_BYTES
