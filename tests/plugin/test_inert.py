"""Without a target and without a marker nothing happens at all."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from suite import BRIEFLY, Suite

import pytest_speedbump

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
    "options", [("-p", "speedbump"), ("-p", "speedbump", "--speedbump-mode=nogil", "--speedbump-strict")]
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


# The finder of an editable install would come before PYTHONPATH.
UNBUILT = """
    import sys
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in type(finder).__module__]
    import pytest
    sys.exit(pytest.main(["-p", "benchmark", "-p", "pytest_speedbump.plugin", *sys.argv[1:]]))
"""


def test_a_source_tree_that_was_not_built(suite: Suite) -> None:
    """It stays inert, and says in a sentence what is missing once it is asked for something."""
    source = Path(pytest_speedbump.__file__).parent
    copy = suite.path / "src" / "pytest_speedbump"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    suite.write("unbuilt.py", UNBUILT)
    suite.write("test_plain.py", "def test_it(benchmark):\n    benchmark(int)\n")
    suite.write(
        "test_marked.py",
        "import pytest\n\n@pytest.mark.speedbump('work.leaf')\ndef test_it(benchmark):\n    benchmark(int)\n",
    )

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "unbuilt.py", "-p", "no:cacheprovider", *options]
        environment = {"PYTHONPATH": str(copy.parent), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        return subprocess.run(command, cwd=suite.path, env=environment, capture_output=True, text=True, timeout=120)

    inert = run("test_plain.py")
    assert (inert.returncode, inert.stderr) == (0, "")
    for options in (["test_marked.py"], ["test_plain.py", "--speedbump-target=work.leaf"]):
        asked = run(*options)
        assert asked.returncode == 4, asked.stdout
        assert asked.stderr.startswith(f"ERROR: pytest_speedbump was imported from {str(copy)!r}, where its compiled ")
        assert asked.stderr.rstrip().endswith(f"`pip install {str(copy.parent)!r}`, or take that folder off PYTHONPATH")
        assert len(asked.stderr.strip().splitlines()) == 1
