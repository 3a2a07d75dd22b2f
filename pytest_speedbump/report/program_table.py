"""What a program called while it was slowed, as lines of text, fitted to a terminal. Pure."""

import math
from collections.abc import Iterator, Sequence

from pytest_speedbump.counts import CodeCounts, Counts
from pytest_speedbump.program import UNKNOWN_TARGET, Flight, Found, ProgramRun
from pytest_speedbump.report.columns import plain, wrap
from pytest_speedbump.report.grid import Shape, fit, ruled
from pytest_speedbump.report.notes import gather, notes
from pytest_speedbump.report.table import lay_out
from pytest_speedbump.report.text import failure_text
from pytest_speedbump.units import format_time

__all__ = ["lay_out_found", "lay_out_program"]

TITLES = ("Target", "Calls", "Asked", "Delivered", "Late")
SHAPE = Shape(("Target",), {"Target": 16}, ("Late", "Asked"))
MOST_ROWS = 10  # of what matched one target, the ones called most first
INDENT = 4  # of what does not fit a line


def lay_out_program(run: ProgramRun, width: int | None, *, more: str) -> list[str]:
    """The table and what there is to say, within ``width`` columns; None: as wide as it gets.

    Args:
        more: how to get the rows that are left out.
    """
    rows = list(_rows(run, more))
    table = fit(dict(zip(TITLES, zip(*rows, strict=True), strict=True)), SHAPE, width)
    lines = list(ruled(f" speedbump: {plain(' '.join(run.words))} ", table, width))
    for text in _said(run):
        lines += wrap(plain(text), width, INDENT)
    return lines


def lay_out_found(found: Found, width: int | None) -> list[str]:
    """What an experiment has found, and why something failed; as above."""
    points = f"{len(found.results)} progress point{'s' * (len(found.results) != 1)}"
    lines = list(ruled(f" speedbump: {points} ", lay_out(found.results, width), width))
    flight = found.flight
    said = [f"intervals hold for 95%; seed {found.seed}"]
    if flight is not None:
        said.append(
            f"from {flight.begin} to {flight.end}: {format_time(flight.latency.control_ns)}, "
            f"slowed {format_time(flight.latency.slowed_ns)}: {_added(flight)}"
        )
    if found.no_flight:
        said.append(found.no_flight)
    said += gather((result.test, note) for result in found.results for note in notes(result))
    for result in found.results:
        if result.outcome == "failed":
            headline = failure_text(result).partition("\n")[0]
            said.append(f"{result.test} fails: {headline.removeprefix('speedbump: ')}")
    for text in said:
        lines += wrap(plain(text), width, INDENT)
    return lines


def _added(flight: Flight) -> str:
    """``+590us [520us, 660us]``."""
    added = flight.latency.added_ns
    ends = "" if added.low is None or added.high is None else f" [{_signed(added.low)}, {_signed(added.high)}]"
    return f"{'-' if added < 0 else '+'}{format_time(abs(added))}{ends}"


def _signed(ns: float) -> str:
    return f"{'-' if ns < 0 else ''}{format_time(abs(ns))}"


def _rows(run: ProgramRun, more: str) -> Iterator[tuple[str, ...]]:
    """One for each target, and under it what it matched, unless that is one thing and called as the target is.

    Where nobody knows which target chose it, it stands under them all.
    """
    snapshot = run.counts.snapshot
    for (index, name), total in zip(run.bump.targets.chosen, snapshot.targets, strict=True):
        yield (plain(name), *_numbers(total))
        matched = [one for one in snapshot.matched if one.target == index]
        if [one.name for one in matched] == [name]:
            continue
        yield from _matched(matched, more)
    names = {name for _, name in run.bump.targets.chosen}
    yield from _matched(
        [one for one in snapshot.matched if one.target == UNKNOWN_TARGET and one.name not in names], more
    )


def _matched(matched: Sequence[CodeCounts], more: str) -> Iterator[tuple[str, ...]]:
    for one in matched[:MOST_ROWS]:
        yield (f"  {plain(one.name)}", *_numbers(one))
    rest = matched[MOST_ROWS:]
    if rest:
        yield (f"  {len(rest)} more ({more})", *_numbers(sum(rest, Counts())))


def _numbers(counts: Counts) -> tuple[str, ...]:
    times = (counts.requested_ns, counts.delivered_ns, counts.late_ns)
    return (f"{counts.calls:.0f}", *(format_time(ns) if ns else "-" for ns in times))


def _said(run: ProgramRun) -> Iterator[str]:
    """What the run was, then what a reader must know, in the order of its weight."""
    took = format_time(run.ending.seconds * 1e9)
    yield "; ".join(filter(None, (_way(run), _processes(len(run.counts.processes)), took, str(run.ending))))
    if run.alone:
        yield f"no process joined: {run.alone}"
    for target, hint in run.unrun.items():
        yield f"{target} never ran" + (f"; {hint}" if hint else "")
    if run.counts.lost:
        yield f"memory ran out: {run.counts.lost} functions were not slowed"
    if run.counts.running:
        yield f"still running, counted until now, and slowed no more: {_processes(run.counts.running)}"


def _way(run: ProgramRun) -> str:
    """``+50us nogil every 10th call after 30s for 120s``."""
    bump = run.bump
    words = [f"+{bump.delay_text}"]
    if run.after_ns:
        words.append(f"after {format_time(run.after_ns)}")
    if not math.isinf(run.for_ns):
        words.append(f"for {format_time(run.for_ns)}")
    return " ".join(words)


def _processes(number: int) -> str:
    return f"{number} process{'es' * (number != 1)}"
