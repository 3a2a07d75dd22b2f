"""Result documents from files."""

import json
from pathlib import Path
from typing import Any

from pytest_speedbump.documents.document import SCHEMA, Document
from pytest_speedbump.errors import InputError

__all__ = ["read"]


def read(path: Path) -> Document:
    """The document in ``path``.

    Raises:
        InputError: no such file; no result document; of another schema; broken or cut off.
    """
    name = f"document {str(path)!r}"
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{name} does not exist; write it with --speedbump-json") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}; name the file of --speedbump-json") from None
    except (ValueError, RecursionError):
        raise InputError(f"{name} is broken or cut off: it is not JSON; measure again") from None
    if not isinstance(content, dict) or "schema" not in content:
        raise InputError(f"{name} is none of pytest-speedbump: it has no schema; name the file of --speedbump-json")
    if content["schema"] != SCHEMA:
        raise InputError(
            f"{name} has the schema {content['schema']!r}, and this version reads {SCHEMA!r}; "
            "read it with the version that wrote it"
        )
    try:
        return Document.from_json(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{name} is broken: {type(error).__name__} about {error}; measure again") from None
