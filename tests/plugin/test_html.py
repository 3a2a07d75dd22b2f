"""``--speedbump-html``: the page that a run writes."""

import pytest
from locked import guarded
from markup import Node, parse
from suite import Suite

from pytest_speedbump.documents.read import read
from pytest_speedbump.page.page import page

TESTS = """
@pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
def test_broken(speedbump):
    speedbump(work.call)

@pytest.mark.parametrize("text", ["<b>&amp;"])
@pytest.mark.speedbump("work.leaf", delay="100us")
def test_plain(speedbump, text):
    result = speedbump(work.call)
    assert "work.leaf" in result._repr_html_()
"""


def written(suite: Suite, name: str = "page.html") -> Node:
    return parse((suite.path / name).read_text(encoding="utf-8"))


def test_page_of_a_run(suite: Suite) -> None:
    run = suite.run(TESTS, "--speedbump-html=page.html", "--speedbump-seed=5")
    assert (run.code, run.counts) == (1, {"failed": 1, "passed": 1})
    root = written(suite)
    assert [one.text for one in root.one("ul", class_="chips").all("li")] == ["◆ 1 failed", "■ 1 measured"]
    card = root.one("div", class_="card")
    assert card.one("h3").text == "◆ failed test_it.py::test_broken"
    assert "more than the budget of 10.0%" in card.text
    assert "test_it.py::test_plain[<b>&amp;]" in [one.text for one in root.all("bdi")]
    assert "pytest test_it.py::test_broken --speedbump-seed 5" in [one.text for one in root.all("pre")]
    assert not any(name.startswith("page.html.") for name in map(str, suite.path.iterdir()))
    said = (suite.path / "page.html").read_text(encoding="utf-8")
    assert said == page([read(suite.path / "speedbump.json")]), "the document holds all that it shows"


def test_workers_of_xdist(suite: Suite) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    run = suite.run(TESTS, "-n2", "--speedbump-html=page.html", plugins=("benchmark", "speedbump", "xdist"))
    assert run.code == 1
    assert len(written(suite).all("tbody")[0].all("tr")) == 2


def test_a_run_without_results_says_so(suite: Suite) -> None:
    run = suite.run("def test_it():\n    pass", "--speedbump-html=deep.html")
    assert run.code == 0
    assert "Nothing was measured" in written(suite, "deep.html").text


@pytest.mark.parametrize(("path", "said"), [("work.py", "work.py"), (".", "is a directory"), ("true", "no switch")])
def test_what_is_no_page_is_refused(suite: Suite, path: str, said: str) -> None:
    before = (suite.path / "work.py").read_bytes()
    refusal = suite.refuse(guarded("test_it"), f"--speedbump-html={path}")
    assert refusal.startswith("--speedbump-html ")
    assert said in refusal
    assert (suite.path / "work.py").read_bytes() == before
