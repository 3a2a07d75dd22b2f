"""Which functions that match were never called?"""

import sys
import zlib  # noqa: F401 - globs are of the modules that are loaded
from types import ModuleType

import pytest

from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.bystanders import bystanders

SOURCE = """
import functools

def called(): ...
def idle(): ...

class Thing:
    def method(self): ...
    @property
    def value(self): ...
    @functools.cache
    def cached(self): ...

def excluded(): ...
key = lambda: 0
"""


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("bystanding")
    exec(SOURCE, vars(made))
    monkeypatch.setitem(sys.modules, "bystanding", made)
    return made


def test_what_lives_matches_and_was_not_called(module: ModuleType) -> None:
    targets = parse_targets(["bystanding.*", "!bystanding.excluded"])
    assert bystanders(targets, {"bystanding.called", "other.idle"}) == [
        "bystanding.<lambda>",
        "bystanding.Thing.cached",
        "bystanding.Thing.method",
        "bystanding.Thing.value",
        "bystanding.idle",
    ]


def test_globals_without_a_name_are_no_obstacle() -> None:
    nameless: dict[str, object] = {"__name__": 3}
    exec("def f(): ...", nameless)
    assert bystanders(parse_targets(["nowhere.*"]), ()) == []


def test_callables_of_c_come_after_functions(module: ModuleType) -> None:
    """A glob of them may match hundreds, which must not hide the functions of one's own."""
    targets = parse_targets(["c:zlib.*32", "bystanding.*d"])
    assert bystanders(targets, {"c:zlib.crc32"}) == [
        "bystanding.Thing.cached",
        "bystanding.Thing.method",
        "bystanding.called",
        "bystanding.excluded",
        "c:zlib.adler32",
    ]


def test_of_what_is_no_python_function_nobody_knows(module: ModuleType) -> None:
    targets = parse_targets(["bystanding:3-9", "resume:bystanding.*", "native:bystanding*:*"])
    assert bystanders(targets, ()) == []
    assert len(bystanders(parse_targets([*targets.names, "bystanding.idle"]), ())) == 1
