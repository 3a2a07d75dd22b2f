import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.bump import MODES, Bump, parse_mode, share_delay_ns
from pytest_speedbump.errors import InputError
from pytest_speedbump.targets import parse_targets


def test_modes() -> None:
    assert [parse_mode(mode, "mode") for mode in MODES] == ["spin", "nogil", "sleep", "await"]


@pytest.mark.parametrize("value", ["warp", "", "SPIN", None, 1])
def test_unknown_modes(value: object) -> None:
    with pytest.raises(InputError, match="is unknown; write one of spin, nogil, sleep, await"):
        parse_mode(value, "mode")


def test_a_bump_is_named_after_target_and_delay() -> None:
    assert str(Bump(parse_targets(["a.*", "!a.b"]), 2000, "spin", None, "marker")) == "a.*, !a.b +2us"
    assert str(Bump(parse_targets(["a.*"]), 2000, "sleep", None, "marker")) == "a.* +2us sleep", "where it is not spin"


def test_a_share_is_named_as_it_was_written_whatever_it_comes_to() -> None:
    bump = Bump(parse_targets(["a.*"]), math.nan, "nogil", None, "marker", delay_share=0.05)
    assert (str(bump), bump.delay_text, bump.is_resolved) == ("a.* +5% nogil", "5% nogil", False)
    resolved = bump.resolved(1234.0)
    assert (str(resolved), resolved.delay_text, resolved.is_resolved) == ("a.* +5% nogil", "5% = 1.23us nogil", True)
    assert resolved.delay_ns == 1234


@given(st.floats(0.001, 1), st.floats(5e3, 50e9), st.integers(1, 10**6))
def test_all_delays_of_a_round_make_it_longer_by_the_share(share: float, round_ns: float, calls: int) -> None:
    assert share_delay_ns(share, round_ns, calls) * calls == pytest.approx(share * round_ns)


def test_what_a_share_can_come_to() -> None:
    assert share_delay_ns(0.05, 1e6, 0) == 0
    assert share_delay_ns(1.0, 100e9, 1) == 60e9, "the longest delay"
