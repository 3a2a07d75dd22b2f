"""Over the commits: what became of the transmission of each bump, which does not depend on the machine as times do."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_speedbump.documents.document import Document
from pytest_speedbump.page.element import element, name, section
from pytest_speedbump.page.svg import (
    Box,
    Look,
    Scale,
    Tone,
    as_table,
    clip,
    drawing,
    fitted,
    grid_line,
    heading,
    look_of,
    mark,
    shape,
    text,
)
from pytest_speedbump.page.svg import path_point as at
from pytest_speedbump.page.words import count
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.numbers import margin_text
from pytest_speedbump.result import Estimate, Result

__all__ = ["commits_section"]

TITLE = "Over the commits"
CHARTS = 12
FEWEST = 3  # charts, be it of what has not changed
WIDTH, HEIGHT = 346.0, 190.0
PLOT = Box(34, 66, WIDTH - 14, HEIGHT - 24)
HASH = 7  # digits
CRITICAL = 0.5
LOWEST, HIGHEST = -1.0, 2.5  # transmissions at which an axis ends at most


@dataclass(frozen=True, slots=True)
class Step:
    """What one document says of a bump."""

    place: int
    commit: str
    transmission: Estimate
    look: Look

    @property
    def low(self) -> float:
        return -math.inf if self.transmission.low is None else self.transmission.low

    @property
    def high(self) -> float:
        return math.inf if self.transmission.high is None else self.transmission.high


@dataclass(frozen=True, slots=True)
class History:
    """One bump in the order of the documents, two at least.

    Attributes:
        turn: the step with the largest change that the intervals prove; None where there is none.
    """

    test: str
    bump: str
    target: str
    way: str
    steps: tuple[Step, ...]
    turn: Step | None
    gap: float
    told: str

    @property
    def weight(self) -> tuple[bool, float]:
        """What changed the most comes first."""
        return self.turn is None, -self.gap if self.turn else -abs(
            self.steps[-1].transmission - self.steps[0].transmission
        )


def commits_section(documents: Sequence[Document]) -> ET.Element | None:
    """The last of ``documents`` is the newest. None where no bump is in two of them."""
    called = [_called(document, place) for place, document in enumerate(documents)]
    histories = sorted(_histories(documents, called), key=lambda one: one.weight)
    if not histories:
        return None
    tests = short_names(one.test for one in histories)
    changed = sum(one.turn is not None for one in histories)
    drawn = histories[: min(max(changed, FEWEST), CHARTS)]
    rest = histories[len(drawn) :]
    parts = [
        element("div", [_draw(one, tests[one.test], called) for one in drawn], class_="charts"),
        as_table(
            f"The numbers of {count(len(drawn), 'chart')} as a table",
            ("Test", "Bump", "Commit", "Transmission", "Verdict"),
            [
                (name(tests[one.test]), name(one.bump), name(step.commit), _known(step), step.look.word)
                for one in drawn for step in one.steps
            ],
        ),
    ]  # fmt: skip
    if rest:
        parts.append(
            as_table(
                f"{len(rest)} more, which changed less",
                ("Test", "Bump", "First", "Last", "Change"),
                [
                    (name(tests[one.test]), name(one.bump), _known(one.steps[0]), _known(one.steps[-1]), one.told)
                    for one in rest
                ],
            )
        )  # fmt: skip
    return section(
        TITLE,
        parts,
        how=f"Which share of a delay arrives, with its interval, from the oldest of {len(documents)} documents to the "
        f"newest: {changed} of {len(histories)} changed by more than their intervals. Unlike times, it may be "
        "compared from machine to machine.",
    )


# ---- what is shown ----


def _called(document: Document, place: int) -> str:
    return document.commit[:HASH] if document.commit else document.run or f"#{place + 1}"


def _known(step: Step) -> str:
    return margin_text(step.transmission) or "not known"


def _histories(documents: Sequence[Document], called: Sequence[str]) -> Iterator[History]:
    found: dict[tuple[str, str], dict[int, Result]] = {}
    for place, document in enumerate(documents):
        for result in document.results:
            if result.known_transmission is not None:
                found.setdefault((result.test, str(result.bump)), {})[place] = result
    for (test, bump), results in found.items():
        if len(results) >= 2:
            steps = tuple(
                Step(place, called[place], result.known_transmission, look_of(result))
                for place, result in results.items()
                if result.known_transmission is not None
            )
            turn, gap, told = _turn(steps)
            target = str(next(iter(results.values())).bump.targets)
            yield History(test, bump, target, bump[len(target) :].strip(), steps, turn, gap, told)


def _turn(steps: Sequence[Step]) -> tuple[Step | None, float, str]:
    """The largest change between neighbours, how far their intervals are apart, and what it was."""
    gap, before, after = max(
        ((max(after.low - before.high, before.low - after.high), before, after) for before, after in pairwise(steps)),
        key=lambda one: one[0],
    )
    if gap <= 0:
        return None, 0.0, "no change"
    was, now = before.transmission > CRITICAL, after.transmission > CRITICAL
    if now and not was:
        return after, gap, f"came onto the critical path in {after.commit}"
    if was and not now:
        return after, gap, f"left the critical path in {after.commit}"
    return after, gap, f"changed in {after.commit}: {before.transmission:.2f} -> {after.transmission:.2f}"


# ---- the picture ----


def _draw(one: History, test: str, called: Sequence[str]) -> ET.Element:
    tone: Tone = "soft" if one.turn is None else one.turn.look.tone
    across = Scale(0.0, max(len(called) - 1, 1), PLOT.left + 12, PLOT.right - 12)
    ends = [end for step in one.steps for end in (float(step.transmission), step.low, step.high) if math.isfinite(end)]
    up = Scale(clip(min(ends), LOWEST, -0.1), clip(max(ends), 1.1, HIGHEST), PLOT.bottom - 4, PLOT.top)
    return drawing(
        WIDTH, HEIGHT, f"{one.bump} in {test}: {one.told}",
        f"Transmission in {len(one.steps)} documents, from {one.steps[0].commit} to {one.steps[-1].commit}.",
        heading(one.bump, one.target, f"{one.way} in {test}", one.told, tone, WIDTH - 8),
        _axes(one, across, up, called),
        [_step(step, across, up) for step in one.steps],
    )  # fmt: skip


def _axes(one: History, across: Scale, up: Scale, called: Sequence[str]) -> Iterator[ET.Element]:
    for number in range(math.ceil(up.low / 0.5), math.floor(up.high / 0.5) + 1):
        y = up(number * 0.5)
        yield grid_line(PLOT.left, y, PLOT.right, y, tone="soft" if not number else "faint")
        yield text(f"{number * 0.5:g}", PLOT.left - 7, y + 3.5, size=10, anchor="end")
    base = PLOT.bottom + 16
    yield text(fitted(called[0], 130, 10, mono=True), PLOT.left, base, size=10, mono=True)
    yield text(fitted(called[-1], 130, 10, mono=True), PLOT.right, base, size=10, mono=True, anchor="end")
    if one.turn is not None:
        before = next(step for step, after in pairwise(one.steps) if after is one.turn)
        x = (across(before.place) + across(one.turn.place)) / 2
        yield grid_line(x, PLOT.top - 4, x, PLOT.bottom, dashed=True, tone=one.turn.look.tone)


def _step(step: Step, across: Scale, up: Scale) -> ET.Element:
    x, look = across(step.place), step.look
    return element(
        "g",
        element("title", f"{step.commit}: {_known(step)}, {look.word}"),
        shape(f"M{at(x, up(step.high))}V{up(step.low):.1f}", stroke=look.tone, width=1.8),
        mark(look, x, up(step.transmission), 4.2),
    )
