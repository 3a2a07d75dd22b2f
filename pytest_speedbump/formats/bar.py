"""An interval of a drop as a bar of text, on an axis that several share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from pytest_speedbump.result import Result

__all__ = ["Axis"]

ENDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
CELLS = 12


@dataclass(frozen=True, slots=True)
class Axis:
    """From 0 to ``end``; what lies beyond is drawn at the edge."""

    end: float

    @classmethod
    def of(cls, results: Iterable[Result]) -> Self:
        """That on which most of them differ: nine tenths of the drops are within it."""
        drops = sorted(float(one.known_drop) for one in results if one.known_drop is not None)
        most = drops[len(drops) * 9 // 10] if drops else 0.0
        return cls(next((end for end in ENDS if most <= end), ENDS[-1]))

    def __str__(self) -> str:
        return f"0\N{EN DASH}{self.end * 100:g} %"

    def bar(self, result: Result) -> str:
        """``··━━●━·┊····``: interval, estimate and, where there is one, limit."""
        drop, declared = result.known_drop, result.bump.declared
        if drop is None:
            return ""
        cells = ["·"] * CELLS
        if declared is not None and declared.kind != "slack" and declared.limit <= self.end:
            cells[self._cell(declared.limit)] = "┊"
        low, high = (float(drop) if end is None else end for end in (drop.low, drop.high))
        for cell in range(self._cell(low), self._cell(high) + 1):
            cells[cell] = "━"
        cells[self._cell(drop)] = "●"
        return "".join(cells)

    def _cell(self, share: float) -> int:
        return int(max(0.0, min(share / self.end, 1.0)) * (CELLS - 1) + 0.5)
