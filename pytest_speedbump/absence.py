"""Entries of a lockfile that this run did not measure: which were left out, and which guard nothing any more."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pytest_speedbump.lockfile import Key

__all__ = ["Absent", "find_absent"]


@dataclass(frozen=True, slots=True)
class Absent:
    """Keys by what became of them.

    Attributes:
        gone: the test exists no more: renamed or removed.
        dropped: the test ran and did not ask the question any more.
        left_out: the test was not selected, was skipped, or the run stopped before it. No reproach.
    """

    gone: tuple[Key, ...]
    dropped: tuple[Key, ...]
    left_out: tuple[Key, ...]


def find_absent(
    keys: Iterable[Key],
    *,
    ran: Collection[str],
    collected: Collection[str],
    complete: bool,
    existing_files: Collection[str],
) -> Absent:
    """Sorts the keys that were not measured.

    Args:
        ran: node ids of tests that ran to their end.
        collected: node ids that were selected to run.
        complete: whether no test of a collected file was deselected. Where some may have been, no test counts as gone
            whose file exists.
        existing_files: of the files that the keys' node ids begin with, those that exist.
    """
    collected_files = {_file(nodeid) for nodeid in collected}
    gone, dropped, left_out = [], [], []
    for key in keys:
        nodeid = key[0]
        if nodeid in ran:
            dropped.append(key)
        elif nodeid not in collected and (
            _file(nodeid) not in existing_files or (complete and _file(nodeid) in collected_files)
        ):
            gone.append(key)
        else:
            left_out.append(key)
    return Absent(tuple(gone), tuple(dropped), tuple(left_out))


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]
