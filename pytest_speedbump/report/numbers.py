"""Numbers with their intervals, to as many digits as the interval's width bears out."""

from math import floor, inf, isfinite, log10

from pytest_speedbump.result import Estimate
from pytest_speedbump.units import format_share

__all__ = ["interval_text", "limit_text", "margin_text", "share_text", "time_text"]

DIGITS = 2  # significant, of half the interval's width
LONE_DIGITS = 3  # significant, of a number whose interval has no width
UNITS = (("s", 1e9), ("ms", 1e6), ("us", 1e3))
LONGEST_PLACE = 5  # from this decimal place on, powers of ten are told as such


def interval_text(estimate: Estimate, *, percent: bool = False) -> str:
    """``8.62% [8.10, 9.20]`` or ``-120 [-710, 540]``; an end that is not known is an ellipsis.

    Empty where neither end is known: nothing tells how many digits of the number mean anything.
    """
    return _scaled_text(estimate, *((100.0, "%") if percent else (1.0, "")))


def time_text(estimate: Estimate) -> str:
    """Of a time in ns: ``301us [284, 317]``, all in the unit of the largest of the three."""
    largest = max(abs(estimate), abs(estimate.low or 0.0), abs(estimate.high or 0.0))
    size, unit = next(((size, unit) for unit, size in UNITS if largest >= size), (1.0, "ns"))
    return _scaled_text(estimate, 1 / size, unit)


def _scaled_text(estimate: Estimate, factor: float, unit: str) -> str:
    if estimate.low is None and estimate.high is None:
        return ""
    low, value, high = (None if end is None else end * factor for end in (estimate.low, float(estimate), estimate.high))
    assert value is not None
    place = _place(low, value, high)
    ends = ("..." if end is None else _to_place(end, place) for end in (low, high))
    return f"{_to_place(value, place)}{unit} [{', '.join(ends)}]"


def margin_text(estimate: Estimate) -> str:
    """``0.97 +-0.05``, wide enough for both ends; an interval that has one end alone, as :func:`interval_text` does."""
    value = float(estimate)
    if estimate.low is None or estimate.high is None:
        return interval_text(estimate)
    margin = max(value - estimate.low, estimate.high - value)
    place = _place(value - margin, value, value + margin)
    return f"{_to_place(value, place)} +-{_to_place(margin, place)}"


def share_text(share: float) -> str:
    """``0.0031`` as ``'0.31%'``: two significant digits, however small."""
    return f"{_to_place(share * 100, _exponent(share * 100) - 1)}%"


def limit_text(limit: float) -> str:
    """A declared share: ``'2.0%'``, and ``'0.02%'`` or ``'2.15%'`` where one decimal would tell another number."""
    text = format_share(limit)
    return text if abs(float(text[:-1]) / 100 - limit) < 1e-9 else f"{limit * 100:.6g}%"


def _place(low: float | None, value: float, high: float | None) -> int:
    """The decimal place of the last digit that means something: 0 are units, -1 tenths, 1 tens."""
    half = inf if low is None or high is None else high / 2 - low / 2
    if not isfinite(half):
        half = max(abs(end - value) for end in (low, high) if end is not None)
    if half > 0:
        return _exponent(half) - DIGITS + 1
    return _exponent(value) - LONE_DIGITS + 1


def _exponent(value: float) -> int:
    """Decimal place of the first digit; 0 for zero."""
    return floor(log10(abs(value))) if value else 0


def _to_place(value: float, place: int) -> str:
    """Rounded to a decimal place; zero has no sign."""
    if place <= 0:
        return f"{value:z.{-place}f}"
    rounded = round(value, -place)
    if place < LONGEST_PLACE or not rounded:
        return f"{rounded:z.0f}"
    mantissa, _, exponent = f"{rounded:.{max(0, _exponent(rounded) - place)}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"
