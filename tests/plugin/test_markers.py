"""Markers: targets, delays and budgets as a test declares them."""

import pytest
from suite import BRIEFLY, Suite


def test_several_targets_in_one_marker_are_one_bump(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump("work.*", "!work.call", delay="100us")
        def test_it(benchmark):
            benchmark(work.call)
        """,
        BRIEFLY,
    )
    assert run.result["targets"] == ["work.*", "!work.call"]
    assert run.result["calls"] == 2
    assert {code["name"]: code["calls"] for code in run.result["matched"]} == {"work.leaf": 1, "work.other": 1}


def test_every_target_of_a_marker_must_run(suite: Suite) -> None:
    run = suite.run("""
        @pytest.mark.speedbump("work.leaf", "work.gone", delay="100us")
        def test_it(benchmark):
            benchmark(work.call)
    """)
    assert (run.result["verdict"], run.result["outcome"]) == ("void", "failed")
    assert run.result["reason"].startswith("work.gone never ran in the measured rounds")


def test_several_markers_are_several_bumps_judged_one_by_one(suite: Suite) -> None:
    run = suite.run("""
        @pytest.mark.speedbump("work.call", delay="100us")
        @pytest.mark.speedbump_insensitive("work.leaf", delay="500ns", budget="80%")
        @pytest.mark.speedbump_insensitive("work.other", delay="100us", budget="10%")
        @pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")
        def test_it(benchmark):
            benchmark(work.call)
    """)
    found = {(*result["targets"], result["delay_ns"]): (result["verdict"], result["outcome"]) for result in run.results}
    assert found == {
        ("work.call", 100e3): ("measured", "passed"),
        ("work.leaf", 500): ("insensitive", "passed"),
        ("work.other", 100e3): ("sensitive", "failed"),
        ("work.leaf", 100e3): ("sensitive", "passed"),
    }
    assert run.counts == {"failed": 1}
    assert run.out.count("speedbump: work.other slowed by 100us a call costs") == 1


def test_without_a_pattern_a_marker_takes_the_targets_of_the_command_line(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump_insensitive(delay="100us", budget="10%")
        def test_declared(benchmark):
            benchmark(work.call)

        @pytest.mark.speedbump(delay="150us")
        def test_never_calls(benchmark):
            benchmark(work.other)

        def test_unmarked(benchmark):
            benchmark(work.call)
        """,
        "--speedbump-target=work.leaf",
        "--speedbump-max-time=500ms",
    )
    assert {result["targets"][0] for result in run.results} == {"work.leaf"}
    assert [(result["delay_ns"], result["verdict"], result["outcome"]) for result in run.results] == [
        (100e3, "sensitive", "failed"),
        (150e3, "void", "passed"),  # a suite-wide target need not concern every test
        (2e3, "measured", "passed"),
    ]


def test_a_marker_with_a_pattern_does_not_take_the_place_of_the_command_line(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump("work.other", delay="100us")
        def test_it(benchmark):
            benchmark(work.call)
        """,
        "--speedbump-target=work.leaf",
        BRIEFLY,
    )
    assert [result["targets"] for result in run.results] == [["work.other"], ["work.leaf"]]


def test_a_sweep_gives_one_result_a_delay(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump("work.leaf", delay="0ns, 50us, 100us")
        def test_marked(benchmark):
            benchmark(work.call)

        def test_unmarked(benchmark):
            benchmark(work.call)
        """,
        "--speedbump-target=work.leaf",
        BRIEFLY,
    )
    marked, unmarked = run.results[:3], run.results[4:]
    assert [result["delay_ns"] for result in marked] == [0, 50e3, 100e3]
    assert [result["delay_ns"] for result in unmarked] == [2e3]
    drops = [result["drop"]["estimate"] for result in marked]
    assert drops == sorted(drops)
    assert marked[0]["transmission"] is None, "a delay of zero delivers nothing that could be transmitted"
    assert marked[0]["calls"] == 1


def test_a_share_asks_the_same_of_a_fast_benchmark_and_of_a_slow_one(suite: Suite) -> None:
    tests = """
        @pytest.mark.speedbump_sensitive("work.leaf", delay="50%", at_least="5%")
        def test_fast(benchmark):
            benchmark(work.call)

        @pytest.mark.speedbump_insensitive("work.leaf", delay="50%", budget="5%")
        def test_slow(speedbump):
            speedbump(lambda: [work.call() for _ in range(30)])

        @pytest.mark.speedbump("work.gone")
        def test_void(speedbump):
            speedbump(work.call)
    """
    share = ("--speedbump-delay=50%",)
    run = suite.run(tests, *share, "--speedbump-save")
    fast, slow, void = run.results
    assert run.counts == {"passed": 1, "failed": 2}
    assert [one["verdict"] for one in run.results] == ["sensitive", "sensitive", "void"]
    assert [one["share"] for one in run.results] == [0.5] * 3
    for one in (fast, slow):
        # As long as the round that was looked at, be the machine as restless as it may.
        assert 0.05 < one["calls"] * one["delay_ns"] / one["control_ns"] < 5
        assert one["requested_ns"] == pytest.approx(one["calls"] * one["delay_ns"], rel=1e-3)
    assert (slow["calls"], void["delay_ns"]) == (30, 0)
    run.pytest.stdout.fnmatch_lines_random([
        "speedbump: work.leaf slowed by *us a call (50% of the round) costs *, more than the budget of 5.0%",
        "speedbump: work.gone +50%: no verdict: work.gone never ran *",
        "test_fast * 50% = *us *1 *",
        "speedbump: .speedbump.json: added: test_it.py::test_fast [[]work.leaf +50%[]]",
    ])  # fmt: skip
    lock = suite.read_json(".speedbump.json")["entries"]
    assert {(one["test"].rpartition("::")[2], one["share"]) for one in lock} == {("test_fast", 0.5), ("test_slow", 0.5)}

    again = suite.run(tests, *share, "--speedbump-compare", "-k", "test_fast")
    assert again.result["lock"]["kind"] in ("kept", "inconclusive", "improved"), again.result["lock"]
    listed = suite.run(tests, *share, "--speedbump-list", "-k", "test_fast").result
    assert (listed["delay_ns"], listed["share"]) == (None, 0.5)


def test_markers_of_classes_and_modules(suite: Suite) -> None:
    run = suite.run(
        """
        pytestmark = pytest.mark.speedbump("work.leaf", delay="100us")

        @pytest.mark.speedbump("work.other", delay="100us")
        class TestIt:
            def test_method(self, benchmark):
                benchmark(work.call)

        @pytest.mark.parametrize("n", [1, 2])
        def test_parametrized(benchmark, n):
            benchmark(work.call)
        """,
        BRIEFLY,
    )
    assert sorted((result["test"], *result["targets"]) for result in run.results) == [
        ("test_it.py::TestIt::test_method", "work.leaf"),
        ("test_it.py::TestIt::test_method", "work.other"),
        ("test_it.py::test_parametrized[1]", "work.leaf"),
        ("test_it.py::test_parametrized[2]", "work.leaf"),
    ]


def test_a_file_of_patterns_lies_beside_its_test(suite: Suite) -> None:
    (suite.path / "deep").mkdir()
    suite.write("deep/hot.txt", "# what is hot\nwork.*\n!work.call\n")
    suite.write(
        "deep/test_deep.py",
        """
        import pytest
        import work

        @pytest.mark.speedbump("@hot.txt", delay="100us")
        def test_it(benchmark):
            benchmark(work.call)
        """,
    )
    run = suite.run("", "deep", BRIEFLY)
    assert run.result["targets"] == ["@hot.txt"]
    assert run.result["calls"] == 2


def test_markers_are_registered_with_their_signatures(suite: Suite) -> None:
    run = suite.run("", "--markers")
    assert "@pytest.mark.speedbump(*targets, delay, mode, every): " in run.out
    assert "@pytest.mark.speedbump_insensitive(*targets, delay, budget, mode, every): " in run.out
    assert "@pytest.mark.speedbump_sensitive(*targets, delay, at_least, mode, every): " in run.out
