"""The ``speedbump`` fixture: like pytest-benchmark's, but the answer is the sensitivity."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_speedbump.bump import Bump
from pytest_speedbump.experiment.subject import PlainSubject, Subject
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Result

__all__ = ["Found", "SpeedbumpFixture"]


@dataclass(frozen=True, slots=True)
class Found:
    """What measuring one callable found: a result for each bump of its test, and what a scan ranked. Never neither."""

    results: tuple[Result, ...]
    ranking: Ranking | None

    @property
    def answer(self) -> Result:
        """The first result. Of a test that has no bump a void one: it knows no drop, and says so where it is asked."""
        if self.results:
            return self.results[0]
        ranking = self.ranking
        assert ranking is not None
        bump = Bump(ranking.targets, 0.0, ranking.mode, None, "command line")
        return Result(test=ranking.test, bump=bump, verdict="void", outcome="passed", reason=Remark("only_scanned"))


class SpeedbumpFixture:
    """``speedbump(function, *args, **kwargs)`` runs the test's bumps on the call and returns what slowing does to it.

    Attributes:
        results: one for each bump of the test, in order; the call returns the first. Of a test that has none, and is
            scanned, it returns a void one.
        ranking: what the scan found; None without one.
    """

    def __init__(self, measure: Callable[[Subject], Found | None] | None) -> None:
        self._measure = measure
        self.results: tuple[Result, ...] = ()
        self.ranking: Ranking | None = None

    def __call__(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Result:
        from pytest_speedbump.plugin.benchmark_fixture import refuse_awaitable, refuse_coroutine

        refuse_coroutine(function, "speedbump")
        if self._measure is None:
            pytest.fail(
                "the speedbump fixture has nothing to slow; add @pytest.mark.speedbump('pkg.parse*'), "
                "or run with --speedbump-target or --speedbump-scan",
                pytrace=False,
            )
        if self.results or self.ranking:
            pytest.fail("the speedbump fixture was used already in this test; use it once a test", pytrace=False)
        # Called once outside any round: coverage sees nothing of rounds, and an exception here is the test's own.
        refuse_awaitable(function(*args, **kwargs), "speedbump")
        found = self._measure(PlainSubject(function, args, kwargs))
        if found is None:  # In an early pass there is no answer yet for the rest of the test to use.
            pytest.skip("more passes to come")
        self.results, self.ranking = found.results, found.ranking
        return found.answer
