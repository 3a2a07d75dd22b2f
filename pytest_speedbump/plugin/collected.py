"""What collection found, before anything was deselected: what is not there does not exist."""

from dataclasses import dataclass, field
from typing import Self

__all__ = ["Collected"]


@dataclass(frozen=True, slots=True)
class Collected:
    """Node ids. A file is among ``files`` if all that is in it was looked at, be it nothing."""

    tests: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def update(self, other: "Collected") -> None:
        self.tests.update(other.tests)
        self.files.update(other.files)

    def to_json(self) -> dict[str, list[str]]:
        """In primitives: it may have to cross to another process."""
        return {"tests": sorted(self.tests), "files": sorted(self.files)}

    @classmethod
    def from_json(cls, one: dict[str, list[str]]) -> Self:
        return cls(set(one["tests"]), set(one["files"]))
