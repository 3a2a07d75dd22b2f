"""Where there is no C core: benchmarks run as without the plugin, and the report says which tests asked in vain."""

from collections.abc import Generator
from typing import Any, NoReturn

import pytest

from pytest_speedbump.errors import InputError
from pytest_speedbump.plugin.fixture import SpeedbumpFixture
from pytest_speedbump.plugin.run import Run

__all__ = ["CorelessPlugin", "refuse_gates"]

# Options whose answer fails a run, or is kept for later ones. In an ini file they stand for every machine.
GATES = ("budget", "compare", "compare_ref", "save")


def refuse_gates(run: Run) -> None:
    """Raises InputError where a verdict was demanded of this very run, which would pass without one."""
    options = run.options
    if options.advisory:
        return
    demanded = ["strict"] if options.strict else []
    demanded += [name for name in GATES if name in options.typed]
    if demanded and run.tests:
        raise InputError(
            f"--speedbump-{demanded[0].replace('_', '-')} asks for verdicts, and nothing can be measured here: "
            f"{run.no_core}; or let tests pass unmeasured, with --speedbump-advisory"
        )


class CorelessPlugin:
    """Stands where the measuring plugin does."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def fixture_for(self, item: pytest.Item) -> SpeedbumpFixture:
        """It calls its function once, and skips the rest of the test, which may need the answer."""

        def measure(_subject: object) -> NoReturn:
            pytest.skip(f"not measured: {self._run.no_core}")

        return SpeedbumpFixture(measure if item.nodeid in self._run.tests else None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._run.begin(item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Sends why along with the report, which may have to cross to another process."""
        report = yield
        if call.when == "call" and item.nodeid in self._run.tests:
            self._run.unmeasured[item.nodeid] = self._run.no_core
            report.speedbump = {"results": [], "ranking": None, "unmeasured": self._run.no_core}
        return report
