import pytest

from pytest_speedbump.bump import MODES, Bump, parse_mode
from pytest_speedbump.errors import InputError
from pytest_speedbump.targets import parse_targets


def test_modes() -> None:
    assert [parse_mode(mode, "mode") for mode in MODES] == ["spin", "nogil", "sleep"]


@pytest.mark.parametrize("value", ["warp", "", "SPIN", None, 1])
def test_unknown_modes(value: object) -> None:
    with pytest.raises(InputError, match="is unknown; write one of spin, nogil, sleep"):
        parse_mode(value, "mode")


def test_a_bump_is_named_after_target_and_delay() -> None:
    assert str(Bump(parse_targets(["a.*", "!a.b"]), 2000, "spin", None, "marker")) == "a.*, !a.b +2us"
    assert str(Bump(parse_targets(["a.*"]), 2000, "sleep", None, "marker")) == "a.* +2us sleep", "where it is not spin"
