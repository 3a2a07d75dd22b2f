"""Numbers and intervals: as many digits as the width bears out, and never a different story than the numbers."""

import re
from math import floor, log10

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_speedbump.report.numbers import interval_text, limit_text, share_text
from pytest_speedbump.result import Estimate
from pytest_speedbump.units import format_share

NUMBER = r"-?(?:\d+(?:\.\d+)?(?:e\d+)?)"
PRINTED = re.compile(rf"({NUMBER})(%?) \[({NUMBER}|\.\.\.), ({NUMBER}|\.\.\.)\]")


@pytest.mark.parametrize(
    ("numbers", "percent", "text"),
    [
        ((0.0862, 0.081, 0.092), True, "8.62% [8.10, 9.20]"),
        ((0.0862, 0.0702, 0.0991), True, "8.6% [7.0, 9.9]"),
        ((0.97, 0.9, 1.0), False, "0.970 [0.900, 1.000]"),
        ((-122.24, -707.80, 544.83), False, "-120 [-710, 540]"),
        ((-0.00003, -0.0002, 0.00015), True, "-0.003% [-0.020, 0.015]"),
        ((-0.00001, -0.02, 0.02), True, "0.0% [-2.0, 2.0]"),
        ((-1.2e7, -3.41e7, 5.8e7), False, "-1.2e7 [-3.4e7, 5.8e7]"),
        ((0.5, None, 0.6), True, "50% [..., 60]"),
        ((0.5, 0.42, None), True, "50.0% [42.0, ...]"),
        ((0.1234567, 0.1234567, 0.1234567), True, "12.3% [12.3, 12.3]"),
        ((0.0, 0.0, 0.0), True, "0.00% [0.00, 0.00]"),
        ((0.5, None, None), True, ""),
    ],
)
def test_examples(numbers: tuple[float, float | None, float | None], percent: bool, text: str) -> None:
    assert interval_text(Estimate(*numbers), percent=percent) == text


ends = st.floats(-1e15, 1e15) | st.floats(-1, 1)


@given(st.lists(ends, min_size=3, max_size=3).map(sorted), st.booleans())
def test_what_is_printed_is_what_was_meant(numbers: list[float], percent: bool) -> None:
    low, value, high = numbers
    half = (high - low) / 2
    assume(half == 0 or half > 1e-250)
    match = PRINTED.fullmatch(interval_text(Estimate(value, low, high), percent=percent))
    assert match is not None
    printed_value, unit, printed_low, printed_high = match.groups()
    assert unit == ("%" if percent else "")
    factor = 100 if percent else 1
    shown = [float(text) / factor for text in (printed_low, printed_value, printed_high)]
    assert shown == sorted(shown), "the ends enclose the estimate"
    for text in (printed_value, printed_low, printed_high):
        assert not re.fullmatch(r"-0(\.0+)?", text), "zero has no sign"
    if half == 0:
        return
    assert printed_low != printed_high, "what differs is seen to differ"
    for true, seen in zip(numbers, shown, strict=True):
        assert abs(true - seen) <= half / 19 + 1e-12 * abs(true), "two digits of half the width are right"
    if half * factor >= 10:
        assert "." not in printed_value.partition("e")[0] or "e" in printed_value, "and no more are shown"
    else:
        decimals = len(printed_low.partition(".")[2])
        assert decimals <= 1 - floor(log10(half * factor)) + 1


@given(st.floats(1e-9, 1, exclude_max=True))
def test_a_share_has_two_digits_however_small(share: float) -> None:
    assert float(share_text(share)[:-1]) / 100 == pytest.approx(share, rel=0.051)


@pytest.mark.parametrize(
    ("limit", "text"),
    [(0.02, "2.0%"), (0.1, "10.0%"), (0.0002, "0.02%"), (0.0215, "2.15%"), (0.999999, "99.9999%"), (1e-6, "0.0001%")],
)
def test_a_limit_is_told_as_declared(limit: float, text: str) -> None:
    assert limit_text(limit) == text


def test_a_share_that_rounds_to_nothing_has_no_sign() -> None:
    assert [format_share(share) for share in (-0.0003, 0.0003, -0.0, -0.0006)] == ["0.0%", "0.0%", "0.0%", "-0.1%"]
