"""Targets of C that come with modules and libraries which a program loads later: planted as soon as they are loaded.

Nothing of the import machinery is replaced, and nothing is imported for a target's sake. sys.monitoring tells when
importlib's function that loads one module returns, and ctypes's that loads one library: by the tool id that the session
holds, or by one that is taken where it needs none. What comes by other ways is found when the next of these returns.
"""

import builtins
import sys
from importlib import _bootstrap

from pytest_speedbump import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from pytest_speedbump.slowing.callables import Found

__all__ = ["Latecomers"]

_TOOL = "pytest-speedbump"  # as the core calls itself
_TOOL_IDS = (3, 4)  # and these it takes
_SPECIAL = set("*?[")


class Latecomers:
    """Of patterns, each with the number of its list; see :class:`pytest_speedbump.slowing.folder.Folder`."""

    def __init__(self, rows: "list[tuple[int, str]]") -> None:
        self._lists: dict[int, tuple[int, list[str]]] = {}  # of each list, the index of its first pattern, and all
        for index, (number, text) in enumerate(rows):
            self._lists.setdefault(number, (index, []))[1].append(text)
        self._of_c = {index: text[2:] for index, (_, text) in enumerate(rows) if text.startswith("c:")}
        self._takes_id = not _core.Patterns([text for _, text in rows]).kinds - {"c", "native"}
        self._planted: set[object] = set()  # places
        self._met: set[int] = set()  # patterns that something was found for
        self._watched: list[CodeType] = []

    def find(self, modules: "list[str] | None" = None) -> "list[Found]":
        """Callables of C in modules that are loaded, all or some: those that were not found before."""
        if not any(self._may_find(index, text) for index, text in self._of_c.items()):
            return []
        from pytest_speedbump.slowing.callables import find_loaded

        new: dict[object, Found] = {}
        for first, texts in self._lists.values():
            for module, qualname, thing, index in find_loaded(texts, modules):
                self._met.add(first + index)
                place = _core.place_of(thing)
                if place not in self._planted:
                    new.setdefault(place, (module, qualname, thing, first + index))
        self._planted |= new.keys()
        return list(new.values())

    def _may_find(self, index: int, text: str) -> bool:
        """Whether a pattern may name something that is loaded, and was not found yet."""
        top = text.partition(":")[0].partition(".")[0]
        is_loaded = top in sys.modules or top in vars(builtins) or bool(set(top) & _SPECIAL)
        return is_loaded and (index not in self._met or bool(set(text) & _SPECIAL))

    def watch(self, session: _core.Session, attempt: "Callable[[Callable[[], object]], bool]") -> None:
        """From now on they are planted in ``session``, which is armed, until that fails once.

        ``attempt`` calls what it is given, and says whether that has failed: nothing may be raised in an import.

        Raises:
            RuntimeError: no tool id is free.
        """
        monitoring = sys.monitoring
        self._tool = _tool()

        def plant(loaded: object) -> None:
            self._watch_ctypes()
            session.refresh(self.find(_names(loaded)))

        def returned(_code: "CodeType", _offset: int, loaded: object) -> None:
            if not attempt(lambda: plant(loaded)):
                self.unwatch()

        monitoring.register_callback(self._tool, monitoring.events.PY_RETURN, returned)
        self._watch(_bootstrap._load_unlocked.__code__)  # type: ignore[attr-defined]  # not in the stub
        self._watch_ctypes()

    def unwatch(self) -> None:
        """While the session is still armed."""
        monitoring = sys.monitoring
        watched, self._watched = self._watched, []
        if not watched or monitoring.get_tool(self._tool) != _TOOL:  # another tool may have taken the id away
            return
        for code in watched:
            monitoring.set_local_events(self._tool, code, 0)
        monitoring.register_callback(self._tool, monitoring.events.PY_RETURN, None)
        if self._takes_id:
            monitoring.free_tool_id(self._tool)

    def _watch(self, code: "CodeType") -> None:
        sys.monitoring.set_local_events(self._tool, code, sys.monitoring.events.PY_RETURN)
        self._watched.append(code)

    def _watch_ctypes(self) -> None:
        """As soon as it is there. From a library that it loads, symbols are imported, but no module comes with it."""
        library = _dict_of(sys.modules.get("ctypes")).get("CDLL")
        if len(self._watched) < 2 and type(library) is type:
            self._watch(vars(library)["__init__"].__code__)


def _tool() -> int:
    """The one that the session holds, or that a fork's child has inherited, or else one that is taken."""
    holders = {tool: sys.monitoring.get_tool(tool) for tool in _TOOL_IDS}
    for tool, holder in holders.items():
        if holder == _TOOL:
            return tool
    for tool, holder in holders.items():
        if holder is None:
            sys.monitoring.use_tool_id(tool, _TOOL)
            return tool
    held = ", ".join(f"{tool} is held by {holder!r}" for tool, holder in holders.items())
    raise RuntimeError(f"no free sys.monitoring tool id: {held}; turn one of these tools off")


def _names(loaded: object) -> list[str]:
    """Of the module that was loaded, and of its packages, which may have been given something meanwhile."""
    name = _dict_of(loaded).get("__name__")
    if type(name) is not str:
        return []
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def _dict_of(module: object) -> "dict[str, Any]":
    """Read without running any code of the module's; empty where it is none, as what some put into sys.modules."""
    return vars(type(sys))["__dict__"].__get__(module) if issubclass(type(module), type(sys)) else {}
