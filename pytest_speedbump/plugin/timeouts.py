"""How long pytest-timeout lets a test go on: measuring fits inside it, rather than die of it."""

import math
from typing import Any

import pytest

__all__ = ["time_left_ns"]

SHARE = 0.8  # of the time left: the audit and the rest of the test need some as well
LEAST_NS = 0.1e9  # With less than this measuring is not begun: the first rounds alone take it.


def time_left_ns(item: pytest.Item, since_setup_ns: float, since_call_ns: float) -> float:
    """What measuring may take, so long after the test's set-up and call began; infinite where nothing limits it."""
    if not item.config.pluginmanager.hasplugin("timeout"):
        return math.inf
    timeout_ns, func_only = _settings(item)
    if not timeout_ns:
        return math.inf
    left_ns = SHARE * (timeout_ns - (since_call_ns if func_only else since_setup_ns))
    return left_ns if left_ns >= LEAST_NS else 0.0


def _settings(item: pytest.Item) -> tuple[float, bool]:
    """pytest-timeout's own order: marker, then command line, then environment and ini, which it has merged."""
    marker = item.get_closest_marker("timeout")
    given: dict[str, Any] = {}
    if marker is not None:
        given = {**dict(zip(("timeout", "method", "func_only"), marker.args, strict=False)), **marker.kwargs}
    timeout, func_only = given.get("timeout"), given.get("func_only")
    if timeout is None:
        timeout = getattr(item.config, "_env_timeout", None)
    if func_only is None:
        func_only = getattr(item.config, "_env_timeout_func_only", False)
    return float(timeout or 0) * 1e9, bool(func_only)
