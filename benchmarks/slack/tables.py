"""The document as Markdown."""

from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import Any

from benchmarks.documents import Document
from benchmarks.origin import Origin
from benchmarks.tables import page, table
from pytest_speedbump.units import format_time

__all__ = ["covers", "markdown"]

type Record = dict[str, Any]
type Records = list[Record]

NEAR = 0.1  # of the true slack, to which it is to be found
EXACT = 0.01  # of it, to which the device itself keeps it


def markdown(document: Document) -> str:
    """All tables, with the machine they come from."""
    records = document["records"]
    sections = (("Slack that is known", _found(records)), ("Slack that is declared", _declared(records)))
    state = "complete" if document["complete"] else "incomplete"
    minutes = f"{document['seconds'] / 60:.0f} min"
    origin = f"{Origin.from_json(document['origin'])}. {minutes}, {state}. {document['note']}".rstrip()
    return page(origin, sections, document["failures"])


def covers(record: Record) -> bool | None:
    """Whether the interval holds the truth; None where nothing was found."""
    slack, true_ns = record["slack_ns"], record["true_ns"]
    if slack is None:
        return None
    low, high = slack["low"] * (1 - EXACT), slack["high"]
    return low <= true_ns and (high is None or true_ns <= high * (1 + EXACT))


def _groups(records: Records, kind: str, *names: str) -> Iterator[tuple[tuple[str, ...], Records]]:
    groups: dict[tuple[str, ...], Records] = {}
    for record in records:
        if record["kind"] == kind:
            groups.setdefault(tuple(str(record[name]) for name in names), []).append(record)
    yield from groups.items()


def _found(records: Records) -> str:
    header = (
        "system",
        "condition",
        "true slack",
        "runs",
        "median",
        "within 10 %",
        "held",
        "not known",
        "half",
        "seconds",
    )
    rows = []
    for names, group in _groups(records, "found", "system", "condition"):
        told = [one for one in group if one["slack_ns"] is not None]
        known = [one["slack_ns"] for one in told]
        true_ns = median([one["true_ns"] for one in group])
        held = sum(covers(one) is True for one in group)
        near = sum(abs(one["slack_ns"]["estimate"] - one["true_ns"]) <= NEAR * one["true_ns"] for one in told)
        halves = [(one["high"] - one["low"]) / 2 for one in known if one["high"] is not None]
        rows.append(
            (
                *names, format_time(true_ns), str(len(group)),
                format_time(median([one["estimate"] for one in known])) if known else "-",
                f"{near} of {len(known)}" if true_ns else "-", f"{held} of {len(known)}",
                str(len(group) - len(known)), format_time(median(halves), 2) if halves else "-",
                f"{median([one['seconds'] for one in group]):.1f}",
            )
        )  # fmt: skip
    return "\n".join(table(header, rows, text=2))


def _declared(records: Records) -> str:
    header = ("declared, of the true slack", "condition", "runs", "insensitive", "inconclusive", "sensitive", "seconds")
    rows = []
    for names, group in _groups(records, "declared", "share", "condition"):
        found = Counter(one["verdict"] for one in group)
        seconds = f"{median([one['seconds'] for one in group]):.1f}"
        verdicts = ("insensitive", "inconclusive", "sensitive")
        rows.append((*names, str(len(group)), *(str(found[one]) for one in verdicts), seconds))
    return "\n".join(table(header, rows, text=2))
