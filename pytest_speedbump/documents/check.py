"""Documents against the schema that describes them, as far as reports depend on it: what is there, and of which type.

What one property says about another is not looked at, and what a later version has added is let through.
"""

import json
import operator
import re
import reprlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["faults"]

HUGE = 1e100  # no number of a run comes near it, and reports may multiply

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,), "null": (type(None),),
    "number": (int, float), "integer": (int, float),
}  # fmt: skip
_LIMITS: dict[str, Callable[[float, float], bool]] = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
}


def faults(content: object) -> Iterator[str]:
    """Each says in which place ``content`` is no result document, as ``results[3].drop.low is 'x'``; lazily."""
    return _faults(content, _schema(), "the document")


@cache
def _schema() -> Mapping[str, Any]:
    text = files("pytest_speedbump").joinpath("schema/result-1.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _faults(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = _schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    if not _is_typed(value, schema) or not _is_allowed(value, schema):
        yield f"{where} is {reprlib.repr(value)}"
        return
    if isinstance(value, dict):
        yield from (f"{where} has no {name}" for name in schema.get("required", ()) if name not in value)
        known = schema.get("properties", {})
        start = "" if where == "the document" else f"{where}."
        for name in known.keys() & value.keys():
            yield from _faults(value[name], known[name], f"{start}{name}")
    elif isinstance(value, list) and "items" in schema:
        for index, one in enumerate(value):
            yield from _faults(one, schema["items"], f"{where}[{index}]")
    if "anyOf" in schema:
        yield from _faults_of_all(value, schema["anyOf"], where)


def _faults_of_all(value: Any, schemas: list[Any], where: str) -> Iterator[str]:
    """Nothing if one of ``schemas`` is kept, else what is wrong with ``value`` by that which it comes nearest to."""
    found = [list(_faults(value, one, where)) for one in schemas]
    if all(found):
        yield from min(found, key=lambda faults: (faults[0].startswith(f"{where} is "), len(faults)))


def _is_typed(value: Any, schema: Mapping[str, Any]) -> bool:
    named = schema.get("type", [])
    return not named or any(_is_of(value, name) for name in ([named] if isinstance(named, str) else named))


def _is_of(value: Any, name: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return isinstance(value, _TYPES[name]) and not (isinstance(value, bool) and name != "boolean")
    whole = isinstance(value, int) or value.is_integer()
    return -HUGE < value < HUGE and (name == "number" or (name == "integer" and whole))


def _is_allowed(value: Any, schema: Mapping[str, Any]) -> bool:
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, str):
        return re.search(schema.get("pattern", ""), value) is not None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return all(keeps(value, schema[name]) for name, keeps in _LIMITS.items() if name in schema)
    return True
