"""What people read: the table, the failure text, the progress line's letters and words."""

import os
import pty
import sys

from suite import Suite

TESTS = """
    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    def test_broken(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump_sensitive("work.leaf", delay="50ns", at_least="80%")
    def test_not_shown(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump_insensitive("work.leaf", delay="50ns", budget="80%")
    def test_kept(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("work:laef")
    def test_void(benchmark):
        benchmark(work.call)
"""


def test_failures_say_what_was_found_and_what_to_do(suite: Suite) -> None:
    run = suite.run(TESTS, "-v")
    lines = run.pytest.stdout
    lines.fnmatch_lines([
        "test_it.py::test_broken FAILED (SENSITIVE)*",
        "test_it.py::test_not_shown FAILED (INSENSITIVE)*",
        "test_it.py::test_kept PASSED (INSENSITIVE)*",
        "test_it.py::test_void FAILED (VOID)*",
    ])  # fmt: skip
    lines.re_match_lines([
        r"speedbump: work\.leaf slowed by 100us a call costs \d\d\.\d% .*, more than the budget of 10\.0%",
        r"  1 calls x 100us = 100us in each run of [\d.]+us; \d+% of it reach the run time",
        r"  It is on the critical path: take it off, call it less, or declare a larger budget\.",
        r"speedbump: work\.leaf slowed by 50ns a call costs .* of throughput, less than the 80\.0% that it must show",
        r"  The benchmark hardly feels this code: does it measure what it is meant to\?",
        r"speedbump: work:laef slowed by 2us a call: no verdict is possible, and what guards nothing must not pass: .*",
    ])  # fmt: skip
    assert "work:laef never ran in the measured rounds; what did run has names like work:leaf" in run.out
    assert "Traceback" not in run.out
    assert "site-packages" not in run.out, "no frames of ours"


def test_the_table(suite: Suite) -> None:
    run = suite.run(TESTS, "--speedbump-seed=3")
    run.pytest.stdout.re_match_lines([
        r"-+ speedbump: 4 bumps -+",
        r"Name +Target +Delay +Calls +Drop +Transmission +Verdict",
        r"-+",
        r"test_broken +work\.leaf +100us +1 +\d\d\.\d% \[\S+, \S+\] +\d\.\d\d \[\S+, \S+\] +sensitive FAILED",
        r"test_not_shown +work\.leaf +50ns +1 +-?\d\.\d% \[\S+, \S+\] +\S+ \[\S+, \S+\] +insensitive FAILED",
        r"test_kept +work\.leaf +50ns +1 +-?\d\.\d% \[\S+, \S+\] +\S+ \[\S+, \S+\] +insensitive",
        r"test_void +work:laef +2us +0 +- +- +void FAILED",
        r"-+",
        r"1 sensitive FAILED, 1 insensitive FAILED, 1 insensitive, 1 void FAILED; intervals hold for 95%; seed 3",
    ])  # fmt: skip


def test_quiet_runs_say_the_same(suite: Suite) -> None:
    run = suite.run(TESTS, "-q")
    run.pytest.stdout.fnmatch_lines(["FFiF *", "* speedbump: 4 bumps *", "3 failed, 1 passed in *"])


def test_short_summary_names_the_verdict(suite: Suite) -> None:
    run = suite.run(TESTS, "-rA", "--tb=no")
    run.pytest.stdout.fnmatch_lines([
        "PASSED (INSENSITIVE) test_it.py::test_kept",
        "FAILED (SENSITIVE) test_it.py::test_broken - *speedbump: work.leaf *",
    ])  # fmt: skip


def test_a_terminal_shows_progress_while_a_verdict_takes_its_time(suite: Suite) -> None:
    suite.write(
        "test_it.py",
        """
        import pytest
        import work

        @pytest.mark.speedbump("work.leaf", delay="1us")
        def test_it(benchmark):
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
    assert b"\rspeedbump: work.leaf +1us: " in shown
    assert b" pairs, " in shown
