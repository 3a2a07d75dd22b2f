"""The ``speedbump`` fixture: like pytest-benchmark's, but the answer is the sensitivity."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pytest_speedbump.experiment.subject import PlainSubject, Subject
from pytest_speedbump.result import Result

__all__ = ["SpeedbumpFixture"]


class SpeedbumpFixture:
    """``speedbump(function, *args, **kwargs)`` runs the test's bumps on the call and returns what slowing does to it.

    Attributes:
        results: one for each bump of the test, in order; the call returns the first.
    """

    def __init__(self, measure: Callable[[Subject], Sequence[Result] | None] | None) -> None:
        self._measure = measure
        self.results: tuple[Result, ...] = ()

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Result:
        from pytest_speedbump.plugin.benchmark_fixture import refuse_awaitable, refuse_coroutine

        refuse_coroutine(function, "speedbump")
        if self._measure is None:
            pytest.fail(
                "the speedbump fixture has nothing to slow; add @pytest.mark.speedbump('pkg.parse*'), "
                "or run with --speedbump-target",
                pytrace=False,
            )
        if self.results:
            pytest.fail("the speedbump fixture was used already in this test; use it once a test", pytrace=False)
        # Called once outside any round: coverage sees nothing of rounds, and an exception here is the test's own.
        refuse_awaitable(function(*args, **kwargs), "speedbump")
        results = self._measure(PlainSubject(function, args, kwargs))
        if results is None:  # In an early pass there is no answer yet for the rest of the test to use.
            pytest.skip("more passes to come")
        self.results = tuple(results)
        return self.results[0]
