"""A verdict is raised in the test's own call: xfail, -x, reports and warnings come out right by themselves."""

from suite import Suite

BROKEN = '@pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")'
KEPT = '@pytest.mark.speedbump_insensitive("work.leaf", delay="500ns", budget="80%")'


def test_xfail(suite: Suite) -> None:
    run = suite.run(f"""
        @pytest.mark.xfail
        {BROKEN}
        def test_broken(benchmark):
            benchmark(work.call)

        @pytest.mark.xfail(strict=True)
        {BROKEN}
        def test_broken_strict(benchmark):
            benchmark(work.call)

        @pytest.mark.xfail
        {KEPT}
        def test_kept(benchmark):
            benchmark(work.call)

        @pytest.mark.xfail(strict=True)
        {KEPT}
        def test_kept_strict(benchmark):
            benchmark(work.call)
    """)
    assert run.counts == {"xfailed": 2, "xpassed": 1, "failed": 1}
    assert [result["outcome"] for result in run.results] == ["failed", "failed", "passed", "passed"]
    assert "[XPASS(strict)]" in run.out


def test_skips_stay_skips(suite: Suite) -> None:
    run = suite.run(f"""
        @pytest.mark.skip(reason="not today")
        {BROKEN}
        def test_skipped(benchmark):
            benchmark(work.call)

        {BROKEN}
        def test_skips_itself(benchmark):
            pytest.skip("not today")
    """)
    assert (run.code, run.counts, run.results) == (0, {"skipped": 2}, [])


def test_stop_at_the_first_failure(suite: Suite) -> None:
    run = suite.run(
        f"""
        {BROKEN}
        def test_broken(benchmark):
            benchmark(work.call)

        {KEPT}
        def test_kept(benchmark):
            benchmark(work.call)
        """,
        "-x",
    )
    assert run.counts == {"failed": 1}
    assert [result["test"] for result in run.results] == ["test_it.py::test_broken"]


def test_a_run_of_one_that_fails_keeps_what_the_test_printed(suite: Suite) -> None:
    run = suite.run(f"""
        {BROKEN}
        def test_it(benchmark):
            print("printed before")
            benchmark(work.call)
    """)
    run.pytest.stdout.fnmatch_lines(["*Captured stdout call*", "printed before"])


def test_warnings_are_errors(suite: Suite) -> None:
    run = suite.run(
        f"""
        {KEPT}
        def test_kept(benchmark):
            benchmark(work.call)

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_fixture(speedbump):
            speedbump(work.call)
        """,
        "-W",
        "error",
        "--strict-markers",
        "--strict-config",
    )
    assert (run.code, run.counts) == (0, {"passed": 2})


def test_warnings_are_errors_when_listing_too(suite: Suite) -> None:
    run = suite.run(f"{KEPT}\ndef test_it(benchmark):\n    benchmark(work.call)", "--speedbump-list", "-W", "error")
    assert (run.code, run.counts) == (0, {"passed": 1})


def test_collect_only_measures_and_writes_nothing(suite: Suite) -> None:
    run = suite.run(
        f"{BROKEN}\ndef test_it(benchmark):\n    benchmark(work.call)", "--collect-only", "--speedbump-target=x"
    )
    assert (run.code, run.document) == (0, None)
    assert "speedbump:" not in run.out


def test_deselected_tests_are_not_planned(suite: Suite) -> None:
    run = suite.run(
        f"""
        {BROKEN}
        def test_broken(benchmark):
            benchmark(work.call)

        {KEPT}
        def test_kept(benchmark):
            benchmark(work.call)
        """,
        "-k",
        "kept",
    )
    assert run.counts == {"passed": 1, "deselected": 1}
    assert [result["test"] for result in run.results] == ["test_it.py::test_kept"]


def test_without_a_terminal_plugin(suite: Suite) -> None:
    run = suite.run(
        f"{BROKEN}\ndef test_it(benchmark):\n    benchmark(work.call)", "-p", "no:terminal", plugins=("speedbump",)
    )
    assert run.code == 1
