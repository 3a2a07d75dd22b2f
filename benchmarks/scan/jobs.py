"""What is to be run, and how often."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial

from benchmarks.scan.door import Scan
from benchmarks.scan.packages import PACKAGES, Package
from benchmarks.scan.removals import REMOVALS, Removal, predict_and_remove
from benchmarks.scan.scans import scan_hidden, scan_known, scan_package, single_measurements
from benchmarks.scan.shares import own_shares
from benchmarks.scan.systems import SYSTEMS, Known
from benchmarks.truth.hog import Condition
from benchmarks.truth.jobs import Job, Records

__all__ = ["CONDITIONS", "FULL", "SMOKE", "Extent", "jobs"]

CONDITIONS: tuple[Condition, ...] = ("quiet", "hog")


@dataclass(frozen=True, slots=True)
class Extent:
    """How often each kind of job is run under each condition, and how long one may take.

    Attributes:
        packages: scans of each; ``shares``: looks of ``share_s`` at what their functions take.
        known: scans of each system whose forms hold.
        hidden: jobs of ``batch`` scans each, of systems in which nothing is critical.
        singles: functions that are measured by themselves, too, ``single_ns`` at most each.
        removals: of each cost, for ``remove_ns``.
    """

    packages: dict[Condition, int]
    shares: int
    share_s: float
    known: dict[Condition, int]
    hidden: dict[Condition, int]
    batch: int
    singles: int
    single_ns: float
    removals: int
    remove_ns: float
    package_time: str
    known_time: str
    hidden_time: str


FULL = Extent(
    packages={"quiet": 3, "hog": 3},
    shares=5,
    share_s=30.0,
    known={"quiet": 2, "hog": 1},
    hidden={"quiet": 20, "hog": 5},
    batch=10,
    singles=5,
    single_ns=10e9,
    removals=3,
    remove_ns=2e9,
    package_time="60s",
    known_time="45s",
    hidden_time="0.8s",
)
SMOKE = Extent(
    packages={"quiet": 1, "hog": 1},
    shares=1,
    share_s=2.0,
    known={"quiet": 1, "hog": 0},
    hidden={"quiet": 1, "hog": 0},
    batch=2,
    singles=1,
    single_ns=1e9,
    removals=1,
    remove_ns=0.2e9,
    package_time="3s",
    known_time="3s",
    hidden_time="0.5s",
)


def jobs(extent: Extent, conditions: tuple[Condition, ...], only: str, scan: Scan) -> list[Job]:
    """Those whose name matches the glob ``only``."""
    made = [job for condition in conditions for job in _jobs(extent, condition, scan)]
    return [job for job in made if job.count and fnmatchcase(job.name, only)]


def _jobs(extent: Extent, condition: Condition, scan: Scan) -> Iterator[Job]:
    for package in PACKAGES:
        run = partial(_package, package, scan, extent.package_time)
        yield Job(f"package/{package.name}", condition, extent.packages[condition], run)
    for system in SYSTEMS:
        if condition in system.conditions:
            known = partial(_known, system, scan, extent.known_time)
            yield Job(f"known/{system.name}", condition, extent.known[condition], known)
    hidden = partial(_hidden, scan, extent.hidden_time, extent.batch)
    yield Job("hidden", condition, extent.hidden[condition], hidden)
    if condition == "quiet":
        for package in PACKAGES:
            yield Job(f"shares/{package.name}", condition, extent.shares, partial(_shares, package, extent.share_s))
        singles = partial(_singles, PACKAGES[0], scan, extent)
        yield Job(f"singles/{PACKAGES[0].name}", condition, 1, singles)
        for removal in REMOVALS:
            remove = partial(_removal, removal, scan, extent)
            yield Job(f"gain/{removal.name}", condition, extent.removals, remove)


def _package(package: Package, scan: Scan, max_time: str, seed: int) -> Records:
    return [{"kind": "package", **scan_package(package, scan, max_time, seed)}]


def _known(system: type[Known], scan: Scan, max_time: str, seed: int) -> Records:
    return [{"kind": "known", **scan_known(system, scan, max_time, seed)}]


def _hidden(scan: Scan, max_time: str, scans: int, seed: int) -> Records:
    return [{"kind": "hidden", **one} for one in scan_hidden(scan, max_time, scans, seed)]


def _shares(package: Package, seconds: float, seed: int) -> Records:
    return [{"kind": "shares", **own_shares(package, seconds)}]


def _singles(package: Package, scan: Scan, extent: Extent, seed: int) -> Records:
    found = single_measurements(package, scan, extent.package_time, extent.singles, extent.single_ns, seed)
    return [{"kind": "singles", **found}]


def _removal(removal: Removal, scan: Scan, extent: Extent, seed: int) -> Records:
    return [{"kind": "gain", **predict_and_remove(removal, scan, extent.known_time, extent.remove_ns, seed)}]
