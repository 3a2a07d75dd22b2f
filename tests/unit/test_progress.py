"""The line on the terminal while a verdict takes its time: what it says, and that it never wraps."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.bump import Bump
from pytest_speedbump.report import progress
from pytest_speedbump.report.columns import width_of
from pytest_speedbump.report.forecast import Forecast
from pytest_speedbump.report.progress import Progress, progress_text
from pytest_speedbump.targets import Targets

BUMP = Bump(Targets(("pkg.parse*",), (), ()), 2000.0, "spin", None, "marker")
S = 1e9


class Terminal:
    """As much of pytest's reporter, and of its plugin manager and configuration, as the line needs."""

    def __init__(self, *, isatty: bool = True) -> None:
        self.isatty = isatty
        self.written: list[str] = []
        self.pluginmanager = self

    def get_plugin(self, name: str) -> Any:
        return self if name == "terminalreporter" else None

    def ensure_newline(self) -> None:
        self.written.append("\n")

    def write(self, text: str, *, flush: bool) -> None:
        self.written.append(text)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def shown(terminal: Any, clock: Clock | None = None) -> Progress:
    plan = {f"test_x.py::test_{number}": [str(BUMP)] for number in range(1, 13)}
    return Progress(terminal, Forecast(plan, {}, 10 * S, math.inf), clock or Clock())


def test_it_names_the_test_and_says_how_far_it_is() -> None:
    terminal, clock = Terminal(), Clock()
    line = shown(terminal, clock)
    for number in (1, 2):
        clock.now = number * 4 * S
        line.begin(f"test_x.py::test_{number}", 10 * S)
        line.visited(BUMP, 0.5 * S, 1)  # nobody waits yet
        clock.now += 3 * S
        line.done()
    clock.now = 12 * S
    line.begin("test_x.py::test_3", 10 * S)
    assert terminal.written == []
    clock.now += 1.2 * S
    line.visited(BUMP, 1.2 * S, 40)
    line.visited(BUMP, 1.3 * S, 41)  # too soon to be read
    assert terminal.written == [
        "\n",
        # Each test took 4 s, 3 of them measuring: there are 9 to come, and 1.8 s of this one.
        "\rspeedbump: test_3 [3 of 12]: pkg.parse* +2us: 40 pairs, 1.2s of 10s, about 38s left in all",
    ]
    line.done()
    assert terminal.written[-1] == "\r" + " " * (len(terminal.written[1]) - 1) + "\r"


def test_of_the_first_test_the_limits_tell_how_long_all_may_take() -> None:
    terminal, clock = Terminal(), Clock()
    line = shown(terminal, clock)
    line.begin("test_x.py::test_1", 5 * S)
    clock.now = 2 * S
    line.visited(BUMP, 2 * S, 40)
    assert terminal.written[-1] == (
        "\rspeedbump: test_1 [1 of 12]: pkg.parse* +2us: 40 pairs, 2s of 5s, at most 2min left in all"
    )


def test_without_a_terminal_nothing_is_written() -> None:
    terminal = Terminal(isatty=False)
    line = shown(terminal)
    line.begin("test_x.py::test_1", 10 * S)
    line.visited(BUMP, 2 * S, 40)
    line.done()
    assert terminal.written == []


def test_a_narrow_terminal_gets_a_shorter_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    line = shown(terminal)
    line.begin("test_x.py::test_of_a_long_name_解析する", 10 * S)
    for columns in (80, 60, 40, 20, 5):
        monkeypatch.setenv("COLUMNS", str(columns))
        line.visited(BUMP, 2 * S, 40)
        assert width_of(terminal.written[-1].strip()) < columns
        line.done()


@given(st.text("ab解析", max_size=60), st.text("cd解析", max_size=60), st.integers(0, 200))
def test_the_line_never_wraps(test: str, bump: str, width: int) -> None:
    count, tails = " [3 of 12]: ", (": 40 pairs, 1.2s of 10s, about 40s left in all", ": 1.2s of 10s")
    text = progress_text(test, count, bump, tails, width)
    assert width_of(text) <= width
    if width >= 60:
        assert count in text
        assert text.endswith(tails)
    if width_of(f"speedbump: {test}{count}{bump}{tails[0]}") <= width:
        assert text == f"speedbump: {test}{count}{bump}{tails[0]}"


def test_pairs_give_way_before_the_estimate() -> None:
    tails = (": 40 pairs, 1.2s of 10s, about 40s left in all", ": 1.2s of 10s, about 40s left in all", ": 1.2s of 10s")
    text = progress_text("test_of_some_name", " [3 of 12]: ", "pkg.parse* +2us", tails, 79)
    assert text == "speedbump: tes...name [3 of 12]: pkg...+2us: 1.2s of 10s, about 40s left in all"


def test_a_scan_says_its_stage_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    line = shown(terminal)
    line.begin("test_x.py::test_2", 60 * S)
    line.scanned("dose 1/2", 370, 0.5 * S, 8 * S)  # nobody waits yet
    assert terminal.written == []
    line.scanned("dose 1/2", 370, 1.2 * S, 8.1 * S)
    line.scanned("dose 1/2", 369, 1.3 * S, 8.1 * S)  # too soon to be read
    line.scanned("confirming", 1, 9 * S, 8.1 * S)
    line.scanned("pilot", 0, 10 * S, math.inf)
    assert [text.strip() for text in terminal.written[1:]] == [
        "speedbump: test_2 [2 of 12]: dose 1/2: 370 functions left, 1.2s, about 7s left",
        "speedbump: test_2 [2 of 12]: confirming: 1 function left, 9s, about 1s left",
        "speedbump: test_2 [2 of 12]: pilot: 0 functions left, 10s",
    ]
    monkeypatch.setenv("COLUMNS", "60")
    line.scanned("dose 1/8", 34, 20 * S, 50 * S)
    assert terminal.written[-1].strip() == "speedbump: test_2 [2 of 12]: dose 1/8: about 30s left"
    line.done()
    assert terminal.written[-1].strip() == ""
    silent = Terminal(isatty=False)
    shown(silent).scanned("dose 1/2", 370, 2 * S, 8 * S)
    assert silent.written == []


def test_a_verdict_that_takes_little_needs_no_line() -> None:
    assert progress.FIRST_NS == S
