"""Markers that pin what a scan found: Python, of targets that match what they are to match, and limits that fit."""

import ast
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scans import LEXER, LOG, RANKING, rankings

from pytest_speedbump.bump import parse_mode
from pytest_speedbump.ranking import Ranked, Ranking
from pytest_speedbump.report.pins import pins, target
from pytest_speedbump.result import Estimate
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.units import parse_delays, parse_share

READY = """\
# bench/test_x.py::test_y
@pytest.mark.speedbump_sensitive("graphql.lexer.Lexer.read", delay="300ns", at_least="5%")
@pytest.mark.speedbump_sensitive("graphql.parser.Parser.parse", delay="300ns", at_least="5%")
@pytest.mark.speedbump_sensitive("pool.release", delay="100ns", at_least="5%")
@pytest.mark.speedbump_insensitive("audit.log.write", delay="20us", budget="3%")
def test_y(benchmark): ...

# t.py::TestIt::test_z[a b]: pytest.param(..., marks=marks)
marks = [
    pytest.mark.speedbump_sensitive("graphql.lexer.Lexer.read", delay="300ns", at_least="5%", mode="sleep"),
]

# t.yaml::\\n: nothing to pin"""


def test_ready_to_paste() -> None:
    with_parameters = replace(RANKING, test="t.py::TestIt::test_z[a b]", mode="sleep", functions=(LEXER,))
    nothing = replace(RANKING, test="t.yaml::\n", functions=())
    assert pins([RANKING, with_parameters, nothing]) == READY


def pinned(*functions: Ranked, round_ns: float | None = 300e3) -> str:
    return pins([replace(RANKING, functions=functions, round_ns=round_ns)])


def test_what_is_not_pinned() -> None:
    nothing = "# bench/test_x.py::test_y: nothing to pin"
    assert pinned(replace(LEXER, confirmed=False)) == nothing
    assert pinned(replace(LEXER, verdict="partly")) == nothing
    assert pinned(replace(LEXER, transmission=Estimate(1.0, 0.1, 1.9))) == nothing, "it may not show"
    assert pinned(LEXER, round_ns=None) == nothing
    assert pinned(replace(LOG, share=0.004)) == nothing, "not hot"
    assert pinned(replace(LOG, slack_ns=None)) == nothing
    assert pinned(replace(LOG, slack_ns=Estimate(1e3, -1e3, 3e3))) == nothing
    assert pinned(replace(LOG, slack_ns=Estimate(2e3, 2e3, 2e3))) == nothing, "its violation would not show"
    assert pinned(replace(LOG, transmission=Estimate(0.2, -0.4, 0.8))) == nothing, "it may break what it pins"
    assert pinned(LOG, replace(LOG, line=61, verdict="critical", confirmed=False)) == nothing, "they share a name"
    assert pinned(LEXER, replace(LEXER, line=61)).count("pytest.mark") == 1


def test_the_largest_five_of_a_kind() -> None:
    critical = [replace(LEXER, name=f"m.critical_{i}") for i in range(7)]
    free = [replace(LOG, name=f"m.free_{i}", share=0.01 * (i + 1)) for i in range(7)]
    text = pinned(*critical, *free)
    assert [line.split('"')[1] for line in text.splitlines() if "pytest.mark" in line] == [
        *(f"m.critical_{i}" for i in range(5)), *(f"m.free_{i}" for i in range(6, 1, -1)),
    ]  # fmt: skip


def test_a_violation_shows_and_an_honest_program_passes() -> None:
    """Of a function with a knee: what is delayed beyond its slack arrives in full."""
    for slack_ns in (11e3, 30e3, 42e3, 1e6, 80e9):
        for calls in (0.5, 1.0, 7.0):
            free = replace(LOG, calls=calls, slack_ns=Estimate(slack_ns, slack_ns, None))
            text = pinned(free)
            if "pytest.mark" not in text:
                assert calls * slack_ns < 30e3, "too little to show"
                continue
            _, _, _, delay, _, budget, *_ = text.split('"')
            added_ns = calls * (parse_delays(delay, "delay")[0].ns or 0)
            assert calls * slack_ns >= 2 * added_ns * 0.999
            assert 0.01 <= parse_share(budget, "budget") <= added_ns / (300e3 + added_ns) / 2 + 1e-9


characters = st.characters(exclude_categories=["Cs"]) | st.sampled_from("*?[]!:@#./<>\"'\\ \0\n\u202e\udc80解")


@given(st.text(characters, min_size=1))
def test_a_target_matches_the_name_whatever_it_holds(name: str) -> None:
    patterns = parse_targets([target(name)]).compile()
    assert patterns.match("", name, "f.py") == 0
    assert patterns.match("m", f"x{name}x", "f.py") == -1


@given(st.text(characters, min_size=1))
def test_a_target_matches_the_callable_of_c_whatever_its_name_holds(name: str) -> None:
    patterns = parse_targets([target(f"c:{name}", "c")]).compile()
    assert patterns.match("", name, "", "c") == 0
    assert patterns.match("", name, "") == -1
    assert patterns.match("m", f"x{name}x", "", "c") == -1


@given(st.text("ab*?[]!:@.<>-", min_size=1, max_size=6), st.text("ab*?[]!:@.<>-", min_size=1, max_size=6))
def test_a_target_matches_nothing_else(name: str, other: str) -> None:
    patterns = parse_targets([target(name)]).compile()
    if name != other and not name.startswith("!"):
        assert patterns.match("", other, "f.py") == -1


@settings(deadline=None, max_examples=50)
@given(st.lists(rankings, max_size=3))
def test_what_is_pasted_is_python_of_valid_markers(some: list[Ranking]) -> None:
    check(pins(some))


names = st.text(characters, min_size=1, max_size=20)


@settings(deadline=None)
@given(
    st.lists(names, unique=True, min_size=1, max_size=12), names, st.floats(100, 1e12), st.floats(0.01, 1e6),
    st.floats(0.001, 50), st.sampled_from(["spin", "nogil", "sleep"]),
)  # fmt: skip
def test_whatever_is_found(
    found: list[str], test: str, round_ns: float, calls: float, arrives: float, mode: str
) -> None:
    transmission = Estimate(arrives, 0.9 * arrives, 1.1 * arrives)
    critical = [replace(LEXER, name=name, calls=calls, transmission=transmission) for name in found[::2]]
    free = [
        replace(LOG, name=name, calls=calls, slack_ns=Estimate(round_ns / calls, round_ns / calls, None))
        for name in found[1::2]
    ]
    ranking = replace(
        RANKING, test=f"t.py::{test}", functions=(*critical, *free), round_ns=round_ns, mode=parse_mode(mode, "mode")
    )
    assert check(pins([ranking])) <= set(map(target, found))


def check(text: str) -> set[str]:
    """The targets of all markers in ``text``, whose arguments are such as the markers take."""
    targets = set()
    for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
        (pattern,) = call.args
        arguments = {one.arg: ast.literal_eval(one.value) for one in call.keywords}
        assert isinstance(call.func, ast.Attribute)
        limit = {"speedbump_sensitive": "at_least", "speedbump_insensitive": "budget"}[call.func.attr]
        (delay,) = parse_delays(arguments.pop("delay"), "delay")
        assert delay.ns is not None
        assert delay.ns >= 100
        assert parse_share(arguments.pop(limit), limit) >= 0.01
        parse_mode(arguments.pop("mode", "spin"), "mode")
        assert not arguments
        parse_targets([ast.literal_eval(pattern)])
        targets.add(ast.literal_eval(pattern))
    return targets


@pytest.mark.parametrize("name", ["pkg.f.<locals>.<lambda>", "pkg.f.<locals>.<listcomp>", "pkg.Box[int].get"])
def test_names_of_nested_code(name: str) -> None:
    module, _, qualname = name.partition(".")
    assert parse_targets([target(name)]).compile().match(module, qualname, "f.py") == 0
