"""What is to be run, and how often."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial

from benchmarks.reach.costs import cost, deliver_afresh
from benchmarks.reach.kinds import KINDS, Kind
from benchmarks.reach.systems import SYSTEMS
from benchmarks.truth.delays import Delay
from benchmarks.truth.jobs import Job, Records
from benchmarks.truth.systems import System
from benchmarks.truth.trials import Try, measure
from pytest_speedbump.units import format_time

__all__ = ["FULL", "SMOKE", "Extent", "jobs"]


@dataclass(frozen=True, slots=True)
class Extent:
    """How often everything is measured, deliveries in so many processes; ``seconds`` for a figure, ``verdict_ns`` for a
    verdict."""

    times: int
    processes: int
    seconds: float
    verdict_ns: float


FULL = Extent(times=3, processes=9, seconds=0.8, verdict_ns=6e9)
SMOKE = Extent(times=1, processes=1, seconds=0.05, verdict_ns=0.5e9)


def jobs(extent: Extent, only: str) -> list[Job]:
    """Those whose name matches the glob ``only``."""
    return [job for job in _jobs(extent) if fnmatchcase(job.name, only)]


def _jobs(extent: Extent) -> Iterator[Job]:
    for kind in KINDS:
        yield Job(f"cost/{kind.name}", "quiet", extent.times, partial(_cost, kind, extent.seconds))
        for delay_ns in kind.delays_ns:
            name, run = (
                f"delivered/{kind.name}/{format_time(delay_ns)}",
                partial(_deliver, kind, delay_ns, extent.seconds),
            )
            yield Job(name, "quiet", extent.processes, run)
    for system in SYSTEMS:
        for delay_ns in system.doses:
            delay = Delay.exactly(delay_ns)
            name, run = f"known/{system.name}/{delay}", partial(_known, system, delay, extent.verdict_ns)
            yield Job(name, "quiet", extent.times, run)


def _cost(kind: Kind, seconds: float, seed: int) -> Records:
    return [{"kind": "cost", **cost(kind, seconds).to_json()}]


def _deliver(kind: Kind, delay_ns: float, seconds: float, seed: int) -> Records:
    return [{"kind": "delivered", **deliver_afresh(kind, delay_ns, seconds).to_json()}]


def _known(system: type[System], delay: Delay, limit_ns: float, seed: int) -> Records:
    return [{"kind": "known", **measure(Try(system, delay, None, limit_ns, seed))}]
