"""Entries of a lockfile that this run did not measure: which were left out, and which guard nothing any more. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pytest_speedbump.lockfile.entry import Key

__all__ = ["Absent", "file_of", "find_absent"]


@dataclass(frozen=True, slots=True)
class Absent:
    """Keys by what became of them.

    Attributes:
        gone: the test exists no more: renamed or removed.
        dropped: the test passed and did not ask the question any more.
        unmeasured: the test ran, and was kept from measuring.
        left_out: the test was not selected, was skipped, failed by itself, or the run stopped before it; this says
            nothing about the entry.
    """

    gone: list[Key]
    dropped: list[Key]
    unmeasured: list[Key]
    left_out: list[Key]


def find_absent(
    keys: Iterable[Key],
    *,
    passed: Collection[str],
    unmeasured: Collection[str],
    tests: Collection[str],
    files: Collection[str],
    existing_files: Collection[str],
) -> Absent:
    """Sorts the keys that were not measured.

    Args:
        passed, unmeasured: node ids.
        tests: node ids of all that exist, as far as collection looked.
        files: those in which collection looked at everything.
        existing_files: of the files that the keys' node ids begin with, those that exist.
    """
    absent = Absent([], [], [], [])
    for key in keys:
        test, file = key[0], file_of(key)
        if test in unmeasured:
            kind = absent.unmeasured
        elif test in passed:
            kind = absent.dropped
        elif test not in tests and (file not in existing_files or file in files):
            kind = absent.gone
        else:
            kind = absent.left_out
        kind.append(key)
    return absent


def file_of(key: Key) -> str:
    """The file of the key's test, relative to the root directory."""
    return key[0].partition("::")[0]
