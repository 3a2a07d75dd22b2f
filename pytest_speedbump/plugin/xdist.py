"""The controller of pytest-xdist: starts reporting as soon as there is something to report."""

from typing import Any

import pytest

from pytest_speedbump.core import load_core, why_no_core
from pytest_speedbump.errors import InputError
from pytest_speedbump.plugin.collected import Collected
from pytest_speedbump.plugin.options import Options

__all__ = ["Controller"]


class Controller:
    """Only markers in the tests may have asked for measuring, and the tests are known to the workers alone."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self._config, self._options = config, options
        self._started = False
        self._collected = Collected()

    def start(self) -> None:
        """Raises UsageError where the lockfile or the C core cannot be used."""
        self._started = True
        try:
            if not why_no_core():
                load_core()
            from pytest_speedbump.plugin.reporting import ReportingPlugin
            from pytest_speedbump.plugin.run import Run

            run = Run.start(self._options)
        except InputError as error:
            raise pytest.UsageError(str(error)) from None
        self._reporting = ReportingPlugin(self._config, run, self._collected, remote=True)
        self._config.pluginmanager.register(self._reporting, "speedbump-reporting")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["speedbump"] = {"seed": self._options.seed, "typed": sorted(self._options.typed)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Raises UsageError where the worker refused its input: it has no other way to say so."""
        sent = getattr(node, "workeroutput", {})  # A worker that crashed has none.
        if "speedbump_refused" in sent:
            raise pytest.UsageError(sent["speedbump_refused"])
        if "speedbump_collected" in sent:
            self._collected.update(Collected.from_json(sent["speedbump_collected"]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not self._started and hasattr(report, "speedbump"):
            self.start()
            # The new plugin's hooks are called from the next report on.
            self._reporting.pytest_runtest_logreport(report)
