"""The five numbers: what holds for each of them holds for all."""

from dataclasses import astuple

from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.counts import Counts, TargetCounts

whole = st.integers(-(2**40), 2**40)
some = st.builds(Counts, whole, whole, whole, whole, whole)


@given(some, some)
def test_sums_and_differences_are_taken_number_by_number(one: Counts, other: Counts) -> None:
    assert astuple(one + other) == tuple(a + b for a, b in zip(astuple(one), astuple(other), strict=True))
    assert (one + other) - other == one


@given(some, st.integers(1, 1000))
def test_means(one: Counts, n: int) -> None:
    assert astuple(one / n) == tuple(a / n for a in astuple(one))


def test_what_is_counted_for_something_adds_up_to_plain_numbers() -> None:
    assert sum([TargetCounts(1, 2.0, name="a"), TargetCounts(3, 4.0, name="b")], Counts()) == Counts(4, 6.0)
