"""The lockfile itself: read, checked and replaced."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pytest_speedbump.errors import InputError
from pytest_speedbump.files import write_json
from pytest_speedbump.lockfile.entry import Entry, Key, from_json, name_of, to_json

__all__ = ["SCHEMA", "parse", "read", "write"]

SCHEMA = "pytest-speedbump-lock/1"

# What git and others write around the two sides of a conflict.
_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7}|={7})(?: .*)?$", re.MULTILINE)


def read(path: Path) -> dict[Key, Entry]:
    """The entries of a lockfile.

    Raises:
        InputError: no such file, or as of :func:`parse`.
    """
    name = f"lockfile {str(path)!r}"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; write it first, with --speedbump-save") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}; mend that") from None
    return parse(data, name, "delete it and write it anew with --speedbump-save")


def parse(data: bytes, name: str, again: str) -> dict[Key, Entry]:
    """The entries of a lockfile that holds ``data``.

    Args:
        name: what sentences call it.
        again: what to do where it cannot be mended.

    Raises:
        InputError: not ours; of another schema; broken, truncated, edited by hand or half merged.
    """
    text = ""
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
        content = json.loads(text)
    except (ValueError, RecursionError):
        conflict = _CONFLICT.search(text)
        if conflict is not None:
            line = text.count("\n", 0, conflict.start()) + 1
            raise InputError(
                f"{name} holds an unresolved merge: line {line} is {conflict[0]!r}; resolve it, "
                "or take one side and run --speedbump-save"
            ) from None
        raise InputError(f"{name} is broken or cut off: it is not JSON; restore it, or {again}") from None
    if not isinstance(content, dict) or "schema" not in content:
        raise InputError(f"{name} is no lockfile of pytest-speedbump: it has no schema; {again}")
    if str(content["schema"]).startswith("pytest-speedbump/"):
        raise InputError(
            f"{name} is a result document, which says what a run found and not what was accepted; "
            "name the file of --speedbump-save"
        )
    if content["schema"] != SCHEMA:
        raise InputError(f"{name} has the schema {content['schema']!r}, and this version reads {SCHEMA!r}; {again}")
    try:
        entries = [from_json(one) for one in content["entries"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{name} was edited by hand or is broken: {error}; restore it, or {again}") from None
    twice = [key for key, n in Counter(entry.key for entry in entries).items() if n > 1]
    if twice:
        raise InputError(
            f"{name} holds an entry twice, as a merge that kept both sides leaves it: {name_of(twice[0])}; "
            "remove one of the two, or take one side and run --speedbump-save"
        )
    return {entry.key: entry for entry in entries}


def write(path: Path, entries: Mapping[Key, Entry]) -> None:
    """Writes the file as a whole; entries sorted, so that the same entries give the same bytes."""
    write_json(path, {"schema": SCHEMA, "entries": [to_json(entries[key]) for key in sorted(entries)]})
