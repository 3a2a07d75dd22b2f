"""The table on a terminal: names that tell tests apart, columns that line up, lines that do not wrap."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import Counts
from pytest_speedbump.remarks import Remark
from pytest_speedbump.report.columns import pad, plain, shorten, shorten_all, width_of, wrap
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.table import LEFT_OUT, lay_out
from pytest_speedbump.report.terminal import write_failures, write_last_word, write_listing, write_table
from pytest_speedbump.report.text import drop_text, failure_text
from pytest_speedbump.result import Estimate, MatchedCode, Result
from pytest_speedbump.targets import Targets

RESULT = Result(
    test="bench/test_x.py::test_of_a_rather_long_name_that_explains_itself[large-0]",
    bump=Bump(Targets(("package.module.Class.method*", "package.other"), (), ()), 2000.0, "nogil", None, "marker"),
    verdict="sensitive", outcome="failed", counts=Counts(123456.0),
    known_drop=Estimate(0.0862, 0.081, 0.092), known_transmission=Estimate(-122.24, -707.8, 544.83),
)  # fmt: skip

# ---- names ----


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        (["a.py::test_it", "a.py::test_that"], ["test_it", "test_that"]),
        (["a.py::test_it", "b.py::test_it"], ["a.py::test_it", "b.py::test_it"]),
        (["a.py::TestA::test_it", "a.py::TestB::test_it"], ["TestA::test_it", "TestB::test_it"]),
        (["x/a.py::test_it", "y/a.py::test_it", "a.py::t"], ["x/a.py::test_it", "y/a.py::test_it", "t"]),
        # One is the end of the other, whole.
        (["a.py::test_it", "x/a.py::test_it"], ["a.py::test_it", "x/a.py::test_it"]),
        # What a parameter holds is no path.
        (["a.py::test_it[b::c/d]", "a.py::test_it[e::c/d]"], ["test_it[b::c/d]", "test_it[e::c/d]"]),
        (["a.py::test_it", "a.py::test_it"], ["test_it", "test_it"]),
        (["odd"], ["odd"]),
    ],
)  # fmt: skip
def test_a_name_is_as_short_as_it_can_be_told_apart(ids: list[str], names: list[str]) -> None:
    assert [short_names(ids)[one] for one in ids] == names


parts = st.sampled_from(["a", "b", "test_it"])
node_ids = st.builds(
    lambda folders, file, names: "/".join([*folders, f"{file}.py"]) + "".join(f"::{name}" for name in names),
    st.lists(parts, max_size=2), parts, st.lists(parts, min_size=1, max_size=2),
)  # fmt: skip


@given(st.sets(node_ids, min_size=1, max_size=12))
def test_names_are_ends_and_all_different(ids: set[str]) -> None:
    names = short_names(ids)
    assert set(names) == ids
    assert len(set(names.values())) == len(ids)
    for one, name in names.items():
        assert one.endswith(name)
        if one != name:
            assert not any(other != one and other.endswith(name) and len(name) == len(other) for other in ids)


# ---- columns ----

texts = st.text(st.sampled_from("abcdef[]解析語é😀") | st.just("\u0301"), max_size=30)


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("解析", 4), ("e\u0301", 1), ("é", 1), ("😀", 2), ("한글", 4), ("", 0), ("ﾊﾝ", 2)]
)
def test_width(text: str, width: int) -> None:
    assert width_of(text) == width


@given(texts, st.integers(0, 40), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_what_is_shortened_fits_and_keeps_its_ends(text: str, width: int, share: float) -> None:
    short = shorten(text, width, share)
    assert width_of(short) <= width
    assert short == text or "." in short or not width
    if width_of(text) <= width:
        assert short == text
    if width >= 3 and short != text:
        head, _, tail = short.partition("...")
        assert text.startswith(head)
        assert text.endswith(tail)
    assert width_of(pad(short, 40)) == width_of(pad(short, 40, right=True)) == 40


def test_a_cut_keeps_names_apart_where_it_can() -> None:
    names = [f"test_parse_{middle}_of_the_whole_library" for middle in ("small", "large")]
    assert len(set(shorten_all(names, 22))) == 2
    parameters = [f"test_of_a_long_name[{index}]" for index in range(12)]
    assert len(set(shorten_all(parameters, 15))) == 12
    assert shorten_all(["test_it"], 20) == ["test_it"]


@given(st.lists(st.text("abc解", min_size=1, max_size=12), min_size=1, max_size=12), st.integers(10, 40))
def test_wrapped_lines_fit_and_lose_no_word(words: list[str], width: int) -> None:
    text = "  " + " ".join(words)
    lines = wrap(text, width, indent=4)
    assert " ".join(lines).split() == words
    assert all(width_of(line) <= width or len(line.split()) == 1 for line in lines)
    assert lines[0].startswith("  ")
    assert all(line.startswith("    ") for line in lines[1:])
    assert wrap(text, None, indent=4) == [text]


# ---- the table ----

RESULTS = [
    RESULT,
    replace(RESULT, test="bench/test_x.py::test_解析[😀]", outcome="passed", verdict="measured"),
    replace(RESULT, test="bench/test_y.py::test_解析[😀]", counts=Counts(1.0), known_drop=Estimate(0.5, 0.1, 0.9)),
]


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(None, ()), (200, ()), (160, ()), (120, ()), (80, LEFT_OUT[:2]), (70, LEFT_OUT[:3]), (60, LEFT_OUT)],
)
def test_no_line_is_wider_than_the_terminal(width: int | None, left_out: tuple[str, ...]) -> None:
    table = lay_out(RESULTS, width)
    assert table.left_out == left_out
    lines = ["".join(line) for line in (table.header, *table.rows)]
    assert max(map(width_of, lines)) <= (width or 1000)
    for result, line in zip(RESULTS, lines[1:], strict=True):
        assert drop_text(result) in line, "numbers are never cut"
        assert ("123456" in line or " 1  " in line) == ("Calls" not in left_out)
    verdict_at = {width_of(first) for first, _ in (table.header, *table.rows)}
    assert len(verdict_at) == 1, "columns line up, whatever the names are written in"
    assert len({line.split("  ")[0] for line in lines}) == 4, "no two rows look the same"


def test_what_has_room_is_not_shortened() -> None:
    (row,) = lay_out([RESULT], 200).rows
    assert row[0].startswith(
        "test_of_a_rather_long_name_that_explains_itself[large-0]  package.module.Class.method*, pack"
    )


# ---- hostile names ----

HOSTILE = "a\nb\tc\x1b[31md\u202ee\x07"
TOLD = r"a\nb\tc\x1b[31md\u202ee\x07"


@given(st.text())
def test_plain_text_moves_no_cursor(text: str) -> None:
    assert plain(text).isprintable()
    assert plain(plain(text)) == plain(text)
    if text.isprintable():
        assert plain(text) == text


class Terminal:
    """As much of pytest's reporter as the tables need."""

    verbosity = 0

    def __init__(self) -> None:
        self.written = ""

    def write(self, text: str, **_: Any) -> None:
        self.written += text

    def write_line(self, text: str, **_: Any) -> None:
        self.written += f"{text}\n"


def test_names_that_would_move_or_colour_the_terminals_text_are_written_as_escapes() -> None:
    """Names of tests come from files of data, names of code from programs, and both go to people's terminals."""
    bump = replace(RESULT.bump, targets=Targets((HOSTILE,), (), ()), declared=None)
    void = replace(
        RESULT, test=f"t.yaml::{HOSTILE}", bump=bump, verdict="void", reason=Remark("uncalled", target=HOSTILE, hint="")
    )
    passed = replace(void, test="t.yaml::b", outcome="passed", warnings=(f"about {HOSTILE}",))
    listed = replace(void, test="t.yaml::c", matched=(MatchedCode(HOSTILE, HOSTILE, 1, 1.0, 0.0),))
    terminal: Any = Terminal()
    write_table(terminal, [void, passed], 1)
    table = terminal.written
    write_listing(terminal, [listed, void])
    write_failures(terminal, [HOSTILE])
    write_last_word(terminal, [HOSTILE, HOSTILE])
    terminal.written += failure_text(void)
    assert {one for one in terminal.written if not one.isprintable()} == {"\n"}
    assert terminal.written.count(TOLD) == 7 + 7 + 2 + 2
    assert len(table.splitlines()) == 10
