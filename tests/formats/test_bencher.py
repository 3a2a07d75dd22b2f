"""Bencher Metric Format: finite numbers with their ends, under names that are unique, stable, and not too long."""

import json
import math
from dataclasses import replace

from jsonschema import validate  # type: ignore[import-untyped]  # its stubs are a package of their own
from reports import SCAN, SLACK, SOME, a_document, a_result, hostile_document, many, sweep

from pytest_speedbump.formats.bencher import bencher
from pytest_speedbump.report.text import drop_text
from pytest_speedbump.result import Estimate

# As https://bencher.dev/docs/reference/bencher-metric-format has it.
SCHEMA = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z]+(-[a-z]+)*$", "maxLength": 64},
        "additionalProperties": {
            "type": "object",
            "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
            "required": ["value"],
            "additionalProperties": False,
        },
    },
    "propertyNames": {"minLength": 1, "maxLength": 1024},
}


def test_measures() -> None:
    written = bencher(a_document(*SOME, SLACK, *sweep(), scans=(SCAN,)))
    validate(json.loads(json.dumps(written, allow_nan=False)), SCHEMA)
    assert written["bench/test_engine.py::test_decode_step [engine.log:emit +40us]"]["drop"] == {
        "value": 0.087, "lower_value": 0.072, "upper_value": 0.102,
    }  # fmt: skip
    assert written["bench/test_engine.py::test_slack [engine.schedule +40us]"] == {
        "slack": {"value": 301e3, "lower_value": 284e3, "upper_value": 317e3}
    }
    assert "bench/test_http.py::test_validate [graphql.language.parser:Parser.parse_name +2us]" not in written
    doses = [name for name in written if "test_sweep" in name]
    assert (len(doses), doses[0]) == (6, "bench/test_engine.py::test_sweep [engine.batch:prepare +50us]")


def test_what_is_not_known_or_not_finite_is_left_out() -> None:
    result = replace(a_result(), known_transmission=Estimate(math.nan, None, None), bare_ns=math.inf, probe_ns=None)
    (measures,) = bencher(a_document(replace(result, known_drop=Estimate(0.1, 0.05, math.inf)))).values()
    assert measures == {"drop": {"value": 0.1, "lower_value": 0.05}}
    unknown = replace(result, known_drop=Estimate(0.1, None, None))
    assert drop_text(unknown).startswith("not known in ")
    assert bencher(a_document(unknown)) == {}


def test_names_are_unique_and_short() -> None:
    results = [a_result("t.py::" + "x" * 2000 + str(n)) for n in range(3)] + [a_result()] * 2
    names = list(bencher(a_document(*results)))
    assert len(set(names)) == 5
    assert names[-1] == f"{names[-2]} #2"
    assert max(map(len, names)) == 1024
    for document in (hostile_document(), many(1500)):
        written = bencher(document)
        validate(written, SCHEMA)
        assert len(written) == len(document.results)
