"""Parts of a text that may only have so many bytes: what weighs least gives way, in whole rows, and is counted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Part", "fit"]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows between a head and a foot, without which there is neither.

    Attributes:
        left_out: a line for the rows without room, in which ``{n}`` is their number.
        weight: a part gives way before all that weigh more.
    """

    rows: Sequence[str]
    left_out: str
    weight: int
    head: str = ""
    foot: str = ""

    def text(self, shown: int) -> str:
        """With so many of its rows."""
        left = len(self.rows) - shown
        some = f"{self.head}{''.join(self.rows[:shown])}{self.foot}" if shown else ""
        return some + (self._line(left) if left else "")

    @property
    def least(self) -> int:
        """Bytes without a row."""
        return _size(self._line(len(self.rows))) if self.rows else 0

    def _line(self, left: int) -> str:
        return f"\n{self.left_out.format(n=left)}\n"


def fit(first: str, parts: Sequence[Part], last: str, most_bytes: int) -> str:
    """``first``, then the ``parts`` in their order, then ``last``: at most so many bytes of UTF-8.

    ``first``, ``last`` and what is said of rows that are left out are always there.
    """
    room = most_bytes - _size(first) - _size(last) - sum(part.least for part in parts)
    shown = {}
    for index, part in sorted(enumerate(parts), key=lambda pair: -pair[1].weight):
        room_here = room - _size(part.head) - _size(part.foot)
        shown[index] = _count(map(_size, part.rows), room_here)
        room -= _size(part.text(shown[index])) if shown[index] else 0
    return first + "".join(part.text(shown[index]) for index, part in enumerate(parts)) + last


def _count(sizes: Iterable[int], room: int) -> int:
    """How many of them, from the first on, there is room for."""
    number = 0
    for size in sizes:
        room -= size
        if room < 0:
            break
        number += 1
    return number


def _size(text: str) -> int:
    return len(text.encode())
