"""What collection found before anything was deselected, so that a test that is not among it does not exist."""

from collections.abc import Iterable
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
        family: all verdicts that were planned for ``tests``; None where nothing was planned.
        items: of ``tests``, until they are planned.
    """

    tests: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    markers: dict[str, str] = field(default_factory=dict)
    deselected: bool = False
    family: Family | None = None
    items: list[pytest.Item] = field(default_factory=list)

    def note_markers(self, test: str, names: Iterable[str]) -> None:
        for name in names:
            self.markers.setdefault(name, test)

    def update(self, other: "Collected") -> None:
        """Adds what a worker of pytest-xdist collected."""
        self.tests.update(other.tests)
        self.files.update(other.files)
        self.deselected |= other.deselected
        self.family = self.family or other.family  # all workers collect the same

    def to_json(self) -> dict[str, Any]:
        """In primitives, for the controller of pytest-xdist: what is known when the run is over."""
        return {
            "tests": sorted(self.tests),
            "files": sorted(self.files),
            "deselected": self.deselected,
            "family": self.family.to_json() if self.family else None,
        }

    @classmethod
    def from_json(cls, one: dict[str, Any]) -> Self:
        family = Family(**one["family"]) if one["family"] else None
        return cls(set(one["tests"]), set(one["files"]), deselected=one["deselected"], family=family)
