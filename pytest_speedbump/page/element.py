"""Elements of a page. Text is escaped because it is text: no markup is ever put together out of strings.

xml.etree only builds and serialises here; nothing is parsed.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator

from pytest_speedbump.report.columns import plain

__all__ = ["Child", "element", "name", "section", "to_html"]

type Child = ET.Element | str | Iterable[Child] | None

AS_THEY_ARE = ("viewBox",)  # names of attributes that SVG writes with capitals


def element(tag: str, *children: Child, **attributes: str | float | None) -> ET.Element:
    """One element.

    Args:
        children: strings become text, what is iterable its elements, and None nothing.
        attributes: ``class_`` is written ``class``, and ``stroke_width`` ``stroke-width``; a number has at most two
            decimals; None is left out.

    What would move, hide or reorder the text around it is written as an escape, as on the terminal; a line break stays.
    """
    one = ET.Element(tag, {_attribute(key): _value(value) for key, value in attributes.items() if value is not None})
    last: ET.Element | None = None
    for child in _flat(children):
        if isinstance(child, ET.Element):
            one.append(child)
            last = child
        elif last is None:
            one.text = (one.text or "") + _printable(child)
        else:
            last.tail = (last.tail or "") + _printable(child)
    return one


def name(text: str) -> ET.Element:
    """A name that somebody has chosen: whichever way its letters run, what stands beside it keeps its place."""
    return element("bdi", element("code", plain(text)))


def section(title: str, *children: Child, how: str = "") -> ET.Element:
    """A part of the page; ``how`` it is read."""
    return element("section", element("h2", title), element("p", how, class_="m") if how else None, *children)


def to_html(root: ET.Element) -> str:
    return ET.tostring(root, encoding="unicode", method="html")


def _flat(children: Iterable[Child]) -> Iterator[ET.Element | str]:
    for child in children:
        if isinstance(child, ET.Element | str):
            yield child
        elif child is not None:
            yield from _flat(child)


def _attribute(key: str) -> str:
    return key if key in AS_THEY_ARE else key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return plain(value)
    text = f"{value:z.2f}".rstrip("0")
    return text.rstrip(".")


def _printable(text: str) -> str:
    return text if text.isprintable() else "\n".join(map(plain, text.split("\n")))
