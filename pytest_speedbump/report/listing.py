"""The lines of a listing: what the targets of one result match, what is called most first."""

import linecache
from collections.abc import Iterator

from pytest_speedbump.report.columns import width_of
from pytest_speedbump.report.notes import gather
from pytest_speedbump.result import MatchedCode, Result

__all__ = ["lay_out_listing"]

ENOUGH = 50  # lines of a result, unless more than that are called


def lay_out_listing(result: Result, width: int | None, *, each: bool = False) -> Iterator[str]:
    """All that is called, then what is not, by name, as far as that is not too much; then what there is to say.

    Args:
        width: columns of the terminal; None: no edge.
        each: everything, however much it is.
    """
    called = sorted((code for code in result.matched if code.calls), key=lambda code: -code.calls)
    idle = sorted((code for code in result.matched if not code.calls), key=lambda code: code.name)
    shown = len(idle) if each else max(ENOUGH - len(called), 0)
    for code in (*called, *idle[:shown]):
        yield _row(code, width)
    if len(idle) > shown:
        yield f"  and {len(idle) - shown} more that are not called: -v shows them, --speedbump-json has them"
    for warning in result.warnings:
        yield f"  {warning}"
    for line in gather(((one.name, one.reason) for one in result.unreached), each=each):
        yield f"  not slowed: {line}"


def _row(code: MatchedCode, width: int | None) -> str:
    row = f"  {code.calls:10.6g}  {code.name}"
    if code.file is None or code.line is None:
        return row
    row += f"  {code.file}:{code.line}"
    if code.kind != "line":
        return row
    with_source = f"{row}  {linecache.getline(code.file, code.line).strip()}".rstrip()
    return with_source if width is None or width_of(with_source) <= width else row
