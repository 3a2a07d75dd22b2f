"""What becomes of a test, and of a run, for each verdict."""

import os
import re
import tempfile

import pytest
from suite import BRIEFLY, Suite

from pytest_speedbump.experiment.host import Holder, exclusive, lock_path


def test_each_verdict_and_what_becomes_of_its_test(suite: Suite) -> None:
    run = suite.run("""
        insensitive, sensitive = pytest.mark.speedbump_insensitive, pytest.mark.speedbump_sensitive

        @insensitive("work.leaf", delay="500ns", budget="80%")
        def test_kept(benchmark):
            benchmark(work.call)

        @insensitive("work.leaf", delay="100us", budget="10%")
        def test_broken(benchmark):
            benchmark(work.call)

        @sensitive("work.leaf", delay="100us", at_least="10%")
        def test_shown(benchmark):
            benchmark(work.call)

        @sensitive("work.leaf", delay="500ns", at_least="80%")
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
    ("options", "fails"),
    [
        ((), True),
        (("test_it.py",), False),
        (("--deselect", "test_other.py"), False),
        (("--ignore", "test_other.py"), False),
        (("test_it.py", "--speedbump-target=work.laef"), True),
    ],
    ids=["whole", "a file", "deselected", "ignored", "command line"],
)
def test_a_target_of_an_ini_file_must_run_where_the_whole_suite_does(
    suite: Suite, options: tuple[str, ...], fails: bool
) -> None:
    suite.write("test_other.py", "def test_other():\n    pass\n")
    suite.pytester.makeini("[pytest]\nspeedbump_target = work.laef")
    run = suite.run("def test_it(benchmark):\n    benchmark(work.other)", *options)
    assert run.code == int(fails)
    reason = "no benchmark of this run calls * work.laef *"
    left_out = "; the target stands in an ini file, and a part of the suite was left out"
    run.pytest.stdout.fnmatch_lines(
        f"speedbump: the run fails: {reason}" if fails else f"speedbump: {reason}{left_out}"
    )
    assert ("the run fails" in run.out) == fails


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


def test_a_host_that_is_never_free_is_given_up_in_a_sentence(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(suite.path))
    with exclusive(lambda _: pytest.fail("nobody else is here")):
        # This process measures, and has done so for longer than anybody waits.
        lock_path().write_bytes(Holder(os.getpid(), 0.0).to_bytes())
        suite.write("conftest.py", "from pytest_speedbump.plugin import measuring\n\nmeasuring.LIMIT_S = 1\n")
        run = suite.run(
            """
            @pytest.mark.speedbump("work.leaf", delay="100us")
            def test_a(speedbump):
                speedbump(work.call)

            @pytest.mark.speedbump("work.leaf", delay="100us")
            def test_b(benchmark):
                benchmark(work.call)
            """,
            BRIEFLY,
        )
    assert (run.code, run.counts) == (1, {"failed": 2})
    holder = f"process {os.getpid()} measures since ??:??:??"
    run.pytest.stdout.fnmatch_lines([
        f"speedbump: waiting for another run on this host: {holder}",
        f"speedbump: another run has had this host to itself for more than 1 s: {holder}; end it, or try again when *",
    ])  # fmt: skip
    assert run.out.count("waiting for another run") == 1
