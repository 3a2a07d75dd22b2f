"""The result document of a program that was slowed."""

from typing import Any

from pytest_speedbump.documents.document import SCHEMA, environment
from pytest_speedbump.program import ProgramRun

__all__ = ["program_document"]


def program_document(run: ProgramRun, clock: str) -> dict[str, Any]:
    """The whole document, as in the reference of its JSON Schema. ``clock``: the name of the C core's.

    Its environment is that of the interpreter that calls this.
    """
    content: dict[str, Any] = _writable({"schema": SCHEMA, "environment": environment(clock), **run.to_json()})
    return content


def _writable(content: Any) -> Any:
    """With escapes for what is no UTF-8 in the names of files and in arguments."""
    match content:
        case dict():
            return {key: _writable(value) for key, value in content.items()}
        case list():
            return [_writable(value) for value in content]
        case str():
            return content.encode("utf-8", "backslashreplace").decode("utf-8")
    return content
