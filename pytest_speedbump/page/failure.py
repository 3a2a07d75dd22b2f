"""Why a test failed, and what to do."""

from xml.etree.ElementTree import Element

from pytest_speedbump.page.element import element, name
from pytest_speedbump.page.status import FAILED, status, word
from pytest_speedbump.report.text import failure_text
from pytest_speedbump.result import Result

__all__ = ["failure", "run_failure"]


def failure(result: Result) -> Element:
    """As pytest says it."""
    headline, *others = failure_text(result).removeprefix("speedbump: ").split("\n")
    return element(
        "div",
        element("h3", word(status(result)), " ", name(result.test)),
        element("p", headline),
        [element("p", line.strip(), class_="m") for line in others],
        class_="card",
    )


def run_failure(reason: str) -> Element:
    """Why a run fails as a whole, though each test may have passed."""
    return element("div", element("h3", word(FAILED), " the run as a whole"), element("p", reason), class_="card")
