"""The family: all verdicts that share one error rate, whichever part of them a run asks for."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from pytest_speedbump.bump import Bump

__all__ = ["Family"]


@dataclass(frozen=True, slots=True)
class Family:
    """Runs of one family are parts of a whole: each takes its share of the error rate, and all together no more.

    Attributes:
        verdicts: how many may fail.
        digest: 16 hexadecimal digits, the same where the same questions are planned, in whatever order. Those that
            cannot fail are among them, so that a shard is missed which asks no others.
    """

    verdicts: int
    digest: str

    @classmethod
    def of(cls, plan: Mapping[str, Iterable[Bump]], *, locks: bool, scans: Mapping[str, str] | None = None) -> Self:
        """Of the declarations of ``plan`` and, where a lockfile may fail a bump as well, of all comparisons.

        ``scans``: what each test that is scanned is asked.
        """
        members = sorted(_members(plan, locks=locks))
        asked = sorted(_questions(plan, scans or {}))
        digest = hashlib.sha256(json.dumps([members, asked]).encode()).hexdigest()[:16]
        return cls(len(members), digest)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def _members(plan: Mapping[str, Iterable[Bump]], *, locks: bool) -> Iterator[tuple[str, ...]]:
    for test, bumps in plan.items():
        for bump in bumps:
            if bump.declared is not None:
                yield test, str(bump), bump.declared.kind, repr(bump.declared.limit)
            if locks:
                yield test, str(bump), "compared"


def _questions(plan: Mapping[str, Iterable[Bump]], scans: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from ((test, str(bump)) for test, bumps in plan.items() for bump in bumps)
    yield from scans.items()
