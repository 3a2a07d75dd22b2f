"""The matrix of backends: ways to slow code, from none at all to the C core, behind one interface.

No benchmark assumes that a backend is there or can do all things: :func:`unable` and :func:`missing` say why not, and
what they say is what a skip says.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

__all__ = ["BACKENDS", "Ability", "Backend", "Matcher", "factory", "matcher", "missing", "unable"]

Ability = Literal["arm", "choose", "delay", "count"]

_TESTS = Path(__file__).resolve().parent.parent / "tests"


class Backend(Protocol):
    """The part of `_core.Session` that is measured. What a backend is not able to, it is not asked for."""

    def arm(self) -> None: ...
    def disarm(self) -> None: ...
    def set_delay(self, delay_ns: float, /) -> None: ...
    def snapshot(self) -> Sequence[tuple[object, ...]]: ...


class Matcher(Protocol):
    """The part of `_core.Patterns` that is measured."""

    def match(self, module: str, qualname: str, file: str) -> int: ...


class _Uninstrumented:
    def arm(self) -> None:
        pass

    def disarm(self) -> None:
        pass

    def set_delay(self, delay_ns: float, /) -> None:
        pass

    def snapshot(self) -> Sequence[tuple[object, ...]]:
        return ()


class _EmptyCallback(_Uninstrumented):
    """A C function that does nothing at every call of everything: no callback can cost less."""

    TOOL = 4

    def arm(self) -> None:
        from pytest_speedbump import _core

        monitoring = sys.monitoring
        monitoring.use_tool_id(self.TOOL, "empty callback")
        monitoring.register_callback(self.TOOL, monitoring.events.PY_START, _core._empty_callback)
        monitoring.set_events(self.TOOL, monitoring.events.PY_START)
        monitoring.restart_events()

    def disarm(self) -> None:
        monitoring = sys.monitoring
        monitoring.set_events(self.TOOL, 0)
        monitoring.register_callback(self.TOOL, monitoring.events.PY_START, None)
        monitoring.free_tool_id(self.TOOL)
        monitoring.restart_events()


def _core_patterns(patterns: Sequence[str]) -> Matcher:
    from pytest_speedbump import _core

    return _core.Patterns(patterns)


def _reference_patterns(patterns: Sequence[str]) -> Matcher:
    _import_reference()
    from reference_backend import Patterns

    return Patterns(patterns)


def _core_sessions(patterns: Sequence[str]) -> Callable[[], Backend]:
    from pytest_speedbump import _core

    compiled = _core.Patterns(patterns)
    return lambda: _core.Session(compiled, "spin", "a benchmark")


def _references(patterns: Sequence[str]) -> Callable[[], Backend]:
    _import_reference()
    from reference_backend import Patterns, PythonBackend

    compiled = Patterns(patterns)
    return lambda: PythonBackend(compiled, "spin", "a benchmark")


def _import_reference() -> None:
    """The reference lives with the tests, whose oracle it is."""
    if str(_TESTS) not in sys.path:
        sys.path.append(str(_TESTS))
    import reference_backend  # noqa: F401


def _import_core() -> None:
    from pytest_speedbump import _core

    _core._empty_callback  # noqa: B018 - an older build may lack it


@dataclass(frozen=True, slots=True)
class _Kind:
    compile: Callable[[Sequence[str]], Callable[[], Backend]]
    able: frozenset[Ability]
    need: Callable[[], None] = lambda: None  # raises what is missing
    match: Callable[[Sequence[str]], Matcher] | None = None


_ALL: frozenset[Ability] = frozenset({"arm", "choose", "delay", "count"})

_KINDS = {
    "uninstrumented": _Kind(lambda _: _Uninstrumented, frozenset()),
    "empty-callback": _Kind(lambda _: _EmptyCallback, frozenset({"arm"}), _import_core),
    "core": _Kind(_core_sessions, _ALL, _import_core, _core_patterns),
    "python": _Kind(_references, _ALL, _import_reference, _reference_patterns),
}

BACKENDS = tuple(_KINDS)


def factory(name: str, patterns: Sequence[str]) -> Callable[[], Backend]:
    """Compiles ``patterns`` once; each call makes a new backend, disarmed, that will slow what they match."""
    return _KINDS[name].compile(patterns)


def matcher(name: str, patterns: Sequence[str]) -> Matcher:
    """Compiled ``patterns`` alone. ValueError where the backend is not able to choose."""
    match = _KINDS[name].match
    if match is None:
        raise ValueError(unable(name, "choose"))
    return match(patterns)


def unable(name: str, *abilities: Ability) -> str:
    """Why the backend is not built for a measurement that needs ``abilities``; '' if it is."""
    lacks = sorted({*abilities} - _KINDS[name].able)
    return f"backend {name} is not able to {' or '.join(lacks)}" if lacks else ""


def missing(name: str) -> str:
    """Why the backend cannot be had here; '' if it can."""
    try:
        _KINDS[name].need()
    except (ImportError, AttributeError) as error:
        return f"backend {name} is missing: {error}"
    return ""
