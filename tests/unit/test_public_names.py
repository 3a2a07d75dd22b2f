import subprocess
import sys

import pytest

import pytest_speedbump


def test_all_of_them_are_there() -> None:
    assert {name: getattr(pytest_speedbump, name).__name__ for name in pytest_speedbump._HOMES} == {
        name: name for name in pytest_speedbump._HOMES
    }
    assert set(pytest_speedbump.__all__) == {*pytest_speedbump._HOMES, "__version__"} < set(dir(pytest_speedbump))


def test_others_are_not() -> None:
    with pytest.raises(AttributeError, match="module 'pytest_speedbump' has no attribute 'slov'"):
        _ = pytest_speedbump.slov


def test_importing_the_package_imports_none_of_them() -> None:
    script = "import sys, pytest_speedbump; print([one for one in sys.modules if one.startswith('pytest_speedbump.')])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
