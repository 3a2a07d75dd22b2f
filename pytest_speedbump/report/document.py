"""The result document: ``--speedbump-json``."""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_speedbump import __version__, _core
from pytest_speedbump.result import Result

__all__ = ["SCHEMA", "document", "replace_file"]

SCHEMA = "pytest-speedbump/1"


def document(results: Sequence[Result], seed: int, error_rate: float) -> dict[str, Any]:
    """The whole document, as in the reference of its JSON Schema."""
    return {
        "schema": SCHEMA,
        "seed": seed,
        "error_rate": error_rate,
        "environment": environment(),
        "results": [result.to_json() for result in results],
    }


def environment() -> dict[str, Any]:
    """Where the results come from; what must agree before two documents may be compared in absolute times."""
    gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return {
        "python": platform.python_version(),
        "gil": True if gil_enabled is None else gil_enabled(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "clock": _core.clock().name,
        "version": __version__,
    }


def replace_file(path: Path, content: dict[str, Any]) -> None:
    """Writes ``content`` as JSON so that ``path`` holds either its old text or the new one, whatever happens."""
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)  # mkstemp's own mode is for secrets
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
