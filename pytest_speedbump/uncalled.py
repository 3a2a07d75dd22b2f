"""Why a target never ran, as far as can be told."""

from dataclasses import dataclass
from typing import Any, Literal, Self

__all__ = ["Cause", "Uncalled"]

Cause = Literal[
    "comma", "inlined", "c", "class", "module", "cached", "generator", "renamed", "children", "idle", "awaited"
]

_SENTENCES: dict[Cause, str] = {
    "comma": "a comma does not separate targets; give each a --speedbump-target, or a marker's argument, of its own",
    "inlined": "a comprehension is part of the function around it since Python 3.12; name that one",
    "c": "{target} is implemented in C, and only Python functions can be slowed",
    "class": "{target} is a class; name its methods, as in {target}.*",
    "module": "{target} is a module; name what is in it, as in {target}.*",
    "cached": "{target} is cached (functools.lru_cache or cached_property): its body runs only on a miss",
    "generator": "{target} is a generator or coroutine function: its calls are its starts, and none was started",
    "renamed": "the code of {target} is named {names}",
    "children": "processes were started while it ran, and children are not measured",
    "awaited": "mode await slows coroutine functions that exist when the rounds begin, and {target} matches none",
    "idle": "{target} exists, and was not called when the benchmark was repeated",
}
_ALSO_NAMES: tuple[Cause | None, ...] = ("children", None)  # the rest is certain, and needs no guess beside it


@dataclass(frozen=True, slots=True)
class Uncalled:
    """Why a target never ran, as far as one more round and the modules that are loaded tell.

    Attributes:
        target: as written.
        cause: None where nothing is known but, perhaps, ``names``. ``comma``: two targets written as one. ``inlined``:
            a comprehension, which is part of the function around it. ``c``: implemented in C. ``class``, ``module``:
            not a function. ``cached``: behind ``functools.lru_cache`` or ``cached_property``. ``generator``: a
            generator or coroutine function of which none was started. ``renamed``: its code has another name.
            ``children``: processes were started, and these are not measured. ``idle``: it exists, and was not called.
            ``awaited``: under mode ``await``, it matches no coroutine function that was there.
        names: where it was ``renamed``, the name of its code; else what ran and has a name like it, the nearest first.
    """

    target: str
    cause: Cause | None = None
    names: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """The end of a sentence that has said that the target never ran; empty where there is nothing to add."""
        names = ", ".join(self.names)
        hint = ""
        if self.cause is not None:
            hint = "; " + _SENTENCES[self.cause].format(target=self.target, names=names)
        if names and self.cause in _ALSO_NAMES:
            hint += f"; what did run has names like {names}"
        return hint

    def to_json(self) -> dict[str, Any]:
        return {"target": self.target, "cause": self.cause, "names": list(self.names)}

    @classmethod
    def from_json(cls, one: dict[str, Any] | None) -> Self | None:
        return None if one is None else cls(one["target"], one["cause"], tuple(one["names"]))
