"""Tables in Markdown whose columns line up in plain text, too, and pages of them."""

from collections.abc import Iterable, Mapping, Sequence

__all__ = ["page", "table"]


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, text: int = 1) -> list[str]:
    """The lines of a table: the first ``text`` columns hold text, the others figures. No lines without rows."""
    cells = [header, *rows]
    if len(cells) == 1:
        return []
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if i < text else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rule = "|".join("-" * (width + 2) if i < text else "-" * (width + 1) + ":" for i, width in enumerate(widths))
    return [line(header), f"|{rule}|", *map(line, cells[1:])]


def page(origin: str, sections: Iterable[tuple[str, str]], failures: Sequence[Mapping[str, str]]) -> str:
    """``origin``, the titled ``sections`` that have a text, and the jobs that broke, each with its ``error``."""
    parts = [origin, *(f"### {title}\n\n{text}" for title, text in sections if text)]
    if failures:
        parts.append("### Jobs that broke\n\n" + "\n".join(f"- {one['job']}: {one['error']}" for one in failures))
    return "\n\n".join(parts) + "\n"
