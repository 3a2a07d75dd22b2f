"""What stands below a table of results: their summary, and what deserves a sentence."""

from collections import Counter
from collections.abc import Sequence

from pytest_speedbump.report.columns import plain, wrap
from pytest_speedbump.report.grid import Table
from pytest_speedbump.report.notes import gather, notes
from pytest_speedbump.report.text import verdict_text
from pytest_speedbump.result import Result

__all__ = ["foot", "summary"]


def foot(
    results: Sequence[Result], table: Table, width: int | None, seed: int, *, more: str, each: bool = False
) -> list[str]:
    """Lines within ``width`` columns; None: as wide as it gets.

    Args:
        more: the option whose document has what the table has no room for.
        each: say the same of many tests many times.
    """
    said = [(f"{result.test} [{result.bump}]", note) for result in results for note in notes(result, each=each)]
    lines = [f"{summary(results)}; intervals hold for 95%; seed {seed}"]
    if table.left_out:
        lines.append(f"no room in {width} columns for {' and '.join(table.left_out)}: {more} has all")
    lines += [f"  {line}" for line in gather(said, each=each)]
    return [line for text in lines for line in wrap(plain(text), width, indent=4)]


def summary(results: Sequence[Result]) -> str:
    """``2 insensitive, 1 void``, in the order of first appearance."""
    return ", ".join(f"{n} {verdict}" for verdict, n in Counter(map(verdict_text, results)).items())
