"""One promise: what was promised, and how a document tells whether it holds."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.documents import Document

__all__ = ["Finding", "Promise", "Reading"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``text`` is for people; ``values`` are the numbers in it, for programs."""

    text: str
    holds: bool
    values: dict[str, float]


type Reading = Callable[[Document], Finding | None]
"""None: the document does not speak of it."""


@dataclass(frozen=True, slots=True)
class Promise:
    """``source``: the benchmarks that measure it. ``place``: where in their document it stands."""

    what: str
    wanted: str
    source: str
    place: str
    read: Reading
