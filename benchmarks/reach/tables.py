"""The document as Markdown, as docs publish it. Computes nothing of its own."""

from typing import Any

from benchmarks.documents import Document
from benchmarks.figures.findings import find, findings_table
from benchmarks.figures.promises import PROMISES
from benchmarks.origin import Origin
from benchmarks.reach import tally
from benchmarks.tables import page, table
from pytest_speedbump.units import format_time

__all__ = ["markdown"]

type Records = list[dict[str, Any]]


def markdown(document: Document) -> str:
    """All tables, with the machine they come from: first what was promised of them, as `benchmarks.figures` says it."""
    records = document["records"]
    sections = (
        ("Figures to reach", _promised(document)),
        ("What an armed, undelayed call adds", _costs(records)),
        ("Delays as they arrive", _deliveries(records)),
        ("Transmission where it is known", _knowns(records)),
    )
    return page(_origin(document), sections, document["failures"])


def _origin(document: Document) -> str:
    state = "complete" if document["complete"] else "incomplete"
    minutes = f"{document['seconds'] / 60:.0f} min"
    return f"{Origin.from_json(document['origin'])}. {minutes}, {state}. {document['note']}".rstrip()


def _promised(document: Document) -> str:
    promises = [one for one in PROMISES if one.source == "reach"]
    return "\n".join(findings_table({one: find(one, document) for one in promises}))


def _costs(records: Records) -> str:
    header = ("kind", "a bare call, ns", "added, ns", "added to what does not match, ns")
    rows = [
        (one.kind, f"{one.bare_ns:.1f}", f"{one.added_ns:.1f}", f"{one.unmatched_ns:+.2f}")
        for one in tally.costs(records)
    ]
    return "\n".join(table(header, rows))


def _deliveries(records: Records) -> str:
    header = ("kind", "asked", "off, ns", "the most", "booked", "within 5 ns or 1 %")
    rows = [
        (one.kind, format_time(one.requested_ns), f"{one.error_ns:+.1f}", f"{one.worst_ns:+.1f}",
         f"{one.booked_ns:+.1f}", "yes" if one.is_exact else "NO")
        for one in tally.deliveries(records)
    ]  # fmt: skip
    return "\n".join(table(header, rows))


def _knowns(records: Records) -> str:
    header = ("system", "delay", "true", "measured", "interval", "off", "verdict")
    rows = [
        (one["system"], format_time(one["delay_ns"]), f"{one['true_transmission']:.3f}", *_answer(one))
        for one in tally.knowns(records)
    ]
    return "\n".join(table(header, rows))


def _answer(one: dict[str, Any]) -> tuple[str, ...]:
    found, error = one["transmission"], tally.error(one)
    if error is None:
        return "-", "-", "-", f"{one['verdict']}: {one['reason']}"
    ends = ("-" if end is None else f"{end:.3f}" for end in (found["low"], found["high"]))
    return f"{found['estimate']:.3f}", " to ".join(ends), f"{error:+.3f}", one["verdict"]
