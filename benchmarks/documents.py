"""The JSON documents that the benchmarks write, and read again."""

import json
import os
from pathlib import Path
from typing import Any

from benchmarks.exits import Exit, ExitError

__all__ = ["Document", "check_output", "load", "read", "schema_of", "write"]

type Document = dict[str, Any]


def check_output(path: Path) -> None:
    """Found out now, and not after minutes of measuring: ExitError where nothing can be written to ``path``."""
    if path.is_dir():
        raise ExitError(Exit.BAD_INPUT, f"--output {str(path)!r} is a directory; name a file in it")
    if not os.access(path.parent, os.W_OK):
        raise ExitError(Exit.BAD_INPUT, f"--output {str(path)!r} cannot be written; make its directory first")


def write(path: Path, document: Document) -> None:
    """A file holds either its old text or the new one, whatever happens; a device or a pipe is written to."""
    text = json.dumps(document, indent=1) + "\n"
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def load(path: Path) -> Any:
    """What the JSON file holds; ExitError where it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExitError(Exit.BAD_INPUT, f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ExitError(Exit.BAD_INPUT, f"{path} is not JSON: {error}") from None


def schema_of(document: Any) -> str:
    """Its ``schema``, or what it is instead of a document."""
    return str(document.get("schema")) if isinstance(document, dict) else type(document).__name__


def read(path: Path, schema: str) -> Document:
    """The document; ExitError where it cannot be read or is another one."""
    document = load(path)
    if not isinstance(document, dict) or document.get("schema") != schema:
        found = schema_of(document)
        raise ExitError(Exit.BAD_INPUT, f"{path} is no result file: its schema is {found!r}, not {schema!r}")
    return document
