"""The result document: what a run leaves behind, and what all reports are made of."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pytest_speedbump import __version__
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.result import Result

__all__ = ["SCHEMA", "Document", "Fate", "environment"]

SCHEMA = "pytest-speedbump/1"

Fate = Literal["measured", "xfailed", "unmeasured", "passed", "skipped", "failed", "deselected", "not run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One run, or several that were merged.

    Attributes:
        environment: where the results come from, as :func:`environment` has it.
        seed, error_rate: of pytest; None in the document of a program without an experiment.
        family: all verdicts that share the error rate; None where nobody knows them.
        commit, folder: as :class:`pytest_speedbump.documents.provenance.Commit` has them; None where there is none.
        run, attempt: as :class:`pytest_speedbump.documents.provenance.CiRun` has them; None where no CI told.
        options: those that decide what fails, as the schema has them; None where an earlier version wrote the document.
        tests: what became here of each test of the family, by node id, in the order of collection:

            * ``measured``, and ``xfailed`` if it was expected to fail;
            * ``unmeasured``: it ran, and something kept it from measuring, which ``unmeasured`` names;
            * ``passed``, ``skipped`` or ``failed`` by itself, without measuring;
            * ``deselected`` by pytest itself, as by ``-k``;
            * ``not run``: left to another shard, or the run was stopped before it.

            None as well.
        failures: why the run fails as a whole, though every bump may have passed; a sentence each.
        program: what the document of a program says of that, as it stands there; empty otherwise.
    """

    environment: Mapping[str, Any]
    seed: int | None = None
    error_rate: float | None = None
    family: Mapping[str, Any] | None = None
    commit: str | None = None
    folder: str | None = None
    run: str | None = None
    attempt: int | None = None
    options: Mapping[str, Any] | None = None
    tests: Mapping[str, Fate] | None = None
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    results: tuple[Result, ...] = ()
    scans: tuple[Ranking, ...] = ()
    program: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The whole document, as in the reference of its JSON Schema."""
        return {
            "schema": SCHEMA,
            "seed": self.seed,
            "error_rate": self.error_rate,
            "family": self.family,
            "commit": self.commit,
            "folder": self.folder,
            "run": self.run,
            "attempt": self.attempt,
            "options": self.options,
            "environment": dict(self.environment),
            "failures": list(self.failures),
            "results": [result.to_json() for result in self.results],
            "scans": [ranking.to_json() for ranking in self.scans],
            "tests": self.tests,
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
            program={key: value for key, value in one.items() if key in _OF_A_PROGRAM},
            unmeasured={test: str(why) for test, why in one.get("unmeasured", {}).items()},
            failures=tuple(one.get("failures", ())),
            **{name: one.get(name) for name in _PLAIN_FIELDS},
        )


_PLAIN_FIELDS = ("seed", "error_rate", "family", "commit", "folder", "run", "attempt", "options", "tests")
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
