"""Why a target never ran, in a sentence."""

from pytest_speedbump.result import Cause, Uncalled

__all__ = ["hint_text"]

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
    "idle": "{target} exists, and was not called when the benchmark was repeated",
}
_ALSO_NAMES: tuple[Cause | None, ...] = ("children", None)  # the rest is certain, and needs no guess beside it


def hint_text(uncalled: Uncalled) -> str:
    """The end of a sentence that has said that the target never ran; empty where there is nothing to add."""
    names = ", ".join(uncalled.names)
    hint = ""
    if uncalled.cause is not None:
        hint = "; " + _SENTENCES[uncalled.cause].format(target=uncalled.target, names=names)
    if names and uncalled.cause in _ALSO_NAMES:
        hint += f"; what did run has names like {names}"
    return hint
