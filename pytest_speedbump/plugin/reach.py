"""Targets that cannot be slowed are refused once all test files are imported, and before any test runs."""

from collections.abc import Iterable

import pytest
from _pytest.skipping import evaluate_skip_marks

from pytest_speedbump.errors import InputError
from pytest_speedbump.plugin.markers import still_bump
from pytest_speedbump.plugin.run import Run
from pytest_speedbump.trials.reach import refuse

__all__ = ["check_targets"]


def check_targets(run: Run, items: Iterable[pytest.Item]) -> None:
    """Raises InputError for what a planned test, if it is not going to be skipped, cannot slow.

    A marker's is named with the test: what it needs may not be installed, and then a skip mark is its mend.
    """
    checked = set()
    for item in items:
        bumps = run.plan.get(item.nodeid, ())
        for bump in [*bumps, *([still_bump(run.options)] if item.nodeid in run.scans else [])]:
            what = bump.targets, bump.mode
            if what in checked or (not bump.suite_wide and _will_be_skipped(item)):
                continue
            checked.add(what)
            try:
                refuse(bump.targets, bump.mode)
            except InputError as error:
                raise InputError(f"{error}" if bump.suite_wide else f"{item.nodeid}: {error}") from None


def _will_be_skipped(item: pytest.Item) -> bool:
    """A condition that cannot be evaluated fails the test by itself."""
    try:
        return evaluate_skip_marks(item) is not None
    except pytest.fail.Exception:
        return True
