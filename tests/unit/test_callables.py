"""Callables of C by name: what patterns find, under which name, and what is refused in which words."""

import _json
import collections
import functools
import heapq
import operator
import struct
import sys
import sysconfig
import types
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rpds

from pytest_speedbump import _core
from pytest_speedbump.errors import InputError
from pytest_speedbump.slowing.callables import find_callables, refusals


def find(*texts: str) -> list[tuple[str, str, Any, int]]:
    return find_callables(_core.Patterns(texts))


def names(*texts: str) -> set[str]:
    return {f"{module}.{qualname}".removeprefix(".") for module, qualname, _, _ in find(*texts)}


@pytest.fixture
def module() -> Iterator[types.ModuleType]:
    """A module named ``made_up``, loaded."""
    made = types.ModuleType("made_up")
    sys.modules["made_up"] = made
    yield made
    del sys.modules["made_up"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("c:zlib.crc32", ("zlib", "crc32", zlib.crc32)),
        ("c:zlib:crc32", ("zlib", "crc32", zlib.crc32)),
        ("c:abs", ("", "abs", abs)),
        ("c:builtins.abs", ("builtins", "abs", abs)),
        ("c:str.join", ("", "str.join", str.join)),
        ("c:dict.fromkeys", ("", "dict.fromkeys", vars(dict)["fromkeys"])),
        ("c:str.maketrans", ("", "str.maketrans", str.maketrans)),
        ("c:collections.deque", ("collections", "deque", collections.deque)),
        ("c:collections.deque.append", ("collections", "deque.append", collections.deque.append)),
        ("c:_json.Scanner.__call__", ("_json", "Scanner.__call__", vars(_json.make_scanner)["__call__"])),
        (
            "c:json.scanner.c_make_scanner.__call__",
            ("json.scanner", "c_make_scanner.__call__", vars(_json.make_scanner)["__call__"]),
        ),
        ("c:heapq.heappush", ("heapq", "heappush", heapq.heappush)),
        ("c:xml.parsers.expat.ParserCreate", None),
        ("c:rpds.HashTrieMap.get", ("rpds", "HashTrieMap.get", rpds.HashTrieMap.get)),
        ("c:*.crc32", ("zlib", "crc32", zlib.crc32)),
        ("c:zlib:crc3?", ("zlib", "crc32", zlib.crc32)),
    ],
)
def test_a_name_finds_its_callable(text: str, found: tuple[str, str, object] | None) -> None:
    (one,) = [each for each in find(text) if text != "c:*.crc32" or each[0] == "zlib"]
    assert one[3] == 0
    if found is not None:
        assert one[:3] == found


def test_what_is_found_matches_its_pattern() -> None:
    texts = ["c:zlib.*", "c:str.*", "c:collections.*", "!c:collections.deque.*", "c:heapq.*", "c:_json.*"]
    patterns = _core.Patterns(texts)
    found = find_callables(patterns)
    assert all(patterns.match(module, qualname, "", "c") == index for module, qualname, _, index in found)
    places = [_core.place_of(thing) for _, _, thing, _ in found]
    assert len(set(places)) == len(places)
    assert {type(place) for place in places} == {int}


def test_a_glob_takes_what_its_modules_define(module: types.ModuleType) -> None:
    """And what an accelerator defines for them; not what they import."""
    assert {"heapq.heappush", "heapq.heappop"} <= names("c:heapq.*")
    assert {"struct.pack", "struct.Struct"} <= names("c:struct.*")
    assert "zlib.crc32" in names("c:z*")
    module.crc32 = zlib.crc32  # type: ignore[attr-defined]
    module.get = operator.itemgetter(0)  # type: ignore[attr-defined]
    assert names("c:made_up.*") == {"made_up.get"}
    assert names("c:made_up.crc32") == {"made_up.crc32"}


def test_the_best_name_of_a_place(module: types.ModuleType) -> None:
    module.crc32 = module.crc = zlib.crc32  # type: ignore[attr-defined]
    assert names("c:made_up.crc32", "c:zlib.crc3?") == {"zlib.crc32"}
    assert names("c:made_up.crc32", "c:made_up.crc") == {"made_up.crc"}


def test_exclusions(module: types.ModuleType) -> None:
    """By whatever name something is found, its own name excludes it."""
    module.crc32 = zlib.crc32  # type: ignore[attr-defined]
    assert names("c:made_up.crc32", "!c:zlib.crc32") == set()
    assert names("c:abs", "!c:abs") == set()
    assert "abs" not in {name.removeprefix("builtins.") for name in names("c:*", "!c:abs")}
    assert names("c:zlib.crc32", "!c:*", "c:zlib.adler32") == {"zlib.adler32"}
    assert names("!c:zlib.*", "c:zlib.crc32") == {"zlib.crc32"}


def test_other_kinds_are_left_alone() -> None:
    assert find("zlib.crc32", "native:*:crc32", "resume:*") == []


def test_what_measures_is_never_found() -> None:
    assert not [name for name in names("c:*") if name.startswith(("pytest_speedbump", "pytest_benchmark"))]


def test_a_plain_name_imports_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "made_up_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "inner.py").write_text("from zlib import crc32\n")
    (folder / "broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert names("c:made_up_package.inner.crc32") == {"made_up_package.inner.crc32"}
    assert names("c:made_up_package.inner:crc32") == {"made_up_package.inner.crc32"}
    (refusal,) = refusals(["c:made_up_package.broken.crc32"])
    assert "'made_up_package.broken', whose import fails (ZeroDivisionError" in str(refusal)


SPECIALISES = sys.version_info >= (3, 14) or not sysconfig.get_config_var("Py_GIL_DISABLED")
INLINED = {"len": "len(x)", "builtins.len": "len(x)", "list.append": "as a statement", "isinstance": "isinstance(x, y)"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *(INLINED.items() if SPECIALISES else ()),
        ("__import__", "import statement"),
        ("object.__getstate__", "known to CPython by its pointer"),
        ("time.perf_counter", "the clock that rounds are timed with"),
        ("json.loads", "write it without 'c:'"),
        ("collections.Counter", "name its '__init__'"),
        ("enum.Enum", "name its '__init__'"),
        ("int.__add__", "a slot of the type"),
        ("dict.__new__", "name the type itself"),
        ("functools.partial.__call__", "a pointer of its own"),
        ("functools.cached_property", "class of Python"),
        ("fnmatch._compile_pattern", "name that function, without 'c:'"),
        ("sys.version", "cannot be called"),
        ("zlib", "is a module; put '.*' behind it"),
        ("zlib.crc31", "did you mean 'zlib.crc32'?"),
        ("zlib:crc31", "did you mean 'zlib.crc32'?"),
        ("str.joint", "did you mean 'builtins.str.join'?"),
        ("zlip.crc32", "there is no 'zlip'"),
        ("pytest_speedbump._core.now_ns", "never slowed"),
    ],
)
def test_what_cannot_be_slowed_is_refused_by_name(name: str, words: str) -> None:
    (refusal,) = refusals([f"c:{name}", "c:abs"])
    assert (refusal.target, refusal.plain) == (f"c:{name}", True)
    assert words in refusal.reason
    with pytest.raises(InputError, match=f"^target 'c:{name}': "):
        find(f"c:{name}")


def test_a_glob_tells_what_it_cannot_slow() -> None:
    told = {refusal.name: refusal for refusal in refusals(["c:__im*", "c:time.*"])}
    assert {"__import__", "time.perf_counter", "time.perf_counter_ns"} <= set(told)
    assert not any(refusal.plain for refusal in told.values())
    assert "time.sleep" in names("c:time.*")


def test_no_code_of_what_is_found_runs(module: types.ModuleType) -> None:
    class Meta(type):
        def __getattribute__(cls, name: str) -> object:
            raise AssertionError(name)

    class Odd(metaclass=Meta):
        method = zlib.crc32

    class Partial(functools.partial):  # type: ignore[type-arg]
        def __getattribute__(self, name: str) -> object:
            raise AssertionError(name)

    module.odd, module.Odd, module.partial = object(), Odd, Partial(abs)  # type: ignore[attr-defined]
    assert names("c:made_up.*") <= {"made_up.partial"}
    assert struct.calcsize("i") == 4


def test_a_type_that_was_never_made_ready() -> None:
    """As that of an extension module may be: it has no dictionary, nor has that of this one before CPython 3.13."""
    pytest.importorskip("_testbuffer", reason="this Python was built without CPython's own test modules")
    assert "_testbuffer.py_buffer_to_contiguous" in names("c:_testbuffer.*")
