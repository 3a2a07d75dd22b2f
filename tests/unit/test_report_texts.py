"""Sentences, letters, properties and the table, from results made by hand."""

import io
from dataclasses import replace

import pytest
from _pytest._io import TerminalWriter

from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.counts import Counts
from pytest_speedbump.remarks import Remark
from pytest_speedbump.report.properties import properties
from pytest_speedbump.report.status import status
from pytest_speedbump.report.terminal import summary, write_listing, write_table
from pytest_speedbump.report.text import drop_text, failure_text, interval_text, verdict_text
from pytest_speedbump.result import Change, Estimate, MatchedCode, Result
from pytest_speedbump.targets import parse_targets

INSENSITIVE = Declaration("insensitive", 0.02, "marker")
BUMP = Bump(parse_targets(["log.*"]), 5000.0, "spin", INSENSITIVE, "marker")
BROKEN = Result(
    test="t.py::test_log", bump=BUMP, verdict="sensitive", outcome="failed",
    known_drop=Estimate(0.0862, 0.081, 0.092), known_transmission=Estimate(0.97, 0.9, 1.0), floor=0.003, pairs=180,
    control_ns=41e3, counts=Counts(1.0, 5000.0, 5000.0),
)  # fmt: skip
VOID = Result(
    test="t.py::test_log", bump=replace(BUMP, declared=None), verdict="void", outcome="failed", counts=Counts(),
    reason=Remark("uncalled", target="log.*", hint=""),
)  # fmt: skip


def test_a_broken_budget() -> None:
    assert failure_text(BROKEN).splitlines() == [
        "speedbump: log.* slowed by 5us a call costs 8.6% [8.1, 9.2] of throughput, more than the budget of 2.0%",
        "  1 calls x 5us = 5us in each run of 41us; 97% of it reach the run time",
        "  It is on the critical path: take it off, call it less, or declare a larger budget.",
    ]


def test_what_did_not_show() -> None:
    bump = replace(BUMP, declared=Declaration("sensitive", 0.1, "marker"))
    lines = failure_text(replace(BROKEN, bump=bump, verdict="insensitive")).splitlines()
    assert lines[0].endswith("costs 8.6% [8.1, 9.2] of throughput, less than the 10.0% that it must show")
    assert lines[-1] == "  The benchmark hardly feels this code: does it measure what it is meant to?"


def test_void_and_inconclusive_tell_their_reason() -> None:
    assert failure_text(VOID) == (
        "speedbump: log.* slowed by 5us a call: no verdict is possible, and what guards nothing must not pass: "
        "log.* never ran in the measured rounds"
    )
    text = failure_text(replace(BROKEN, verdict="inconclusive", reason=Remark("time", spent_ns=10e9)))
    assert text.startswith("speedbump: log.* slowed by 5us a call: inconclusive about 2.0%: time ran out after 10s\n")
    assert "give it a longer --speedbump-max-time" in text


def test_notes_and_warnings_come_last() -> None:
    bump = replace(BUMP, notes=("delay 1us of the marker overridden by the command line",))
    lines = failure_text(replace(BROKEN, bump=bump, warnings=("a doubt",))).splitlines()
    assert lines[-2:] == ["  note: delay 1us of the marker overridden by the command line", "  note: a doubt"]


def test_a_lockfile_speaks_for_itself() -> None:
    text = failure_text(replace(BROKEN, lock=Change("grown", "it costs more")))
    assert "grown since the lockfile was written: it costs more" in text
    assert "accept it with --speedbump-save" in text


def test_short_texts() -> None:
    assert drop_text(BROKEN) == "8.6% [8.1, 9.2]"
    assert drop_text(VOID) == "-"
    assert interval_text(Estimate(0.5, None, 0.6), 100, 1) == "[..., 60.0]"
    assert verdict_text(BROKEN) == "sensitive FAILED"
    assert verdict_text(replace(BROKEN, outcome="warned")) == "sensitive"
    assert summary([BROKEN, VOID, VOID, replace(VOID, outcome="passed")]) == "1 sensitive FAILED, 2 void FAILED, 1 void"


def shown_as(outcome: str, verdict: str, lock: str | None = None) -> dict[str, object]:
    return {"outcome": outcome, "verdict": verdict, "lock": lock and {"kind": lock, "text": ""}}


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
    outcome: str, results: list[dict[str, object]], unmeasured: str | None, shown: tuple[str, str, str] | None
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

    def __init__(self) -> None:
        self.written = io.StringIO()
        self._writer = TerminalWriter(self.written)
        self.write = self._writer.write
        self.write_line = self._writer.line

    @property
    def lines(self) -> list[str]:
        return self.written.getvalue().splitlines()


def table(*results: Result) -> list[str]:
    terminal = Terminal()
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
    warned = replace(
        BROKEN, verdict="inconclusive", outcome="warned", reason=Remark("time", spent_ns=10e9), warnings=("a doubt",)
    )
    assert table(warned)[-3:] == [
        "  t.py::test_log [log.* +5us]: inconclusive: time ran out after 10s",
        "  t.py::test_log [log.* +5us]: a doubt",
        "  t.py::test_log [log.* +5us]: floor reached: 0.3%",
    ]
    suite_wide = replace(VOID, bump=replace(VOID.bump, targets_by="command line"), outcome="passed")
    assert table(suite_wide)[-1].startswith("1 void;")
    broken = replace(suite_wide, counts=None, reason=Remark.told("raised", "the callable raised"))
    assert table(broken)[-1].endswith(": void: the callable raised")
    assert table(replace(VOID, outcome="failed"))[-1].startswith("1 void FAILED;")


def test_a_listing_begins_with_what_is_called_most() -> None:
    codes = tuple(
        MatchedCode(f"log.{name}", "log.py", line, calls, 0.0) for name, line, calls in [("a", 1, 1.0), ("b", 9, 1e3)]
    )
    terminal = Terminal()
    write_listing(terminal, [replace(VOID, verdict="listed", matched=codes), replace(VOID, verdict="listed")])  # type: ignore[arg-type]
    assert [line.split() for line in terminal.lines[2:]] == [
        ["t.py::test_log", "log.*"],
        ["1000", "log.b", "log.py:9"],
        ["1", "log.a", "log.py:1"],
        ["t.py::test_log", "log.*"],
        ["log.*", "never", "ran", "in", "the", "measured", "rounds"],
    ]
