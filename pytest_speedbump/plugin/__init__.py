"""The hooks that run in every session, whether it measures or not.

A run without targets and markers needs no more than these: the C core, the statistics and the reports are imported
only once something is asked.
"""

import sys
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_speedbump.core import load_core
from pytest_speedbump.errors import InputError
from pytest_speedbump.plugin.collected import Collected
from pytest_speedbump.plugin.markers import MARKERS, check_markers, is_marked, names_of
from pytest_speedbump.plugin.options import Options, add_options, join_target_files, parse_options

if TYPE_CHECKING:
    from pytest_speedbump.plugin.coreless import CorelessPlugin
    from pytest_speedbump.plugin.fixture import SpeedbumpFixture
    from pytest_speedbump.plugin.measuring import MeasuringPlugin
    from pytest_speedbump.plugin.run import Run
    from pytest_speedbump.slowing.session import MakeSession

OPTIONS = pytest.StashKey[Options]()
COLLECTED = pytest.StashKey[Collected]()
IDLE = "{} does nothing{}: no test is marked with speedbump, and no target is named; add --speedbump-target PATTERN"
MEASURING: "pytest.StashKey[MeasuringPlugin | CorelessPlugin]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


# First, because pytest's own implementation looks for conftest files in the directories among the arguments.
@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    if join_target_files(args):
        early_config.known_args_namespace.file_or_dir = parser.parse_known_args(args).file_or_dir


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS.values():
        config.addinivalue_line("markers", marker.signature)
    try:
        options = parse_options(config)
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    if hasattr(config, "workerinput"):
        # This is a worker of pytest-xdist. What the user typed is known to its controller alone.
        sent = config.workerinput["speedbump"]
        options = replace(options, seed=sent["seed"], typed=frozenset(sent["typed"]))
    if options.contradiction:
        raise pytest.UsageError(options.contradiction)
    config.stash[OPTIONS] = options
    config.stash[COLLECTED] = Collected()


def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.pluginmanager.hasplugin("dsession"):
        return
    # This is the controller of pytest-xdist, which collects nothing and learns from its workers' reports.
    from pytest_speedbump.plugin.xdist import Controller

    options = session.config.stash[OPTIONS]
    controller = Controller(session.config, options)
    session.config.pluginmanager.register(controller, "speedbump-controller")
    if options.asked:
        controller.start()


def pytest_itemcollected(item: pytest.Item) -> None:
    collected = item.config.stash[COLLECTED]
    collected.tests.add(item.nodeid)
    collected.items.append(item)
    collected.note_markers(item.nodeid, names_of(item))


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    if items and _is_said_by_pytest():
        items[0].config.stash[COLLECTED].left_out.update(item.nodeid for item in items)


def _is_said_by_pytest() -> bool:
    """Whether pytest's own code has called the hook that asks, rather than a plugin or a conftest file."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package not in ("pluggy", "pytest_speedbump"):
            return package == "_pytest"
    return False


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    partly = collector.config.getoption("lf", False) or any("::" in argument for argument in collector.config.args)
    if isinstance(collector, pytest.File) and report.passed and not partly:
        collector.config.stash[COLLECTED].files.add(collector.nodeid)
    return report


# First, because pytest-xdist's implementation tells the controller that this worker is ready to run tests.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    try:
        run = _plan(session)
        if run is None:
            return
        measuring = _coreless(run) if run.no_core else _measuring(session, run)
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
    config.stash[MEASURING] = measuring
    config.pluginmanager.register(measuring, "speedbump-measuring")


def _plan(session: pytest.Session) -> "Run | None":
    """The run with its plan, or None where nothing is asked of it. Raises InputError."""
    options, collected = session.config.stash[OPTIONS], session.config.stash[COLLECTED]
    items, collected.items = collected.items, []
    for item in (*items, *session.items):  # Other plugins may have marked them since they were collected.
        collected.note_markers(item.nodeid, names_of(item))
    # Some plugins that leave tests to other shards do not call pytest_deselected.
    collected.deselected = not collected.tests <= {item.nodeid for item in session.items}
    check_markers(collected.markers)
    # Where a file could not be imported, its tests may be the marked ones. Where there are no tests, pytest says so.
    unmarked = bool(collected.tests) and not collected.markers and not session.testsfailed
    idle = options.idle if unmarked else ""
    does_nothing = IDLE.format(idle, "" if options.scan is None else " in a scan")
    if idle and idle not in ("--speedbump-compare", "--speedbump-compare-ref"):
        raise InputError(does_nothing)
    if not options.asked and not any(map(is_marked, session.items)):
        return None
    from pytest_speedbump.plugin.run import Run

    run = Run.start(options)
    if not run.no_core:
        load_core()
    if idle and not run.concerns(collected):
        raise InputError(does_nothing)
    planned = run.collect(items, session.items)
    assert run.family is not None
    collected.plan(run.family, planned, {item.nodeid for item in session.items})
    return run


def _coreless(run: "Run") -> "CorelessPlugin":
    """What takes the place of measuring where there is no C core. Raises InputError."""
    from pytest_speedbump.plugin.coreless import CorelessPlugin, refuse_gates

    refuse_gates(run)
    return CorelessPlugin(run)


def _measuring(session: pytest.Session, run: "Run") -> "MeasuringPlugin":
    """What measures. Raises InputError."""
    from pytest_speedbump.plugin.measuring import MeasuringPlugin, check_environment
    from pytest_speedbump.plugin.passes import EarlyPasses
    from pytest_speedbump.plugin.reach import check_targets

    config = session.config
    if run.tests and not config.option.collectonly:
        check_environment(config)
        check_targets(run, session.items)
    make_session = _make_session(config, run)
    early = EarlyPasses(run)
    config.pluginmanager.register(early, "speedbump-passes")
    return MeasuringPlugin(config, run, early, make_session)


def _make_session(config: pytest.Config, run: "Run") -> "MakeSession":
    """What makes the sessions of the run's bumps. Raises InputError."""
    from pytest_speedbump.slowing.session import make_session

    if not run.options.children or not run.plan or config.option.collectonly:
        return make_session
    from pytest_speedbump.plugin.children import Children

    children = Children(bump for bumps in run.plan.values() for bump in bumps)
    config.add_cleanup(children.close)
    return children.make_session


@pytest.fixture
def speedbump(request: pytest.FixtureRequest) -> "SpeedbumpFixture":
    """Slow the test's targets while a call is repeated: ``speedbump(f, *args)`` returns what that does to it."""
    from pytest_speedbump.plugin.fixture import SpeedbumpFixture

    measuring = request.config.stash.get(MEASURING, None)
    return SpeedbumpFixture(None) if measuring is None else measuring.fixture_for(request.node)
