"""Without a target and without a marker nothing happens at all."""

import pytest
from suite import BRIEFLY, Suite

WATCH = """
    import atexit
    import sys

    def pytest_sessionfinish(session):
        names = sorted(name for name in sys.modules if name.startswith("pytest_speedbump"))
        tools = [sys.monitoring.get_tool(i) for i in range(6)]
        with open("seen", "w") as file:
            print(*(name for name in names if "_core" in name), *(tool for tool in tools if tool), file=file)
"""

TESTS = """
    import sys

    from pytest_benchmark.fixture import BenchmarkFixture

    def test_it(benchmark):
        assert type(benchmark) is BenchmarkFixture
        assert benchmark(work.call) == 42
        assert not any(map(sys.monitoring.get_tool, range(6)))
"""


@pytest.mark.parametrize(
    "options", [("-p", "speedbump"), ("-p", "speedbump", "--speedbump-delay=5us", "--speedbump-strict")]
)
def test_nothing_is_loaded_or_taken(suite: Suite, options: tuple[str, ...]) -> None:
    suite.pytester.makeconftest(WATCH)
    run = suite.run(TESTS, *options, plugins=("benchmark",))
    assert run.counts == {"passed": 1}
    assert (suite.path / "seen").read_text().split() == []
    assert "speedbump:" not in run.out


def test_the_watch_sees_what_a_target_loads(suite: Suite) -> None:
    """Else the test above could not fail."""
    suite.pytester.makeconftest(WATCH)
    run = suite.run(
        "def test_it(benchmark):\n    benchmark(work.call)", "--speedbump-target=work.leaf", "--speedbump-list"
    )
    assert run.counts == {"passed": 1}
    assert (suite.path / "seen").read_text().split() == ["pytest_speedbump._core"]


def test_inert_runs_need_no_tool_id(suite: Suite) -> None:
    suite.pytester.makeconftest("""
        import sys

        sys.monitoring.use_tool_id(3, "abacus")
        sys.monitoring.use_tool_id(4, "slide rule")
    """)
    run = suite.run("def test_it(benchmark):\n    benchmark(work.call)")
    assert run.counts == {"passed": 1}


def test_only_the_marked_test_is_joined(suite: Suite) -> None:
    run = suite.run(
        """
        from pytest_benchmark.fixture import BenchmarkFixture

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_marked(benchmark):
            assert isinstance(benchmark, BenchmarkFixture)
            assert type(benchmark) is not BenchmarkFixture
            assert benchmark(work.call) == 42

        def test_unmarked(benchmark):
            assert type(benchmark) is BenchmarkFixture
            benchmark(work.call)
        """,
        BRIEFLY,
    )
    assert run.counts == {"passed": 2}
    assert run.result["test"] == "test_it.py::test_marked"


def test_the_installed_plugin_is_found_without_being_named(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    suite.write("test_it.py", "import work\n\ndef test_it(benchmark):\n    benchmark(work.call)\n")
    result = suite.pytester.runpytest_subprocess("--speedbump-target=work.leaf", "--speedbump-list", timeout=120)
    assert result.ret == 0
    result.stdout.fnmatch_lines("*1  work.leaf  *")
