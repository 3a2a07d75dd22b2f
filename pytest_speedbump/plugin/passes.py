"""Early passes over the planned tests, unreported: effects that come and go deceive rounds in one place."""

from collections.abc import Generator
from itertools import pairwise
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from pytest_speedbump.plugin.run import Run

__all__ = ["EarlyPasses"]


class EarlyPasses:
    """Runs each planned test so many times before the loop that reports: all passes but the last.

    Attributes:
        running: an early pass is under way; its tests are measured for a while, and judged in the last pass.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.running = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        planned = [item for item in session.items if item.nodeid in self._run.plan]
        worker = hasattr(session.config, "workerinput")  # of pytest-xdist: it learns one by one which tests are its own
        if not (session.config.option.collectonly or self._run.options.list_only or worker):
            self.running = True
            try:
                early = planned * (self._run.options.passes - 1)
                for item, following in pairwise([*early, *session.items[:1]]):
                    # A test that follows itself is set up anew: pytest tears down only what the next one lacks.
                    runtestprotocol(item, log=False, nextitem=None if following is item else following)
            finally:
                self.running = False
        return (yield)
