"""Coroutine functions that targets match, found among all that lives in this interpreter."""

import gc
import sys
from collections.abc import Iterable
from inspect import CO_COROUTINE
from types import FunctionType, ModuleType

from pytest_speedbump.targets import Targets

__all__ = ["all_functions", "coroutine_functions"]

# CPython 3.13 without a GIL hides functions, classes and modules from the collector once a thread was started.
_HIDES_FUNCTIONS = sys.version_info < (3, 14) and not getattr(sys, "_is_gil_enabled", lambda: True)()
_members = vars(type)["__dict__"].__get__  # read without running a metaclass's code


def coroutine_functions(targets: Targets) -> list[tuple[str, str, FunctionType, int]]:
    """(module, qualname, function, index of the pattern) of each, in the order of their names.

    A function that is defined later is not among them, nor are functions that ``gc.freeze`` has hidden.
    """
    patterns, found = targets.compile(), list[tuple[str, str, FunctionType, int]]()
    for one in all_functions():
        code, module = one.__code__, one.__globals__.get("__name__")
        if code.co_flags & CO_COROUTINE:
            name = module if isinstance(module, str) else ""
            pattern = patterns.match(name, code.co_qualname, code.co_filename)
            if pattern >= 0:
                found.append((name, code.co_qualname, one, pattern))
    return sorted(found, key=lambda one: one[:2])


def all_functions() -> Iterable[FunctionType]:
    """Those of Python that live in this interpreter, each once."""
    objects = gc.get_objects()
    functions = [one for one in objects if type(one) is FunctionType]
    if _HIDES_FUNCTIONS:
        objects += [vars(one) for one in tuple(sys.modules.values()) if type(one) is ModuleType]
        near = gc.get_referents(*objects)
        for one in tuple(near):
            if issubclass(type(one), type):
                near += (_members(one) or {}).values()  # a type of C may never have been made ready
        near += [one.__func__ for one in near if type(one) in (staticmethod, classmethod)]
        functions += [one for one in near if type(one) is FunctionType]
        return {id(one): one for one in functions}.values()
    return functions
