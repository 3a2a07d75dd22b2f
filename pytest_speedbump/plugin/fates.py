"""What became of each test, as its reports say: who merges documents must know it, and not only what was measured."""

import pytest

from pytest_speedbump.documents.document import Fate
from pytest_speedbump.plugin.collected import Collected
from pytest_speedbump.plugin.run import Run

__all__ = ["Fates"]


class Fates:
    """Of the tests of ``run``, and of those that ``collected`` holds and that it left out."""

    def __init__(self, run: Run, collected: Collected) -> None:
        self._run, self._collected = run, collected
        self._fates: dict[str, Fate] = {}
        self._broken: dict[str, str] = {}  # tests that failed, and in which of their phases

    def note(self, report: pytest.TestReport) -> None:
        """What counts is the last attempt."""
        test = report.nodeid
        if report.when == "call" or report.outcome != "passed":
            if hasattr(report, "wasxfail") and report.outcome == "skipped":
                self._fates[test] = "xfailed"
            elif report.outcome in ("passed", "skipped", "failed"):  # and not to be run again
                self._fates[test] = report.outcome
        if report.when == "setup":
            self._broken.pop(test, None)
        if report.outcome == "failed":
            self._broken[test] = report.when

    def of(self, test: str) -> Fate:
        run, fate = self._run, self._fates.get(test)
        if fate is None:
            return "deselected" if test in self._collected.left_out else "not run"
        if self._is_measured(test):
            return "xfailed" if fate == "xfailed" else "measured"
        return "unmeasured" if test in run.unmeasured else "skipped" if fate == "xfailed" else fate

    def failed_later(self) -> list[str]:
        """One sentence about tests that were measured and failed for a reason of their own, as by an assertion.

        pytest has told of them. The document has to, lest whoever merges it forgives them.
        """
        broken = [
            test
            for test, phase in self._broken.items()
            if self._is_measured(test) and not (phase == "call" and self._is_failed_by_us(test))
        ]
        if not broken:
            return []
        if len(broken) == 1:
            return [f"{broken[0]} failed by itself, though it was measured"]
        return [f"{broken[0]} and {len(broken) - 1} more failed by themselves, though they were measured"]

    def _is_measured(self, test: str) -> bool:
        return test in self._run.results or test in self._run.rankings

    def _is_failed_by_us(self, test: str) -> bool:
        return any(one.outcome == "failed" for one in self._run.results.get(test, ()))
