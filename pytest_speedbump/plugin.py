"""Hooks of the plugin, as far as every run has them. What a run without targets and markers needs is here, and no more:
the C core, the statistics and the reports are not even imported.
"""

from typing import TYPE_CHECKING

import pytest

from pytest_speedbump.errors import InputError
from pytest_speedbump.options import Options, add_options, parse_options
from pytest_speedbump.plan import MARKERS, is_marked

if TYPE_CHECKING:
    from pytest_speedbump.fixture import SpeedbumpFixture
    from pytest_speedbump.measuring import MeasuringPlugin

OPTIONS = pytest.StashKey[Options]()
MEASURING: "pytest.StashKey[MeasuringPlugin]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS.values():
        config.addinivalue_line("markers", marker.signature)
    try:
        config.stash[OPTIONS] = parse_options(config)
    except InputError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.pluginmanager.hasplugin("dsession"):
        return
    # The controller of pytest-xdist collects nothing: it learns from its workers' reports.
    from pytest_speedbump.controller import Controller

    options = session.config.stash[OPTIONS]
    controller = Controller(session.config, options)
    session.config.pluginmanager.register(controller, "speedbump-controller")
    if options.asked:
        controller.start()


def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    options = config.stash[OPTIONS]
    if not options.asked and not any(map(is_marked, session.items)):
        return
    from pytest_speedbump.measuring import MeasuringPlugin, check_environment
    from pytest_speedbump.run import Run

    try:
        run = Run.start(options)
        run.collect(session.items)
        if run.plan and not config.option.collectonly:
            check_environment(config)
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    if not hasattr(config, "workerinput"):
        from pytest_speedbump.reporting import ReportingPlugin

        config.pluginmanager.register(ReportingPlugin(config, run, remote=False), "speedbump-reporting")
    measuring = config.stash[MEASURING] = MeasuringPlugin(config, run)
    config.pluginmanager.register(measuring, "speedbump-measuring")


@pytest.fixture
def speedbump(request: pytest.FixtureRequest) -> "SpeedbumpFixture":
    """Slow the test's targets while a call is repeated: ``speedbump(f, *args)`` returns what that does to it."""
    from pytest_speedbump.fixture import SpeedbumpFixture

    measuring = request.config.stash.get(MEASURING, None)
    return SpeedbumpFixture(None) if measuring is None else measuring.fixture_for(request.node)
