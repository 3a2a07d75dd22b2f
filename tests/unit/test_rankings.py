"""How a scan is shown: tables that line up whatever functions are called, and nothing that is lost on the way."""

import re
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scans import LAMBDA, LATE, LEXER, LOCK, LOG, PARSER, RANKING, SLOW, SMALL, rankings

from pytest_speedbump.notebook import Scanned
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.remarks import Remark
from pytest_speedbump.report.columns import width_of
from pytest_speedbump.report.numbers import margin_text
from pytest_speedbump.report.overview import lay_out_overview, unnoticed
from pytest_speedbump.report.ranked import is_cold, is_folded, is_hot_and_free, labels, standing_text
from pytest_speedbump.report.ranking_table import lay_out_ranking
from pytest_speedbump.report.terminal import write_rankings
from pytest_speedbump.result import Estimate

WHOLE = """\
speedbump scan: bench/test_x.py::test_y: graphql.*, audit.*
Rank  Function                     Calls  Share   Transmission   Slack                 Gain   Per us  Verdict
   1  graphql.lexer.Lexer.read       120  21.0%  1.000 +-0.070       -   21.0% [19.5, 22.5]      40%  critical*
   2  graphql.parser.Parser.parse    120  21.0%  1.000 +-0.070       -   8.00% [7.00, 9.00]      40%  critical*
   2  graphql.<locals>.<lambda>      120  21.0%  1.000 +-0.070       -   8.00% [7.00, 9.00]      40%  critical
   4  pool.release                   120   0.4%    3.10 +-0.50       -   1.24% [1.04, 1.44]      40%  critical*, cold
   5  graphql.Node                   120   8.0%    0.30 +-0.10   1.1us   2.40% [1.60, 3.20]      40%  partly
   6  audit.log.write                  1  12.0%  0.010 +-0.060  >=42us  0.12% [-0.60, 0.72]  0.0030%  free, hot
   6  graphql.slow                     1   2.0%              -       -                    -        -  unresolved
312 functions too small to matter, 9.4% of a run together (-v shows each)
* confirmed on fresh pairs
one run takes 300us; 323 functions in it, 95.6% of a run together
4100 pairs of rounds in 2.1s; 3 of 5 critical or partly ones confirmed
not resolved: 5 of 323 functions, 2.8% of a run; 4 of them, under 0.5% each or not looked at, have no line \
(-v shows each)
why not more: time ran out after 60s
slowed together, the free ones have a slack of 31us a run, 10.33% [9.67, 11.00] of it; \
gains beyond that need these to be faster too
slowed together, the critical ones cost what each costs by itself
other threads run Python code
gain: throughput won if the function cost nothing; per us: won by each microsecond that a call takes less; \
both hold until the next bottleneck"""


def test_the_whole_table() -> None:
    assert str(lay_out_ranking(RANKING, None)) == WHOLE


def foot(**changes: Any) -> str:
    return "\n".join(lay_out_ranking(replace(RANKING, **changes), None).foot)


def test_what_is_beneath_the_table() -> None:
    assert "a slack of at least 29us a run, 9.7% of it\n" in foot(joint_slack_ns=Estimate(31e3, 29e3, None))
    assert "need these to be faster" not in foot(joint_slack_ns=Estimate(290e3, 280e3, 300e3)), "more than all gains"
    assert "have a slack" not in foot(joint_slack_ns=None)
    assert "their gains do not add up" in foot(additive=False)
    assert "slowed together, the critical" not in foot(additive=None)
    free = foot(functions=(LOG, *SMALL), reason=Remark(), warnings=())
    assert "nothing critical found\nresolved: all of 313 functions\n" in free
    assert "next bottleneck" not in free
    assert "confirmed on fresh pairs" not in free


def test_no_function_at_all() -> None:
    empty = Ranking(test="t.py::t", targets=RANKING.targets, mode="spin", reason=Remark("no_time"))
    assert str(lay_out_ranking(empty, 60)).splitlines() == [
        "speedbump scan: t.py::t: graphql.*, audit.*",
        "0 pairs of rounds in 0ns",
        "no function was ranked",
        "why not more: no time was left to measure",
    ]
    assert lay_out_overview([empty, empty], 80).tables == ()
    assert unnoticed([empty]) == []


def test_what_is_not_resolved_is_never_hidden() -> None:
    unknown = replace(SLOW, share=None)
    table = lay_out_ranking(replace(RANKING, functions=(SLOW, unknown, *LATE), round_ns=None), None)
    assert len(table.verdicts) == 1
    assert (
        "not resolved: 6 of 6 functions, 2.8% of a run and 1 of unknown share; 5 of them, under 0.5% each or not "
        "looked at, have no line (-v shows each)"
    ) in table.foot
    nothing = lay_out_ranking(replace(RANKING, functions=(unknown,) * 3), None)
    assert nothing.table is None
    assert any(line.startswith("not resolved: 3 of 3 functions, of unknown share; 3 of them") for line in nothing.foot)


def test_hot_and_irrelevant_or_cold_and_critical() -> None:
    assert standing_text(LOCK) == "critical*, cold"
    assert standing_text(LOCK, short=True) == "critical*"
    assert standing_text(LOG) == "free, hot"
    assert not is_cold(LEXER)
    assert not is_cold(replace(LOCK, gain=Estimate(0.0124, 0.007, 0.018), gain_per_us=0.09)), "it may be noise"
    assert is_cold(replace(LOCK, gain=Estimate(0.004, 0.003, 0.005))), "a microsecond a call is a lot"
    assert not is_cold(replace(LOCK, verdict="unresolved"))
    assert not is_cold(replace(LOCK, share=None))
    assert not is_hot_and_free(replace(LOG, share=0.004))
    assert not is_hot_and_free(replace(LOG, verdict="small"))


def test_those_that_share_a_name_are_told_apart() -> None:
    other = replace(LAMBDA, line=31)
    assert [*labels([LAMBDA, other, LEXER]).values()] == [
        "graphql.<locals>.<lambda> (lexer.py:30)",
        "graphql.<locals>.<lambda> (lexer.py:31)",
        "graphql.lexer.Lexer.read",
    ]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1.0, 0.93, 1.07), "1.000 +-0.070"),
        ((0.5, 0.2, 0.6), "0.50 +-0.30"),  # wide enough for both ends
        ((-0.01, -0.05, 0.03), "-0.010 +-0.040"),
        ((1.0, None, 1.2), "1.00 [..., 1.20]"),
        ((1.0, None, None), ""),
        ((1.0, 1.0, 1.0), "1.00 +-0.00"),
    ],
)
def test_a_margin(numbers: tuple[float, float | None, float | None], text: str) -> None:
    assert margin_text(Estimate(*numbers)) == text


# ---- hostile names ----


@settings(deadline=None)
@given(rankings, st.none() | st.integers(40, 200), st.booleans())
def test_lines_line_up_and_no_function_is_lost(ranking: Ranking, width: int | None, each: bool) -> None:
    shown = lay_out_ranking(ranking, width, each=each)
    text = str(shown)
    assert {one for one in text if not one.isprintable()} <= {"\n"}
    if shown.table is not None:
        lines = [shown.table.header, *shown.table.rows]
        assert len({width_of(first) for first, _ in lines}) == 1
        assert shown.table.edge <= (width or shown.table.edge)
        assert len(shown.table.rows) == len(shown.verdicts)
    if width is not None:
        assert all(width_of(line) <= width or len(line.split()) == 1 for line in shown.foot)
        assert width_of(shown.title) <= width
    said = " ".join(line.strip() for line in shown.foot)
    small = re.search(r"(\d+) functions? too small", said)
    unresolved = re.search(r"(\d+) of them, under", said)
    folded = sum(int(match[1]) for match in (small, unresolved) if match)
    assert len(shown.verdicts) + folded == len(ranking.functions)
    assert folded == (0 if each else sum(map(is_folded, ranking.functions)))
    lost = sum(one.verdict == "unresolved" for one in ranking.functions)
    assert (f"not resolved: {lost} of " in said) == (lost > 0)


@settings(deadline=None, max_examples=50)
@given(st.lists(rankings, max_size=7), st.none() | st.integers(40, 200))
def test_the_overview_has_a_cell_for_each_function_and_benchmark(some: list[Ranking], width: int | None) -> None:
    overview = lay_out_overview(some, width)
    for table in overview.tables:
        lines = [table.header, *table.rows]
        assert len({width_of(first) for first, _ in lines}) == 1
        assert table.edge <= (width or table.edge)
    matter = {
        (one.name, one.file, one.line)
        for ranking in some
        for one in ranking.functions
        if one.verdict in ("critical", "partly") or is_hot_and_free(one)
    }
    assert {len(table.rows) for table in overview.tables} == ({len(matter)} if matter else set())
    if matter:
        signs = sum(len(re.split(r" {2,}", row[0].rstrip())) for table in overview.tables for row in table.rows[:1])
        assert signs >= len({ranking.test for ranking in some})
    assert all(line.isprintable() for line in (*overview.legend, *unnoticed(some)))


def test_the_narrowest_table_keeps_verdicts_and_says_what_is_missing() -> None:
    shown = lay_out_ranking(RANKING, 40)
    assert shown.table is not None
    assert shown.table.rows[0][1] == "critical*"
    assert shown.table.left_out == ("Calls", "Slack", "Share", "Transmission", "Per us", "Rank", "Gain")
    assert shown.foot[2:5] == (
        "no room in 40 columns for Calls and",
        "    Slack and Share and Transmission and",
        "    Per us and Rank and Gain",
    )
    wide = lay_out_ranking(RANKING, 200)
    assert wide.table is not None
    assert wide.table.left_out == ()


def test_a_name_keeps_its_end() -> None:
    deep = replace(LEXER, name="graphql." + "package." * 20 + "Lexer.read_next_token")
    table = lay_out_ranking(replace(RANKING, functions=(deep,)), 100).table
    assert table is not None
    assert ".Lexer.read_next_token" in table.rows[0][0]


def test_many_functions_with_long_names() -> None:
    many = [replace(LEXER, name=f"package.module_{i}.{'x' * 300}", line=i) for i in range(1500)]
    ranking = replace(RANKING, functions=tuple(many))
    table = lay_out_ranking(ranking, 120, each=True).table
    assert table is not None
    assert len(table.rows) == 1500
    assert len(lay_out_overview([ranking, replace(ranking, test="t")], 120).tables[0].rows) == 1500


# ---- several benchmarks ----

OTHER = replace(
    RANKING, test="bench/test_x.py::test_z", functions=(replace(PARSER, verdict="small", confirmed=False), LOG)
)  # fmt: skip


def test_which_function_matters_where() -> None:
    overview = lay_out_overview([RANKING, OTHER], 80)
    (table,) = overview.tables
    assert ["".join(line).split() for line in (table.header, *table.rows)] == [
        ["Function", "test_y", "test_z"],
        ["graphql.lexer.Lexer.read", "C*", "-"],
        ["graphql.parser.Parser.parse", "C*", "."],
        ["graphql.<locals>.<lambda>", "C", "-"],
        ["graphql.Node", "P", "-"],
        ["pool.release", "C*", "-"],
        ["audit.log.write", "F", "F"],
    ]
    assert overview.legend == (
        "C critical, P partly, F free, . too small, ? not resolved, - not called, *",
        "    confirmed",
    )


def test_many_benchmarks_are_beside_and_below_each_other() -> None:
    many = [replace(OTHER, test=f"t.py::test_{i:02}_of_all_these") for i in range(12)]
    overview = lay_out_overview(many, 60)
    assert [len(table.header[0].split()) for table in overview.tables] == [4, 4, 4]
    assert overview.tables[0].header[0].split() == ["Function", "1", "2", "3"]
    assert overview.legend[-1] == "12: test_11_of_all_these"


def test_what_no_benchmark_would_notice() -> None:
    seen = replace(OTHER, test="t.py::t", functions=(replace(LOG, transmission=Estimate(0.6, 0.5, 0.7)),))
    unknown = replace(seen, functions=(replace(LOG, transmission=None),))
    assert unnoticed([RANKING, OTHER]) == [
        "no benchmark would notice if these became slower, less than half of it would arrive: 1",
        "  audit.log.write, 12.0% of a run",
    ]
    assert unnoticed([RANKING, seen]) == unnoticed([RANKING, unknown]) == []
    names = [f"audit.old_{i}" for i in range(14)]
    lines = unnoticed([seen], [*names, names[0]])
    assert lines[0] == "no benchmark calls these: 14"
    assert lines[-2:] == ["  audit.old_8", "  and 5 more (-v shows each)"]
    assert len(unnoticed([seen], names, each=True)) == 15
    assert len(unnoticed([seen], names[:10])) == 11, "a count that stands for one line saves none"


# ---- doors ----


class Terminal:
    """As much of pytest's reporter as the tables need."""

    verbosity = 0

    def __init__(self) -> None:
        self.written = ""
        self.coloured: list[tuple[str, str]] = []

    def write(self, text: str, **_: Any) -> None:
        self.written += text

    def write_line(self, text: str, **markup: Any) -> None:
        self.written += f"{text}\n"
        self.coloured += [(text, colour) for colour in markup if colour != "bold" and "---" not in text]


def test_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    terminal: Any = Terminal()
    write_rankings(terminal, [RANKING, OTHER], markers=True, uncalled=["audit.gone"])
    lines = terminal.written.splitlines()
    assert sum(set(line) == {"-"} for line in lines) == 6
    assert [line.strip(" -") for line in lines if line.startswith("--")][0:9:3] == [
        "speedbump scan: test_y: graphql.*, audit.*",
        "speedbump scan: test_z: graphql.*, audit.*",
        "speedbump scan: 2 benchmarks",
    ]
    assert ("critical*, cold", "yellow") in terminal.coloured
    assert ("free, hot", "green") in terminal.coloured
    assert not any(text == "small" for text, _ in terminal.coloured)
    assert lines.index("  audit.gone") < lines.index("# bench/test_x.py::test_y")
    assert "graphql.small_0" not in terminal.written

    terminal = Terminal()
    terminal.verbosity = 1
    write_rankings(terminal, [RANKING], markers=False)
    assert "graphql.small_311 " in terminal.written
    assert "pytest.mark" not in terminal.written
    assert "benchmarks ---" not in terminal.written, "one has nothing to be compared with"

    terminal = Terminal()
    write_rankings(terminal, [], markers=True)
    assert terminal.written == ""


def test_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    ranking = replace(RANKING, test="")
    scanned = Scanned(**{field.name: getattr(ranking, field.name) for field in fields(Ranking)})
    monkeypatch.setenv("COLUMNS", "150")
    assert str(scanned) == repr(scanned)
    assert str(scanned).startswith("speedbump scan: graphql.*, audit.*\nRank  Function ")
    assert "(`functions` has each)" in str(scanned)
    assert scanned.to_json() == ranking.to_json()
    assert Ranking.from_json(ranking.to_json()) == ranking
