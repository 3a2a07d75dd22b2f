"""Sentences, letters, properties and the table, from results made by hand."""

import io
import linecache
import math
from dataclasses import replace
from typing import Any, get_args

import pytest
from _pytest._io import TerminalWriter

from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.counts import Counts
from pytest_speedbump.remarks import Remark
from pytest_speedbump.report.notes import gather, notes
from pytest_speedbump.report.properties import properties
from pytest_speedbump.report.status import status
from pytest_speedbump.report.terminal import write_last_word, write_listing, write_table
from pytest_speedbump.report.text import drop_text, failure_text, summary, transmission_text, verdict_text
from pytest_speedbump.result import Change, Estimate, MatchedCode, Result, Unreached
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.uncalled import Cause, Uncalled

INSENSITIVE = Declaration("insensitive", 0.02, "marker")
BUMP = Bump(parse_targets(["log.*"]), 5000.0, "spin", INSENSITIVE, "marker")
BROKEN = Result(
    test="t.py::test_log", bump=BUMP, verdict="sensitive", outcome="failed",
    known_drop=Estimate(0.0862, 0.081, 0.092), known_transmission=Estimate(0.97, 0.9, 1.0), floor=0.003, pairs=180,
    control_ns=41e3, counts=Counts(1.0, 5000.0, 5000.0),
)  # fmt: skip
UNBOUND = replace(
    BROKEN, bump=replace(BUMP, declared=None), verdict="measured", outcome="passed", pairs=3, seconds=2.0,
    known_drop=Estimate(0.3, None, None), known_transmission=Estimate(1.0, None, None),
)  # fmt: skip
VOID = Result(
    test="t.py::test_log", bump=replace(BUMP, declared=None), verdict="void", outcome="failed", counts=Counts(),
    reason=Remark("uncalled", target="log.*", hint=""),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _no_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    """However wide the terminal that the tests themselves run on."""
    monkeypatch.setenv("COLUMNS", "1000")


def test_a_broken_budget() -> None:
    assert failure_text(BROKEN).splitlines() == [
        "speedbump: log.* slowed by 5us a call costs 8.62% [8.10, 9.20] of throughput, more than the budget of 2.0%",
        "  1 call x 5us = 5us in each run of 41us; 97.0% [90.0, 100.0] of it reaches the run time",
        "  It is on the critical path: take it off, call it less, or declare a larger budget.",
    ]


def test_a_delay_that_is_a_share_of_the_round() -> None:
    bump = replace(BUMP, delay_ns=math.nan, delay_share=0.05)
    broken = replace(BROKEN, bump=bump.resolved(1234.0))
    assert failure_text(broken).startswith(
        "speedbump: log.* slowed by 1.23us a call (5% of the round) costs 8.62% [8.10, 9.20] of throughput, more than"
    )
    assert " 5% = 1.23us " in "\n".join(table(broken))
    assert dict(properties([broken]))["speedbump.0.share"] == 0.05
    late = replace(BROKEN, bump=bump, verdict="inconclusive", known_drop=None, reason=Remark("no_time"))
    assert failure_text(late).startswith("speedbump: log.* slowed by 5% of the round: inconclusive about 2.0%: no time")
    assert " 5% " in "\n".join(table(late))
    assert {"speedbump.0.delay_ns", "speedbump.0.share"} & dict(properties([late])).keys() == {"speedbump.0.share"}


def test_what_did_not_show() -> None:
    bump = replace(BUMP, declared=Declaration("sensitive", 0.1, "marker"))
    lines = failure_text(replace(BROKEN, bump=bump, verdict="insensitive")).splitlines()
    assert lines[0].endswith("costs 8.62% [8.10, 9.20] of throughput, less than the 10.0% that it must show")
    assert lines[-1] == "  The benchmark hardly feels this code: does it measure what it is meant to?"


def test_void_and_inconclusive_tell_their_reason() -> None:
    assert failure_text(VOID) == (
        "speedbump: log.* +5us: no verdict: log.* never ran in the measured rounds\n"
        "  This test proves nothing, so it must not pass."
    )
    noisy = replace(BROKEN, verdict="inconclusive", reason=Remark("time", spent_ns=10e9, instead=""))
    text = failure_text(noisy)
    assert text.startswith("speedbump: log.* slowed by 5us a call: inconclusive about 2.0%: time ran out after 10s\n")
    assert "give it a longer --speedbump-max-time, or a quieter machine" in text
    assert "give it --speedbump-max-time 30s, or a quieter machine" in failure_text(replace(noisy, needed_ns=20e9))
    busy = replace(noisy, reason=Remark("unseen"))
    assert "Noise" not in failure_text(busy), "its reason says what to do"


BUSY = """the machine was busy: threads waited for a processor during 56.8% of the rounds, and 253 of 260 pairs could \
not be judged; measure again when less runs beside it"""


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (Remark("busy", waited=0.568, aside=253, pairs=260), BUSY),
        (
            Remark("time", spent_ns=10e9, instead=", or slow it less: 500ns would do"),
            "time ran out after 10s, or slow it less: 500ns would do",
        ),
    ],
)
def test_why_a_verdict_was_not_reached(reason: Remark, told: str) -> None:
    undecided = replace(BROKEN, verdict="inconclusive", reason=reason)
    assert failure_text(undecided).splitlines()[0] == (
        f"speedbump: log.* slowed by 5us a call: inconclusive about 2.0%: {told}"
    )
    assert table(replace(undecided, outcome="warned"))[-2] == f"  t.py::test_log [log.* +5us]: inconclusive: {told}"


def test_a_budget_is_told_as_it_was_declared() -> None:
    small = replace(BROKEN, bump=replace(BUMP, declared=Declaration("insensitive", 0.0002, "marker")))
    assert failure_text(small).splitlines()[0].endswith(", more than the budget of 0.02%")


def test_notes_and_warnings_come_last() -> None:
    bump = replace(BUMP, notes=("delay 1us of the marker overridden by the command line",))
    lines = failure_text(replace(BROKEN, bump=bump, warnings=("a doubt",))).splitlines()
    assert lines[-2:] == ["  note: delay 1us of the marker overridden by the command line", "  note: a doubt"]


def test_a_lockfile_speaks_for_itself() -> None:
    text = failure_text(replace(BROKEN, lock=Change("grown", "it costs more")))
    assert "grown since the lockfile was written: it costs more" in text
    assert "accept it with --speedbump-save" in text


def test_short_texts() -> None:
    assert (drop_text(BROKEN), transmission_text(BROKEN)) == ("8.62% [8.10, 9.20]", "0.970 [0.900, 1.000]")
    assert (drop_text(VOID), transmission_text(VOID)) == ("-", "-")
    assert (drop_text(UNBOUND), transmission_text(UNBOUND)) == ("not known in 2s", "-")
    assert verdict_text(BROKEN) == "sensitive FAILED"
    assert verdict_text(replace(BROKEN, outcome="warned")) == "sensitive"
    assert summary([BROKEN, VOID, VOID, replace(VOID, outcome="passed")]) == "1 sensitive FAILED, 2 void FAILED, 1 void"


@pytest.mark.parametrize(
    ("outcome", "lock", "shown"),
    [
        ("failed", "grown", "grown FAILED"),
        ("failed", "lost", "lost FAILED"),
        ("failed", "inconclusive", "inconclusive FAILED"),  # under --speedbump-strict
        ("warned", "grown", "grown"),  # under --speedbump-advisory
        ("warned", "inconclusive", "measured"),
        ("passed", "kept", "measured"),
    ],
)
def test_what_the_lockfile_decided_is_what_is_shown(outcome: Any, lock: Any, shown: str) -> None:
    """In the table, in the summary and in the progress line."""
    plain = replace(BUMP, declared=None)
    result = replace(BROKEN, bump=plain, verdict="measured", outcome=outcome, lock=Change(lock, "it costs more"))
    assert verdict_text(result) == shown
    assert summary([result]) == f"1 {shown}"
    assert table(result)[4].endswith(f"  {shown}")
    if outcome == "failed":
        assert status("failed", [result.to_json()], None) == ("failed", "F", f"FAILED ({lock.upper()})")


def shown_as(outcome: Any, verdict: Any, lock: Any = None) -> dict[str, Any]:
    declared = None if verdict in ("measured", "void", "listed") else INSENSITIVE
    bump = replace(BUMP, declared=declared)
    change = None if lock is None else Change(lock, "")
    return replace(VOID, bump=bump, outcome=outcome, verdict=verdict, lock=change).to_json()


@pytest.mark.parametrize(
    ("outcome", "results", "unmeasured", "shown"),
    [
        ("passed", [shown_as("passed", "insensitive")], None, ("passed", "i", "PASSED (INSENSITIVE)")),
        ("passed", [shown_as("passed", "sensitive")], None, ("passed", "S", "PASSED (SENSITIVE)")),
        ("passed", [shown_as("passed", "measured")], None, ("passed", "m", "PASSED (MEASURED)")),
        ("passed", [shown_as("warned", "inconclusive")], None, ("passed", "?", "PASSED (INCONCLUSIVE)")),
        ("passed", [shown_as("passed", "void")], None, ("passed", "v", "PASSED (VOID)")),
        ("passed", [shown_as("passed", "listed")], None, ("passed", "l", "PASSED (LISTED)")),
        (
            "failed",
            [shown_as("passed", "insensitive"), shown_as("failed", "sensitive")],
            None,
            ("failed", "F", "FAILED (SENSITIVE)"),
        ),
        ("failed", [shown_as("failed", "measured", lock="grown")], None, ("failed", "F", "FAILED (GROWN)")),
        ("failed", [shown_as("failed", "sensitive", lock="kept")], None, ("failed", "F", "FAILED (SENSITIVE)")),
        ("failed", [shown_as("passed", "measured")], None, None),
        (
            "passed",
            [shown_as("passed", "void"), shown_as("passed", "insensitive"), shown_as("warned", "inconclusive")],
            None,
            ("passed", "?", "PASSED (INCONCLUSIVE)"),
        ),
        (
            "passed",
            [shown_as("passed", "void"), shown_as("passed", "measured")],
            None,
            ("passed", "m", "PASSED (MEASURED)"),
        ),
        ("passed", [], "disabled", ("passed", "n", "PASSED (NOT MEASURED)")),
        ("failed", [], "disabled", None),
        ("passed", [], None, None),
    ],
)
def test_letters_and_words(
    outcome: str, results: list[dict[str, Any]], unmeasured: str | None, shown: tuple[str, str, str] | None
) -> None:
    assert status(outcome, results, unmeasured) == shown


def test_junit_properties_leave_out_what_is_not_known() -> None:
    open_ended = replace(BROKEN, known_drop=Estimate(0.1, None, 0.2))
    named = dict(properties([BROKEN, VOID, open_ended]))
    assert (named["speedbump.0.drop"], named["speedbump.0.drop_low"], named["speedbump.0.drop_high"]) == (
        0.0862,
        0.081,
        0.092,
    )
    assert (named["speedbump.0.verdict"], named["speedbump.0.outcome"]) == ("sensitive", "failed")
    assert named["speedbump.1.reason"] == VOID.reason
    assert {name for name in named if name.startswith("speedbump.1.")} == {
        f"speedbump.1.{name}" for name in ("targets", "delay_ns", "verdict", "outcome", "reason")
    }
    assert "speedbump.2.drop_low" not in named


class Terminal:
    """As much of pytest's reporter as tables need."""

    def __init__(self, verbosity: int = 0) -> None:
        self.verbosity = verbosity
        self.written = io.StringIO()
        self._writer = TerminalWriter(self.written)
        self.write = self._writer.write
        self.write_line = self._writer.line

    @property
    def lines(self) -> list[str]:
        return self.written.getvalue().splitlines()


def table(*results: Result, verbosity: int = 0) -> list[str]:
    terminal = Terminal(verbosity)
    write_table(terminal, results, 7)  # type: ignore[arg-type]
    return terminal.lines


def test_the_table_is_aligned() -> None:
    lines = table(BROKEN, replace(VOID, test="t.py::TestLog::test_of_a_longer_name[1]"))
    _, title, header, rule, first, second, _, foot = lines
    assert title.strip("- ") == "speedbump: 2 bumps"
    ends = [header.index("Drop") + 4, header.index("Calls") + 5, header.index("Transmission") + 12]
    for row in (first, second):
        assert len(row) <= len(rule)
        assert all(row[end - 1] != " " and row[end] == " " for end in ends), "right-aligned columns end together"
    assert second.startswith("test_of_a_longer_name[1]  log.*")
    assert foot == "1 sensitive FAILED, 1 void FAILED; intervals hold for 95%; seed 7"


def test_remarks_follow_the_table() -> None:
    """A failed test has said it already; a target that does not concern a benchmark is only counted."""
    late = Remark("time", spent_ns=10e9, instead="")
    warned = replace(BROKEN, verdict="inconclusive", outcome="warned", reason=late, warnings=("a doubt",))
    assert table(warned)[-3:] == [
        "  t.py::test_log [log.* +5us]: inconclusive: time ran out after 10s",
        "  t.py::test_log [log.* +5us]: a doubt",
        "  t.py::test_log [log.* +5us]: floor reached: 0.30%",
    ]
    suite_wide = replace(VOID, bump=replace(VOID.bump, targets_by="command line"), outcome="passed")
    assert table(suite_wide)[-1].startswith("1 void;")
    broken = replace(suite_wide, counts=None, reason=Remark.told("raised", "the callable raised"))
    assert table(broken)[-1].endswith(": void: the callable raised")
    assert table(replace(VOID, outcome="failed"))[-1].startswith("1 void FAILED;")


LATE = Remark("time", spent_ns=1e9, instead="")


def test_what_many_tests_have_in_common_is_said_once() -> None:
    doubtful = [replace(BROKEN, outcome="passed", test=f"t.py::test_{n}", warnings=("a doubt",)) for n in range(300)]
    floors = [
        replace(
            one,
            warnings=(),
            verdict="inconclusive",
            outcome="warned",
            reason=LATE,
            floor=n / 1e4,
        )
        for n, one in enumerate(doubtful[:3], start=2)
    ]
    lines = [line for line in table(*doubtful, *floors) if line.startswith("  ")]
    assert lines == [
        "  t.py::test_0 [log.* +5us] and 299 more: a doubt",
        "  t.py::test_0 [log.* +5us] and 2 more: inconclusive: time ran out after 1s",
        "  t.py::test_0 [log.* +5us] and 2 more, with other figures: floor reached: 0.020%",
    ]
    assert len([line for line in table(*doubtful, verbosity=1) if line.endswith(": a doubt")]) == 300


def test_figures_are_told_from_names() -> None:
    told = ["x.f1[2] takes 4.2us", "x.f2[2] takes 1s", "x.f1[2] takes 17ns", "x.f1[3] takes 1s", "x.f1[2] takes -5%"]
    assert gather(zip("abcde", told, strict=True)) == [
        "a and 2 more, with other figures: x.f1[2] takes 4.2us",
        "b: x.f2[2] takes 1s",
        "d: x.f1[3] takes 1s",
    ]
    assert gather([("a", "so"), ("b", "thus"), ("c", "so")]) == ["a: so", "c: so", "b: thus"]


def test_where_time_was_too_short_the_table_says_how_much_would_do() -> None:
    start = "  t.py::test_log [log.* +5us]: "
    assert table(UNBOUND)[-1] == start + "the drop is not known: 3 pairs of rounds in 2s are too few"
    assert table(replace(UNBOUND, needed_ns=6.4e9))[-1] == (
        start
        + "the drop is not known: 3 pairs of rounds in 2s are too few; about 6.4s would do: --speedbump-max-time 10s"
    )
    noisy = replace(BROKEN, verdict="inconclusive", outcome="warned", needed_ns=40e9)
    assert table(noisy)[-1] == start + "floor reached: 0.30%; about 40s would do: --speedbump-max-time 60s"


def test_the_last_word_is_one_line() -> None:
    terminal = Terminal()
    write_last_word(terminal, [])  # type: ignore[arg-type]
    assert terminal.lines == []
    write_last_word(terminal, ["no benchmark calls its targets", "a test is gone", "another is"])  # type: ignore[arg-type]
    assert terminal.lines == [
        "speedbump: the run fails: no benchmark calls its targets (and 2 more, above)",
    ]


@pytest.mark.parametrize(
    ("uncalled", "hint"),
    [
        (Uncalled("pkg.f"), ""),
        (Uncalled("pkg.f", None, ("pkg.g", "pkg.h")), "; what did run has names like pkg.g, pkg.h"),
        (Uncalled("zlib.crc32", "c", ("c:zlib.crc32",)), "; zlib.crc32 is implemented in C; write c:zlib.crc32"),
        (Uncalled("pkg.f", "renamed", ("pkg.impl.f",)), "; the code of pkg.f is named pkg.impl.f"),
        (
            Uncalled("pkg.*", "children", ("pk.f",)),
            (
                "; processes were started while it ran, and without --speedbump-children these are not measured"
                "; what did run has names like pk.f"
            ),
        ),
    ],
)
def test_why_a_target_never_ran(uncalled: Uncalled, hint: str) -> None:
    assert uncalled.hint == hint


def test_every_cause_has_its_sentence() -> None:
    for cause in get_args(Cause):
        assert Uncalled("pkg.f", cause, ("pkg.g",)).hint


def listing_of(*matched: MatchedCode, verbosity: int = 0, **fields: Any) -> list[str]:
    terminal = Terminal(verbosity)
    listed: Any = replace(VOID, **{"verdict": "listed", "reason": Remark(), "matched": matched, **fields})
    write_listing(terminal, [listed])  # type: ignore[arg-type]
    return terminal.lines[3:]


def test_of_what_is_planted_a_listing_shows_some_that_is_not_called() -> None:
    called = [MatchedCode(f"native:libz.so.1:f{i}", None, None, i, 0.0, "native") for i in range(1, 41)]
    idle = [MatchedCode(f"c:zlib.f{i:02}", None, None, 0.0, 0.0, "c") for i in reversed(range(30))]
    rows = [line.split() for line in listing_of(*idle, *called)]
    assert rows[:2] == [["40", "native:libz.so.1:f40"], ["39", "native:libz.so.1:f39"]]
    assert rows[40:42] == [["0", "c:zlib.f00"], ["0", "c:zlib.f01"]]
    assert " ".join(rows[50]) == "and 20 more that are not called: -v shows them, --speedbump-json has them"
    assert len(rows) == 51
    assert len(listing_of(*idle, *called, verbosity=1)) == 70
    assert len(listing_of(*idle, *called, *called)) == 81, "what is called is never left out"
    assert listing_of(*idle[:1], reason=VOID.reason) == [f"  {VOID.reason}", "           0  c:zlib.f29"]


def test_a_listing_shows_lines_with_their_source_where_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    code = MatchedCode("texts:3", __file__, 3, 1.0, 0.0, "line")
    source = linecache.getline(__file__, 3).strip()
    assert source
    assert listing_of(code) == [f"           1  texts:3  {__file__}:3  {source}"]
    monkeypatch.setenv("COLUMNS", "40")
    assert listing_of(code) == [f"           1  texts:3  {__file__}:3"]
    assert listing_of(replace(code, file="/gone.py")) == ["           1  texts:3  /gone.py:3"]


UNREACHED = tuple(Unreached(f"c:zlib.{name}", "it is a type") for name in ("a", "b", "c", "d"))


def test_what_a_glob_does_not_reach_is_listed() -> None:
    code = MatchedCode("c:zlib.crc32", None, None, 1.0, 0.0, "c")
    assert listing_of(code, unreached=UNREACHED)[1:] == ["  not slowed: c:zlib.a and 3 more: it is a type"]
    assert listing_of(code, unreached=UNREACHED[:1], warnings=("a chain",))[1:] == [
        "  a chain",
        "  not slowed: c:zlib.a: it is a type",
    ]
    assert notes(replace(BROKEN, unreached=UNREACHED)) == notes(BROKEN)
    assert set(notes(replace(BROKEN, unreached=UNREACHED), each=True)) - set(notes(BROKEN)) == {
        "not slowed, --speedbump-list says why: c:zlib.a, c:zlib.b, c:zlib.c and 1 more"
    }


def test_a_listing_begins_with_what_is_called_most() -> None:
    codes = tuple(
        MatchedCode(f"log.{name}", "log.py", line, calls, 0.0) for name, line, calls in [("a", 1, 1.0), ("b", 9, 1e3)]
    )
    terminal, listed = Terminal(), replace(VOID, verdict="listed")
    write_listing(terminal, [replace(listed, reason=Remark(), matched=codes), listed])  # type: ignore[arg-type]
    assert [line.split() for line in terminal.lines[2:]] == [
        ["t.py::test_log", "log.*"],
        ["1000", "log.b", "log.py:9"],
        ["1", "log.a", "log.py:1"],
        ["t.py::test_log", "log.*"],
        ["log.*", "never", "ran", "in", "the", "measured", "rounds"],
    ]
