"""Bystanders: functions that targets match and that nothing measured has called."""

from collections.abc import Collection

from pytest_speedbump.counts import Site
from pytest_speedbump.slowing.callables import find_callables
from pytest_speedbump.slowing.functions import all_functions
from pytest_speedbump.targets import Targets

__all__ = ["bystanders"]


def bystanders(targets: Targets, called: Collection[str]) -> list[str]:
    """Names of the Python functions that live in this interpreter, match, and are not ``called``, in their order; then
    those of callables implemented in C."""
    patterns, found = targets.compile(), set[str]()
    for one in all_functions():
        code, module = one.__code__, one.__globals__.get("__name__")
        if isinstance(module, str) and patterns.match(module, code.co_qualname, code.co_filename) >= 0:
            found.add(Site("start", module, code.co_qualname, code).name)
    chosen = find_callables(patterns) if "c" in patterns.kinds else ()
    in_c = {Site("c", module, qualname).name for module, qualname, *_ in chosen}
    return [*sorted(found - set(called)), *sorted(in_c - set(called))]
