"""Fixtures of all tests."""

import os
import signal
from collections.abc import Iterator

import pytest
from forks import Forks
from hypothesis import HealthCheck, settings
from suite import Suite

pytest_plugins = ["pytester"]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Two workers, unless the command line says otherwise. Not by ``addopts``: benchmarks want the machine alone."""
    option = config.option
    if getattr(option, "numprocesses", 0) is None and not hasattr(config, "workerinput") and not option.usepdb:
        option.numprocesses, option.dist = 2, "worksteal"


def pytest_configure(config: pytest.Config) -> None:
    # On a busy machine any example may take long.
    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # The run was started in the background, and what ignores Ctrl-C hands that on to all that it starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # In a job of GitHub's, runs of pytest that tests start must not add to the job's own summary and annotations.
    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        del os.environ[name]
    # What tests start in processes of their own is no part of this run, on whichever worker of pytest-xdist they are.
    if hasattr(config, "workerinput"):
        for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_") or name == "COLUMNS"]:
            del os.environ[name]


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with Forks() as forks:
        yield forks


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, forks: Forks) -> Suite:
    # The entry points are still what `-p` names; only what else is installed here stays out.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("CI", "BUILD_NUMBER"):  # pytest prints its summary at another length there
        monkeypatch.delenv(name, raising=False)
    # Experiments of one user wait for each other, by a lock in here; what tests look for no noise can hide.
    monkeypatch.setenv("TMPDIR", str(pytester.path))
    return Suite(pytester, forks)
