"""How a result is marked: a glyph, a word and a colour that say the same, so that none is needed alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pytest_speedbump.page.element import element
from pytest_speedbump.page.svg import LOOKS, Look
from pytest_speedbump.report.text import found
from pytest_speedbump.result import Result

__all__ = ["FAILED", "Status", "chips", "counted", "status", "word", "worst_first"]


@dataclass(frozen=True, slots=True)
class Status:
    """``glyph``: as near to the shape of its ``look`` as letters come."""

    glyph: str
    look: Look

    @property
    def word(self) -> str:
        return self.look.word

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


_GLYPHS = {
    "failed": "◆",
    "inconclusive": "?",
    "sensitive": "▲",
    "measured": "■",
    "insensitive": "●",
    "listed": "◇",
    "void": "○",
}
_KNOWN = {word: Status(glyph, LOOKS[word]) for word, glyph in _GLYPHS.items()}
FAILED = _KNOWN["failed"]
WARNED = Status("!", Look("diamond", "sensitive", "warned"))  # what would fail, had the user not asked for advice alone
_ORDER = {one: place for place, one in enumerate((FAILED, _KNOWN["inconclusive"], WARNED))}
_LAST = {_KNOWN["listed"]: 1, _KNOWN["void"]: 2}


def status(result: Result) -> Status:
    if result.outcome == "failed":
        return FAILED
    one = _KNOWN.get(found(result), WARNED)
    return WARNED if result.outcome == "warned" and one.word != "inconclusive" else one


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Those that failed, those of which nobody knows, the others by their drop, and at last what was not measured."""

    def weight(result: Result) -> tuple[int, int, float]:
        one = status(result)
        drop = -1.0 if result.known_drop is None else float(result.known_drop)
        return _ORDER.get(one, len(_ORDER)), _LAST.get(one, 0), -drop

    return sorted(results, key=weight)


def chips(results: Iterable[Result]) -> Element:
    """How many of each there are, the worst first."""
    return element("ul", [_chip(one, number) for one, number in counted(results)], class_="chips")


def counted(results: Iterable[Result]) -> Iterator[tuple[Status, int]]:
    yield from Counter(map(status, worst_first(results))).items()


def _chip(one: Status, number: int) -> Element:
    return element("li", f"{one.glyph} {number} {one.word}", class_=f"f-{one.look.tone}")


def word(one: Status) -> Element:
    return element("span", str(one), class_=f"f-{one.look.tone} word")
