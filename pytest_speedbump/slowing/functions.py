"""Coroutine functions that targets match, found among all that lives in this interpreter."""

import gc
from inspect import CO_COROUTINE
from types import FunctionType

from pytest_speedbump.targets import Targets

__all__ = ["coroutine_functions"]


def coroutine_functions(targets: Targets) -> list[tuple[str, str, FunctionType, int]]:
    """(module, qualname, function, index of the pattern) of each, in the order of their names.

    A function that is defined later is not among them, nor are functions that ``gc.freeze`` has hidden.
    """
    patterns, found = targets.compile(), list[tuple[str, str, FunctionType, int]]()
    for one in gc.get_objects():
        if type(one) is FunctionType and one.__code__.co_flags & CO_COROUTINE:
            code, module = one.__code__, one.__globals__.get("__name__")
            name = module if isinstance(module, str) else ""
            pattern = patterns.match(name, code.co_qualname, code.co_filename)
            if pattern >= 0:
                found.append((name, code.co_qualname, one, pattern))
    return sorted(found, key=lambda one: one[:2])
