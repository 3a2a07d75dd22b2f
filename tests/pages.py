"""The pages of docs/ as programs: fenced blocks, and what the comments right above them say about running them.

<!-- file: NAME -->       the block is the whole of that file
<!-- change: NAME -->     its first function replaces the one of the same name in that file
<!-- exit: N -->          the command's exit code, 0 unless said otherwise
<!-- prints: TEXT -->     part of what it prints; a star stands for anything
<!-- output -->           the block is exactly what the block before it prints
<!-- needs: MODULE -->    run only where that can be imported
<!-- docs: NAME -->       that file of docs/ is copied beside it first
<!-- not run: REASON -->
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "Block", "blocks", "pages", "replace_function", "text_pattern"]

DOCS = Path(__file__).parents[1] / "docs"
KEYS = frozenset({"file", "change", "exit", "prints", "output", "needs", "docs", "not run"})

_COMMENT = re.compile(r"<!-- (?P<key>[a-z ]+?)(?:: (?P<value>.*))? -->")
_FENCE = re.compile(r"(?P<indent> *)```(?P<language>[\w{}-]*)")


@dataclass(frozen=True, slots=True)
class Block:
    """``line``: where its fence opens, from 1."""

    page: str
    line: int
    language: str
    text: str
    notes: dict[str, str]

    def __str__(self) -> str:
        return f"docs/{self.page}:{self.line}"


def pages() -> list[str]:
    return sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md") if path.parent.name != "measured")


def blocks(page: str) -> Iterator[Block]:
    """In the order of the page. ValueError: a note that nobody knows, or that no block follows."""
    notes: dict[str, str] = {}
    lines = iter(enumerate((DOCS / page).read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        comment, fence = _COMMENT.fullmatch(line.strip()), _FENCE.match(line)
        if comment is not None and comment["key"] in KEYS:
            notes[comment["key"]] = comment["value"] or ""
        elif fence is not None:
            indent = len(fence["indent"])
            body = []
            for _, inner in lines:
                if inner.strip() == "```":
                    break
                body.append(inner[indent:])
            yield Block(page, number, fence["language"], "\n".join(body) + "\n", notes)
            notes = {}
        elif notes or comment is not None:
            raise ValueError(f"docs/{page}:{number}: a note is followed by {line!r} instead of a block")


def text_pattern(text: str) -> re.Pattern[str]:
    """What finds ``text``, in which a star stands for anything."""
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)


def replace_function(source: str, function: str) -> str:
    """``source`` with its function of the same name replaced. ValueError where it has none."""
    name = function.partition("(")[0]
    old = re.compile(rf"^{re.escape(name)}\(.*?(?=\n\n\n|\Z)", re.MULTILINE | re.DOTALL)
    changed, n = old.subn(lambda _: function.rstrip(), source)
    if n != 1:
        raise ValueError(f"{n} functions begin with {name!r}")
    return changed
