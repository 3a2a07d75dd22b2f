"""Result documents from files."""

import json
from pathlib import Path
from typing import Any, NoReturn

from pytest_speedbump.documents.check import faults
from pytest_speedbump.documents.document import SCHEMA, Document
from pytest_speedbump.errors import InputError

__all__ = ["read"]

STDIN = Path("/dev/stdin")
_MEND = "name the file of --speedbump-json"


def read(path: Path) -> Document:
    """The document in ``path``, which may be a pipe; of ``-``, that on standard input.

    Raises:
        InputError: no such file; no result document; of another schema; broken or cut off.
    """
    name = f"document {str(path)!r}"
    try:
        # Some programs begin a file with a byte order mark.
        text = (STDIN if str(path) == "-" else path).read_text(encoding="utf-8-sig")
        content: Any = json.loads(text, parse_constant=_refuse)
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; write it with --speedbump-json") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}; {_MEND}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{name} is broken or cut off: it is not JSON; measure again") from None
    if not isinstance(content, dict) or "schema" not in content:
        if isinstance(content, dict) and "machine_info" in content and "benchmarks" in content:
            raise InputError(f"{name} was written by --benchmark-json, for pytest-benchmark; {_MEND}")
        raise InputError(f"{name} is none of pytest-speedbump: it has no schema; {_MEND}")
    if str(content["schema"]).startswith("pytest-speedbump-lock/"):
        raise InputError(f"{name} is a lockfile, which says what was accepted and not what a run found; {_MEND}")
    if content["schema"] != SCHEMA:
        raise InputError(
            f"{name} has the schema {content['schema']!r}, and this version reads {SCHEMA!r}; "
            "read it with the version that wrote it"
        )
    fault = next(faults(content), None)
    if fault is not None:
        raise InputError(f"{name} is broken, or of a later version: {fault}; measure again")
    return Document.from_json(content)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
