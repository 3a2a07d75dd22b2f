"""What is to be run, and how often."""

import random
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

from benchmarks.slack.systems import SYSTEMS, TARGET, Device
from benchmarks.slack.tool import declare, search
from benchmarks.truth.hog import Condition
from benchmarks.truth.jobs import Job, Records

__all__ = ["FULL", "SMOKE", "Extent", "jobs"]

SHARES = (0.9, 1.1)  # of the true slack, that are declared
CONDITIONS: tuple[Condition, ...] = ("quiet", "hog")


@dataclass(frozen=True, slots=True)
class Extent:
    """Searches of the first system, and of each other one; verdicts on each share; ``limit_ns`` of each."""

    first: int
    other: int
    declared: int
    limit_ns: float


FULL = Extent(first=100, other=20, declared=50, limit_ns=10e9)
SMOKE = Extent(first=1, other=1, declared=1, limit_ns=1e9)


def jobs(extent: Extent, only: str, runs: int | None = None) -> list[Job]:
    """Those whose name matches the glob ``only``; ``runs`` of each, whatever the extent says."""
    chosen = [job for job in _jobs(extent) if fnmatchcase(job.name, only)]
    return chosen if runs is None else [replace(job, count=runs) for job in chosen]


def _jobs(extent: Extent) -> Iterator[Job]:
    for condition in CONDITIONS:
        for index, system in enumerate(SYSTEMS):
            count = extent.other if index else extent.first
            yield Job(f"found/{system.name}", condition, count, partial(_search, system, extent.limit_ns))
        for share in SHARES:
            yield Job(
                f"declared/{share:g}", condition, extent.declared, partial(_declare, SYSTEMS[0], share, extent.limit_ns)
            )


def _search(system: Device, limit_ns: float, seed: int) -> Records:
    hosts = array("d")
    found = search(partial(system.step, random.Random(seed), hosts), TARGET, limit_ns, seed)
    return [{"kind": "found", "system": system.name, "true_ns": system.slack_beside_ns(hosts), **found}]


def _declare(system: Device, share: float, limit_ns: float, seed: int) -> Records:
    at_least_ns = share * system.slack_ns()
    answer = declare(partial(system.step, random.Random(seed)), TARGET, at_least_ns, limit_ns, seed)
    return [{"kind": "declared", "system": system.name, "share": share, **answer}]
