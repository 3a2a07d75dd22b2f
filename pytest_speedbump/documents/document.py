"""The result document: what a run leaves behind, and what all reports are made of."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from pytest_speedbump import __version__
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.result import Result

__all__ = ["SCHEMA", "Document", "environment"]

SCHEMA = "pytest-speedbump/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One run, or several that were merged.

    Attributes:
        environment: where the results come from, as :func:`environment` has it.
        seed, error_rate: of pytest; None in the document of a program without an experiment.
        family: all verdicts that share the error rate; None where nobody knows them.
        commit: of the working tree that was measured, in hexadecimal digits; None where there is none.
        run: names the run of CI, of which this may be a part; None where no CI told.
        unmeasured: by node id, why tests that ran were not measured.
        program: what the document of a program says of that, as it stands there; empty otherwise.
    """

    environment: Mapping[str, Any]
    seed: int | None = None
    error_rate: float | None = None
    family: Mapping[str, Any] | None = None
    commit: str | None = None
    run: str | None = None
    results: tuple[Result, ...] = ()
    scans: tuple[Ranking, ...] = ()
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    program: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The whole document, as in the reference of its JSON Schema."""
        return {
            "schema": SCHEMA,
            "seed": self.seed,
            "error_rate": self.error_rate,
            "family": self.family,
            "commit": self.commit,
            "run": self.run,
            "environment": dict(self.environment),
            "results": [result.to_json() for result in self.results],
            "scans": [ranking.to_json() for ranking in self.scans],
            "unmeasured": dict(self.unmeasured),
            **self.program,
        }

    @classmethod
    def from_json(cls, one: dict[str, Any]) -> Self:
        """What :meth:`to_json` wrote, also of an earlier version; all but the compiled patterns.

        Raises KeyError, TypeError, ValueError or AttributeError where it did not.
        """
        return cls(
            environment=dict(one["environment"]),
            results=tuple(map(Result.from_json, one.get("results", ()))),
            scans=tuple(map(Ranking.from_json, one.get("scans", ()))),
            unmeasured=dict(one.get("unmeasured", {})),
            program={key: value for key, value in one.items() if key in _OF_A_PROGRAM},
            **{name: one.get(name) for name in ("seed", "error_rate", "family", "commit", "run")},
        )


_OF_A_PROGRAM = ("program", "mode", "delay_ns", "every", "after_ns", "for_ns", "targets", "matched", "latency")


def environment(clock: str | None) -> dict[str, Any]:
    """Where the results come from; what must agree before two documents may be compared in absolute times.

    ``clock``: the name of the C core's; None where there is no core.
    """
    gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return {
        "python": platform.python_version(),
        "gil": True if gil_enabled is None else gil_enabled(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "clock": clock,
        "version": __version__,
    }
