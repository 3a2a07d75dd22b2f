"""Why there is no C core: platforms without one, and installations that are broken, are told apart."""

import sys
from pathlib import Path

import pytest

import pytest_speedbump
from pytest_speedbump import core
from pytest_speedbump.errors import InputError


def why(
    system: str = "linux", implementation: str = "cpython", *, is_64_bit: bool = True, is_pure: bool = False
) -> str:
    return core._why(system, implementation, is_64_bit=is_64_bit, is_pure=is_pure)


@pytest.mark.parametrize(
    "platform", [{"system": "darwin"}, {"system": "win32"}, {"implementation": "pypy"}, {"is_64_bit": False}], ids=str
)
def test_a_platform_without_a_core(platform: dict[str, str | bool]) -> None:
    for is_pure in (False, True):
        said = why(**platform, is_pure=is_pure)  # type: ignore[arg-type]
        assert said.startswith("no core for this platform, ")
        assert said.endswith("measure with CPython 3.12 or newer on 64-bit Linux")


def test_the_wheel_without_a_core_where_one_can_be_built() -> None:
    assert "--no-binary pytest-speedbump pytest-speedbump" in why(is_pure=True)


def test_where_a_core_is_missing_that_was_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert why() == ""
    assert core.why_no_core() == ""
    assert core.refusal("slow") is None
    monkeypatch.setitem(sys.modules, "pytest_speedbump._core", None)
    monkeypatch.delattr(pytest_speedbump, "_core", raising=False)
    assert core.why_no_core() == "", "an editable install is no wheel for all platforms"
    with pytest.raises(
        InputError, match=r"where its compiled core cannot be loaded .*; install it, as with `pip install"
    ):
        core.load_core()


def test_a_wheel_without_a_core_that_is_installed_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A source tree on the path is not what was installed."""

    class Installed:
        def locate_file(self, name: str) -> Path:
            return tmp_path / name

        def read_text(self, _name: str) -> str:
            return "Root-Is-Purelib: true\nTag: py3-none-any\n"

    monkeypatch.setattr("importlib.metadata.distribution", lambda _name: Installed())
    assert not core._is_pure()
    monkeypatch.setattr(core, "_FOLDER", tmp_path / "pytest_speedbump")
    assert core._is_pure()
