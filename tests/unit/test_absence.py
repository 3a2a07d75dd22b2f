"""Entries that were not measured: each test's fate tells whether it is missed."""

import pytest

from pytest_speedbump.lockfile.absence import find_absent
from pytest_speedbump.plugin.collected import Collected

HERE = "a.py::test_it"


@pytest.mark.parametrize(
    ("fate", "passed", "unmeasured", "tests", "files", "existing"),
    [
        ("gone", [], [], [], [], []),
        ("gone", [], [], [], ["a.py"], ["a.py"]),
        ("gone", [], [], ["a.py::other"], ["a.py"], ["a.py"]),
        ("dropped", [HERE], [], [HERE], ["a.py"], ["a.py"]),
        ("unmeasured", [HERE], [HERE], [HERE], ["a.py"], ["a.py"]),
        ("unmeasured", [], [HERE], [HERE], ["a.py"], ["a.py"]),
        # Deselected, skipped, failed by itself, or not reached.
        ("left_out", [], [], [HERE], ["a.py"], ["a.py"]),
        # Not collected: other files were named, or its own file did not import.
        ("left_out", [], [], [], [], ["a.py"]),
        ("left_out", [], [], ["b.py::test_it"], ["b.py"], ["a.py", "b.py"]),
        # Only some of its tests were looked at, as with a.py::other on the command line.
        ("left_out", [], [], ["a.py::other"], [], ["a.py"]),
        # Collected from a file that a plugin made up.
        ("left_out", [], [], [HERE], ["a.py"], []),
    ],
)
def test_fate(
    fate: str, passed: list[str], unmeasured: list[str], tests: list[str], files: list[str], existing: list[str]
) -> None:
    key = (HERE, ("pkg.f",), "spin", 2000.0, 0.0, 1)
    absent = find_absent(
        [key],
        passed=passed,
        unmeasured=unmeasured,
        tests=tests,
        files=files,
        existing_files=existing,
    )
    found = {kind: getattr(absent, kind) for kind in ("gone", "dropped", "unmeasured", "left_out")}
    assert found == {kind: [key] if kind == fate else [] for kind in found}


def test_collected_crosses_processes() -> None:
    collected = Collected({"a.py::x", "a.py::y"}, {"a.py", "b.py"})
    assert Collected.from_json(collected.to_json()) == collected


def test_collected_adds_up() -> None:
    collected = Collected({"a.py::x"}, set())
    collected.update(Collected({"a.py::y"}, {"a.py"}))
    assert collected == Collected({"a.py::x", "a.py::y"}, {"a.py"})
