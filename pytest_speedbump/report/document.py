"""The result document: ``--speedbump-json``."""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_speedbump import __version__
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.result import Result

__all__ = ["SCHEMA", "document", "environment"]

SCHEMA = "pytest-speedbump/1"


def document(
    results: Sequence[Result],
    seed: int,
    error_rate: float,
    family: Mapping[str, Any] | None,
    clock: str,
    scans: Sequence[Ranking] = (),
) -> dict[str, Any]:
    """The whole document, as in the reference of its JSON Schema. ``clock``: the name of the C core's."""
    return {
        "schema": SCHEMA,
        "seed": seed,
        "error_rate": error_rate,
        "family": family,
        "environment": environment(clock),
        "results": [result.to_json() for result in results],
        "scans": [ranking.to_json() for ranking in scans],
    }


def environment(clock: str) -> dict[str, Any]:
    """Where the results come from; what must agree before two documents may be compared in absolute times."""
    gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return {
        "python": platform.python_version(),
        "gil": True if gil_enabled is None else gil_enabled(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "clock": clock,
        "version": __version__,
    }
