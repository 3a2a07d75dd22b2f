"""What a Python that starts does because the package is installed: next to nothing, unless the environment asks."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from textwrap import dedent

import pytest

PTH = "pytest_speedbump.pth"
T = {"SPEEDBUMP_TARGETS": "x"}
INSTALLED = Path(sysconfig.get_path("platlib")) / PTH


def python(source: str, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *flags, "-c", dedent(source)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize("flag", ["-W error", "-I", "-E", "-X dev"])
def test_nothing_is_imported_where_nothing_is_asked(flag: str) -> None:
    done = python(
        "import sys; print([name for name in sys.modules if name.startswith('pytest_speedbump')])", *flag.split()
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def start_with(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A Python whose site-packages are ``folder``."""
    (folder / PTH).write_bytes(INSTALLED.read_bytes())
    return python(
        f"import site; site.addsitedir({str(folder)!r}); print('ran')", "-I", "-S", "-W", "error", **environment
    )


def test_a_package_that_is_gone_or_broken_ends_nothing(tmp_path: Path) -> None:
    assert start_with(tmp_path).stderr == ""
    gone = start_with(tmp_path, SPEEDBUMP_TARGETS="x")
    (tmp_path / "pytest_speedbump").mkdir()
    (tmp_path / "pytest_speedbump" / "__init__.py").write_text("1 / 0")
    broken = start_with(tmp_path, SPEEDBUMP_TARGETS="x")
    for done, reason in [(gone, "No module named 'pytest_speedbump'"), (broken, "division by zero")]:
        assert (done.returncode, done.stdout) == (0, "ran\n")
        assert done.stderr == f"pytest-speedbump: this process is not slowed: {reason}\n"


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"SPEEDBUMP_DELY": "1us"}, "the environment's SPEEDBUMP_DELY is unknown; did you mean SPEEDBUMP_DELAY?"),
        (T | {"SPEEDBUMP_DELAY": "2"}, "SPEEDBUMP_DELAY '2' has no unit; write it with one of the units ns, us, ms, s"),
        (T | {"SPEEDBUMP_MODE": "await"}, "SPEEDBUMP_MODE 'await' pauses the coroutine functions that there are"),
        (T | {"SPEEDBUMP_JSON": "/"}, "SPEEDBUMP_JSON '/' is a directory; name a file, as in SPEEDBUMP_JSON=PATH"),
        (T | {"SPEEDBUMP_FOR": "0s"}, "SPEEDBUMP_FOR '0s' delays nothing; "),
        ({"SPEEDBUMP_TARGETS": "[x"}, "target '[x'"),
        ({"SPEEDBUMP_TARGETS": "@no.txt"}, "target '@no.txt': there is no file 'no.txt'; paths start at "),
        ({"SPEEDBUMP_TARGETS": " \n# x\n"}, "SPEEDBUMP_TARGETS does nothing, because SPEEDBUMP_TARGETS names nothing"),
        (
            {"SPEEDBUMP_EVERY": "10"},
            ("SPEEDBUMP_EVERY does nothing, because SPEEDBUMP_TARGETS names nothing that is to be slowed; "
             "set SPEEDBUMP_TARGETS='pkg.parse*', or unset SPEEDBUMP_EVERY"),
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_ends_the_process_at_its_start(environment: dict[str, str], sentence: str) -> None:
    done = python("print('ran')", **environment)
    assert (done.returncode, done.stdout) == (4, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"pytest-speedbump: {sentence}")


def test_variables_of_others_are_left_alone() -> None:
    done = python("print('ran')", MY_SPEEDBUMP_X="1", SPEEDBUMPS="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")
