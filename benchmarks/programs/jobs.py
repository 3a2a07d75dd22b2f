"""What is to be run, and how often."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial

from benchmarks.programs import costs
from benchmarks.programs.cases import CASES, Case
from benchmarks.programs.tool import ask
from benchmarks.truth.hog import Condition
from benchmarks.truth.jobs import Job, Records

__all__ = ["FULL", "SMOKE", "Extent", "jobs"]

BUDGET = 0.02
SAME = "serial"
CONDITIONS: tuple[Condition, ...] = ("quiet", "hog")


@dataclass(frozen=True, slots=True)
class Extent:
    """How often everything is measured: answers ``known`` of each program, verdicts where nothing is slowed ``same``
    under each condition; in processes, ``starts``; ``limit_ns`` of an experiment."""

    known: int
    same: int
    starts: int
    costs: int
    limit_ns: float


FULL = Extent(known=5, same=100, starts=200, costs=3, limit_ns=20e9)
SMOKE = Extent(known=1, same=1, starts=5, costs=1, limit_ns=3e9)


def jobs(extent: Extent, only: str) -> list[Job]:
    """Those whose name matches the glob ``only``."""
    return [job for job in _jobs(extent) if fnmatchcase(job.name, only)]


def _jobs(extent: Extent) -> Iterator[Job]:
    for case in CASES:
        yield Job(f"known/{case.program}", "quiet", extent.known, partial(_known, case, extent.limit_ns))
    for condition in CONDITIONS:
        yield Job(f"same/{condition}", condition, extent.same, partial(_same, extent.limit_ns))
    yield Job("cost/start", "quiet", extent.costs, lambda _: [{"kind": "start", **costs.start_up(extent.starts)}])
    yield Job("cost/join", "quiet", extent.costs, lambda seed: [{"kind": "join", **costs.joining(extent.starts, seed)}])
    yield Job("cost/switch", "quiet", extent.costs, lambda _: [{"kind": "switch", **costs.switching(extent.starts)}])


def _known(case: Case, limit_ns: float, seed: int) -> Records:
    truth = {"true_drop": case.true_drop, "true_transmission": case.true_transmission, "absorbs": case.absorbs}
    answer = ask(case.program, case.delay_ns, case.mode, None, limit_ns, seed)
    return [{"kind": "known", "program": case.program, **truth, **answer}]


def _same(limit_ns: float, seed: int) -> Records:
    return [{"kind": "same", "program": SAME, **ask(SAME, 0.0, "spin", BUDGET, limit_ns, seed)}]
