"""The part of a page that shows a program which was slowed: how it ended, and what it called."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from pytest_speedbump.bump import every_text
from pytest_speedbump.page.element import Child, element, name, section
from pytest_speedbump.page.words import count
from pytest_speedbump.report.numbers import time_text
from pytest_speedbump.result import Estimate
from pytest_speedbump.units import format_time

__all__ = ["program_section"]

MOST_ROWS = 200
TITLES = ("Target", "Calls", "Asked", "Delivered", "Late")


def program_section(program: Mapping[str, Any]) -> Element | None:
    """``program``: as :class:`~pytest_speedbump.documents.document.Document` keeps it; None where it is empty."""
    about = program.get("program")
    if not about:
        return None
    targets, matched = program.get("targets", ()), program.get("matched", ())
    return section(
        "The program",
        element("p", name(" ".join(map(str, about["argv"])))),
        element("p", "; ".join(_way(program, about)), class_="m"),
        element(
            "ul",
            [
                element("li", name(one["target"]), " never ran", f"; {one['hint']}" if one["hint"] else "")
                for one in targets
                if not one["calls"]
            ],
            class_="said",
        ),
        _table("What the targets counted", [(one["target"], one) for one in targets]),
        _table("What was called", [(one["name"], one) for one in sorted(matched, key=lambda one: -one["calls"])]),
        element("p", *_latency(program.get("latency"))),
    )


def _way(program: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[str]:
    if program.get("delay_ns") is not None:
        mode = "" if program.get("mode") == "spin" else f" {program.get('mode')}"
        yield f"+{format_time(program['delay_ns'])} {every_text(program.get('every', 1))}{mode}"
    if program.get("after_ns"):
        yield f"after {format_time(program['after_ns'])}"
    if program.get("for_ns") is not None and not math.isinf(program["for_ns"]):
        yield f"for {format_time(program['for_ns'])}"
    processes = about["processes"]
    yield f"{len(processes)} process{'es' * (len(processes) != 1)}"
    running = sum(bool(one["running"]) for one in processes)
    if running:
        yield f"{running} still running when it had ended"
    lost = sum(one["lost"] for one in processes)
    if lost:
        yield f"memory ran out: {count(lost, 'function')} not slowed"
    yield format_time(about["seconds"] * 1e9)
    if about["signal"] is not None:
        yield f"ended by {about['signal']}"
    elif about["exit_code"] is not None:
        yield f"exit code {about['exit_code']}"


def _table(title: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Child:
    if not rows:
        return None
    more = [element("p", f"{count(len(rows) - MOST_ROWS, 'more row')} in the JSON document")] * (len(rows) > MOST_ROWS)
    head = [element("th", one, scope="col", align=None if one == TITLES[0] else "right") for one in TITLES]
    body = (
        element(
            "tr",
            element("th", name(called), f" {one['file']}:{one['line']}" if one.get("file") else None, scope="row"),
            element("td", f"{one['calls']:.0f}", align="right"),
            *(
                element("td", format_time(one[key]) if one[key] else "-", align="right")
                for key in ("requested_ns", "delivered_ns", "late_ns")
            ),
        )
        for called, one in rows[:MOST_ROWS]
    )
    table = element(
        "table", element("caption", element("span", title)), element("thead", element("tr", head)),
        element("tbody", body), rules="rows", cellpadding="4",
    )  # fmt: skip
    return element("div", table, class_="wide", role="region", aria_label=title, tabindex="0"), more


def _latency(latency: Mapping[str, Any] | None) -> Iterator[Child]:
    if latency:
        added = Estimate.from_json(latency["added_ns"])
        yield "From "
        yield name(latency["begin"])
        yield " to "
        yield name(latency["end"])
        yield f": {format_time(latency['control_ns'])}, slowed {format_time(latency['slowed_ns'])}"
        yield None if added is None else f", which is {time_text(added)} more"
