"""What GitHub Actions is told without being asked: the summary of a step, and annotations."""

import re
from pathlib import Path

import pytest
from suite import Suite

from pytest_speedbump.formats.markdown import LEAST_BYTES, SUMMARY_BYTES

# Its verdict comes as soon as it can; parameters are names that attack whoever reads the log.
TESTS = """
    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    @pytest.mark.parametrize("x", ["%0A::error::x", "##[error]x"])
    def test_it(speedbump, x):
        speedbump(work.call)

    @pytest.mark.speedbump("work.never", delay="100us")
    @pytest.mark.parametrize("x", ["which fills a line of the terminal, ::stop-commands::x"])
    def test_void(speedbump, x):
        speedbump(work.call)
"""
FAILING = """
    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    def test_it(speedbump):
        speedbump(work.call)
"""
PLAIN = """
    def test_plain(benchmark):
        benchmark(work.call)
"""
XDIST = ("benchmark", "speedbump", "xdist")


@pytest.fixture
def summary(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its file, which another tool has begun. The repository is the folder above the suite's."""
    path = suite.path / "summary.md"
    path.write_text("# Another tool")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(suite.path.parent))
    return path


def commands(out: str) -> list[str]:
    """What the runner takes for one; of pytest's own lines we know nothing."""
    lines = [line for line in out.splitlines() if not re.match(r"_+ |FAILED |test_it\.py::", line)]
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


@pytest.mark.parametrize("options", [["-q"], ["-p", "no:terminal"], ["-v"]], ids=" ".join)
def test_once_whatever_else_is_printed(
    suite: Suite, summary: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """Commands begin a line, and no name becomes one, in a terminal so narrow that sentences are broken."""
    monkeypatch.setenv("COLUMNS", "60")
    run = suite.run(TESTS, "--speedbump-advisory", *options)
    assert run.code == 0
    file = re.escape(f"{suite.path.name}/test_it.py")
    told = commands(run.out)
    titles = [re.fullmatch(rf"::warning file={file},title=([^:,]*)::test_it\.py::.*", line) for line in told]
    assert [title and title[1] for title in titles] == [
        "speedbump%3A void%3A work.never", *["speedbump%3A sensitive%3A work.leaf"] * 2
    ], told  # fmt: skip
    assert all("more than the budget of 10.0%25" in line for line in told[1:])
    assert "stop-commands" in run.out
    written = summary.read_text()
    assert written.startswith("# Another tool\n<!-- speedbump -->\n### speedbump: 1 void, 2 sensitive\n")
    assert written.count("| ❔ sensitive |") == 2


def test_under_xdist_the_controller_tells(suite: Suite, summary: Path) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    run = suite.run(FAILING, "-n2", plugins=XDIST)
    assert run.code == 1
    (line,) = commands(run.out)
    assert line.startswith(
        f"::error file={suite.path.name}/test_it.py,title=speedbump%3A sensitive FAILED%3A work.leaf::"
    )
    assert summary.read_text().count("### speedbump: 1 failed\n") == 1


def test_nothing_where_nothing_was_measured(suite: Suite, summary: Path) -> None:
    for tests, options in ((PLAIN, ()), (FAILING, ("--speedbump-list",)), (FAILING, ("--collect-only",))):
        run = suite.run(tests, *options)
        assert run.code == 0
        assert commands(run.out) == []
        assert "GITHUB" not in run.out
    assert summary.read_text() == "# Another tool"


def test_nothing_elsewhere(suite: Suite, summary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    assert commands(suite.run(FAILING).out) == []
    assert summary.read_text() == "# Another tool"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("full.md", f"it holds {SUMMARY_BYTES - LEAST_BYTES} bytes already, and GitHub takes {SUMMARY_BYTES}"),
        ("no/summary.md", "No such file or directory"),
        ("device", "No space left on device"),
        (".", "Is a directory"),
    ],
)
def test_what_nobody_asked_for_cannot_fail(suite: Suite, monkeypatch: pytest.MonkeyPatch, name: str, why: str) -> None:
    """One line says that it was not written, and the run passes."""
    (suite.path / "full.md").write_bytes(b" " * (SUMMARY_BYTES - LEAST_BYTES))
    (suite.path / "device").symlink_to("/dev/full")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", name)
    run = suite.run(FAILING, "--speedbump-advisory")
    assert run.code == 0
    lines = [line for line in run.out.splitlines() if "GITHUB" in line]
    assert lines == [f"speedbump: $GITHUB_STEP_SUMMARY: '{name}' was not written: {why}"]
    assert (suite.path / "full.md").stat().st_size == SUMMARY_BYTES - LEAST_BYTES


def test_these_tests_tell_the_job_that_runs_them_nothing(suite: Suite) -> None:
    suite.write(
        "test_inner.py",
        "import os\n\ndef test_it():\n    assert not [n for n in os.environ if n.startswith('GITHUB_')]",
    )
    assert suite.pytester.runpytest_subprocess("test_inner.py").ret == 0
