"""Lines of text on a terminal, or in the log of a CI job, that hold names of others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import HOSTILE, hostile_document

from pytest_speedbump.report.columns import plain, width_of, wrap
from pytest_speedbump.report.sheet import lay_out_rankings
from pytest_speedbump.report.table import lay_out

NAMES = st.text(st.sampled_from(":#[ \nab\x1b")) | st.text()


def commands(line: str) -> bool:
    """As GitHub's runner reads a log; others look for ``##`` too."""
    return line.lstrip().startswith("::") or "##" in line


@given(NAMES)
def test_a_plain_text_neither_moves_nor_commands(name: str) -> None:
    shown = plain(name)
    assert shown.isprintable()
    assert not commands(shown)
    assert plain(shown) == shown, "once is enough"


@given(NAMES, st.integers(1, 40))
def test_no_line_of_a_wrapped_text_commands(name: str, width: int) -> None:
    lines = wrap(plain(f"it says {name} and more"), width, 4)
    assert not any(map(commands, lines))
    assert "".join("".join(lines).split()) == "".join(plain(f"it says {name} and more").split())


@pytest.mark.parametrize(
    ("name", "shown"),
    [("::error::x", "\\x3a:error::x"), ("  ::x", "  \\x3a:x"), ("##[error]", "\\x23#[error]"), ("a::b #1", "a::b #1")],
)
def test_escapes(name: str, shown: str) -> None:
    assert plain(name) == shown


@pytest.mark.parametrize("width", [None, 40, 60, 100])
def test_hostile_names_stand_in_columns(width: int | None) -> None:
    document = hostile_document()
    table = lay_out(document.results, width)
    assert len({width_of(first) for first, _ in (table.header, *table.rows)}) == 1
    lines = [*(first + last for first, last in table.rows), *lay_out_rankings(document.scans, width)]
    assert all(line.isprintable() for line in lines)
    assert not any(map(commands, lines))
    assert len(table.rows) == len(HOSTILE) + 1
