"""What the plugin writes is what its JSON Schemas say: real documents, and nothing in them that is not described."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, get_args

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are a package of their own
from suite import Suite

from pytest_speedbump.remarks import Kind

TESTS = """
    import time

    @pytest.mark.speedbump_insensitive("work.leaf", delay="500us", budget="10%")
    def test_broken(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump_sensitive("work.leaf", "!work.other", delay="500us", at_least="10%", mode="sleep")
    def test_shown(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("work.leaf", delay="0ns,500us,100%", mode="nogil")
    def test_sweep(speedbump):
        speedbump(work.call)

    @pytest.mark.speedbump_insensitive("work.laef", budget="2%")
    def test_void(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump_insensitive("work.leaf", delay="10us", budget="2%")
    def test_hopeless(benchmark):
        benchmark.pedantic(lambda: (time.sleep(0.4), work.leaf()), rounds=1)
"""


def closed(schema: Any) -> Any:
    """``schema`` without its permission to add properties, which is for the readers of later versions."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if schema.get("type") == "object" else inner


def validator(name: str) -> Draft202012Validator:
    schema = json.loads(files("pytest_speedbump").joinpath(f"schema/{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(closed(schema))


def errors(name: str, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(document)]


# What is declared is plain, and ends soon where the machine is quiet; a plain measurement needs no precision here.
DECLARED = ("-k", "not test_sweep", "--speedbump-max-time=5s")
WITH_SWEEP = ("-k", "test_shown or test_sweep or test_hopeless", "--speedbump-max-time=500ms")


def test_documents_of_a_run(suite: Suite) -> None:
    run = suite.run(TESTS, *DECLARED, "--speedbump-save", "--benchmark-json=benchmark.json")
    assert [result["verdict"] for result in run.results] == ["sensitive", "sensitive", "void", "inconclusive"]
    assert errors("result-1", run.document) == []

    rows = suite.read_json("benchmark.json")["benchmarks"]
    assert [result for row in rows for result in row["extra_info"]["speedbump"]] == run.results

    run = suite.run(TESTS, *WITH_SWEEP, "--speedbump-save", "--speedbump-compare")
    shown, *sweep, hopeless = run.results
    assert [result["verdict"] for result in sweep] == ["measured"] * 3
    assert shown["lock"]["kind"] in ("kept", "inconclusive"), "noise may hide that it has not grown"
    assert [result["lock"]["kind"] for result in (*sweep, hopeless)] == ["new"] * 4
    assert errors("result-1", run.document) == []

    lock = suite.read_json(".speedbump.json")
    assert [one.get("share") for one in lock["entries"]].count(1.0) == 1
    assert len(lock["entries"]) == 4
    assert errors("lock-1", lock) == []


def test_each_cause_is_listed() -> None:
    doubts = {"more_work", "short_rounds", "traced", "below_floor", "tail", "halves", "probe", "earlier", "cut_short"}
    of_scans = {"unmatched", "not_scanned", "interrupted", "only_scanned"}
    listed = validator("result-1").schema["$defs"]["result"]["properties"]["cause"]["enum"]
    assert sorted(listed) == sorted(set(get_args(Kind)) - doubts - of_scans)


def test_listing(suite: Suite) -> None:
    run = suite.run(TESTS, "--speedbump-list")
    assert {result["verdict"] for result in run.results} == {"listed"}
    assert errors("result-1", run.document) == []


def leaves(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every number and string."""
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from leaves(value, (*path, key))
    elif document is not None:
        yield path


def test_each_value_of_a_result_is_described(suite: Suite) -> None:
    run = suite.run(TESTS, *DECLARED, "-k", "test_broken")
    document = run.document
    schema = validator("result-1")
    for path in leaves(document):
        *parents, last = path
        owner = document
        for key in parents:
            owner = owner[key]
        right, owner[last] = owner[last], []
        assert not schema.is_valid(document), path
        owner[last] = right
