"""How a result is marked: a glyph, a word and a colour that say the same, so that none is needed alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pytest_speedbump.page.element import element
from pytest_speedbump.report.text import found
from pytest_speedbump.result import Result

__all__ = ["Status", "chips", "status", "worst_first"]


@dataclass(frozen=True, slots=True)
class Status:
    """``colour``: one of the style sheet's; ``shape``: the mark on a picture, around (0, 0)."""

    word: str
    glyph: str
    colour: str
    shape: str

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


_DOT = "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"
FAILED = Status("failed", "✕", "bad", "m0-6l6 6l-6 6l-6-6z")
WARNED = Status("warned", "!", "warn", "m0-6l6 6l-6 6l-6-6z")
_OTHERS = {
    one.word: one
    for one in (
        Status("inconclusive", "?", "warn", "m-4-1.5h8v3h-8z"),
        Status("sensitive", "▲", "info", "m0-5l5 9h-10z"),
        Status("measured", "■", "info", "m-4-4h8v8h-8z"),
        Status("insensitive", "●", "good", _DOT),
        Status("listed", "◇", "mute", _DOT),
        Status("void", "○", "mute", _DOT),
    )
}
_ORDER = {one: place for place, one in enumerate((FAILED, _OTHERS["inconclusive"], WARNED))}
_LAST = {_OTHERS["listed"]: 1, _OTHERS["void"]: 2}


def status(result: Result) -> Status:
    if result.outcome == "failed":
        return FAILED
    one = _OTHERS.get(found(result), WARNED)
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
    return element("ul", [_chip(one, number) for one, number in _counted(results)], class_="chips")


def _counted(results: Iterable[Result]) -> Iterator[tuple[Status, int]]:
    yield from Counter(map(status, worst_first(results))).items()


def _chip(one: Status, number: int) -> Element:
    return element("li", f"{one.glyph} {number} {one.word}", class_=one.colour)
