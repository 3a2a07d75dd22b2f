"""Why a target never ran, as far as can be told."""

from dataclasses import dataclass
from typing import Any, Literal, Self

__all__ = ["Cause", "Uncalled"]

Cause = Literal[
    "comma", "inlined", "c", "class", "module", "cached", "generator", "renamed", "children", "idle",
    "unreachable", "direct", "unloaded", "no_code", "unreached", "never_resumed", "unsuspended", "unimported",
    "elsewhere", "awaited", "unjoined",
]  # fmt: skip

_SENTENCES: dict[Cause, str] = {
    "comma": "a comma does not separate targets; give each a --speedbump-target, or a marker's argument, of its own",
    "inlined": "a comprehension is part of the function around it since Python 3.12; name that one",
    "c": "{target} is implemented in C; write {names}",
    "class": "{target} is a class; name its methods, as in {target}.*",
    "module": "{target} is a module; name what is in it, as in {target}.*",
    "cached": "{target} is cached (functools.lru_cache or cached_property): its body runs only on a miss",
    "generator": "{target} is a generator or coroutine function: its calls are its starts, and none was started",
    "renamed": "the code of {target} is named {names}",
    "children": "processes were started while it ran, and without --speedbump-children these are not measured",
    "unjoined": "neither this process nor its children called it; those are measured that run a Python which has "
    "pytest-speedbump, and were started after collection",
    "awaited": "mode await slows coroutine functions that exist when the rounds begin, and {target} matches none",
    "idle": "{target} exists, and was not called when the benchmark was repeated",
    "unreachable": "{target} is implemented in C, and cannot be slowed as c:{target} either",
    "direct": "{target} can be slowed, and was not called as an object when the benchmark was repeated: what CPython "
    "or compiled code calls directly as a C function is not seen",
    "unloaded": "nothing that is loaded is named so",
    "no_code": "no function has code there; the nearest lines that hold some are {names}",
    "unreached": "{target} holds code, and was not reached when the benchmark was repeated",
    "never_resumed": "{target} is no generator or coroutine, and is never resumed",
    "unsuspended": "it was started, and never suspended when the benchmark was repeated",
    "unimported": "no library that is loaded imports such a symbol from another one: calls inside one library, through "
    "ctypes, and of what is linked statically are not seen",
    "elsewhere": "a library that is loaded imports it, and did not call it when the benchmark was repeated: calls "
    "inside one library, through ctypes, and of what is linked statically are not seen",
}
# The rest is certain, and needs no guess beside it.
_ALSO_NAMES: dict[Cause | None, str] = {
    "children": "what did run has names like",
    "unjoined": "what did run here has names like",
    None: "what did run has names like",
    "unloaded": "there is",
    "unimported": "there is",
}


@dataclass(frozen=True, slots=True)
class Uncalled:
    """Why a target never ran, as far as one more round and the modules that are loaded tell.

    Attributes:
        target: as written.
        cause: None where nothing is known but, perhaps, ``names``. ``comma``: two targets written as one. ``inlined``:
            a comprehension, which is part of the function around it. ``c``: implemented in C, and ``unreachable``
            where it cannot be slowed as such either. ``class``, ``module``: not a function. ``cached``: behind
            ``functools.lru_cache`` or ``cached_property``. ``generator``: a generator or coroutine function of which
            none was started. ``renamed``: its code has another name.
            ``children``: processes were started, and these are not measured; ``unjoined``: none of those that are
            called it. ``idle``: it exists, and was not called.
            ``awaited``: under mode ``await``, it matches no coroutine function that was there.
            Of what is implemented in C ``direct``: nobody called it as an object. ``unloaded``: there is no such file,
            module or library. Of lines ``no_code``, and ``unreached``. Of resumes ``never_resumed``: no generator or
            coroutine, and ``unsuspended``. Of symbols ``unimported``, and ``elsewhere``: imported and not called.
        names: what to write instead, where the cause tells; else what there is with a name like it, the nearest first.
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
            hint += f"; {_ALSO_NAMES[self.cause]} {names}"
        return hint

    def to_json(self) -> dict[str, Any]:
        return {"target": self.target, "cause": self.cause, "names": list(self.names)}

    @classmethod
    def from_json(cls, one: dict[str, Any] | None) -> Self | None:
        return None if one is None else cls(one["target"], one["cause"], tuple(one["names"]))
