"""Result documents read back: also those of other versions, and one sentence about all that is none."""

import copy
import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from documents import errors
from hypothesis import given
from hypothesis import strategies as st
from reports import SCAN, SLACK, SOME, a_document, a_result, hostile_document, many, sweep

from pytest_speedbump.documents.check import faults
from pytest_speedbump.documents.document import Document
from pytest_speedbump.documents.read import read
from pytest_speedbump.errors import InputError
from pytest_speedbump.formats.annotations import annotations
from pytest_speedbump.formats.bencher import bencher
from pytest_speedbump.formats.markdown import markdown
from pytest_speedbump.remarks import Remark
from pytest_speedbump.report.sheet import lay_out_rankings, lay_out_results
from pytest_speedbump.result import Machine, Result, Unreached
from pytest_speedbump.uncalled import Uncalled

SCHEMA = json.loads(files("pytest_speedbump").joinpath("schema/result-1.json").read_text())
FULL = replace(
    SOME[0],
    reason=Remark.told("time", "time ran out"),
    machine=Machine(0.1, None, 2.0, 0.5, 3, "unwaited"),
    unreached=(Unreached("c:x", "why"),),
    uncalled=Uncalled("engine.x", "renamed", ("engine.y",)),
    needed_ns=3e9,
    time_share=0.2,
)
EVERYTHING = a_document(FULL, *SOME, SLACK, *sweep(), scans=(SCAN,), commit="0123abc")


def written(document: Document = EVERYTHING) -> Any:
    return json.loads(json.dumps(document.to_json()))


def reports(document: Document) -> str:
    """By all that makes one."""
    lines = [*lay_out_results(document.results, document.seed, 100), *lay_out_rankings(document.scans, 100)]
    return "\n".join(
        [*lines, markdown(document), *annotations(document), json.dumps(bencher(document), allow_nan=False)]
    )


def test_there_and_back(tmp_path: Path) -> None:
    assert errors("result-1", written()) == []
    path = tmp_path / "result.json"
    path.write_text(json.dumps(written()), encoding="utf-8-sig")
    assert read(path).to_json() == written()
    for document in (hostile_document(), many(1500)):
        path.write_text(json.dumps(document.to_json()))
        assert reports(read(path)) == reports(document)


def stripped(value: Any, schema: Any) -> Any:
    """Without a property that the schema does not require, and with a null wherever it allows one."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for one in schema.get("anyOf", ()):
        if one == {"type": "null"}:
            return None
        if "$ref" in one and isinstance(value, dict):
            return stripped(value, one)
    if isinstance(schema.get("type"), list) and "null" in schema["type"]:
        return None
    if isinstance(value, dict) and "properties" in schema:
        required = schema.get("required", ())
        return {name: stripped(one, schema["properties"][name]) for name, one in value.items() if name in required}
    if isinstance(value, list) and "items" in schema:
        return [stripped(one, schema["items"]) for one in value]
    return value


def test_a_document_of_the_least_that_the_schema_requires(tmp_path: Path) -> None:
    of_a_run = SCHEMA["anyOf"][0]["required"]
    least = stripped(written(), SCHEMA | {"anyOf": [], "required": [*SCHEMA["required"], *of_a_run, "scans"]})
    assert set(least["results"][0]) < set(written()["results"][0])
    path = tmp_path / "result.json"
    path.write_text(json.dumps(least))
    found = read(path)
    assert (len(found.results), found.results[0].bump.every, found.results[0].evidence) == (
        len(EVERYTHING.results),
        1,
        None,
    )
    assert [one.rank for one in found.scans[0].functions] == [1, 2, 3, 4, 5]
    assert "failed" in reports(found)


def test_what_a_later_version_adds_is_let_through(tmp_path: Path) -> None:
    def grown(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: grown(one) for name, one in value.items()} | {"added_later": [1]}
        return [grown(one) for one in value] if isinstance(value, list) else value

    path = tmp_path / "result.json"
    path.write_text(json.dumps(grown(written())))
    assert read(path).results == read_back(written()).results


def read_back(content: Any) -> Document:
    assert list(faults(content)) == []
    return Document.from_json(content)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


SMALL = written(a_document(FULL, SLACK, scans=(replace(SCAN, functions=SCAN.functions[:2]),)))
NUMBERS = st.floats(allow_nan=False) | st.integers() | st.sampled_from([1e99, -1e99, 10**400, 5e-324, 1, 1.0, 0, -1])
ANYTHING: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | NUMBERS | st.text(max_size=3) | st.just([]) | st.just({}) | st.just([None])
)


@given(st.lists(st.tuples(st.sampled_from(list(places(SMALL))), ANYTHING), min_size=1, max_size=4))
def test_what_is_read_can_be_reported(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    """Whatever somebody writes into a document: it is refused, or reports can be made of it."""
    content = copy.deepcopy(SMALL)
    for path, value in changes:
        within: Any = content
        for key in path[:-1]:
            try:
                within = within[key]
            except (KeyError, IndexError, TypeError):
                break
        else:
            key = path[-1]
            if isinstance(within, dict) or (isinstance(within, list) and key in range(len(within))):
                within[key] = value  # type: ignore[index]  # a list has been asked for its length
    found = list(faults(content))
    if not found:
        reports(Document.from_json(content))
    assert all(fault.isprintable() and len(fault) < 200 for fault in found)


def test_a_fault_is_named_by_its_place() -> None:
    content = written()
    content["results"][3]["drop"]["low"] = "x"
    content["results"][1]["verdict"] = "fine"
    del content["scans"][0]["functions"][2]["name"]
    content["environment"] = None
    content["seed"] = True
    assert set(faults(content)) == {
        "results[3].drop.low is 'x'",
        "results[1].verdict is 'fine'",
        "scans[0].functions[2] has no name",
        "environment is None",
        "seed is True",
    }
    assert list(faults([])) == ["the document is []"]
    assert next(faults(written() | {"seed": 10**400})).startswith("seed is 1000")
    del content["results"]
    assert "the document has no results" in list(faults(content))


BENCHMARKS: Any = {"machine_info": {}, "benchmarks": [{"extra_info": {"speedbump": []}}]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is broken or cut off: it is not JSON; measure again"),
        ('{"schema": "pytest-speedbump/1"', "is broken or cut off: it is not JSON; measure again"),
        ('{"schema": "pytest-speedbump/1", "seed": NaN}', "is broken or cut off: it is not JSON; measure again"),
        ("[" * 100_000, "is broken or cut off: it is not JSON; measure again"),
        ("9" * 5000, "is broken or cut off: it is not JSON; measure again"),
        ("[]", "is none of pytest-speedbump: it has no schema; name the file of --speedbump-json"),
        ('{"schema": 1}', "has the schema 1, and this version reads 'pytest-speedbump/1'; read it with"),
        ('{"schema": "pytest-speedbump/2"}', "has the schema 'pytest-speedbump/2', and this version reads"),
        (
            '{"schema": "pytest-speedbump-lock/1"}',
            "is a lockfile, which says what was accepted and not what a run found",
        ),
        (json.dumps(BENCHMARKS), "was written by --benchmark-json, for pytest-benchmark; name the file of"),
        ('{"schema": "pytest-speedbump/1"}', "is broken, or of a later version: the document has no environment"),
    ],
)
def test_refusals(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(text)
    with pytest.raises(InputError, match=f"^document '{re.escape(str(path))}' {re.escape(said)}") as told:
        read(path)
    assert "\n" not in str(told.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read: Is a directory; name the file of --speedbump-json$"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"does not exist; write it with --speedbump-json$"):
        read(tmp_path / "none.json")
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(json.dumps(written()),), daemon=True)
    writer.start()
    assert read(tmp_path / "pipe").to_json() == written()
    writer.join(60)


def test_what_is_known_in_part_counts_as_not_known() -> None:
    """The schema lets each of the counts be null."""
    one = a_result().to_json() | {"late_ns": None}
    assert Result.from_json(one).counts is None
