"""Workflow commands: the worst come first, and no name is a command, or the end of one."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import HOSTILE, SOME, a_document, a_result, hostile_document, many

from pytest_speedbump.formats.annotations import MOST, annotations
from pytest_speedbump.report.columns import plain
from pytest_speedbump.result import Result

COMMAND = re.compile(r"::(error|warning) ([^\n\r]*?)::([^\n\r]*)")  # as the runner splits it: at the first `::`


def parse(line: str) -> tuple[str, dict[str, str], str]:
    """As GitHub's runner does: kind, properties and message."""
    match = COMMAND.fullmatch(line)
    assert match is not None, line
    properties = dict(one.split("=", 1) for one in match[2].split(","))
    return match[1], {name: unescape(value) for name, value in properties.items()}, unescape(match[3])


def unescape(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_what_failed_and_what_is_in_doubt() -> None:
    failed, doubtful = map(parse, annotations(a_document(*SOME), "sub/"))
    kind, properties, message = failed
    assert kind == "error"
    assert properties == {
        "file": "sub/bench/test_engine.py",
        "title": "speedbump: grown FAILED: engine.log:emit",
    }
    assert message.splitlines()[0] == "bench/test_engine.py::test_decode_step"
    assert "95% [78, 114] of it reaches the run time" in message
    assert "--speedbump-save" in message
    assert message.endswith("pytest bench/test_engine.py::test_decode_step --speedbump-seed 22107")
    assert doubtful[:2] == ("warning", {"file": "sub/bench/test_engine.py",
                                        "title": "speedbump: inconclusive: engine.kv:BlockTable.append"})  # fmt: skip
    assert "time ran out after 10s" in doubtful[2]


def test_why_the_run_fails_as_a_whole() -> None:
    document = replace(a_document(*SOME), failures=("nothing was called\n::error::x",))
    kind, properties, message = parse(annotations(document)[0])
    assert (kind, properties) == ("error", {"title": "speedbump: the run fails"})
    assert message == r"nothing was called\n::error::x"
    assert len(annotations(replace(document, failures=tuple("abcdefghijkl")))) == MOST + 1


def test_a_void_verdict_counts_where_the_test_named_the_target() -> None:
    for_all, own = (a_result("t.py::test_it", verdict="void", drop=None, by=by) for by in ("command line", "marker"))
    (line,) = annotations(a_document(for_all, own))
    assert parse(line)[:2] == ("warning", {"file": "t.py", "title": "speedbump: void: engine.log:emit"})
    assert "never ran" in parse(line)[2]


def test_the_worst_ten_of_each_kind() -> None:
    document = many(1500)
    doubtful = [replace(one, verdict="inconclusive", outcome="warned") for one in document.results[:30]]
    lines = annotations(replace(document, results=(*document.results, *doubtful)))
    kinds = [parse(line)[0] for line in lines]
    assert kinds == ["error"] * MOST + ["warning"] * MOST
    failed = sorted((one for one in document.results if one.outcome == "failed"), key=lambda one: -abs(one.drop - 0.02))
    assert [parse(line)[2].splitlines()[0] for line in lines[:MOST]] == [one.test for one in failed[:MOST]]


def hostile(name: str) -> Iterator[Result]:
    result = a_result(f"{name}::test[{name}]", name, verdict="sensitive", outcome="failed", limit=0.02)
    yield replace(result, warnings=(name,))
    yield replace(result, outcome="warned", warnings=(name,))


@given(st.text(st.sampled_from("ab:,=%0DA2C\n\r\u2028\x1b[")) | st.text() | st.sampled_from(HOSTILE))
def test_a_name_is_no_command(name: str) -> None:
    lines = annotations(a_document(*hostile(name)))
    assert len(lines) == 2
    for line in lines:
        assert line.isprintable()
        _, properties, message = parse(line)
        assert properties["file"] == plain(f"{name}::".partition("::")[0])
        assert plain(f"note: {name}".strip()) in message or plain(name.strip()) in message
        assert not any(part.lstrip().startswith("::") for part in line.splitlines()[1:])
    assert all(parse(line) for line in annotations(hostile_document()))


@pytest.mark.parametrize("test", ["engine.step", "t.py"])
def test_what_is_in_no_file(test: str) -> None:
    (line,) = annotations(a_document(a_result(test, verdict="sensitive", outcome="failed", limit=0.02)))
    assert set(parse(line)[1]) == {"title"}
