"""What tests run pytest with: each run is as alone as a process that was started for it."""

import os
import signal
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest
from forks import Forks


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(forks: Forks, name: str, tests: str, timeout: float = 120) -> pytest.RunResult:
    Path(name).write_text(dedent(tests))
    return forks.run(Path.cwd(), "-p", "no:cacheprovider", name, timeout=timeout)


def test_no_plugin_was_imported_and_nothing_of_these_tests_can_be(forks: Forks) -> None:
    done = run(
        forks,
        "test_it.py",
        """
        import os
        import sys

        def test_it():
            assert not [name for name in sys.modules if name.startswith(("pytest_", "hypothesis", "coverage"))]
            assert not any(map(sys.monitoring.get_tool, range(6)))
            assert sys.path[0] == os.getcwd()
            assert not [path for path in sys.path if path.endswith("/tests")]
        """,
    )
    assert done.ret == 0


def test_environment_temporary_folder_and_status_are_those_of_the_moment(
    forks: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = """
        import os
        import tempfile

        def test_it():
            print(os.environ["OF_THIS_MOMENT"], tempfile.gettempdir())
            assert False
    """
    monkeypatch.setenv("OF_THIS_MOMENT", "yes")
    done = run(forks, "test_told.py", told)
    assert (done.ret, done.outlines.count(f"yes {Path.cwd()}")) == (1, 1)
    monkeypatch.delenv("OF_THIS_MOMENT")
    assert "KeyError: 'OF_THIS_MOMENT'" in str(run(forks, "test_told.py", told).stdout)
    assert run(forks, "test_killed.py", "import os\n\nos.kill(os.getpid(), 9)").ret == -signal.SIGKILL


def test_a_run_that_hangs_is_ended_and_the_next_one_runs() -> None:
    with Forks() as forks:
        with pytest.raises(subprocess.TimeoutExpired):
            run(forks, "test_hangs.py", "while True:\n    pass", timeout=1)
        assert run(forks, "test_it.py", "def test_it():\n    pass").ret == 0


def test_what_xdist_tells_its_workers_stays_with_them() -> None:
    assert not [name for name in os.environ if name.startswith("PYTEST_XDIST_")]
