"""The page in a real browser: nothing overflows, overlaps or is blank, whatever the screen, the theme or the policy."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from chromium import COMMAND, Chromium
from reports import PROGRAM, SCAN, SLACK, SOME, a_document, hostile_document, many, sweep

from pytest_speedbump.documents.document import Document
from pytest_speedbump.page.page import page
from pytest_speedbump.page.svg import PAPER, TONES

pytestmark = pytest.mark.skipif(COMMAND is None, reason="no Chromium is installed here")

POLICY = "sandbox; default-src 'none'; img-src 'self'; style-src 'self';"  # what Jenkins serves archived pages with
FULL = a_document(*SOME, *sweep(), SLACK, scans=(SCAN,), commit="83a4e62f" * 5)
PAGES = {
    "full": [a_document(*SOME, commit="aaaaaaa1"), FULL],
    "hostile": [hostile_document()],
    "many": [many(150)],
    "program": [Document(environment=FULL.environment, program=PROGRAM)],
    "empty": [a_document()],
}

OPEN = "document.querySelectorAll('details').forEach(one => { one.open = true })"
# What reaches beyond the page, unless it can be scrolled where it is.
BEYOND = """
[document.documentElement.scrollWidth - document.documentElement.clientWidth,
 [...document.querySelectorAll('body *')].filter(one => !one.closest('.wide, .charts') && one.checkVisibility()
   && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
   .map(one => one.outerHTML.slice(0, 80))]
"""
OVERLAPPING = """
[...document.querySelectorAll('svg')].flatMap(picture => {
  const boxes = [...picture.querySelectorAll('text')].map(one => [one.textContent, one.getBoundingClientRect()])
  return boxes.flatMap(([said, one], index) => boxes.slice(index + 1).filter(([_, other]) =>
    one.left < other.right - 0.5 && other.left < one.right - 0.5
    && one.top < other.bottom - 3 && other.top < one.bottom - 3)
    .map(([other]) => said + ' / ' + other))
})
"""
COLOURS = """
[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color,
 getComputedStyle(document.querySelector('td.f-failed')).color,
 getComputedStyle(document.querySelector('tbody path.f-failed')).fill]
"""
FOLDED = """
[...document.querySelectorAll('details > :not(summary)')].filter(one => !one.checkVisibility()).length
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("browser")) as one:
        yield one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, documents in PAGES.items():
        (folder / f"{name}.html").write_text(page(documents), encoding="utf-8")
    return folder


class Strict(SimpleHTTPRequestHandler):
    """Serves as Jenkins does."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Says nothing."""


@pytest.fixture(scope="module")
def strict(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Strict, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*(int(colour[at : at + 2], 16) for at in (1, 3, 5)))


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_reaches_beyond_the_page(browser: Chromium, folder: Path, name: str, width: int) -> None:
    browser.show((folder / f"{name}.html").as_uri(), width)
    browser.evaluate(OPEN)
    assert browser.evaluate(BEYOND) == [0, []]
    assert browser.evaluate("document.body.innerText.length") > 100


@pytest.mark.parametrize("name", ["full", "hostile", "many"])
def test_no_text_of_a_picture_lies_on_another(browser: Chromium, folder: Path, name: str) -> None:
    browser.show((folder / f"{name}.html").as_uri())
    assert browser.evaluate("document.querySelectorAll('svg text').length") > 5
    assert browser.evaluate(OVERLAPPING) == []


def test_the_whole_table_is_seen_on_a_desk(browser: Chromium, folder: Path) -> None:
    browser.show((folder / "full.html").as_uri())
    assert browser.evaluate("(one => one.scrollWidth - one.clientWidth)(document.querySelector('.wide'))") == 0


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_themes(browser: Chromium, folder: Path, theme: int) -> None:
    browser.show((folder / "full.html").as_uri(), dark=bool(theme))
    ink, failed = TONES["ink"][theme], TONES["failed"][theme]
    assert browser.evaluate(COLOURS) == [rgb(one) for one in (PAPER[theme], ink, failed, failed)]


def test_a_link_opens_its_test(browser: Chromium, folder: Path) -> None:
    browser.show((folder / "full.html").as_uri())
    browser.evaluate("document.querySelector('tbody a').click()")
    browser.evaluate("new Promise(requestAnimationFrame).then(() => 0)")
    opened = browser.evaluate("[...document.querySelectorAll('details[open] > summary')].map(one => one.innerText)")
    assert opened == ["bench/test_engine.py::test_decode_step ◆ failed ● insensitive"]


def test_where_jenkins_shows_it(browser: Chromium, strict: str) -> None:
    """No style is taken, no script could run, and everything is there."""
    browser.show(f"{strict}/full.html")
    background, _, word, mark = browser.evaluate(COLOURS)
    assert (background, word) == ("rgba(0, 0, 0, 0)", "rgb(0, 0, 0)"), "the style sheet is refused"
    assert mark == rgb(TONES["failed"][0]), "and colours of pictures are not"
    assert browser.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily").startswith("system-ui")
    text = browser.evaluate("document.body.innerText")
    assert all(said in text for said in ("What failed, and why", "8.7% [7.2, 10.2]", "Test by test"))
    browser.evaluate(OPEN)
    assert browser.evaluate(BEYOND.replace(".wide, .charts", "table"))[0] == 0
    assert browser.evaluate(OVERLAPPING) == []
    assert browser.evaluate("[...document.querySelectorAll('svg')].filter(one => one.clientWidth < 10).length") == 0


def test_without_scripts(browser: Chromium, folder: Path) -> None:
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.show((folder / "full.html").as_uri())
        assert "8.7% [7.2, 10.2]" in browser.evaluate("document.body.innerText")
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("name", ["full", "hostile"])
def test_print(browser: Chromium, folder: Path, name: str) -> None:
    browser.show((folder / f"{name}.html").as_uri(), 690, dark=True)  # of A4 between its margins
    assert browser.evaluate(FOLDED) > 5
    browser.ask("Emulation.setEmulatedMedia", media="print")
    assert browser.evaluate(FOLDED) == 0, "details are folded out"
    wide = BEYOND.replace(".wide, .charts", "head")
    assert browser.evaluate(wide) == [0, []]
    assert browser.evaluate("getComputedStyle(document.querySelector('td.f-failed')).color") == rgb(TONES["failed"][0])
    browser.ask("Emulation.setEmulatedMedia", media="")
    printed = browser.pdf()
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", printed)) >= 3
