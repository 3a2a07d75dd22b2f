"""Callables that cannot run again: void, with the round in which it showed; pytest-benchmark's own result survives."""

import re

import pytest
from suite import BRIEFLY, Suite

TEST = """
    import sys

    def armed():
        return any(map(sys.monitoring.get_tool, (3, 4)))

    {body}

    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    def test_it(benchmark):
        {call}
"""


@pytest.mark.parametrize(
    ("body", "call", "reason"),
    [
        pytest.param(
            "inputs = [1]",
            "benchmark.pedantic(lambda: work.leaf(inputs.pop()))",
            r"the callable raised IndexError\('pop from empty list'\) when repeated \(round 1, unslowed\)",
            id="consumes a list",
        ),
        pytest.param(
            "inputs = iter([1])",
            "benchmark.pedantic(lambda: work.leaf(next(inputs)))",
            r"the callable raised StopIteration\(\) when repeated \(round 1, unslowed\)",
            id="exhausts an iterator",
        ),
        pytest.param(
            "runs = iter(range(100))",
            "benchmark.pedantic(lambda: work.leaf(1 / (60 - (armed() and next(runs)))))",
            r"the callable raised ZeroDivisionError\('division by zero'\) when repeated "
            r"\(round \d+, (control|slowed) arm\)",
            id="raises later",
        ),
        pytest.param(
            "class Bad(Exception):\n        __repr__ = None\n\n    def fail():\n        raise Bad\n\n    runs = [1]",
            "benchmark.pedantic(lambda: runs.pop() if runs else fail())",
            r"the callable raised Bad\(\.\.\.\) when repeated \(round 1, unslowed\)",
            id="raises what cannot be shown",
        ),
        pytest.param(
            "setups = iter(range(30))",
            "benchmark.pedantic(work.leaf, setup=lambda: ((armed() and next(setups),), {}))",
            r"the callable raised StopIteration\(\) when repeated \(round \d+, (control|slowed) arm\)",
            id="its setup raises",
        ),
        pytest.param(
            "def fail(x):\n        runs.append(armed())\n        assert sum(runs) < 20\n    runs = []",
            "benchmark.pedantic(work.leaf, setup=lambda: ((1,), {}), teardown=fail)",
            r"the callable raised AssertionError\(.*\) when repeated \(round \d+, (control|slowed) arm\)",
            id="its teardown raises",
        ),
        pytest.param(
            "inputs = iter(range(100))",
            "benchmark.pedantic(lambda: [work.leaf() for _ in inputs])",
            r"work.leaf never ran in the measured rounds.*",
            id="finds its iterator empty",
        ),
        pytest.param(
            "inputs = list(range(50))",
            "benchmark.pedantic(lambda: armed() and inputs and work.leaf(inputs.pop()))",
            r"the target was called no more after pair \d+ of \d+; can it run twice\? .*",
            id="finds its list empty after a while",
        ),
        pytest.param(
            "heavy = [1] * 10",
            "benchmark.pedantic(lambda: work.leaf(heavy and sum(range(20_000 * heavy.pop()))), rounds=10)",
            r"repeated rounds take \S+ where the benchmark itself took \S+ at least: the callable does not do .*",
            id="does less later",
        ),
    ],
)
def test_it_is_void_and_the_own_row_survives(suite: Suite, body: str, call: str, reason: str) -> None:
    run = suite.run(TEST.format(body=body, call=call), "--benchmark-json=benchmark.json", "--speedbump-max-time=1s")
    assert run.counts == {"failed": 1}
    assert (run.result["verdict"], run.result["outcome"]) == ("void", "failed")
    assert re.match(reason, run.result["reason"]), run.result["reason"]
    assert run.result["drop"] is None
    (row,) = suite.read_json("benchmark.json")["benchmarks"]
    assert row["stats"]["rounds"] in (1, 10)
    assert row["extra_info"]["speedbump"] == run.results


def test_what_does_more_later_is_doubted(suite: Suite) -> None:
    """No more than that: a machine that others use looks the same."""
    run = suite.run(
        """
        runs = []

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_it(benchmark):
            benchmark.pedantic(
                lambda: work.leaf(runs.append(sum(range(1000 if len(runs) < 10 else 20_000)))), rounds=10
            )
        """,
        "--speedbump-max-time=1s",
    )
    assert run.counts == {"passed": 1}
    assert run.result["verdict"] == "measured"
    assert any("does the callable do more each time" in warning for warning in run.result["warnings"])
    run.pytest.stdout.fnmatch_lines(["*repeated rounds take * at least where the benchmark itself took *"])


def test_under_a_suite_wide_target_it_is_said_and_the_others_are_measured(suite: Suite) -> None:
    run = suite.run(
        """
        inputs = [1]

        def test_once(benchmark):
            assert benchmark.pedantic(lambda: work.leaf(inputs.pop())) == 1

        def test_again(benchmark):
            benchmark(work.call)
        """,
        "--speedbump-target=work.leaf",
        "--speedbump-delay=100us",
        BRIEFLY,
    )
    assert run.counts == {"passed": 2}
    assert [result["verdict"] for result in run.results] == ["void", "measured"]
    assert "one that cannot run twice needs benchmark.pedantic(setup=...)" in run.out


def test_with_the_speedbump_fixture(suite: Suite) -> None:
    run = suite.run("""
        @pytest.mark.speedbump("work.leaf")
        def test_it(speedbump):
            inputs = [1]
            speedbump(lambda: work.leaf(inputs.pop()))
    """)
    assert run.counts == {"failed": 1}
    assert run.result["reason"].startswith("the callable raised IndexError('pop from empty list') when ")


def test_a_callable_that_fails_at_once_fails_as_ever(suite: Suite) -> None:
    run = suite.run("""
        @pytest.mark.speedbump("work.leaf")
        def test_it(benchmark):
            benchmark(lambda: 1 / 0)
    """)
    assert run.counts == {"failed": 1}
    assert run.results == []
    assert "ZeroDivisionError" in run.out
    assert "measures nothing" not in run.out


def test_a_test_that_gives_up_inside_a_round_gives_up(suite: Suite) -> None:
    """``pytest.skip`` and ``pytest.fail`` are no errors of the callable, and pytest-timeout comes by the latter."""
    run = suite.run("""
        import sys

        runs = iter(range(1000))

        @pytest.mark.speedbump("work.leaf")
        def test_it(benchmark):
            benchmark.pedantic(lambda: work.leaf() or (next(runs) == 50 and pytest.skip("enough")))

        def test_after():
            assert not any(map(sys.monitoring.get_tool, range(6)))
    """)
    assert (run.code, run.counts, run.results) == (0, {"skipped": 1, "passed": 1}, [])
