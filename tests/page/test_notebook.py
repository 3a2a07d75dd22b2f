"""What a notebook shows of results and rankings."""

import subprocess
import sys
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from markup import parse
from reports import HOSTILE, SCAN, SOME, a_result

from pytest_speedbump.page.style import SCOPE, STYLE
from pytest_speedbump.report.columns import plain

SCANNED = """
import sys
import pytest_speedbump

assert not any(name.startswith("pytest_speedbump.page") for name in sys.modules)
html = pytest_speedbump.scan(lambda: sorted(range(9)), "nothing.*", max_time="200ms", seed=1)._repr_html_()
assert "nothing.*" in html, html
"""


def test_a_failed_result_as_the_page_shows_it() -> None:
    root = parse(SOME[0]._repr_html_())
    (around,) = [one for one in root.children if not isinstance(one, str)]
    assert (around.tag, around.attributes) == ("div", {"class": SCOPE})
    assert "grown since the lockfile was written" in root.one("div", class_="card").text
    assert [row.text for row in root.one("tbody").all("tr")] == [
        "◆ failedtest_decode_stepengine.log:emit40us18.7% [7.2, 10.2]0.95 [0.78, 1.14]"
    ]
    assert root.one("pre").text == "pytest bench/test_engine.py::test_decode_step"
    assert not parse(a_result()._repr_html_()).all("div", class_="card")


def test_a_ranking_as_the_page_shows_it() -> None:
    root = parse(SCAN._repr_html_())
    assert [one.text for one in root.all("h2")] == ["What each function costs", "Where a profiler misleads"]
    assert "engine.sched.Scheduler.schedule" in root.text


def test_several_do_not_clash() -> None:
    root = parse(SOME[0]._repr_html_() + SOME[1]._repr_html_() + SCAN._repr_html_() * 2)
    assert not [node for node in root.walk() if "id" in node.attributes or "href" in node.attributes]
    assert Counter(one.text for one in root.all("style")) == {STYLE: 4}


def test_the_style_concerns_nothing_else() -> None:
    """Every rule that is not nested names the class, or is of paper."""
    depth, selectors, start = 0, [], 0
    for at, letter in enumerate(STYLE):
        if letter == "{":
            if depth == 0:
                selectors.append(STYLE[start:at])
            depth += 1
        elif letter == "}":
            depth -= 1
            start = at + 1
    assert depth == 0
    assert [one for one in selectors if f".{SCOPE}" not in one and not one.startswith("@")] == []


@given(st.sampled_from(HOSTILE) | st.text(min_size=1))
def test_names_stay_names(name: str) -> None:
    root = parse(a_result(name, name)._repr_html_())
    assert not root.all("script", "img")
    assert plain(name) in [one.text for one in root.all("bdi")]


def test_what_a_scan_returns_and_nothing_is_loaded_before_it_is_shown() -> None:
    done = subprocess.run([sys.executable, "-c", SCANNED], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
