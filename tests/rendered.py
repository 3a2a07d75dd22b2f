"""Markdown as GitHub's parser reads it: by markdown-it with tables and with links that nobody marked as such."""

from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["OWN_TAGS", "Cell", "cells", "inlines", "render"]

OWN_TAGS = ("<code>", "</code>", "<wbr>", "<sub>", "</sub>")

_PARSER = MarkdownIt("gfm-like")
assert _PARSER.linkify is not None
_PARSER.linkify.set({"fuzzy_link": False})  # GitHub wants a scheme, or `www.`, which is looked for apart


@dataclass(frozen=True)
class Cell:
    """What a reader sees, and whatever is there beside text and code."""

    text: str
    others: tuple[str, ...]

    @classmethod
    def of(cls, inline: Token) -> "Cell":
        text, others = "", []
        for token in inline.children or ():
            if token.type in ("text", "text_special", "code_inline"):
                text += token.content
            elif token.type in ("softbreak", "hardbreak"):
                text += "\n"
            elif token.type == "html_inline":
                others += [] if token.content in OWN_TAGS else [token.content]
            else:
                others.append(token.type)
        return cls(text, tuple(others))


def render(markdown: str) -> list[Token]:
    return _PARSER.parse(markdown)


def inlines(markdown: str) -> list[Cell]:
    """Of all paragraphs, headings and cells."""
    return [Cell.of(token) for token in render(markdown) if token.type == "inline"]


def cells(markdown: str) -> list[list[Cell]]:
    """Rows of all tables, the headers too."""
    rows: list[list[Cell]] = []
    tokens = render(markdown)
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("th_open", "td_open"):
            rows[-1].append(Cell.of(token))
    return rows
