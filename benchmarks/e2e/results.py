"""The result file of a run: times in seconds, by name of the scenario."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from benchmarks.documents import load, read
from benchmarks.exits import Exit, ExitError
from benchmarks.origin import Origin

__all__ = ["SCHEMA", "Results", "read_export"]

SCHEMA = "pytest-speedbump-e2e-result/2"


@dataclass(frozen=True, slots=True)
class Results:
    """``times``: of every run, by name. ``hyperfine``: its version."""

    origin: Origin
    hyperfine: str
    times: dict[str, list[float]]
    skipped: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "origin": self.origin.to_json(),
            "hyperfine": self.hyperfine,
            "results": [
                {"name": name, "median": median(times), "min": min(times), "max": max(times), "times": times}
                for name, times in self.times.items()
            ],
            "skipped": [{"name": name, "reason": reason} for name, reason in self.skipped.items()],
        }

    def differences(self, now: "Results") -> list[str]:
        """Why times of the two may not be compared; empty if they may. What was measured, `_core`, may differ."""
        found = self.origin.differences(now.origin)
        if self.hyperfine != now.hyperfine:
            found.append(f"hyperfine: {self.hyperfine}, now {now.hyperfine}")
        return found

    @classmethod
    def read(cls, path: Path) -> Self:
        """ExitError for a file that cannot be read, or is none of ours."""
        document = read(path, SCHEMA)
        try:
            return cls(
                origin=Origin.from_json(document["origin"]),
                hyperfine=document["hyperfine"],
                times={result["name"]: _times(result["times"]) for result in document["results"]},
                skipped={skip["name"]: skip["reason"] for skip in document["skipped"]},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ExitError(Exit.BAD_INPUT, f"{path} is a broken result file: {error!r}; measure again") from None


def read_export(path: Path, commands: Mapping[str, object]) -> dict[str, list[float]]:
    """The times in hyperfine's JSON, matched by name; ExitError unless it has each command once, and no other."""
    document = load(path)
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
