"""The rooms of the house, read from its imports: ``python tests/house.py [package folder]`` prints them.

A room is a module or a package right under ``pytest_speedbump``; ``__init__`` is the sign at the door, not a room.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "pytest_speedbump"
FOLDER = Path(__file__).parent.parent / PACKAGE

type Arrows = dict[str, set[str]]


def read(folder: Path) -> Arrows:
    """For each room the rooms that it imports, at whatever depth of its code."""
    arrows: Arrows = {}
    for path in sorted(folder.rglob("*.py")):
        room = path.relative_to(folder).parts[0].removesuffix(".py")
        if room in ("__init__", "__main__"):
            continue
        imported = arrows.setdefault(room, set())
        for module in _imported(ast.parse(path.read_text(encoding="utf-8"))):
            first, *rest = module.split(".")
            if first == PACKAGE and rest:
                imported.add(rest[0])
    for room, imported in arrows.items():
        imported -= {room, "__version__", "_core"}
    return arrows


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            base = f"{PACKAGE}.{node.module}" if node.level else node.module
            # `from package import room` names the room last, `from package.room import thing` in the middle.
            yield from (f"{base}.{alias.name}" for alias in node.names)


def floors(arrows: Arrows) -> list[list[str]]:
    """The rooms by floor: each imports from floors below it alone. ValueError where imports run in a circle."""
    left, below, built = dict(arrows), set[str](), []
    while left:
        floor = sorted(room for room, imported in left.items() if imported <= below)
        if not floor:
            raise ValueError(f"the imports of {', '.join(sorted(left))} run in a circle")
        built.append(floor)
        below.update(floor)
        left = {room: imported for room, imported in left.items() if room not in below}
    return built


def main() -> None:
    arrows = read(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    built = floors(arrows)
    for number, floor in enumerate(built):
        for room in floor:
            print(number, room, "<-", ", ".join(sorted(arrows[room])) or "nothing of ours")
    print(f"{len(arrows)} rooms on {len(built)} floors, {sum(map(len, arrows.values()))} arrows")


if __name__ == "__main__":
    main()
