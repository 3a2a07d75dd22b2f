"""What a notebook shows of a result, or of a scan: a part of the page, with the style that it needs.

It has no ids, so that any number of them can stand in one notebook, and its style concerns nothing but them.
"""

from pytest_speedbump.page.details import bump
from pytest_speedbump.page.element import Child, element, to_html
from pytest_speedbump.page.forest import forest
from pytest_speedbump.page.style import SCOPE, STYLE
from pytest_speedbump.result import Result

__all__ = ["fragment"]


def fragment(one: object) -> str:
    shown: Child = None
    if isinstance(one, Result):
        shown = [forest([one]), bump(one, None, repeatable=bool(one.test))]
    return to_html(element("div", element("style", STYLE), shown, class_=SCOPE))
