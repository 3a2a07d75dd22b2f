"""Labels beside points: where each has room, so that none hides a point, another one, or leaves the picture."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pytest_speedbump.page.svg import Box

__all__ = ["Anchor", "Placed", "place"]

NEAR = 9.0  # from a point to its label, in pixels
RINGS = (0.0, 12.0, 26.0, 42.0)  # further away, with a leader


class Anchor(NamedTuple):
    """A point, and the size of its label."""

    x: float
    y: float
    width: float
    height: float


class Placed(NamedTuple):
    """A label: where it is, and where a leader from its point ends; None where it stands beside it."""

    box: Box
    leader: tuple[float, float] | None


def place(anchors: Sequence[Anchor], points: Sequence[Box], lines: Sequence[Box], bounds: Box) -> list[Placed | None]:
    """Greedily, in the order given; None where there is no room.

    Args:
        points: that no label may hide.
        lines: that a label should not lie upon, and does only where there is no other room for it.
    """
    taken = list(points)
    placed: list[Placed | None] = []
    for anchor in anchors:
        free = [one for one in _candidates(anchor) if bounds.holds(one.box) and not any(map(one.box.meets, taken))]
        clear = next((one for one in free if not any(map(one.box.meets, lines))), None)
        found = clear or next(iter(free), None)
        if found is not None:
            taken.append(found.box)
        placed.append(found)
    return placed


def _candidates(anchor: Anchor) -> Iterator[Placed]:
    """Right and left first, where the eye looks for it, then around, and then further away."""
    x, y, width, height = anchor
    for ring in RINGS:
        for angle in (0, 180, 45, -45, 135, -135, 90, -90, 20, -20, 160, -160, 68, -68, 112, -112):
            across, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            distance = NEAR + ring
            centre_x = x + across * distance + (width / 2) * _sign(across)
            centre_y = y - up * (distance + (height / 2 if abs(up) > 0.9 else 0.0))
            box = Box(centre_x - width / 2, centre_y - height / 2, centre_x + width / 2, centre_y + height / 2)
            end = min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
            yield Placed(box, end if ring else None)


def _sign(across: float) -> float:
    return 0.0 if abs(across) < 0.1 else math.copysign(1.0, across)
