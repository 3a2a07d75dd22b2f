"""What becomes of a test, and of a run, for each verdict."""

import re

import pytest
from suite import Suite


def test_each_verdict_and_what_becomes_of_its_test(suite: Suite) -> None:
    run = suite.run("""
        insensitive, sensitive = pytest.mark.speedbump_insensitive, pytest.mark.speedbump_sensitive

        @insensitive("work.leaf", delay="50ns", budget="80%")
        def test_kept(benchmark):
            benchmark(work.call)

        @insensitive("work.leaf", delay="100us", budget="10%")
        def test_broken(benchmark):
            benchmark(work.call)

        @sensitive("work.leaf", delay="100us", at_least="10%")
        def test_shown(benchmark):
            benchmark(work.call)

        @sensitive("work.leaf", delay="50ns", at_least="80%")
        def test_not_shown(benchmark):
            benchmark(work.call)

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_plain(benchmark):
            benchmark(work.call)

        @insensitive("work.laef", budget="2%")
        def test_guards_nothing(benchmark):
            benchmark(work.call)

        @pytest.mark.speedbump("work.laef")
        def test_measures_nothing(benchmark):
            benchmark(work.call)
    """)
    assert run.code == 1
    assert {result["test"].rpartition("::")[2]: (result["verdict"], result["outcome"]) for result in run.results} == {
        "test_kept": ("insensitive", "passed"),
        "test_broken": ("sensitive", "failed"),
        "test_shown": ("sensitive", "passed"),
        "test_not_shown": ("insensitive", "failed"),
        "test_plain": ("measured", "passed"),
        "test_guards_nothing": ("void", "failed"),
        "test_measures_nothing": ("void", "failed"),
    }
    assert run.counts == {"passed": 3, "failed": 4}
    run.pytest.stdout.fnmatch_lines("test_it.py iFSFmFF *")
    run.pytest.stdout.fnmatch_lines(
        "1 insensitive, 1 sensitive FAILED, 1 sensitive, 1 insensitive FAILED, 1 measured, 2 void FAILED; *"
    )


MIXED = """
    def test_calls(benchmark):
        benchmark(work.call)

    def test_never_calls(benchmark):
        benchmark(work.other)
"""


def test_a_benchmark_that_never_calls_a_suite_wide_target_passes_and_is_counted(suite: Suite) -> None:
    run = suite.run(MIXED, "--speedbump-target=work.leaf", "--speedbump-delay=100us", "--speedbump-budget=10%")
    assert [(result["verdict"], result["outcome"]) for result in run.results] == [
        ("sensitive", "failed"),
        ("void", "passed"),
    ]
    assert run.counts == {"failed": 1, "passed": 1}
    run.pytest.stdout.fnmatch_lines("1 sensitive FAILED, 1 void; *")


def test_a_run_fails_where_no_benchmark_calls_its_target(suite: Suite) -> None:
    run = suite.run(MIXED, "--speedbump-target=work.laef")
    assert (run.code, run.counts) == (1, {"passed": 2})
    assert [result["outcome"] for result in run.results] == ["passed", "passed"]
    assert run.results[0]["reason"].startswith(
        "work.laef never ran in the measured rounds; what did run has names like work.leaf"
    )
    run.pytest.stdout.fnmatch_lines("speedbump: the run fails: no benchmark of this run calls * work.laef *")


def test_a_run_without_benchmarks_fails_under_a_target_of_the_command_line_only(suite: Suite) -> None:
    plain = "def test_it():\n    pass"
    run = suite.run(plain, "--speedbump-target=work.leaf")
    assert (run.code, run.counts) == (1, {"passed": 1})
    run.pytest.stdout.fnmatch_lines("speedbump: the run fails: no benchmark was measured under work.leaf")

    suite.pytester.makeini("[pytest]\nspeedbump_target = work.leaf")
    assert suite.run(plain).code == 0


@pytest.mark.parametrize(
    ("options", "outcome", "code"),
    [
        ((), "warned", 0),
        (("--speedbump-strict",), "failed", 1),
        (("--speedbump-strict", "--speedbump-advisory"), "warned", 0),
    ],
)
def test_inconclusive(suite: Suite, options: tuple[str, ...], outcome: str, code: int) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump_insensitive("work.leaf", delay="1ns", budget="2%")
        def test_it(benchmark):
            benchmark(work.call)
        """,
        "--speedbump-max-time=10ms",
        *options,
    )
    assert (run.result["verdict"], run.result["outcome"], run.code) == ("inconclusive", outcome, code)
    assert re.search(r"and the limit is 10ms; give it --speedbump-max-time \d+s, or", run.result["reason"])
    assert run.result["reason"] in run.out
    run.pytest.stdout.fnmatch_lines("test_it.py F *" if code else "test_it.py [?] *")


def test_advisory_fails_nothing(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
        def test_broken(benchmark):
            benchmark(work.call)

        @pytest.mark.speedbump_insensitive("work.laef", budget="2%")
        def test_guards_nothing(benchmark):
            benchmark(work.call)
        """,
        "--speedbump-target=work.nothing",
        "--speedbump-advisory",
    )
    assert (run.code, run.counts) == (0, {"passed": 2})
    assert [(result["verdict"], result["outcome"]) for result in run.results] == [
        ("sensitive", "warned"),
        ("void", "passed"),
        ("void", "warned"),
        ("void", "passed"),
    ]
    assert "the run fails" not in run.out


def test_a_failure_of_the_test_itself_comes_first(suite: Suite) -> None:
    run = suite.run("""
        @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
        def test_it(benchmark):
            assert benchmark(work.call) == 41
    """)
    assert run.counts == {"failed": 1}
    run.pytest.stdout.fnmatch_lines("E       assert 42 == 41")
    assert run.result["verdict"] == "sensitive"


def test_a_marked_test_that_measures_nothing_fails(suite: Suite) -> None:
    run = suite.run("""
        @pytest.mark.speedbump("work.leaf")
        def test_it(benchmark):
            pass
    """)
    assert run.counts["failed"] == 1
    assert "the test is marked with speedbump but measures nothing; call its `benchmark` or `speedbump`" in run.out


def test_a_blatant_violation_is_no_question_of_time(suite: Suite) -> None:
    """So long a delay leaves no time to prove a pass, and takes none to disprove it."""
    run = suite.run(
        """
        @pytest.mark.speedbump_insensitive("work.leaf", delay="5ms", budget="2%")
        def test_it(benchmark):
            benchmark(work.call)
        """,
        "--speedbump-max-time=2s",
    )
    assert (run.result["verdict"], run.result["outcome"]) == ("sensitive", "failed")
