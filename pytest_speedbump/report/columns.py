"""Text by the columns that it takes on a terminal: a Chinese character takes two, a combining accent none."""

import re
from collections.abc import Iterable, Sequence
from unicodedata import category, east_asian_width

__all__ = ["pad", "plain", "shorten", "shorten_all", "width_of", "wrap"]

ELLIPSIS = "..."
# How much of a shortened name is its beginning: the halves first, then whatever keeps the names apart.
_SHARES = (0.5, 0.25, 0.75, 0.0, 1.0)
_ENDS_FIRST = (0.0, 0.25, 0.5, 0.75, 1.0)
# How the log of a CI job begins a command: GitHub's at the start of a line, older ones and those of others anywhere.
_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#)")


def width_of(text: str) -> int:
    """Columns that ``text`` takes."""
    return len(text) if text.isascii() and text.isprintable() else sum(map(_width, text))


def plain(text: str) -> str:
    """``text`` with escapes for all that would move or colour a terminal's text, or command a CI that reads the log."""
    if not text.isprintable():
        text = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return _COMMAND.sub(_escape, text)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """``text`` with blanks to ``width`` columns, after it or, if it is to end at the ``right``, before it."""
    blanks = " " * (width - width_of(text))
    return blanks + text if right else text + blanks


def shorten(text: str, width: int, share: float = 0.5) -> str:
    """``text`` in at most ``width`` columns, an ellipsis in its middle; ``share`` of what is left is its beginning."""
    if width_of(text) <= width:
        return text
    left = max(0, width - len(ELLIPSIS))
    head = _fit(text, int(left * share))
    tail = _fit(reversed(text), left - width_of(head))[::-1]
    while tail and not _width(tail[0]):  # an accent of a letter that was cut off
        tail = tail[1:]
    return head + ELLIPSIS[:width] + tail


def shorten_all(texts: Sequence[str], width: int, *, ends: bool = False) -> list[str]:
    """Each in at most ``width`` columns, and different ones different, where a cut in one place can do that.

    ``ends``: the end of a text tells more than its beginning, as in a dotted name.
    """
    cuts = [[shorten(text, width, share) for text in texts] for share in (_ENDS_FIRST if ends else _SHARES)]
    return max(cuts, key=lambda cut: len(set(cut)))


def wrap(text: str, width: int | None, indent: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken between words; those after the first are indented.

    A word longer than a line stays whole: somebody may want to copy it. So does one with what follows it where that
    would command a CI from the start of a line. None: one line.
    """
    if width is None or width_of(text) <= width:
        return [text]
    lead = len(text) - len(text.lstrip(" "))
    lines = [" " * lead]
    for word in text.split():
        joined = lines[-1] + word if not lines[-1].strip() else f"{lines[-1]} {word}"
        if width_of(joined) <= width or not lines[-1].strip() or plain(word) != word:
            lines[-1] = joined
        else:
            lines.append(" " * indent + word)
    return lines


def _escape(match: re.Match[str]) -> str:
    """As ``repr`` writes its last character."""
    return f"{match[0][:-1]}\\x{ord(match[0][-1]):02x}"


def _fit(characters: Iterable[str], width: int) -> str:
    """The first of them, to at most ``width`` columns."""
    taken, room = "", width
    for character in characters:
        room -= _width(character)
        if room < 0:
            break
        taken += character
    return taken


def _width(character: str) -> int:
    if " " <= character <= "~":
        return 1
    if category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
