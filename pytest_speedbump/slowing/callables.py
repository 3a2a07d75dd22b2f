"""Which callables implemented in C do targets name, and which of them can be slowed? See reach in the docs' limits.

A callable is slowed by the pointer that it is called through, its *place*. One place may have many names: it is slowed
once. Names are looked up in the dictionaries of modules and types; no descriptor of Python's is asked and none of the
code that is found is run, but a module that a plain name needs is imported.

Processes that join an experiment import it as they start, so it imports little itself.
"""

from __future__ import annotations

import builtins
import sys
import time
from types import (
    BuiltinFunctionType,
    ClassMethodDescriptorType,
    FunctionType,
    GenericAlias,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)

from pytest_speedbump import _core
from pytest_speedbump.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

__all__ = ["Found", "Refusal", "find_callables", "find_loaded", "refusals"]

type Found = tuple[str, str, Any, int]
"""(module, qualname, the callable, index of its pattern); the module of a builtin may be ``""``, as in the pattern."""

_PREFIX = "c:"
_OWN = ("pytest_speedbump", "pytest_benchmark")
_WRAPPERS = 20  # around a callable, at most: they may go round in circles
_DEPTH = 5  # of types in types, at most
_ABSENT = object()

# Read without running a metaclass's or a module's own code.
_module_of_type = vars(type)["__module__"].__get__
_qualname_of = vars(type)["__qualname__"].__get__
_raw_dict_of_type = vars(type)["__dict__"].__get__
_dict_of_module = vars(ModuleType)["__dict__"].__get__

_DEFINED = (BuiltinFunctionType, MethodDescriptorType, ClassMethodDescriptorType)
# What a module or a type holds most of, and what is no name of a callable.
_NOT_CALLED = frozenset(
    {
        *(str, int, float, bool, complex, bytes, tuple, list, dict, set, frozenset, type(None), type(...)),
        *(type(NotImplemented), FunctionType, ModuleType, property, GetSetDescriptorType, MemberDescriptorType),
        *(MappingProxyType, GenericAlias),
    }
)


class Refusal:
    """Something that a target names and that cannot be slowed.

    Attributes:
        target: the pattern.
        name: what it names, such as ``builtins.len``.
        reason: the rest of a sentence that begins with the name, with the mend.
        plain: the pattern is a name, so that all of it is refused; else a glob, which takes the rest.
    """

    __slots__ = ("name", "plain", "reason", "target")

    def __init__(self, target: str, name: str, reason: str, plain: bool) -> None:
        self.target, self.name, self.reason, self.plain = target, name, reason, plain

    def __str__(self) -> str:
        return f"target {self.target!r}: {self.name} {self.reason}"


def find_callables(patterns: _core.Patterns) -> list[Found]:
    """What of the loaded modules the patterns of kind ``c`` choose and can be slowed, each place once.

    A plain name may be any that the callable has, and imports its module. A glob takes what its modules define: not
    what they have imported from elsewhere, but for a package's other modules and an accelerator, such as ``_heapq``.

    Raises:
        InputError: a plain name is of something that cannot be slowed; the sentence says why, and the mend.
    """
    search = _search(patterns.texts)
    for refusal in search.refused.values():
        if refusal.plain:
            raise InputError(str(refusal))
    return list(search.found())


def find_loaded(texts: Iterable[str], modules: Iterable[str] | None = None) -> list[Found]:
    """The same of the patterns ``texts``, of what is loaded already: nothing is imported, and nothing is refused.

    ``modules`` are those in which globs look, where not in all.
    """
    return list(_search(tuple(texts), _loaded, modules).found())


def refusals(names: Iterable[str]) -> list[Refusal]:
    """What the patterns ``names`` choose and cannot be slowed. Slots of types, such as ``__add__``, and ``__new__`` are
    told of plain names alone."""
    return list(_search(tuple(names)).refused.values())


class _Choice:
    __slots__ = ("alias", "index", "module", "qualname", "thing")

    def __init__(self, module: str, qualname: str, thing: Any, index: int, alias: bool) -> None:
        self.module, self.qualname, self.thing, self.index, self.alias = module, qualname, thing, index, alias


class _Search:
    def __init__(self, texts: tuple[str, ...]) -> None:
        self.texts = texts
        self.patterns = _core.Patterns(texts)
        self.everything = _core.Patterns([f"{_PREFIX}*", *texts])  # so that what it does not match is excluded
        self.chosen: dict[int, _Choice] = {}  # by place
        self.refused: dict[tuple[str, str], Refusal] = {}
        self.met: set[str] = set()  # texts of patterns that something was found for

    def found(self) -> Iterator[Found]:
        for one in self.chosen.values():
            yield one.module, one.qualname, one.thing, one.index

    def match(self, module: str, qualname: str) -> tuple[int, str]:
        """The index of the pattern, or -1, and the module as it is to be named."""
        index = self.patterns.match(module, qualname, "", "c")
        if module != "builtins" or not self.everything.match(module, qualname, "", "c") >= 0:
            return index, module
        bare = self.patterns.match("", qualname, "", "c")
        if self.everything.match("", qualname, "", "c") < 0:
            return -1, module
        return (bare, "") if bare > index else (index, module)

    def is_excluded(self, module: str, qualname: str) -> bool:
        if module == "builtins" and self.everything.match("", qualname, "", "c") < 0:
            return True
        return self.everything.match(module, qualname, "", "c") < 0

    def consider(self, module: str, qualname: str, thing: Any, own: tuple[str, str] | None) -> None:
        """``thing`` has been found under this name; it calls itself ``own``, or nothing."""
        if own is not None and self.is_excluded(*own):
            return
        index, named = self.match(*own) if own is not None else (-1, "")
        alias = index < 0
        if alias:
            index, named = self.match(module, qualname)
        if index < 0:
            return
        name = qualname if alias or own is None else own[1]
        self.take(_Choice(named, name, thing, index, alias))

    def take(self, choice: _Choice) -> None:
        text = self.texts[choice.index]
        self.met.add(text)
        plain = _is_plain(text)
        place = _core.place_of(choice.thing)
        reason = _obstacle(choice.thing, place) or _reserved().get(place)
        if reason is not None or isinstance(place, str):
            name = f"{choice.module}.{choice.qualname}" if choice.module else choice.qualname
            if plain or (place not in ("python", "data", "slot", "new", "vectorcall") and reason != _PYTHON_CLASS):
                self.refused.setdefault((text, name), Refusal(text, name, str(reason), plain))
            return
        known = self.chosen.get(place)
        if known is None or (choice.alias, _length(choice)) < (known.alias, _length(known)):
            self.chosen[place] = choice


def _length(choice: _Choice) -> int:
    return len(choice.module) + len(choice.qualname)


def _is_plain(text: str) -> bool:
    return not set(text) & set("*?[")


type _Get = Callable[[str], Any]
"""The module of this name; raises :class:`_Unresolved`."""


def _search(texts: tuple[str, ...], get: _Get | None = None, modules: Iterable[str] | None = None) -> _Search:
    search = _Search(texts)
    get = get or _import
    wanted = [text.removeprefix(_PREFIX) for text in texts if text.startswith(_PREFIX)]
    missing = [refusal for name in wanted if _is_plain(name) and (refusal := _look_up(search, name, get))]
    globs = [name for name in wanted if not _is_plain(name)] + [refusal.name for refusal in missing]
    if get is _loaded:
        globs = [glob for glob in globs if _may_be_loaded(glob)]
    if globs:
        _walk(search, globs, modules)
    for refusal in missing:  # unless something calls itself so, as the type of json.scanner.c_make_scanner does
        if refusal.target not in search.met:
            search.refused[refusal.target, refusal.name] = refusal
    return search


# ---- plain names ----


class _Unresolved(Exception):  # noqa: N818 - an answer, not an error
    pass


class _Missing(_Unresolved):
    """Of a thing, a name that it lacks, and the thing's own path."""

    def __str__(self) -> str:
        thing, part, path = self.args
        return f"does not exist: {path!r} has no {part!r}; {_hint(thing, part, path)}"


def _look_up(search: _Search, name: str, get: _Get) -> Refusal | None:
    """Finds what has this name; a refusal where nothing has."""
    try:
        module, qualname, thing = _resolve(name, get)
        if not qualname:
            raise _Unresolved(str(_obstacle(thing, "data")))
        if module.partition(".")[0] in _OWN:
            raise _Unresolved("is part of what measures, and never slowed; name something else")
    except _Unresolved as reason:
        # The mend takes a while to find, and of what is only loaded already nobody is told.
        return Refusal(f"{_PREFIX}{name}", name, "" if get is _loaded else str(reason), plain=True)
    thing = _peel(thing)
    search.consider(module, qualname, thing, _own_name(thing))
    return None


def _resolve(name: str, get: _Get) -> tuple[str, str, Any]:
    """Module, qualname and thing that ``pkg.mod.Class.f`` or ``pkg.mod:Class.f`` names.

    Raises:
        _Unresolved: with the reason, as in a refusal.
    """
    first, colon, qualname = name.partition(":")
    if colon:
        return first, qualname, _descend(get(first), qualname.split("."), first)
    parts = name.split(".")
    if parts[0] not in sys.modules and parts[0] in vars(builtins):
        return "builtins", name, _descend(builtins, parts, "builtins")
    module, at = get(parts[0]), 1
    while at < len(parts):
        inner = _member(module, parts[at])
        if inner is _ABSENT:
            inner = _inner(module, ".".join(parts[: at + 1]), get)
        if not issubclass(type(inner), ModuleType):
            break
        module, at = inner, at + 1
    path = ".".join(parts[:at])
    return path, ".".join(parts[at:]), _descend(module, parts[at:], path)


def _failed(module: str, error: str) -> _Unresolved:
    return _Unresolved(f"needs the module {module!r}, whose import fails ({error}); mend that")


def _import(name: str) -> Any:
    import importlib

    found = sys.modules.get(name)
    if found is not None:
        return found
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name and not f"{name}.".startswith(f"{error.name}."):
            raise _failed(name, str(error)) from None
        near = _nearest(name, [*sys.modules, *sys.stdlib_module_names, *vars(builtins)])
        hint = f"did you mean {near!r}?" if near else "write the dotted name that it is imported by"
        raise _Unresolved(f"names no module: there is no {name!r}; {hint}") from None
    except Exception as error:
        raise _failed(name, f"{type(error).__name__}: {error}") from None


def _loaded(name: str) -> Any:
    found = sys.modules.get(name)
    if found is None:
        raise _Unresolved("is not loaded")
    return found


def _inner(package: Any, name: str, get: _Get) -> Any:
    """The module in a package; None where it is no package or holds none of this name."""
    if not issubclass(type(package), ModuleType) or "__path__" not in _dict_of_module(package):
        return None
    if get is _loaded:
        return sys.modules.get(name)
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return None
        raise _failed(name, str(error)) from None
    except Exception as error:
        raise _failed(name, f"{type(error).__name__}: {error}") from None


def _descend(thing: Any, parts: list[str], path: str) -> Any:
    for part in parts:
        inner = _member(thing, part)
        if inner is _ABSENT:
            raise _Missing(thing, part, path)
        thing, path = inner, f"{path}.{part}"
    return thing


def _member(thing: Any, name: str) -> Any:
    """As :func:`inspect.getattr_static`, which is asked about what is neither a module nor a type; or ``_ABSENT``."""
    kind = type(thing)
    if issubclass(kind, ModuleType):
        holders = [_dict_of_module(thing)]
    elif issubclass(kind, type):
        holders = [_dict_of_type(base) for base in type.mro(thing)]
    else:
        from inspect import getattr_static

        return getattr_static(thing, name, _ABSENT)
    holders += [_dict_of_type(base) for base in type.mro(kind)]
    return next((holder[name] for holder in holders if name in holder), _ABSENT)


def _nearest(name: str, names: list[str]) -> str:
    from difflib import get_close_matches

    return "".join(get_close_matches(name, names, n=1))


def _hint(thing: Any, part: str, path: str) -> str:
    kind = type(thing)
    names: Iterable[object] = ()
    if issubclass(kind, ModuleType):
        names = _dict_of_module(thing)
    elif issubclass(kind, type):
        names = [name for base in type.mro(thing) for name in _dict_of_type(base)]
    near = _nearest(part, sorted({name for name in names if type(name) is str}))
    return f"did you mean '{path}.{near}'?" if near else "write a name that it has"


# ---- globs ----


def _walk(search: _Search, globs: list[str], modules: Iterable[str] | None) -> None:
    """Everything that loaded modules and their types hold, all of them or some."""
    seen: set[int] = set()
    may_match = _filter(globs)
    for module in list(sys.modules) if modules is None else modules:
        holder = sys.modules.get(module)
        if type(module) is not str or not issubclass(type(holder), ModuleType) or module.partition(".")[0] in _OWN:
            continue
        _walk_in(search, module, "", _dict_of_module(holder).copy(), seen, may_match, 0)


def _walk_in(
    search: _Search,
    module: str,
    path: str,
    things: Mapping[object, Any],
    seen: set[int],
    may_match: Callable[[str], bool],
    depth: int,
) -> None:
    for name, thing in things.items():
        kind = type(thing)
        if kind in _NOT_CALLED or type(name) is not str or (kind is WrapperDescriptorType and name != "__call__"):
            continue
        thing, kind = (thing, kind) if kind in _DEFINED else _peel_kind(thing, kind)
        if kind in _NOT_CALLED or (kind is WrapperDescriptorType and name != "__call__"):
            continue
        own = _own_name(thing)
        qualname = f"{path}.{name}" if path else name
        full = f"{own[0]}.{own[1]}" if own is not None else f"{module}.{qualname}"
        if own is not None and own[0].partition(".")[0] in _OWN:
            continue
        if may_match(full):
            search.consider(module, qualname, thing, own) if own is None else search.consider(*own, thing, own)
        if own is not None and _belongs(own[0], module) and may_match(f"{module}.{qualname}"):
            search.consider(module, qualname, thing, own)
        if issubclass(kind, type) and id(thing) not in seen and depth < _DEPTH:
            seen.add(id(thing))
            inner = dict(_dict_of_type(thing))
            _walk_in(search, *(own or (module, qualname)), inner, seen, may_match, depth + 1)


def _belongs(own: str, module: str) -> bool:
    """Whether what a module has from another one is of the same package, or of its accelerator in C."""
    top, _, _ = module.partition(".")
    its, _, _ = own.partition(".")
    return its in (top, f"_{top}") or (top == "os" and its == "posix")


def _may_be_loaded(glob: str) -> bool:
    top = glob.partition(":")[0].partition(".")[0]
    return top in sys.modules or top in vars(builtins) or not _is_plain(top)


def _filter(globs: list[str]) -> Callable[[str], bool]:
    """A quick test of full names, by what the globs begin with; it lets pass what does not match, never the reverse."""
    starts = set()
    for glob in globs:
        start = glob.replace(":", ".", 1)
        for special in "*?[":
            start = start.partition(special)[0]
        starts |= {start, f"builtins.{start}"}
    return lambda name, starts=tuple(starts): name.startswith(starts)  # type: ignore[misc]


# ---- what a thing is ----


def _peel(thing: Any) -> Any:
    return _peel_kind(thing, type(thing))[0]


def _peel_kind(thing: Any, kind: type) -> tuple[Any, type]:
    """What static, class, instance and bound methods hold, and its type."""
    for _ in range(_WRAPPERS):
        func = next((held["__func__"] for held in map(_dict_of_type, type.mro(kind)) if "__func__" in held), None)
        if type(func) is not MemberDescriptorType:
            break
        thing = func.__get__(thing)
        kind = type(thing)
    return thing, kind


def _own_name(thing: Any) -> tuple[str, str] | None:
    """The module and qualname by which it calls itself; None where it does not."""
    kind = type(thing)
    if kind in (MethodDescriptorType, ClassMethodDescriptorType, WrapperDescriptorType):
        return _member_name(thing.__objclass__, thing.__name__)
    if issubclass(kind, BuiltinFunctionType):
        return _function_name(thing)
    if issubclass(kind, type):
        module = _module_name(thing)
        return (module, _qualname_of(thing)) if module else None
    if type(_core.place_of(kind)) is not int:  # a class of Python: what it says of itself may be code
        return None
    try:
        module, name = thing.__module__, getattr(thing, "__qualname__", None) or thing.__name__
    except Exception:
        return None
    return (module, name) if type(module) is str and type(name) is str else None


def _function_name(function: Any) -> tuple[str, str] | None:
    bound, name = function.__self__, function.__name__
    if bound is None or issubclass(type(bound), ModuleType | str):
        module = function.__module__
        if type(module) is not str and issubclass(type(bound), ModuleType):
            module = _dict_of_module(bound).get("__name__")
        return (module, name) if type(module) is str else None
    owner = bound if issubclass(type(bound), type) else type(bound)
    definer = next((base for base in type.mro(owner) if name in _dict_of_type(base)), None)
    return _member_name(definer, name) if definer is not None else None


def _member_name(owner: type, name: str) -> tuple[str, str] | None:
    module = _module_name(owner)
    return (module, f"{_qualname_of(owner)}.{name}") if module else None


def _module_name(owner: type) -> str | None:
    try:
        module = _module_of_type(owner)
    except AttributeError:
        return None
    return module if type(module) is str else None


# ---- what cannot be slowed ----

_PYTHON_CLASS = "is a class of Python; name its '__init__', without 'c:'"


def _obstacle(thing: Any, place: int | str) -> str | None:
    """Why there is no place, as a refusal says it."""
    kind = type(thing)
    match place:
        case "python" if issubclass(kind, type):
            return _PYTHON_CLASS
        case "python":
            return "is a Python function; write it without 'c:'"
        case "new":
            return "shares its pointer with the __new__ of all other types; name the type itself"
        case "metaclass" if type(_call_of(kind)) is FunctionType:
            return _PYTHON_CLASS
        case "metaclass":
            return "is a type whose metaclass makes its objects by a way of its own; name one of its methods"
        case "slot":
            return "is an operation that CPython runs through a slot of the type; name a function or a method"
        case "vectorcall":
            return "is not gone through, because each object has a pointer of its own; name the object"
        case "call" if _is_cache(kind):
            return "is a cache around a function of Python; name that function, without 'c:'"
        case "call" if type(_core.place_of(_call_of(kind))) is int:
            name = ".".join(_member_name(kind, "__call__") or ("", kind.__name__))
            return f"is called through its type, as all of its kind; name that, as 'c:{name}'"
        case "call" if type(_call_of(kind)) is WrapperDescriptorType:
            return f"is a {_qualname_of(kind)!r} that has no pointer of its own; name what it calls"
        case "call":
            return f"is an object of the Python class {kind.__qualname__!r}; name its '__call__', without 'c:'"
        case "data" if issubclass(kind, ModuleType):
            return "is a module; put '.*' behind it for all that it holds"
        case "data":
            return "cannot be called; name a callable"
    return None


def _is_cache(kind: type) -> bool:
    functools = sys.modules.get("functools")  # where it is not loaded, there are none
    return functools is not None and issubclass(kind, functools._lru_cache_wrapper)


def _dict_of_type(kind: type) -> Mapping[Any, Any]:
    """Empty for a type of C that its module never made ready."""
    return _raw_dict_of_type(kind) or {}


def _call_of(kind: type) -> Any:
    return next((held["__call__"] for held in map(_dict_of_type, type.mro(kind)) if "__call__" in held), None)


_known_reserved: dict[int | str, str] = {}


def _reserved() -> Mapping[int | str, str]:
    """What is called through its place, and may not be slowed all the same. Found when it is first asked for."""
    if not _known_reserved:
        _known_reserved.update(_find_reserved())
    return _known_reserved


def _find_reserved() -> Mapping[int | str, str]:
    inlined: dict[object, str] = {builtins.__import__: "an import statement"}
    if sys.version_info >= (3, 14) or "t" not in sys.abiflags:  # by specialised opcodes
        inlined |= {len: "len(x)", isinstance: "isinstance(x, y)", list.append: "x.append(y), as a statement,"}
        inlined |= {type: "type(x)", str: "str(x)", tuple: "tuple(x)", super: "super()"}
    if sys.version_info >= (3, 14):  # by the compiler
        inlined |= {thing: f"{thing.__name__}() of a generator expression" for thing in (any, all)}
    if sys.version_info >= (3, 15):
        inlined |= {thing: f"{thing.__name__}() of a generator expression" for thing in (list, set)}
    reserved: dict[int | str, str] = {
        _core.place_of(thing): f"would be counted too seldom: CPython runs {how} without calling it; "
        "slow the function around it"
        for thing, how in inlined.items()
    }
    reserved[_core.place_of(getattr(object, "__getstate__"))] = (  # noqa: B009 - typeshed lacks it
        "is known to CPython by its pointer, without which objects are pickled that cannot be; slow what calls it"
    )
    for clock in (time.perf_counter, time.perf_counter_ns):
        reserved[_core.place_of(clock)] = "is the clock that rounds are timed with; name something else"
    return reserved
