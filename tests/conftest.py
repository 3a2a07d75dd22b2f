"""Fixtures of all tests."""

import pytest
from suite import Suite

pytest_plugins = ["pytester"]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    # The entry points are still what `-p` names; only what else is installed here stays out.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("CI", "BUILD_NUMBER"):  # pytest prints its summary at another length there
        monkeypatch.delenv(name, raising=False)
    # Experiments of one user wait for each other, by a lock in here; what tests look for no noise can hide.
    monkeypatch.setenv("TMPDIR", str(pytester.path))
    return Suite(pytester)
