"""What an experiment on a running program has found, as lines of text, fitted to a terminal. Pure."""

from collections.abc import Iterator

from pytest_speedbump.program import ProgramAnswers
from pytest_speedbump.report.columns import plain, shorten, wrap
from pytest_speedbump.report.foot import foot
from pytest_speedbump.report.table import lay_out
from pytest_speedbump.report.text import failure_text
from pytest_speedbump.units import format_time

__all__ = ["lay_out_answers"]

INDENT = 4  # of what does not fit a line


def lay_out_answers(words: tuple[str, ...], answers: ProgramAnswers, width: int | None) -> list[str]:
    """One row a progress point, then what there is to say, within ``width`` columns; None: as wide as it gets.

    Args:
        words: the program and its arguments.
    """
    table = lay_out(answers.results, width)
    rule = "-" * table.edge
    title = shorten(f" speedbump: {plain(' '.join(words))} ", table.edge)
    lines = ["", title.center(len(rule), "-"), "".join(table.header).rstrip(), rule]
    lines += [(first + last).rstrip() for first, last in table.rows]
    lines.append(rule)
    for text in _latency(answers):
        lines += wrap(plain(text), width, INDENT)
    lines += foot(answers.results, table, width, answers.seed, more="--json")
    for result in answers.results:
        if result.outcome == "failed":
            lines += [line for text in failure_text(result).splitlines() for line in wrap(text, width, INDENT)]
    return lines


def _latency(answers: ProgramAnswers) -> Iterator[str]:
    if answers.between is None:
        return
    between, found = " to ".join(answers.between), answers.latency
    if found is None:
        yield f"latency, {between}: not known, because nothing has arrived"
        return
    added = found.added_ns
    sign = "-" if added < 0 else "+"
    ends = "" if added.low is None or added.high is None else f" [{_signed(added.low)}, {_signed(added.high)}]"
    yield (
        f"latency, {between}: {format_time(found.control_ns)}, slowed {format_time(found.slowed_ns)}: "
        f"{sign}{format_time(abs(added))}{ends}"
    )


def _signed(ns: float) -> str:
    return f"{'-' if ns < 0 else ''}{format_time(abs(ns))}"
