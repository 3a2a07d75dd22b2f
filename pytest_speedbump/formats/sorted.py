"""Results by what they ask of a reader: those that failed, those in doubt, and all others."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from pytest_speedbump.report.notes import concerns
from pytest_speedbump.result import Result

__all__ = ["Sorted"]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Those that failed, or are in doubt, the worst first; the others in their order.

    Attributes:
        doubtful: nobody knows, or it failed if that were not only said.
    """

    failed: tuple[Result, ...]
    doubtful: tuple[Result, ...]
    others: tuple[Result, ...]

    @classmethod
    def of(cls, results: Iterable[Result]) -> Self:
        results = tuple(results)
        failed = [one for one in results if one.outcome == "failed"]
        doubtful = [one for one in results if _is_doubtful(one)]
        others = tuple(one for one in results if one.outcome != "failed" and not _is_doubtful(one))
        return cls(tuple(sorted(failed, key=_weight)), tuple(sorted(doubtful, key=_weight)), others)


def _is_doubtful(result: Result) -> bool:
    if result.outcome == "passed":
        return result.verdict in ("inconclusive", "void") and concerns(result)
    return result.outcome == "warned"


def _weight(result: Result) -> float:
    """How far it is on the wrong side of what was declared; first of all what is not known to be on any."""
    declared = result.bump.declared
    known = result.known_transmission if declared is not None and declared.kind == "slack" else result.known_drop
    return -math.inf if known is None else -abs(known - (declared.limit if declared else 0.0))
