"""What collection found before anything was deselected, so that a test that is not among it does not exist."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from pytest_speedbump.plugin.family import Family

__all__ = ["Collected"]


@dataclass(slots=True)
class Collected:
    """Tests, files and markers.

    Attributes:
        tests: node ids.
        files: node ids of the files whose contents were looked at as a whole, be they empty.
        markers: names that are ours or a slip for one, each with the first test that is marked so.
        deselected: whether some of the tests are not to run.
        left_out: node ids of those that pytest itself deselected, because the user said so: ``-k``, ``-m``, ``--lf``...
        family: all verdicts that were planned for ``tests``; None where nothing was planned.
        planned: node ids of all tests that anything was planned for, whether they are to run or not, in their order.
        elsewhere: node ids of those that a plugin left out, as one does that shares tests out among machines.
        items: of ``tests``, until they are planned.
    """

    tests: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    markers: dict[str, str] = field(default_factory=dict)
    deselected: bool = False
    left_out: set[str] = field(default_factory=set)
    family: Family | None = None
    planned: list[str] = field(default_factory=list)
    elsewhere: set[str] = field(default_factory=set)
    items: list[pytest.Item] = field(default_factory=list)

    def note_markers(self, test: str, names: Iterable[str]) -> None:
        for name in names:
            self.markers.setdefault(name, test)

    def plan(self, family: Family, planned: Iterable[str], selected: Container[str]) -> None:
        """Notes the ``family``, whose questions are those of the tests ``planned``."""
        self.family, self.planned = family, list(planned)
        self.elsewhere = {test for test in self.tests - self.left_out if test not in selected}

    @property
    def is_shard(self) -> bool:
        """Whether something planned was left to others."""
        return not self.elsewhere.isdisjoint(self.planned)

    def update(self, other: "Collected") -> None:
        """Adds what a worker of pytest-xdist collected."""
        self.tests.update(other.tests)
        self.files.update(other.files)
        self.deselected |= other.deselected
        if self.family is None:  # all workers collect the same
            self.left_out, self.family = other.left_out, other.family
            self.planned, self.elsewhere = other.planned, other.elsewhere

    def to_json(self) -> dict[str, Any]:
        """In primitives, for the controller of pytest-xdist: what is known when the run is over."""
        return {
            "tests": sorted(self.tests),
            "files": sorted(self.files),
            "deselected": self.deselected,
            "left_out": sorted(self.left_out),
            "family": self.family.to_json() if self.family else None,
            "planned": self.planned,
            "elsewhere": sorted(self.elsewhere),
        }

    @classmethod
    def from_json(cls, one: dict[str, Any]) -> Self:
        family = Family(**one["family"]) if one["family"] else None
        return cls(
            set(one["tests"]),
            set(one["files"]),
            deselected=one["deselected"],
            left_out=set(one["left_out"]),
            family=family,
            planned=one["planned"],
            elsewhere=set(one["elsewhere"]),
        )
