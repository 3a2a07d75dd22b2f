import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.errors import InputError
from pytest_speedbump.units import (
    Delay,
    format_share,
    format_time,
    parse_delay,
    parse_delays,
    parse_share,
    parse_span,
    parse_time,
)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("500ns", 500), ("2us", 2000), ("2µs", 2000), ("2μs", 2000), ("1.5ms", 1.5e6), ("0.1s", 1e8), (".5us", 500),
        ("2 us", 2000), (" 2us ", 2000), ("1e3ns", 1000), ("+2us", 2000), ("0ns", 0), ("5.us", 5000),
    ],
)  # fmt: skip
def test_times(text: str, ns: float) -> None:
    assert parse_time(text, "delay") == pytest.approx(ns)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("2", "has no unit"), ("0", "has no unit"), ("2 fortnights", "has the unknown unit 'fortnights'"),
        ("2US", "has the unknown unit 'US'"), ("-2us", "is negative"), ("-0.1ns", "is negative"), ("", "is not a time"),
        ("us", "is not a time"), ("nan", "is not a time"), ("nanns", "is not a time"), ("inf", "is not a time"),
        ("1e999s", "is not a finite time"), ("2us 3us", "is not a time"), ("0x10ns", "is not a time"),
        ("25%", "is a share, and no time"), (2, "is not a time"),
        (None, "is not a time"), (b"2us", "is not a time"),
    ],
)  # fmt: skip
def test_what_is_no_time(value: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        parse_time(value, "delay")
    assert str(caught.value).startswith(f"delay {value!r} "), "it names the input"
    assert ";" in str(caught.value), "and the mend"
    assert "\n" not in str(caught.value)


def test_a_limit_is_named() -> None:
    assert parse_time("60s", "delay", longest_ns=60e9) == 60e9
    with pytest.raises(InputError, match="delay '61s' is over the limit; write at most 60s"):
        parse_time("61s", "delay", longest_ns=60e9)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("2m", 120), ("2min", 120), ("1.5h", 5400), ("24h", 86400), ("0s", 0), ("500ms", 0.5), ("1 m", 60)],
)
def test_spans(text: str, seconds: float) -> None:
    assert parse_span(text, "span") == pytest.approx(seconds * 1e9)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("25h", "is over the limit; write at most 24h"), ("86401s", "is over the limit"), ("-1m", "is negative"),
        ("2", "has no unit; write it with one of the units ms, s, m, h, as in '30s'"), ("1d", "has the unknown unit"),
        ("5%", "is a share, and no time"), ("2M", "has the unknown unit 'M'"), (30, "is not a time"),
    ],
)  # fmt: skip
def test_what_is_no_span(text: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_span(text, "span")


def test_minutes_are_no_delays() -> None:
    assert parse_delay("2ms", "delay") == 2e6
    for text in ("2m", "1min", "1h"):
        with pytest.raises(InputError, match="has the unknown unit"):
            parse_delay(text, "delay")


def test_a_comma_list_keeps_its_order() -> None:
    assert parse_delays("2us, 500ns,1ms", "delay") == (Delay(2000), Delay(500), Delay(1e6))
    assert parse_delays("5%, 1us,100 %,0.5%", "delay") == tuple(
        Delay(ns, share) for ns, share in [(None, 0.05), (1000, None), (None, 1.0), (None, 0.005)]
    )
    for text in ("2us,", ",", "2us,3", "1us,1000ns", "5%,", "5%,5.0%", "61s", "0.05"):
        with pytest.raises(InputError):
            parse_delays(text, "delay")


@pytest.mark.parametrize("text", ["0%", "-5%", "101%", "1e-20%", "nan%", "inf%", "%", "five%", "5%%", "1us 5%"])
def test_what_is_no_share_of_a_round(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_delays(text, "delay")
    said = str(caught.value)
    assert said.startswith(f"delay {text!r} is ")
    assert "; write a share of the round of more than 0% and at most 100%, as in '5%', or a time, as in '2us'" in said


@pytest.mark.parametrize("text", ["5%", "0.5%", "12.5%", "100%", "7%", "33.3333%", "2us", "1.53ms", "0ns"])
def test_a_delay_is_printed_as_it_was_written(text: str) -> None:
    (delay,) = parse_delays(text, "delay")
    assert str(delay) == text


@pytest.mark.parametrize(
    ("value", "share"),
    [("2%", 0.02), ("0.02", 0.02), (0.02, 0.02), ("99.9%", 0.999), (" 5 % ", 0.05), ("1e-3", 0.001)],
)
def test_shares(value: object, share: float) -> None:
    assert parse_share(value, "budget") == pytest.approx(share)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (2, "would be 200%; write '2%' or 0.02"), ("2", "would be 200%; write '2%' or 0.02"), (1, "would be 100%"),
        ("200%", "is out of range"), ("100%", "is out of range"), (0, "is out of range"), ("0%", "is out of range"),
        (-0.1, "is negative"), ("-2%", "is negative"), (math.nan, "is not a number"), ("nan", "is not a number"),
        ("nan%", "is not a number"), ("two", "is not a share"), ("", "is not a share"), ("%", "is not a share"),
        (True, "is not a share"), (None, "is not a share"), ([0.1], "is not a share"), (math.inf, "would be inf%"),
        pytest.param(10**400, "is out of range", id="beyond floats"),
        ("1e-25", "is too small to matter"), (5e-324, "is too small to matter"),
    ],
)  # fmt: skip
def test_what_is_no_share(value: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        parse_share(value, "budget")
    assert str(caught.value).startswith(f"budget {value!r} ")
    assert "; write " in str(caught.value)


@given(st.text(max_size=8) | st.floats() | st.integers() | st.none())
def test_any_input_is_read_or_refused(value: object) -> None:
    for parse, limit in ((parse_time, math.inf), (parse_span, 86400e9), (parse_share, 1.0)):
        try:
            number = parse(value, "it")
        except InputError:
            continue
        assert 0 <= number <= limit
        assert math.isfinite(number)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0ns"), (0.5, "0.5ns"), (500, "500ns"), (999.9, "1us"), (2000, "2us"), (1534, "1.53us"), (1.5e6, "1.5ms"),
        (999.9e3, "1ms"), (1e9, "1s"), (60e9, "60s"), (-2000, "-2us"),
    ],
)  # fmt: skip
def test_format_time(ns: float, text: str) -> None:
    assert format_time(ns) == text


@given(st.floats(1, 60e9))
def test_printed_times_read_as_what_was_printed(ns: float) -> None:
    assert parse_time(format_time(ns), "delay") == pytest.approx(ns, rel=0.006)


def test_format_share() -> None:
    assert (format_share(0.0213), format_share(0.0213, 0), format_share(-0.001)) == ("2.1%", "2%", "-0.1%")
