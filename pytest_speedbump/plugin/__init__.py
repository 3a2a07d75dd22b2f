"""Hooks of the plugin, as far as every run has them. What a run without targets and markers needs is here, and no more:
the C core, the statistics and the reports are not even imported.
"""

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_speedbump.errors import InputError
from pytest_speedbump.plugin.collected import Collected
from pytest_speedbump.plugin.markers import MARKERS, is_marked
from pytest_speedbump.plugin.options import Options, add_options, parse_options

if TYPE_CHECKING:
    from pytest_speedbump.plugin.fixture import SpeedbumpFixture
    from pytest_speedbump.plugin.measuring import MeasuringPlugin

OPTIONS = pytest.StashKey[Options]()
COLLECTED = pytest.StashKey[Collected]()
MEASURING: "pytest.StashKey[MeasuringPlugin]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS.values():
        config.addinivalue_line("markers", marker.signature)
    try:
        options = parse_options(config)
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    if hasattr(config, "workerinput"):  # of pytest-xdist: one seed for the whole run
        options = replace(options, seed=config.workerinput["speedbump_seed"])
    config.stash[OPTIONS] = options
    config.stash[COLLECTED] = Collected()


def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.pluginmanager.hasplugin("dsession"):
        return
    # The controller of pytest-xdist collects nothing: it learns from its workers' reports.
    from pytest_speedbump.plugin.xdist import Controller

    options = session.config.stash[OPTIONS]
    controller = Controller(session.config, options)
    session.config.pluginmanager.register(controller, "speedbump-controller")
    if options.asked:
        controller.start()


def pytest_itemcollected(item: pytest.Item) -> None:
    item.config.stash[COLLECTED].tests.add(item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    partly = collector.config.getoption("lf", False) or any("::" in argument for argument in collector.config.args)
    if isinstance(collector, pytest.File) and report.passed and not partly:
        collector.config.stash[COLLECTED].files.add(collector.nodeid)
    return report


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist tells the controller that a worker is ready
def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    options = config.stash[OPTIONS]
    if not options.asked and not any(map(is_marked, session.items)):
        return
    from pytest_speedbump.plugin.measuring import MeasuringPlugin, check_environment
    from pytest_speedbump.plugin.passes import EarlyPasses
    from pytest_speedbump.plugin.run import Run

    try:
        run = Run.start(options)
        run.collect(session.items)
        if run.plan and not config.option.collectonly:
            check_environment(config)
    except InputError as error:
        if hasattr(config, "workeroutput"):
            config.workeroutput["speedbump_refused"] = str(error)
        raise pytest.UsageError(str(error)) from None
    if hasattr(config, "workeroutput"):
        config.workeroutput["speedbump_collected"] = config.stash[COLLECTED].to_json()
    else:
        from pytest_speedbump.plugin.reporting import ReportingPlugin

        reporting = ReportingPlugin(config, run, config.stash[COLLECTED], remote=False)
        config.pluginmanager.register(reporting, "speedbump-reporting")
    early = EarlyPasses(run)
    config.pluginmanager.register(early, "speedbump-passes")
    measuring = config.stash[MEASURING] = MeasuringPlugin(config, run, early)
    config.pluginmanager.register(measuring, "speedbump-measuring")


@pytest.fixture
def speedbump(request: pytest.FixtureRequest) -> "SpeedbumpFixture":
    """Slow the test's targets while a call is repeated: ``speedbump(f, *args)`` returns what that does to it."""
    from pytest_speedbump.plugin.fixture import SpeedbumpFixture

    measuring = request.config.stash.get(MEASURING, None)
    return SpeedbumpFixture(None) if measuring is None else measuring.fixture_for(request.node)
