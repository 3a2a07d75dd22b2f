"""What people read: the table, the failure text, the progress line's letters and words."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios

import pytest
from suite import Suite

from pytest_speedbump.report.columns import width_of

TESTS = """
    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    def test_broken(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump_sensitive("work.leaf", delay="500ns", at_least="80%")
    def test_not_shown(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump_insensitive("work.leaf", delay="500ns", budget="80%")
    def test_kept(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("work:laef")
    def test_void(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("zlib.crc32")
    def test_in_c(benchmark):
        benchmark(__import__("zlib").crc32, b"")
"""


def test_what_a_run_says(suite: Suite) -> None:
    run = suite.run(TESTS, "-v", "-rA", "--speedbump-seed=3")
    lines = run.pytest.stdout
    lines.fnmatch_lines([
        "test_it.py::test_broken FAILED (SENSITIVE)*",
        "test_it.py::test_not_shown FAILED (INSENSITIVE)*",
        "test_it.py::test_kept PASSED (INSENSITIVE)*",
        "test_it.py::test_void FAILED (VOID)*",
    ])  # fmt: skip

    never = "never ran in the measured rounds"

    # Failures say what was found and what to do.
    lines.re_match_lines([
        r"speedbump: work\.leaf slowed by 100us a call costs \d\d\S*% .*, more than the budget of 10\.0%",
        r"  1 call x 100us = 100us in each run of [\d.]+us; [\d.]+% \[\S+, \S+\] of it reaches the run time",
        r"  It is on the critical path: take it off, call it less, or declare a larger budget\.",
        r"speedbump: work\.leaf slowed by 500ns a call costs .* of throughput, less than the 80\.0% that it must show",
        r"  The benchmark hardly feels this code: does it measure what it is meant to\?",
        rf"speedbump: work:laef \+2us: no verdict: work:laef {never}; what did run has names like work:leaf.*",
        r"  This test proves nothing, so it must not pass\.",
        rf"speedbump: zlib\.crc32 \+2us: no verdict: zlib\.crc32 {never}; zlib\.crc32 is implemented in C; write c:.*",
    ])  # fmt: skip
    assert "Traceback" not in run.out
    assert "site-packages" not in run.out, "no frames of ours"

    # The table; this is no terminal, so all of it is there.
    number = r"-?\d\S*% \[\S+, \S+\] +-?\d\S* \[\S+, \S+\]"
    lines.re_match_lines([
        r"-+ speedbump: 5 bumps -+",
        r"Name +Target +Delay +Calls +Drop +Transmission +Verdict",
        r"-+",
        rf"test_broken +work\.leaf +100us +1 +{number} +sensitive FAILED",
        rf"test_not_shown +work\.leaf +500ns +1 +{number} +insensitive FAILED",
        rf"test_kept +work\.leaf +500ns +1 +{number} +insensitive",
        r"test_void +work:laef +2us +0 +- +- +void FAILED",
        r"test_in_c +zlib\.crc32 +2us +0 +- +- +void FAILED",
        r"-+",
        r"1 sensitive FAILED, 1 insensitive FAILED, 1 insensitive, 2 void FAILED; intervals hold for 95%; seed 3",
    ])  # fmt: skip

    # The short summary names the verdict.
    lines.fnmatch_lines([
        "PASSED (INSENSITIVE) test_it.py::test_kept",
        "FAILED (SENSITIVE) test_it.py::test_broken - *speedbump: work.leaf *",
    ])  # fmt: skip


def test_quiet_runs_say_the_same(suite: Suite) -> None:
    run = suite.run(TESTS, "-q")
    run.pytest.stdout.fnmatch_lines(["FFiFF *", "* speedbump: 5 bumps *", "4 failed, 1 passed in *"])


def test_a_narrow_terminal_and_a_run_that_fails_as_a_whole(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    tests = """
    class TestHere:
        def test_of_some_name_that_is_anything_but_short(self, benchmark):
            benchmark.pedantic(work.call, rounds=2)

    class TestThere(TestHere):
        pass
    """
    long = "package.with_a_long_name.module.Class.method"
    run = suite.run(tests, f"--speedbump-target={long}", f"--speedbump-target=work.{'解' * 30}")
    assert run.code == 1
    at = next(index for index, line in enumerate(run.pytest.outlines) if " speedbump: 2 bumps " in line)
    table = run.pytest.outlines[at : at + 6]
    assert all(width_of(line) <= 80 for line in table), "no line wraps"
    assert len({line.split("  ")[0] for line in table[3:5]}) == 2, "tests of one name are told apart"
    assert [result["targets"] for result in run.results] == 2 * [[long, f"work.{'解' * 30}"]], "the document has it all"

    # pytest's own last line says that both tests passed, so it must not be the last one.
    *_, passed, last = [line for line in run.pytest.outlines if line]
    assert "2 passed" in passed
    assert last.startswith(f"speedbump: the run fails: no benchmark of this run calls its targets: {long}, ")


def test_a_terminal_shows_progress_while_a_verdict_takes_its_time(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.write(
        "test_it.py",
        """
        import pytest
        import work

        @pytest.mark.speedbump("work.leaf", delay="1us")
        def test_it_under_a_name_that_is_longer_than_the_line_has_room_for(benchmark):
            benchmark.pedantic(work.call, rounds=20)
    """,
    )
    suite.write(
        "conftest.py",
        """
        from pytest_speedbump.report import progress

        progress.FIRST_NS = progress.EVERY_NS = 0
    """,
    )
    controlling, terminal = pty.openpty()
    columns = 70
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    monkeypatch.delenv("COLUMNS", raising=False)
    command = [sys.executable, "-m", "pytest", "-p", "benchmark", "-p", "speedbump", "--speedbump-max-time=100ms"]
    child = suite.pytester.popen(command, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(controlling, 65536)
        except OSError:  # the other end is closed: the run is over
            break
    os.close(controlling)
    assert child.wait() == 0, shown.decode()
    lines = [line for line in re.split(r"[\r\n]+", shown.decode()) if line.startswith("speedbump: ")]
    assert any(re.match(r"speedbump: tes\w*\.\.\.\w*for \[1 of 1\]: w\S+ ?\+1us: ", line) for line in lines)
    assert all(len(line) < columns for line in lines)
