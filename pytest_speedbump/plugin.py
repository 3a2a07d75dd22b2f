"""Hooks of the plugin, as far as every run has them. What a run without targets and markers needs is here, and no more:
the C core, the statistics and the reports are not even imported.
"""

from typing import TYPE_CHECKING

import pytest

from pytest_speedbump.errors import InputError
from pytest_speedbump.options import Options, add_options, parse_options
from pytest_speedbump.plan import MARKERS, is_marked

if TYPE_CHECKING:
    from pytest_speedbump.active import ActivePlugin
    from pytest_speedbump.fixture import SpeedbumpFixture

OPTIONS = pytest.StashKey[Options]()
ACTIVE: "pytest.StashKey[ActivePlugin]" = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS.values():
        config.addinivalue_line("markers", marker.signature)
    try:
        config.stash[OPTIONS] = parse_options(config)
    except InputError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_collection_finish(session: pytest.Session) -> None:
    options = session.config.stash[OPTIONS]
    if options.targets is None and options.json is None and not any(map(is_marked, session.items)):
        return
    from pytest_speedbump.active import ActivePlugin
    from pytest_speedbump.run import Run

    run = Run(options)
    try:
        run.collect(session)
    except InputError as error:
        raise pytest.UsageError(str(error)) from None
    active = session.config.stash[ACTIVE] = ActivePlugin(session.config, run)
    session.config.pluginmanager.register(active, "speedbump-active")


@pytest.fixture
def speedbump(request: pytest.FixtureRequest) -> "SpeedbumpFixture":
    """Slow the test's targets while a call is repeated: ``speedbump(f, *args)`` returns what that does to it."""
    from pytest_speedbump.fixture import SpeedbumpFixture

    active = request.config.stash.get(ACTIVE, None)
    return SpeedbumpFixture(None) if active is None else active.fixture_for(request.node)
