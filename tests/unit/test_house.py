"""Code flows one way: each room imports what it may, and nothing runs in a circle."""

import ast
from pathlib import Path

import pytest
from house import FOLDER, floors, read

GROUND = {"errors", "core", "units", "files", "display"}
NOUNS = GROUND | {"targets", "bump", "remarks", "counts", "uncalled", "result", "ranking", "program"}
MAY_IMPORT = {
    "errors": set[str](),
    "core": {"errors"},
    "units": {"errors"},
    "files": {"errors"},
    "display": set[str](),
    "targets": {"core", "counts", "errors", "files"},
    "bump": {"errors", "targets", "units"},
    "remarks": {"units"},
    "counts": set[str](),
    "uncalled": set[str](),
    "result": {"bump", "counts", "display", "remarks", "targets", "uncalled"},
    "ranking": {"bump", "counts", "display", "remarks", "result", "targets"},
    "program": {"bump", "counts", "result"},
    "slowing": NOUNS,
    "experiment": NOUNS | {"slowing"},
    "inference": set[str](),
    "trials": NOUNS | {"slowing", "experiment", "inference"},
    "lockfile": NOUNS,
    "documents": NOUNS,
    "report": NOUNS | {"inference", "lockfile"},
    "page": NOUNS | {"documents", "inference", "report"},
    "formats": NOUNS | {"documents", "inference", "report"},
    "notebook": NOUNS | {"experiment", "report", "trials"},
    "runner": NOUNS
    | {"slowing", "experiment", "inference", "trials", "lockfile", "documents", "report", "page", "formats"},
    "plugin": NOUNS
    | {"slowing", "experiment", "inference", "trials", "lockfile", "runner"}
    | {"documents", "report", "page", "formats"},
}


def test_rooms_import_what_they_may() -> None:
    arrows = read(FOLDER)
    assert set(arrows) <= set(MAY_IMPORT), "a new room: say what it may import"
    assert {room: arrows[room] - MAY_IMPORT[room] for room in arrows} == {room: set() for room in arrows}


def test_no_circles() -> None:
    assert floors(read(FOLDER))[-1] == ["plugin"]


def test_a_circle_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from pytest_speedbump.b import f")
    (tmp_path / "b.py").write_text("def f():\n    import pytest_speedbump.a")
    with pytest.raises(ValueError, match="a, b run in a circle"):
        floors(read(tmp_path))


@pytest.mark.parametrize(
    ("imported", "by"),
    [
        ("_core", {"core", "slowing", "targets", "runner"}),
        ("pytest", {"plugin", "report"}),
        ("pytest_benchmark", {"plugin"}),
    ],
)
def test_who_knows(imported: str, by: set[str]) -> None:
    """Who talks to the C core, to pytest and to pytest-benchmark."""
    knows = {
        path.relative_to(FOLDER).parts[0].removesuffix(".py")
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if imported in (alias.name, getattr(node, "module", None), str(getattr(node, "module", "")).split(".")[-1])
    }
    assert knows == by
