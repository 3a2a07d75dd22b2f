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
PATTERNS = (
    st.text("ab.*?", min_size=1, max_size=6)
    | st.text("ab-]!^*?[.:\\/@é\udc80😀\0", max_size=10)
    | st.lists(CLASSES | PIECES, min_size=1, max_size=5).map("".join)
)


def is_valid(pattern: str) -> bool:
    try:
        Oracle([pattern])
    except ValueError:
        return False
    return True


@given(st.lists(PATTERNS.filter(is_valid), max_size=3), NAMES, NAMES, NAMES)
@example(["[z-a!-c-e]"], "", "d", "")
@example(["*:f"], "", "f", "")
@example(["*[!é]"], "", "é", "")
@example(["*.?"], "m", "\udc80", "")
@example(["a/*b/c.py:f"], "", "f", "/a/a/b/b/c.py")
@example(["pkg.*", "!pkg.debug*", "pkg.debug_fast"], "pkg", "debug", "")
def test_same_winner_as_fnmatch(patterns: list[str], module: str, qualname: str, file: str) -> None:
    assert _core.Patterns(patterns).match(module, qualname, file) == Oracle(patterns).match(module, qualname, file)


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
        "pkg/mod.py:120",
        "pkg.mod:120-130",
        "c:zlib.crc32",
        "native:libz.so*:crc32",
    ],
)
def test_refusal_names_the_pattern(pattern: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(pattern))):
        _core.Patterns(["fine", pattern, "["])
