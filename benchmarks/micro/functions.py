"""Two thousand functions to be found by patterns, and patterns to find them, or to look for them in vain."""

from collections.abc import Callable
from typing import Any

__all__ = ["FUNCTIONS", "call_all", "patterns"]

N_FUNCTIONS = 2000
N_MODULES = 40


def _make(module: str, count: int) -> list[Callable[[], None]]:
    names: dict[str, Any] = {"__name__": module}
    source = "\n".join(f"def handle_request_{i}(): pass" for i in range(count))
    exec(compile(source, f"/srv/{module.replace('.', '/')}.py", "exec"), names)
    return [names[f"handle_request_{i}"] for i in range(count)]


FUNCTIONS = [
    function for i in range(N_MODULES) for function in _make(f"service.part_{i}.views", N_FUNCTIONS // N_MODULES)
]


def call_all() -> None:
    for function in FUNCTIONS:
        function()


def patterns(count: int) -> list[str]:
    """Of the forms that people write, in turn. One function in a hundred is matched, by the first; the rest are not,
    after all patterns were tried."""
    forms = ("other.part_{}.*", "service.part_{}.models:*", "service.*.handle_reply_{}", "srv/other/part_{}.py:*")
    return ["service.*.handle_request_49", *(forms[i % len(forms)].format(i) for i in range(count - 1))]
