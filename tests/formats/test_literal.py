"""Text of others in Markdown: a reader sees that text, and a parser sees nothing else in it."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rendered import OWN_TAGS, cells, inlines
from reports import HOSTILE

from pytest_speedbump.formats.literal import code, code_html, text
from pytest_speedbump.report.columns import plain

MORE = (
    "- a list", "1. a list", "12) a list", "# heading", "===", "---", "> quote", "    indented", "```", "~~~",
    "| --- |", "http://a.com", "see www.a.com", "me@a.com", "a_b _c_ __d__", "*a*", "[^1]", "[x]: y", "![x](y)", "\\|",
    "a\\", "`", "``", " `x` ", "$x$", "&lt;", "<wbr>", "<!-- -->", "@all", "#1", "GH-1", ":tada:", "a:b:c", "\\*",
    "", " ", "a  ", "\u2028", "\ud800", "\u0301", "::error::x", "a|b@c.com",
)  # fmt: skip
# Letters alone never attack.
ATTACKS = (
    st.text(st.sampled_from("ab1 _*`|\\[](){}<>#+-=.!:@&~$^;/'\"%\n\t\u202e\u05e9\u0301\ud800\U0001f4a5w")) | st.text()
)


def check(row: str, shown: str) -> None:
    table = f"| a | b |\n|---|---|\n| {row} | end |\n"
    ((_, _), (cell, end)) = cells(table)
    assert (cell.text, cell.others) == (shown, ())
    assert end.text == "end"
    (paragraph,) = inlines(f"> [!NOTE]\n> first\\\n> {row}\\\n> last\n")
    assert (paragraph.text, paragraph.others) == (f"[!NOTE]\nfirst\n{shown}\nlast", ())
    (item,) = inlines(f"- {row}\n")
    assert (item.text, item.others) == (shown, ())


@pytest.mark.parametrize("name", [*HOSTILE, *MORE])
def test_hostile_names(name: str) -> None:
    check(f"x {code(name)}", f"x {plain(name)}")
    if plain(name).strip():
        check(text(name), plain(name).strip())


@given(ATTACKS)
def test_names(name: str) -> None:
    check(f"x {code(name)}", f"x {plain(name)}")


@given(ATTACKS.filter(lambda one: plain(one).strip()))
def test_sentences(sentence: str) -> None:
    check(text(sentence), plain(sentence).strip())


@given(ATTACKS)
def test_names_where_only_html_is_read(name: str) -> None:
    inside = code_html(name).removeprefix("<code>").removesuffix("</code>")
    assert not re.search(r"[<>\"'\n]", inside.replace("<wbr>", ""))
    assert unescape(inside.replace("<wbr>", "")) == plain(name)


@given(ATTACKS | st.lists(st.sampled_from(["#1", "@all", "GH-1", ":tada:", "www.a.com", " ", "a"])).map("".join))
def test_what_github_looks_for_in_text_is_parted(sentence: str) -> None:
    """Of that no parser knows: it is sought in what is between tags."""
    shown = text(sentence)
    for tag in OWN_TAGS:
        shown = shown.replace(tag, "\0")
    assert not re.search(r"www\.|://", text(sentence), re.IGNORECASE)
    assert not re.search(r"@[\w-]|#\d|\bGH-\d|:[\w+-]+:", unescape(shown), re.IGNORECASE)
