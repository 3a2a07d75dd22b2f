"""Why did a target match nothing? One more round tells what did run, and the modules loaded what the target names."""

import difflib
import functools
import inspect
import resource
import sys
from collections.abc import Sequence
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts
from pytest_speedbump.experiment.rounds import look
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject
from pytest_speedbump.slowing.session import Session, armed, make_session, sites_of, take_snapshot
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.uncalled import Cause, Uncalled

__all__ = ["explain", "explain_bump", "resolve"]

NAMES = 3
WRAPPERS = 20  # around a function, at most: they may go round in circles

_ABSENT = object()
_CACHED = type(functools.lru_cache(lambda: None))
_STARTED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR  # called before they start
_IN_C = (BuiltinFunctionType, MethodDescriptorType, WrapperDescriptorType, ClassMethodDescriptorType)
_STARTING_PROCESSES = ("subprocess", "multiprocessing", "concurrent.futures.process")
_flags_of = vars(type)["__flags__"].__get__  # read without running a metaclass's code
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: every class of a class statement has it
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")


def explain_bump(bump: Bump, session: Session, names: Sequence[str], subject: Subject | None) -> Uncalled:
    """As :func:`explain`, of targets of ``bump``, which ``session`` was made for."""
    if bump.mode == "await":
        for name in bump.targets.unmatched(sites_of(session)):
            if name in names:
                return Uncalled(name, "awaited")
    return explain(names, subject)


def explain(names: Sequence[str], subject: Subject | None) -> Uncalled:
    """Why none of these targets, as written, ran. Imports nothing and calls nothing that it finds.

    Args:
        subject: runs one round; None where there is no time for it.
    """
    ran, children = ((), False) if subject is None else _run_once(subject)
    targets = [name for name in names if not name.startswith("!")]
    found = [explain_one(target) for target in targets]
    for one in found:
        if one.cause not in (None, "idle"):
            return one
    if children:
        return Uncalled(targets[0], "children", _near(targets, ran))
    return next((one for one in found if one.cause), Uncalled(targets[0], None, _near(targets, ran)))


def explain_one(target: str) -> Uncalled:
    """As far as ``target`` itself and the modules that are loaded tell."""
    if "," in target and not set(target) & set("/["):  # in a path or in brackets a comma may belong to the name
        return Uncalled(target, "comma")
    if target.endswith(_COMPREHENSIONS):
        return Uncalled(target, "inlined")
    if set(target) & set("*?[/@"):
        return Uncalled(target)
    try:
        thing = resolve(target)
        return Uncalled(target) if thing is _ABSENT else _explain_thing(target, thing)
    except Exception:  # a metaclass may object even to this way of looking, and a hint is worth no traceback
        return Uncalled(target)


def resolve(name: str) -> Any:
    """What ``pkg.mod.Class.f`` or ``pkg.mod:Class.f`` names in the modules that are loaded; no descriptor is asked."""
    module, colon, qualname = name.partition(":")
    if colon:
        return _walk(sys.modules.get(module, _ABSENT), qualname.split("."))
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        found = _walk(sys.modules.get(".".join(parts[:length]), _ABSENT), parts[length:])
        if found is not _ABSENT:
            return found
    return _walk(sys.modules["builtins"], parts)


def _walk(thing: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        thing = _ABSENT if thing is _ABSENT else inspect.getattr_static(thing, part, _ABSENT)
    return thing


def _explain_thing(target: str, thing: Any) -> Uncalled:
    cause: Cause | None = None
    for _ in range(WRAPPERS):
        kind = type(thing)  # isinstance would ask a proxy what it pretends to be
        if kind is _CACHED or issubclass(kind, functools.cached_property):
            return Uncalled(target, "cached")
        inner = _inside(thing, kind)
        if inner is _ABSENT:
            break
        thing = inner
    kind = type(thing)
    if kind is FunctionType:
        return _explain_function(target, thing)
    if issubclass(kind, ModuleType):
        cause = "module"
    elif issubclass(kind, type):
        cause = "class" if _flags_of(thing) & _HEAP_TYPE else "c"
    elif issubclass(kind, _IN_C) or type(_call_of(kind)) is WrapperDescriptorType:
        cause = "c"
    return Uncalled(target, cause)


def _call_of(kind: type) -> Any:
    """What is run when an instance is called; not what makes one."""
    return next((vars(base)["__call__"] for base in type.mro(kind) if "__call__" in vars(base)), None)


def _inside(thing: Any, kind: type) -> Any:
    """The function that a decorator or descriptor wraps."""
    if issubclass(kind, staticmethod | classmethod):
        return thing.__func__
    if issubclass(kind, functools.partial):
        return thing.func
    if issubclass(kind, property):
        return thing.fget
    return inspect.getattr_static(thing, "__wrapped__", _ABSENT)


def _explain_function(target: str, function: FunctionType) -> Uncalled:
    code: CodeType = function.__code__
    module = function.__globals__.get("__name__", "")
    own = f"{module}:{code.co_qualname}" if ":" in target else f"{module}.{code.co_qualname}"
    if own != target:
        return Uncalled(target, "renamed", (own,))
    return Uncalled(target, "generator" if code.co_flags & _STARTED else "idle")


def _run_once(subject: Subject) -> tuple[Sequence[CodeCounts], bool]:
    """What one round ran, and whether that started processes, or used such as run already."""
    everything = parse_targets(["*"])
    session = make_session(everything, "spin", "the search for names")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with armed(session):
        try:
            look(session, subject)
        except CallableRaisedError:
            return (), False
    children = resource.getrusage(resource.RUSAGE_CHILDREN) != before
    ran = take_snapshot(session, everything).matched
    return ran, children or any(one.site.module.startswith(_STARTING_PROCESSES) for one in ran)


def _near(targets: Sequence[str], ran: Sequence[CodeCounts]) -> tuple[str, ...]:
    """Names that ran and resemble one of the targets, the nearest first."""
    found: dict[str, None] = {}
    for target in targets:
        names = {f"{one.site.module}:{one.site.qualname}" if ":" in target else one.name for one in ran}
        wanted = target.strip("*")
        found |= dict.fromkeys(difflib.get_close_matches(wanted, names, n=NAMES, cutoff=0.6))
        last = _last(wanted)
        found |= dict.fromkeys(name for name in sorted(names) if _last(name) == last)
    return tuple(found)[:NAMES]


def _last(name: str) -> str:
    return name.replace(":", ".").rsplit(".", 1)[-1]
