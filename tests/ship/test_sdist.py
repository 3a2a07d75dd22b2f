"""The sdist: all that is tracked and nothing else, and in a folder of its own as good as the clone."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from shipped import PURE, ROOT, Environment, build

# What a project may have right under its root, beside files with a dot.
TOP = "csrc pytest_speedbump tests benchmarks features docs CMakeLists.txt pyproject.toml README.md LICENSE"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as file:
        file.extractall(folder, filter="data")
    (root,) = folder.iterdir()
    return root


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_it_holds_what_is_tracked_and_nothing_else(unpacked: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone: git does not know which files are tracked")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    tracked = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    assert names(unpacked) - {"PKG-INFO"} == tracked


def test_its_top_level_is_tidy(unpacked: Path) -> None:
    top = {path.name for path in unpacked.iterdir() if not path.name.startswith(".")}
    assert top == {*TOP.split(), "PKG-INFO"}


def test_a_wheel_from_it_is_the_wheel_from_the_clone_and_its_tests_pass(unpacked: Path, tmp_path: Path) -> None:
    for needed in ("cmake", "ninja", "cc"):
        if shutil.which(needed) is None:
            pytest.skip(f"{needed} is not installed")
    wheel = build("wheel", unpacked, tmp_path)
    pure = build("wheel", ROOT, tmp_path, PURE)
    inside = [set(zipfile.ZipFile(one).namelist()) for one in (wheel, pure)]
    (core,) = inside[0] - inside[1]
    assert core.startswith(f"pytest_speedbump/_core.cpython-{sys.version_info.major}{sys.version_info.minor}")
    assert inside[1] <= inside[0]
    assert wheel.name.endswith(f"linux_{core.split('-')[2]}.whl"), "no wheel that is for all platforms"

    installed = Environment.of(wheel, tmp_path / "installed")
    subset = ("tests/core/test_session_counts.py", "tests/unit/test_targets.py", "tests/unit/test_house.py")
    done = installed.run(
        unpacked, "-P", "-m", "pytest", "-p", "xdist.plugin", "-n0", "-q", "-p", "no:cacheprovider", *subset
    )
    assert done.returncode == 0, done.stdout + done.stderr
