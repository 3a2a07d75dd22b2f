"""The C pattern matcher against its oracle, which is Python's own fnmatch."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pattern_oracle import Patterns as Oracle

from pytest_speedbump import _core

# `re` warns of "[![" in the expressions that fnmatch translates to; nothing here depends on what it warns of.
pytestmark = pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")

# Few characters, so that patterns and names meet; with everything that means something, to us or to `re`.
NAMES = st.text("ab.", max_size=6) | st.text("ab.-]!^[&/\\é\udc80😀\0\n", max_size=8)
CLASSES = st.text("ab-!^]z&é", max_size=6).map(lambda members: f"[{members}]")
PIECES = st.sampled_from(["a", "b", "ab", "*", "?", ".", "-", "!", ":", "/", ".py", "1-2", "é", "😀", "\udc80"])
NUMBERS = st.sampled_from(["1", "2", "3", "02", "0", "65535", "65536", "4294967297", "9" * 30])
LINES = NUMBERS | st.tuples(NUMBERS, NUMBERS).map("-".join)
PLACES = st.sampled_from(["*", "a", "a*", "*/a.py", "a.py", "b/*"])
PREFIXES = st.sampled_from(["", "", "", "!", "resume:", "!resume:", "c:", "!c:", "native:", "!native:", "c:resume:"])
BARE = (
    st.text("ab.*?", min_size=1, max_size=6)
    | st.text("ab-]!^*?[.:\\/@é\udc80😀\0", max_size=10)
    | st.lists(CLASSES | PIECES, min_size=1, max_size=5).map("".join)
    | st.tuples(PLACES, LINES).map(":".join)
)
PATTERNS = st.tuples(PREFIXES, BARE).map("".join)
KINDS = st.sampled_from(["start", "line", "line", "resume", "c", "native"])


def is_valid(pattern: str) -> bool:
    try:
        Oracle([pattern])
    except ValueError:
        return False
    return True


@given(st.lists(PATTERNS.filter(is_valid), max_size=3), NAMES, NAMES, NAMES, KINDS, st.sampled_from([1, 2, 3, 65535]))
@example(["[z-a!-c-e]"], "", "d", "", "start", 0)
@example(["*:f"], "", "f", "", "start", 0)
@example(["*[!é]"], "", "é", "", "start", 0)
@example(["*.?"], "m", "\udc80", "", "start", 0)
@example(["a/*b/c.py:f"], "", "f", "/a/a/b/b/c.py", "start", 0)
@example(["pkg.*", "!pkg.debug*", "pkg.debug_fast"], "pkg", "debug", "", "start", 0)
@example(["*", "resume:*", "!resume:f", "!f"], "", "f", "", "resume", 0)
@example(["*:1-3", "!a.py:2", "a.py:2-2"], "m", "f", "/a.py", "line", 2)
@example(["*:1-3", "!m:2"], "m", "f", "", "line", 2)
@example(["native:*:f", "c:*:f"], "m", "f", "", "native", 0)
def test_same_winner_as_fnmatch(
    patterns: list[str], module: str, qualname: str, file: str, kind: str, line: int
) -> None:
    asked = (module, qualname, file, kind, line)
    assert _core.Patterns(patterns).match(*asked) == Oracle(patterns).match(*asked)


NUMBERED = st.lists(st.tuples(st.sampled_from([0, 0, 1, 2, 15]), PATTERNS.filter(is_valid)), max_size=6).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)


@given(NUMBERED, NAMES, NAMES, NAMES, KINDS, st.sampled_from([1, 2, 3, 65535]))
@example([(0, "*"), (0, "!f"), (1, "f")], "", "f", "", "start", 0)
@example([(0, "!f"), (3, "*"), (15, "*"), (15, "!f")], "", "f", "", "start", 0)
@example([(1, "f"), (1, "!*"), (2, "f")], "", "f", "", "start", 0)
@example([(0, "f"), (15, "f")], "m", "f", "", "c", 0)
def test_each_list_chooses_by_itself(
    rows: list[tuple[int, str]], module: str, qualname: str, file: str, kind: str, line: int
) -> None:
    asked = (module, qualname, file, kind, line)
    numbers, texts = [number for number, _ in rows], [text for _, text in rows]
    patterns, oracle = _core.Patterns(texts, numbers), Oracle(texts, numbers)
    assert patterns.lists(*asked) == oracle.lists(*asked)
    assert patterns.match(*asked) == oracle.match(*asked)
    assert _core.Patterns(texts).lists(*asked) == (Oracle(texts).match(*asked) >= 0)


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ([0], r"lists must hold one number a pattern: 2, not 1"),
        ([0, 0, 0], r"lists must hold one number a pattern: 2, not 3"),
        ([1, 0], r"lists must be numbers from 0 to 15 that do not fall, and number 1 is 0"),
        ([0, 16], r"lists must be numbers from 0 to 15 .*, and number 1 is 16"),
        ([-1, 0], r"lists must be numbers from 0 to 15 .*, and number 0 is -1"),
        ([0, 2**70], r"lists must be numbers from 0 to 15 .*, and number 1 is 1180591620717411303424"),
    ],
)
def test_lists_that_are_none(lists: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        _core.Patterns(["a", "b"], lists)
    for wrong in (3, ["a", "b"], [0.0, 1.0]):
        with pytest.raises(TypeError):
            _core.Patterns(["a", "b"], wrong)  # type: ignore[arg-type]


@given(st.lists(PATTERNS.filter(is_valid), max_size=3))
def test_kinds_are_those_that_can_be_chosen(patterns: list[str]) -> None:
    chosen = [pattern for pattern in patterns if not pattern.startswith("!")]
    assert _core.Patterns(patterns).kinds == {rule.kind for rule in Oracle(chosen).rules}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no kind 'stop' of targets"):
        _core.Patterns(["*"]).match("m", "f", "", "stop")


@given(PATTERNS)
def test_same_patterns_are_refused(pattern: str) -> None:
    if is_valid(pattern):
        _core.Patterns([pattern])
        return
    with pytest.raises(ValueError, match=re.escape(repr(pattern))):
        _core.Patterns([pattern])


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "!",
        "a\0b",
        "a[b",
        "[!]",
        ":f",
        "tests/test_a.py::test_b",
        "pkg.mod:",
        "@targets.txt",
        "pkg/mod.py:0",
        "pkg.mod:130-120",
        "!pkg.mod:65536",
        "resume:",
        "resume:pkg.mod:120",
        "c:",
        "native:crc32",
        "native::crc32",
    ],
)
def test_refusal_names_the_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(pattern))):
        _core.Patterns(["fine", pattern, "["])
