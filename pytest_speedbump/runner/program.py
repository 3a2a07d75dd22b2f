"""What all processes of a program have counted, read from their ledgers."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pytest_speedbump.counts import CodeCounts, Counts, Site, Snapshot, TargetCounts
from pytest_speedbump.program import Process, ProgramCounts
from pytest_speedbump.slowing.book import Book
from pytest_speedbump.slowing.folder import Folder
from pytest_speedbump.targets import Targets

__all__ = ["read_program"]

_TARGETS = 1  # the mask of list 0


def read_program(folder: Folder, targets: Targets) -> ProgramCounts:
    """The sums of all ledgers, by site. Exact once the processes have ended, and of one moment each before.

    Args:
        targets: those of the folder's list 0.

    Raises:
        OSError: the folder is gone.
    """
    sums: dict[tuple[object, ...], tuple[Site, Counts]] = {}
    called, lost = Counter[int](), Counter[int]()  # by process: one that has called exec has a ledger more
    for ledger in folder.ledgers():
        for lists, site, numbers in Book(ledger).sites():
            counts = Counts(*numbers)
            if lists & _TARGETS and counts.calls:
                before = sums[site.key][1] if site.key in sums else Counts()
                sums[site.key] = site, before + counts
                called[ledger.pid] += int(counts.calls)
        lost[ledger.pid] += ledger.lost
    processes = [Process(pid, called[pid], lost[pid], _is_in(pid, folder.path)) for pid in sorted(lost)]
    return ProgramCounts(_snapshot(sums.values(), targets), tuple(processes))


def _snapshot(sums: Iterable[tuple[Site, Counts]], targets: Targets) -> Snapshot:
    patterns = targets.compile()
    matched = []
    for site, counts in sums:
        pattern = patterns.match(site.module, site.qualname, site.path, site.kind, site.line)
        matched.append(CodeCounts(**_fields(counts), site=site, target=targets.origins[pattern]))
    matched.sort(key=lambda one: (-one.calls, one.name))
    totals = []
    for index, name in targets.chosen:
        total = sum((Counts(**_fields(one)) for one in matched if one.target == index), Counts())
        totals.append(TargetCounts(**_fields(total), name=name))
    return Snapshot(tuple(totals), tuple(matched))


def _fields(counts: Counts) -> dict[str, float]:
    return {
        "calls": int(counts.calls),
        "requested_ns": counts.requested_ns,
        "delivered_ns": counts.delivered_ns,
        "late_ns": counts.late_ns,
        "waited_ns": counts.waited_ns,
    }


def _is_in(pid: int, folder: str) -> bool:
    """Whether the process is there and has a file of the folder mapped: its number may be another one's by now."""
    try:
        return os.fsencode(folder) in Path(f"/proc/{pid}/maps").read_bytes()
    except OSError:
        return False
