"""Which `_core` is measured: the one that MEASURED_CORE names, or none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_speedbump import _core

ROOT = Path(__file__).resolve().parents[2]
TELL = "from benchmarks.measured import *; pin_core(); print(core_file())"


def measured(code: str, core: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MEASURED_CORE": str(core or "")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def other_build(tmp_path: Path) -> Path:
    return Path(shutil.copy(_core.__file__, tmp_path))


def test_named_file_is_what_is_imported(other_build: Path) -> None:
    assert measured(TELL, other_build).stdout.strip() == str(other_build)


def test_without_a_name_it_is_the_installed_one() -> None:
    assert Path(measured(TELL, None).stdout.strip()).samefile(_core.__file__)


def test_name_of_no_file_is_refused(tmp_path: Path) -> None:
    assert f"names '{tmp_path}/no.so', which is no file; build it" in measured(TELL, tmp_path / "no.so").stderr


def test_it_is_never_too_late_unnoticed(other_build: Path) -> None:
    late = "import pytest_speedbump._core; from benchmarks.measured import *; "
    assert "is loaded already; pin it before importing" in measured(late + "pin_core()", other_build).stderr
    assert "was imported; call pin_core() first" in measured(late + "core_file()", other_build).stderr


def test_pytest_runs_with_the_named_file(other_build: Path, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "from pytest_speedbump import _core\n\ndef test_it():\n    print(_core.__file__)\n", encoding="utf-8"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MEASURED_CORE": str(other_build)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pinned", "pytest", "-q", "-s", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert str(other_build) in done.stdout
