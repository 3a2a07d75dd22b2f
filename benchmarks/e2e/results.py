"""The result file of a run: times in seconds, by name of the scenario."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from benchmarks.e2e.exits import Exit, ExitError
from benchmarks.e2e.profile import Profile

__all__ = ["SCHEMA", "Results", "read_export"]

SCHEMA = "pytest-speedbump-e2e-result/1"


@dataclass(frozen=True, slots=True)
class Results:
    """``times``: of every run, by name. ``core`` and ``version`` say what was measured, and may differ between files;
    no core: it could not be imported."""

    profile: Profile
    core: str | None
    version: str
    times: dict[str, list[float]]
    skipped: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "profile": asdict(self.profile),
            "core": self.core,
            "version": self.version,
            "results": [
                {"name": name, "median": median(times), "min": min(times), "max": max(times), "times": times}
                for name, times in self.times.items()
            ],
            "skipped": [{"name": name, "reason": reason} for name, reason in self.skipped.items()],
        }

    @classmethod
    def read(cls, path: Path) -> Self:
        """ExitError for a file that cannot be read, or is none of ours."""
        document = _load(path)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            found = document.get("schema") if isinstance(document, dict) else type(document).__name__
            raise ExitError(Exit.BAD_INPUT, f"{path} is no result file: its schema is {found!r}, not {SCHEMA!r}")
        try:
            return cls(
                profile=Profile(**document["profile"]),
                core=document["core"],
                version=document["version"],
                times={result["name"]: _times(result["times"]) for result in document["results"]},
                skipped={skip["name"]: skip["reason"] for skip in document["skipped"]},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ExitError(Exit.BAD_INPUT, f"{path} is a broken result file: {error!r}; measure again") from None


def read_export(path: Path, commands: Mapping[str, object]) -> dict[str, list[float]]:
    """The times in hyperfine's JSON, matched by name; ExitError unless it has each command once, and no other."""
    document = _load(path)
    try:
        found = [(result["command"], _times(result["times"])) for result in document["results"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ExitError(Exit.BAD_INPUT, f"hyperfine's export is not as expected: {error!r}; use version 1.15") from None
    times = dict(found)
    if len(times) < len(found) or times.keys() != commands.keys():
        odd = sorted(times.keys() ^ commands.keys()) or "a name twice"
        raise ExitError(Exit.BAD_INPUT, f"hyperfine's export does not hold what it was asked for: {odd}")
    return {name: times[name] for name in commands}


def _times(value: Any) -> list[float]:
    times = [float(time) for time in value]
    if not times or not all(0 < time < float("inf") for time in times):
        raise ValueError(f"times {value!r}")
    return times


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExitError(Exit.BAD_INPUT, f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ExitError(Exit.BAD_INPUT, f"{path} is not JSON: {error}") from None
