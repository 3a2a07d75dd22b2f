import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.bump import MODES, Bump, every_text, parse_every, parse_mode, share_delay_ns
from pytest_speedbump.errors import InputError
from pytest_speedbump.targets import parse_targets


def test_modes() -> None:
    assert [parse_mode(mode, "mode") for mode in MODES] == ["spin", "nogil", "sleep", "await"]


@pytest.mark.parametrize("value", ["warp", "", "SPIN", None, 1])
def test_unknown_modes(value: object) -> None:
    with pytest.raises(InputError, match="is unknown; write one of spin, nogil, sleep, await"):
        parse_mode(value, "mode")


@pytest.mark.parametrize(("value", "every"), [(1, 1), (10, 10), ("10", 10), ("0010", 10), (10**9, 10**9)])
def test_every(value: object, every: int) -> None:
    assert parse_every(value, "every") == every


@pytest.mark.parametrize(
    "value", [0, -1, "0", "-3", "", " 10", "+1", "ten", "٣", "10.0", "1e3", 2.0, 10**9 + 1, "9" * 5000, True, None, [2]]
)
def test_no_number_of_calls(value: object) -> None:
    with pytest.raises(
        InputError, match=r"^it .* is no number of calls; write a whole number from 1 to 1000000000, as"
    ):
        parse_every(value, "it")


@pytest.mark.parametrize(
    ("every", "text"),
    [
        (1, "a call"), (2, "every 2nd call"), (3, "every 3rd call"), (4, "every 4th call"), (10, "every 10th call"),
        (11, "every 11th call"), (12, "every 12th call"), (13, "every 13th call"), (21, "every 21st call"),
        (102, "every 102nd call"), (113, "every 113th call"), (1000, "every 1000th call"),
    ],
)  # fmt: skip
def test_how_it_is_said(every: int, text: str) -> None:
    assert every_text(every) == text


def test_a_bump_that_spares_calls_says_so() -> None:
    bump = Bump(parse_targets(["a.*"]), 2000, "nogil", None, "marker", every=10)
    assert (str(bump), bump.delay_text) == ("a.* +2us nogil every 10th call", "2us nogil every 10th call")


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
