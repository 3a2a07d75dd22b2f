"""What a notebook shows of a result, or of a scan: a part of the page, with the style that it needs.

It has no ids, so that any number of them can stand in one notebook, and its style concerns nothing but them.
"""

from collections.abc import Iterator

from pytest_speedbump.documents.document import Document
from pytest_speedbump.page.details import bump
from pytest_speedbump.page.element import Child, element, to_html
from pytest_speedbump.page.failure import failure
from pytest_speedbump.page.forest import forest
from pytest_speedbump.page.map import map_section
from pytest_speedbump.page.scan_section import scan_section
from pytest_speedbump.page.style import SCOPE, STYLE
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.report.repeat import repeat
from pytest_speedbump.result import Result

__all__ = ["fragment"]


def fragment(one: Result | Ranking) -> str:
    """HTML for a part of a page."""
    return to_html(element("div", element("style", STYLE), _content(one), class_=SCOPE))


def _content(one: Result | Ranking) -> Iterator[Child]:
    if isinstance(one, Ranking):
        document = Document(environment={}, scans=(one,))
        yield scan_section(document)
        yield map_section(document)
        return
    if one.outcome == "failed":
        yield failure(one)
    yield forest([one], caption="")
    yield bump(one, repeat(one, None) if one.test else None)
