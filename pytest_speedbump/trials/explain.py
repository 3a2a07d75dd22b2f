"""Why did a target match nothing? One more round tells what did run, and the modules loaded what the target names."""

import difflib
import functools
import inspect
import resource
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any, get_args

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts, Kind, Site
from pytest_speedbump.errors import InputError
from pytest_speedbump.experiment.rounds import look
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject
from pytest_speedbump.slowing.callables import find_callables
from pytest_speedbump.slowing.crowd import Crowd
from pytest_speedbump.slowing.session import Session, armed, make_session, take_snapshot
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.loaded import is_library_loaded, lines_of, modules
from pytest_speedbump.uncalled import Cause, Uncalled

__all__ = ["explain", "explain_bump", "resolve"]

NAMES = 3
WRAPPERS = 20  # around a function, at most: they may go round in circles

_ABSENT = object()
_CACHED = type(functools.lru_cache(lambda: None))
_STARTED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR  # called before they start
_IN_C = BuiltinFunctionType | MethodDescriptorType | WrapperDescriptorType | ClassMethodDescriptorType
_STARTING_PROCESSES = ("subprocess", "multiprocessing", "concurrent.futures.process")
_flags_of = vars(type)["__flags__"].__get__  # read without running a metaclass's code
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: every class of a class statement has it
_UNCERTAIN: tuple[Cause | None, ...] = (None, "idle", "unreached", "direct", "elsewhere")
_RESUME = "resume:"
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")


def explain_bump(bump: Bump, session: Session, names: Sequence[str], subject: Subject | None) -> Uncalled:
    """As :func:`explain`, of targets of ``bump``, which ``session`` was made for."""
    if bump.mode == "await":
        for name in bump.targets.unmatched(take_snapshot(session, bump.targets, idle=True).matched):
            if name in names:
                return Uncalled(name, "awaited")
    one = explain(names, subject)
    if one.cause == "children" and isinstance(session, Crowd):
        return replace(one, cause="unjoined")
    return one


def explain(names: Sequence[str], subject: Subject | None) -> Uncalled:
    """Why none of these targets, as written, ran. Imports nothing and calls nothing that it finds.

    Args:
        subject: runs one round; None where there is no time for it.
    """
    ran, children = ((), False) if subject is None else _run_once(subject)
    targets = [name for name in names if not name.startswith("!")]
    found = [_explain_resume(target, ran) if target.startswith(_RESUME) else explain_one(target) for target in targets]
    for one in found:
        if one.cause not in _UNCERTAIN:
            return one
    if children:
        return Uncalled(targets[0], "children", _near(targets, ran))
    return next((one for one in found if one.cause), Uncalled(targets[0], None, _near(targets, ran)))


def explain_one(target: str) -> Uncalled:
    """As far as ``target`` itself and what is loaded tell."""
    if "," in target and not set(target) & set("/["):  # in a path or in brackets a comma may belong to the name
        return Uncalled(target, "comma")
    try:
        match _kind_of(target):
            case "start":
                return _explain_start(target)
            case "line":
                return _explain_lines(target)
            case "resume":
                return _explain_resume(target, ())
            case "c":
                return _explain_callable(target)
            case "native":
                return _explain_symbol(target)
    except Exception:  # a metaclass may object even to this way of looking, and a hint is worth no traceback
        return Uncalled(target)
    return Uncalled(target)


def _kind_of(target: str) -> Kind | None:
    """None of what is no pattern, or a file of them."""
    try:
        kinds = set() if target.startswith("@") else parse_targets([target]).compile().kinds
    except InputError:
        return None
    return next((kind for kind in get_args(Kind) if kind in kinds), None)


def _explain_start(target: str) -> Uncalled:
    if target.endswith(_COMPREHENSIONS):
        return Uncalled(target, "inlined")
    if _is_glob(target):
        return Uncalled(target)
    thing = resolve(target)
    return Uncalled(target) if thing is _ABSENT else _explain_thing(target, thing)


def _is_glob(target: str) -> bool:
    return bool(set(target) & set("*?[/"))


def _explain_lines(target: str) -> Uncalled:
    owner, _, span = target.rpartition(":")
    ends = [int(end) for end in span.split("-")]
    lines = lines_of(owner)
    if lines is None:
        files = {file for _, file in modules()} if "/" in owner or owner.endswith(".py") else set(sys.modules)
        return Uncalled(target, "unloaded", tuple(f"{one}:{span}" for one in _like(owner, files)))
    if any(ends[0] <= line <= ends[-1] for line in lines):
        return Uncalled(target, "unreached")
    before, after = {line for line in lines if line < ends[0]}, {line for line in lines if line > ends[-1]}
    nearest = [*([max(before)] if before else []), *([min(after)] if after else [])]
    return Uncalled(target, "no_code", tuple(f"{owner}:{line}" for line in nearest))


def _explain_resume(target: str, ran: Sequence[CodeCounts]) -> Uncalled:
    """``ran``: what one more round started; nothing where there was none."""
    name = target.removeprefix(_RESUME)
    patterns = parse_targets([name]).compile()
    matching = [one.site for one in ran if patterns.match(one.site.module, one.site.qualname, one.site.file) >= 0]
    if matching:
        return Uncalled(target, "unsuspended" if any(map(_is_resumable, matching)) else "never_resumed")
    one = explain_one(name) if _kind_of(name) == "start" else Uncalled(target)  # "resume:c:f" is f of a module c
    if one.cause == "idle":
        return Uncalled(target, "never_resumed")
    if one.cause == "generator" and not ran:  # It may have been started.
        return Uncalled(target)
    return Uncalled(target, one.cause, tuple(f"{_RESUME}{name}" for name in one.names))


def _is_resumable(site: Site) -> bool:
    return site.code is not None and bool(site.code.co_flags & _STARTED)


def _explain_callable(target: str) -> Uncalled:
    if _reachable(target):
        return Uncalled(target, "direct")
    module, _, last = target.removeprefix("c:").replace(":", ".").rpartition(".")
    if _is_glob(module) or not module:
        return Uncalled(target)
    return Uncalled(target, None, _like(f"c:{module}.{last}", _reachable(f"c:{module}.*")))


def _reachable(target: str) -> set[str]:
    """Names of the callables implemented in C that it matches; none where it is refused."""
    try:
        found = find_callables(parse_targets([target]).compile())
    except InputError:
        return set()
    return {Site("c", module, qualname).name for module, qualname, *_ in found}


def _explain_symbol(target: str) -> Uncalled:
    library, _, symbol = target.removeprefix("native:").rpartition(":")
    if not is_library_loaded(library):
        return Uncalled(target, "unloaded")
    if _imported(target):
        return Uncalled(target, "elsewhere")
    symbols = {site.qualname: site.name for site in _imported(f"native:{library}:*")}
    return Uncalled(target, "unimported", tuple(symbols[name] for name in _like(symbol, symbols)))


def _imported(target: str) -> list[Site]:
    """The symbols that could be slowed."""
    targets = parse_targets([target])
    session = make_session(targets, "spin", "the search for symbols")
    with armed(session):
        return [code.site for code in take_snapshot(session, targets, idle=True).matched]


def _like(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names most like one, the nearest first."""
    return tuple(difflib.get_close_matches(name.replace("*", ""), names, n=NAMES, cutoff=0.6))


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
    elif issubclass(kind, type) and _flags_of(thing) & _HEAP_TYPE:
        cause = "class"
    elif issubclass(kind, type | _IN_C) or type(_call_of(kind)) is WrapperDescriptorType:
        name = f"c:{target}"
        return Uncalled(target, "c", (name,)) if _explain_callable(name).cause else Uncalled(target, "unreachable")
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
        kind = _kind_of(target)
        if kind not in ("start", "resume"):
            continue
        wanted, prefix = target.removeprefix(_RESUME).strip("*"), _RESUME if kind == "resume" else ""
        names = {
            f"{prefix}{one.site.module}:{one.site.qualname}" if ":" in wanted else f"{prefix}{one.name}"
            for one in ran
            if kind == "start" or _is_resumable(one.site)
        }
        found |= dict.fromkeys(_like(f"{prefix}{wanted}", names))
        last = _last(wanted)
        found |= dict.fromkeys(name for name in sorted(names) if _last(name) == last)
    return tuple(found)[:NAMES]


def _last(name: str) -> str:
    return name.replace(":", ".").rsplit(".", 1)[-1]
