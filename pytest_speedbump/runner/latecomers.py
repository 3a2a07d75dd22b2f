"""Targets of C that come with modules and libraries which a program loads later: planted as soon as they are loaded.

Nothing of the import machinery is replaced, and nothing is imported for a target's sake. By the tool id that the
session holds anyhow the interpreter tells when importlib's function that loads one module returns, and ctypes's that
loads one library. What is loaded by other ways is found when the next of these returns.
"""

import sys
from importlib import _bootstrap

from pytest_speedbump import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from pytest_speedbump.slowing.callables import Found

__all__ = ["Latecomers"]

_TOOL = "pytest-speedbump"


class Latecomers:
    """Of patterns, each with the number of its list; see :class:`pytest_speedbump.slowing.folder.Folder`."""

    def __init__(self, rows: "list[tuple[int, str]]") -> None:
        self._lists: dict[int, tuple[int, list[str]]] = {}  # of each list, the index of its first pattern, and all
        for index, (number, text) in enumerate(rows):
            self._lists.setdefault(number, (index, []))[1].append(text)
        self._of_c = "c" in _core.Patterns([text for _, text in rows]).kinds
        self._planted: set[object] = set()  # places
        self._watched: list[CodeType] = []

    def find(self, modules: "list[str] | None" = None) -> "list[Found]":
        """Callables of C in modules that are loaded, all or some: those that were not found before."""
        if not self._of_c:
            return []
        from pytest_speedbump.slowing.callables import find_loaded

        new: dict[object, Found] = {}
        for first, texts in self._lists.values():
            for module, qualname, thing, index in find_loaded(texts, modules):
                place = _core.place_of(thing)
                if place not in self._planted:
                    new.setdefault(place, (module, qualname, thing, first + index))
        self._planted |= new.keys()
        return list(new.values())

    def watch(self, plant: "Callable[[list[Found]], object]") -> None:
        """From now on ``plant`` is called with what is found, whenever something was loaded. The session is armed."""
        monitoring = sys.monitoring
        self._tool = next(tool for tool in range(6) if monitoring.get_tool(tool) == _TOOL)

        def returned(_code: "CodeType", _offset: int, loaded: object) -> None:
            self._watch_ctypes()
            plant(self.find(_names(loaded)))

        monitoring.register_callback(self._tool, monitoring.events.PY_RETURN, returned)
        self._watch(_bootstrap._load_unlocked.__code__)  # type: ignore[attr-defined]  # not in the stub
        self._watch_ctypes()

    def unwatch(self) -> None:
        """While the session is still armed."""
        monitoring = sys.monitoring
        for code in self._watched:
            monitoring.set_local_events(self._tool, code, 0)
        monitoring.register_callback(self._tool, monitoring.events.PY_RETURN, None)
        self._watched.clear()

    def _watch(self, code: "CodeType") -> None:
        sys.monitoring.set_local_events(self._tool, code, sys.monitoring.events.PY_RETURN)
        self._watched.append(code)

    def _watch_ctypes(self) -> None:
        """As soon as it is there. From a library that it loads, symbols are imported, but no module comes with it."""
        library = getattr(sys.modules.get("ctypes"), "CDLL", None)
        if len(self._watched) < 2 and library is not None:
            self._watch(library.__init__.__code__)


def _names(loaded: object) -> list[str]:
    """Of the module that was loaded, and of its packages, which may have been given something meanwhile."""
    name = getattr(loaded, "__name__", None)
    if type(name) is not str:
        return []
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]
