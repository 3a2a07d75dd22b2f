"""The matrix: what is run, by name. Names are what results are matched by, so they never change their meaning."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from benchmarks.backends import BACKENDS, unable

__all__ = ["SCENARIOS", "PipelineScenario", "PytestScenario", "Scenario", "select"]

STAGES = (1, 4)
PAYLOADS = {"64B": 64, "4KiB": 4096}
DELAYS = {"0ns": 0.0, "2us": 2000.0}


@dataclass(frozen=True, slots=True)
class PipelineScenario:
    """The worker's pipeline; ``payload`` in bytes."""

    name: str
    backend: str
    stages: int
    payload: int
    delay_ns: float


@dataclass(frozen=True, slots=True)
class PytestScenario:
    """A whole pytest run over the suite beside this file. ``plain``: without the plugin; ``inert``: nothing asked."""

    name: str
    state: Literal["plain", "inert", "armed", "slowed"]


type Scenario = PipelineScenario | PytestScenario


def _matrix() -> Iterator[Scenario]:
    for stages in STAGES:
        for payload, size in PAYLOADS.items():
            for backend in BACKENDS:
                for delay, delay_ns in DELAYS.items():
                    if delay_ns and unable(backend, "delay"):
                        continue
                    name = f"pipeline/{backend}/stages={stages}/payload={payload}/delay={delay}"
                    yield PipelineScenario(name, backend, stages, size, delay_ns)
    for state in ("plain", "inert", "armed", "slowed"):
        yield PytestScenario(f"pytest/{state}", state)


SCENARIOS = tuple(_matrix())


def select(pattern: str) -> list[Scenario]:
    """The scenarios whose name matches the glob; ValueError where none does."""
    chosen = [scenario for scenario in SCENARIOS if fnmatchcase(scenario.name, pattern)]
    if not chosen:
        raise ValueError(f"no scenario matches {pattern!r}; a name looks like {SCENARIOS[0].name!r}")
    return chosen
