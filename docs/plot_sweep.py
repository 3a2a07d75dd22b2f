"""Draws a sweep: the drop over the delay, one line a target, with its intervals.

    python docs/plot_sweep.py sweep.json sweep.svg

``sweep.json`` is what ``--speedbump-json`` wrote. Needs nothing but Python.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 32, 24, 56
STEPS = (1, 2, 5, 10, 20)  # between two lines of the grid, in percent
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # told apart by the colour-blind too
GREY = "#808080"  # seen on a light page and on a dark one


@dataclass(frozen=True)
class Point:
    """Delay in us; drop and its ends in percent."""

    delay: float
    drop: float
    low: float
    high: float


def read(path: Path) -> dict[str, list[Point]]:
    """The points of each target, by delay; results without a whole interval are left out."""
    lines: defaultdict[str, list[Point]] = defaultdict(list)
    for result in json.loads(path.read_text(encoding="utf-8"))["results"]:
        drop = result["drop"]
        if drop is None or drop["low"] is None or drop["high"] is None:
            continue
        share = (100 * drop[name] for name in ("estimate", "low", "high"))
        lines[", ".join(result["targets"])].append(Point(result["delay_ns"] / 1e3, *share))
    return {name: sorted(points, key=lambda point: point.delay) for name, points in lines.items()}


def draw(lines: Mapping[str, Sequence[Point]]) -> Iterator[str]:
    """The SVG, element by element."""
    points = [point for line in lines.values() for point in line]
    last_delay = max(point.delay for point in points)
    least, most = min(0.0, *(point.low for point in points)), max(point.high for point in points)

    def x(delay: float) -> float:
        return LEFT + delay / last_delay * (WIDTH - LEFT - RIGHT)

    def y(drop: float) -> float:
        return TOP + (most - drop) / (most - least) * (HEIGHT - TOP - BOTTOM)

    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'font-family="sans-serif" font-size="12" fill="{GREY}">'
    )
    step = next(step for step in STEPS if most <= 8 * step)
    for drop in range(0, int(most) + 1, step):
        yield f'<path d="M{LEFT} {y(drop):.1f}H{WIDTH - RIGHT}" stroke="{GREY}" stroke-opacity=".3"/>'
        yield f'<text x="{LEFT - 8}" y="{y(drop) + 4:.1f}" text-anchor="end">{drop} %</text>'
    for delay in sorted({point.delay for point in points}):
        yield f'<text x="{x(delay):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{delay:g} us</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">delay of each call</text>'
    yield f'<text transform="translate(14 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">drop</text>'
    for index, (name, line) in enumerate(lines.items()):
        colour = COLOURS[index % len(COLOURS)]
        path = "L".join(f"{x(point.delay):.1f} {y(point.drop):.1f}" for point in line)
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for point in line:
            yield f'<circle cx="{x(point.delay):.1f}" cy="{y(point.drop):.1f}" r="3" fill="{colour}"/>'
            yield f'<path d="M{x(point.delay):.1f} {y(point.low):.1f}V{y(point.high):.1f}" stroke="{colour}"/>'
        yield f'<text x="{LEFT + 12}" y="{TOP + 16 * (index + 1)}" fill="{colour}">{escape(name)}</text>'
    yield "</svg>"


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: python plot_sweep.py RESULT.json PLOT.svg", file=sys.stderr)
        return 2
    lines = read(Path(sys.argv[1]))
    if not lines:
        print(f"{sys.argv[1]}: no result with an interval to draw", file=sys.stderr)
        return 1
    Path(sys.argv[2]).write_text("\n".join(draw(lines)) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
