"""What each bump and each scan took in the last run, remembered in pytest's cache; nothing where that is off."""

import warnings
from collections.abc import Iterable
from typing import Any

import pytest

from pytest_speedbump.plugin.collected import Collected

__all__ = ["read_ns", "remember"]

KEY = "speedbump/seconds"

type Seconds = dict[str, dict[str, float]]


def read_ns(config: pytest.Config) -> Seconds:
    """By node id and bump or scan, in ns."""
    return {
        test: {bump: seconds * 1e9 for bump, seconds in bumps.items()} for test, bumps in _read(_cache(config)).items()
    }


def remember(config: pytest.Config, took: Iterable[tuple[str, str, float]], collected: Collected) -> None:
    """Writes down what each ``(test, bump, seconds)`` took, and forgets tests that were not found in their file."""
    cache = _cache(config)
    if cache is None:
        return
    old, new = _read(cache), dict[str, dict[str, float]]()
    for test, bump, seconds in took:
        if seconds:  # Neither listed nor left without time.
            new.setdefault(test, {})[bump] = round(seconds, 3)
    kept = {
        test: bumps
        for test, bumps in old.items()
        if test in collected.tests or test.partition("::")[0] not in collected.files
    }
    if kept | new != old:
        with warnings.catch_warnings():  # Where a cache cannot be written pytest has said so, about its own.
            warnings.simplefilter("ignore")
            cache.set(KEY, kept | new)


def _cache(config: pytest.Config) -> Any:
    return getattr(config, "cache", None)


def _read(cache: Any) -> Seconds:
    """What is not as we write it, because somebody edited the file, is left out."""
    found = None if cache is None else cache.get(KEY, None)
    if not isinstance(found, dict):
        return {}
    return {
        test: {bump: s for bump, s in bumps.items() if type(s) in (int, float) and 0 <= s < 1e6}
        for test, bumps in found.items()
        if isinstance(bumps, dict)
    }
