"""Text that others chose, in Markdown that GitHub renders as just that text.

Neither Markdown nor HTML nor what GitHub looks for afterwards must find anything in it: mentions, issues, commits of
another name, emoji, links. All of these results fit a cell of a table.
"""

import re

from pytest_speedbump.report.columns import plain

__all__ = ["code", "code_html", "text"]

# A character reference is never markup. Between letters `_` is none either.
_MARKUP = re.compile(r"[\\`*\[\]<>|&~$!^]|(?<![^\W_])_|^[-+=#]|(?<=www)\.|:(?=\S)", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d+)([.)])")
# `<wbr>` shows nothing and is not copied: it parts what would be a mention, an issue, an address or an emoji.
_ACTIVE = re.compile(r"@|#(?=\w)|\bgh-(?=\d)|:(?=[\w+-]+:)", re.IGNORECASE)
# In a code span nothing means anything but these, and blanks at its ends.
_NO_SPAN = re.compile(r"[`|\\]|^$|^\s|\s$")


def code(name: str) -> str:
    """A name as code."""
    shown = plain(name)
    return code_html(name) if _NO_SPAN.search(shown) else f"`{shown}`"


def code_html(name: str) -> str:
    """A name as code where no Markdown is read, as in a ``<summary>``, which is as good where it is."""
    body = "".join(one if one.isalnum() or one == " " or not one.isascii() else _reference(one) for one in plain(name))
    return f"<code>{body.replace(_reference('@'), '<wbr>' + _reference('@'))}</code>"


def text(sentence: str) -> str:
    """A sentence, in one line."""
    parts = _ACTIVE.split(shown := plain(sentence).strip())
    active = [*_ACTIVE.findall(shown), ""]
    return "".join(_escape(part + end, first=not index) + "<wbr>" * bool(end)
                   for index, (part, end) in enumerate(zip(parts, active, strict=True)))  # fmt: skip


def _escape(part: str, *, first: bool) -> str:
    escaped = _MARKUP.sub(lambda match: _reference(match[0]), part)
    return _NUMBERED.sub(lambda match: match[1] + _reference(match[2]), escaped) if first else escaped


def _reference(character: str) -> str:
    return f"&#{ord(character)};"
