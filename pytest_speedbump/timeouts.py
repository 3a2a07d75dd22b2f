"""How long pytest-timeout lets a test go on: measuring fits inside it, rather than die of it."""

import math

import pytest

__all__ = ["time_left_ns"]

SHARE = 0.8  # of what is left: a visit, the audit and the rest of the test want some as well


def time_left_ns(item: pytest.Item, spent_ns: float) -> float:
    """What measuring may take, ``spent_ns`` after the test began; infinite where nothing limits the test."""
    timeout_ns = _timeout_ns(item)
    return math.inf if timeout_ns is None else max(0.0, SHARE * (timeout_ns - spent_ns))


def _timeout_ns(item: pytest.Item) -> float | None:
    """pytest-timeout's own order: marker, then command line, then environment and ini, which it has merged."""
    if not item.config.pluginmanager.hasplugin("timeout"):
        return None
    marker = item.get_closest_marker("timeout")
    given = None
    if marker is not None:
        given = marker.args[0] if marker.args else marker.kwargs.get("timeout")
    if given is None:
        given = getattr(item.config, "_env_timeout", None)
    return float(given) * 1e9 if given else None
