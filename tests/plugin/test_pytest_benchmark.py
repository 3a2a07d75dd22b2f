"""Next to pytest-benchmark: every way to use it is honoured, and none of its own numbers changes."""

import pytest
from suite import BRIEFLY, Suite

MARK = '@pytest.mark.speedbump("work.leaf", delay="100us")'
TOOLS = "[sys.monitoring.get_tool(i) for i in (3, 4) if sys.monitoring.get_tool(i)]"


def test_its_own_runs_come_first_and_are_never_slowed(suite: Suite) -> None:
    run = suite.run(
        f"""
        import json
        import sys

        armed = []

        def step():
            armed.append(bool({TOOLS}))
            work.leaf()

        {MARK}
        def test_it(benchmark):
            benchmark.pedantic(step, warmup_rounds=2, rounds=7, iterations=3)
            assert benchmark.stats.iterations == 3
            assert len(benchmark.stats.stats.data) == 7
            with open("armed.json", "w") as file:
                json.dump(armed, file)
        """,
        BRIEFLY,
    )
    assert run.counts == {"passed": 1}
    armed = suite.read_json("armed.json")
    own = (2 + 7) * 3
    assert armed.index(True) >= own, "warmup and rounds of its own were through before anything was armed"
    assert sum(armed) >= run.result["pairs"] * 2 * 3


def test_its_row_has_the_same_shape_as_without_us(suite: Suite) -> None:
    test = f"""
        {MARK}
        def test_it(benchmark):
            benchmark.pedantic(work.call, rounds=7, iterations=3)
    """
    rows = []
    for plugins in (("benchmark",), ("benchmark", "speedbump")):
        options = ("-o", "markers=speedbump") if len(plugins) == 1 else ()
        assert suite.run(test, "--benchmark-json=row.json", *options, plugins=plugins).code == 0
        (row,) = suite.read_json("row.json")["benchmarks"]
        rows.append(row)
    without, with_us = rows
    assert with_us["extra_info"].keys() == {"speedbump"}
    assert without["extra_info"] == {}
    assert without.keys() == with_us.keys()
    assert without["stats"].keys() == with_us["stats"].keys()
    for name in ("rounds", "iterations"):
        assert without["stats"][name] == with_us["stats"][name]
    assert without["options"] == with_us["options"]


def test_pedantic_setup_and_teardown_enclose_every_round_undelayed_and_uncounted(suite: Suite) -> None:
    run = suite.run(
        f"""
        journal = []

        def setup():
            work.leaf()  # a target, outside of the rounds
            journal.append("setup")
            return (), {{"x": [1]}}

        def step(x):
            journal.append("step")
            assert x.pop() == 1
            return work.leaf()

        def teardown(x):
            work.leaf()
            assert x == []
            journal.append("teardown")

        {MARK}
        def test_it(benchmark):
            benchmark.pedantic(step, setup=setup, teardown=teardown, rounds=3)
            assert journal == ["setup", "step", "teardown"] * (len(journal) // 3)
            assert len(journal) > 3 * 3 + 2 * 3 * 10
        """,
        BRIEFLY,
    )
    assert run.counts == {"passed": 1}
    assert (run.result["verdict"], run.result["calls"], run.result["iterations"]) == ("measured", 1, 1)


def test_pedantic_rounds_are_no_limit_and_iterations_are_kept(suite: Suite) -> None:
    run = suite.run(
        f"""
        {MARK}
        def test_it(benchmark):
            assert benchmark.pedantic(work.call, args=(), kwargs={{}}, rounds=1, iterations=4) == 42
        """,
        BRIEFLY,
    )
    assert run.result["iterations"] == 4
    assert run.result["pairs"] > 10
    assert run.result["calls"] == 1


def test_a_cold_start_is_no_other_work(suite: Suite) -> None:
    """A benchmark of one round may run cold, and ours do not."""
    run = suite.run(
        f"""
        cold = []

        def step():
            for _ in range(100 if cold else 100_000):
                pass
            cold.append(False)
            work.leaf()

        {MARK}
        def test_it(benchmark):
            benchmark.pedantic(step)
        """,
        BRIEFLY,
    )
    assert (run.result["verdict"], run.code) == ("measured", 0)


def test_ways_to_use_the_fixture(suite: Suite) -> None:
    run = suite.run("""
        import unittest

        pytestmark = pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")

        def test_call(benchmark):
            assert benchmark(work.call) == 42

        def test_arguments(benchmark):
            assert benchmark(lambda x, y: work.call(x + y), 1, y=2) == 3

        def test_decorator(benchmark):
            @benchmark
            def result():
                return work.call()
            assert result == 42

        @pytest.mark.parametrize("n", [1, 2])
        def test_parametrized(benchmark, n):
            assert benchmark(work.call, n) == n

        class TestClass:
            def test_method(self, benchmark):
                benchmark(work.call)

        def test_getfixturevalue(request):
            request.getfixturevalue("benchmark")(work.call)

        class TestCase(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def set_benchmark(self, benchmark):
                self.benchmark = benchmark

            def test_case(self):
                assert self.benchmark(work.call) == 42

        @pytest.mark.benchmark(group="grouped", warmup=True, disable_gc=True)
        def test_its_own_marker(benchmark):
            benchmark(work.call)

        def test_speedbump_fixture(speedbump):
            result = speedbump(work.call, x=7)
            assert result.drop > 0.1
            assert result.drop.low <= result.drop <= result.drop.high
            assert result.transmission > 0.5
            assert speedbump.results == (result,)
    """)
    assert run.counts == {"passed": 10}
    assert len(run.results) == 10
    assert {result["verdict"] for result in run.results} == {"sensitive"}
    assert "NOT MEASURED" not in run.out
    assert "not measured" not in run.out


def test_weave(suite: Suite) -> None:
    pytest.importorskip("aspectlib")
    run = suite.run(
        f"""
        {MARK}
        def test_it(benchmark_weave):
            benchmark_weave(work.leaf)
            assert work.call() == 42
        """,
        BRIEFLY,
    )
    assert run.counts == {"passed": 1}
    assert (run.result["verdict"], run.result["calls"]) == ("measured", 1)


def test_a_conftest_that_overrides_the_fixture_and_returns_it(suite: Suite) -> None:
    suite.pytester.makeconftest("""
        import pytest

        @pytest.fixture
        def benchmark(benchmark):
            benchmark.extra_info["own"] = 1
            return benchmark
    """)
    run = suite.run(f"{MARK}\ndef test_it(benchmark):\n    benchmark(work.call)", "-v", BRIEFLY)
    assert run.result["verdict"] == "measured"
    run.pytest.stdout.fnmatch_lines("test_it.py::test_it PASSED (MEASURED)*")
    assert "not measured" not in run.out


def test_another_fixture_of_that_name_is_not_measured_and_that_is_said(suite: Suite) -> None:
    suite.pytester.makeconftest("""
        import pytest

        @pytest.fixture
        def benchmark():
            return lambda function: function()
    """)
    run = suite.run(
        f"{MARK}\ndef test_it(benchmark):\n    benchmark(work.call)", "-v", "-p", "no:benchmark", plugins=("speedbump",)
    )
    assert run.results == []
    run.pytest.stdout.fnmatch_lines([
        "test_it.py::test_it PASSED (NOT MEASURED)*",
        "speedbump: not measured: test_it.py::test_it: its `benchmark` fixture is a builtins.function, not *",
    ])  # fmt: skip


DECLARED = """
    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="2%")
    def test_it(benchmark):
        assert benchmark(work.call) == 42
"""


def test_disabled_benchmarks_are_not_measured_and_never_just_passed(suite: Suite) -> None:
    run = suite.run(DECLARED, "--benchmark-disable", "-v")
    assert run.results == []
    run.pytest.stdout.fnmatch_lines([
        "test_it.py::test_it PASSED (NOT MEASURED)*",
        "speedbump: not measured: test_it.py::test_it: benchmarks are disabled (*",
    ])  # fmt: skip


def test_under_strict_a_run_with_verdicts_that_measures_nothing_fails(suite: Suite) -> None:
    run = suite.run(DECLARED, "--benchmark-disable", "--speedbump-strict")
    assert (run.code, run.results) == (1, [])
    assert "the run fails: test_it.py::test_it: not measured, under --speedbump-strict: benchmarks are dis" in run.out
    assert suite.run(DECLARED, "--benchmark-disable", "--speedbump-strict", "--speedbump-advisory").code == 0


def test_skipped_benchmarks_are_skipped(suite: Suite) -> None:
    run = suite.run(DECLARED, "--benchmark-skip")
    assert (run.code, run.counts, run.results) == (0, {"skipped": 1}, [])


def test_benchmark_only_measures_them(suite: Suite) -> None:
    run = suite.run(DECLARED + "\n    def test_other():\n        pass", "--benchmark-only")
    assert run.counts == {"failed": 1, "skipped": 1}
    assert run.result["verdict"] == "sensitive"


def test_without_pytest_benchmark_the_speedbump_fixture_works(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="2%")
        def test_it(speedbump):
            speedbump(work.call)
        """,
        "-p",
        "no:benchmark",
        plugins=("speedbump",),
    )
    assert run.counts == {"failed": 1}
    assert run.result["verdict"] == "sensitive"


def test_without_pytest_benchmark_its_fixture_is_missing_as_ever(suite: Suite) -> None:
    run = suite.run(DECLARED, "-p", "no:benchmark", plugins=("speedbump",))
    assert (run.counts, run.results) == ({"errors": 1}, [])
    assert "fixture 'benchmark' not found" in run.out


def test_the_fixture_is_still_used_once_a_test(suite: Suite) -> None:
    run = suite.run(
        f"""
        {MARK}
        def test_benchmark(benchmark):
            benchmark(work.call)
            benchmark(work.call)

        {MARK}
        def test_speedbump(speedbump):
            speedbump(work.call)
            speedbump(work.call)
        """,
        BRIEFLY,
    )
    assert run.counts == {"failed": 2}
    assert "Fixture can only be used once." in run.out
    assert "the speedbump fixture was used already in this test; use it once a test" in run.out


def test_a_speedbump_fixture_without_a_target_says_so(suite: Suite) -> None:
    run = suite.run("def test_it(speedbump):\n    speedbump(work.call)")
    assert run.counts == {"failed": 1}
    assert "the speedbump fixture has nothing to slow; add @pytest.mark.speedbump('pkg.parse*')" in run.out


def test_what_is_not_known_is_raised_not_zero(suite: Suite) -> None:
    run = suite.run("""
        @pytest.mark.speedbump("work.gone", delay="100us")
        def test_it(speedbump):
            assert speedbump(work.call).drop < 0.02
    """)
    assert run.counts == {"failed": 1}
    assert "VoidError: no drop is known for work.gone +100us: work.gone never ran" in run.out


def test_coroutine_functions_are_refused(suite: Suite) -> None:
    run = suite.run(
        """
        import functools

        async def fetch(x=0):
            work.leaf()

        async def stream():
            yield work.leaf()

        pytestmark = pytest.mark.speedbump("work.leaf")

        def test_benchmark(benchmark):
            benchmark(fetch)

        def test_pedantic(benchmark):
            benchmark.pedantic(fetch)

        def test_speedbump(speedbump):
            speedbump(fetch)

        def test_partial(benchmark):
            benchmark(functools.partial(fetch, x=1))

        def test_generator(benchmark):
            benchmark(stream)

        def test_hidden_in_a_lambda(benchmark):
            benchmark.pedantic(lambda: fetch())
        """,
        "-W",
        "error",
    )
    assert run.counts == {"failed": 6}
    assert run.results == []
    told = "would time only the creation of its coroutine; give it a function that drives a loop, such as"
    for door, name in (
        ("benchmark", "fetch"),
        ("benchmark.pedantic", "fetch"),
        ("speedbump", "fetch"),
        ("benchmark", "stream"),
    ):
        sentence = f"{door} was given the coroutine function {name} and {told} {door}(lambda: asyncio.run({name}()))"
        assert sentence in run.out
