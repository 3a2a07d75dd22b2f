"""The document as Markdown, as docs publish it. Computes nothing of its own."""

from typing import Any

from benchmarks.documents import Document
from benchmarks.origin import Origin
from benchmarks.programs import tally
from benchmarks.tables import page, table
from pytest_speedbump.units import format_time

__all__ = ["markdown"]

type Records = list[dict[str, Any]]

COSTS = (
    ("a start, where nothing is set", "start", "added_ns", 1e6),
    ("joining an experiment", "join", "added_ns", 3e6),
    ("one store, until a running child's calls are slowed", "switch", "felt_ns", 1e6),
)


def markdown(document: Document) -> str:
    """All tables, with the machine they come from."""
    records = document["records"]
    sections = (
        ("Programs whose answer is known", _knowns(records)),
        ("Programs in which nothing is slowed, against a budget of 2 %", _same(records)),
        ("What taking part costs", _costs(records)),
    )
    return page(_origin(document), sections, document["failures"])


def _origin(document: Document) -> str:
    state = "complete" if document["complete"] else "incomplete"
    minutes = f"{document['seconds'] / 60:.0f} min"
    return f"{Origin.from_json(document['origin'])}. {minutes}, {state}. {document['note']}".rstrip()


def _knowns(records: Records) -> str:
    header = ("program", "true drop", "off", "true transmission", "off", "seconds", "near", "verdict")
    rows = [
        (
            one.record["program"], f"{one.record['true_drop']:.1%}", _off(one.error("drop")),
            f"{one.record['true_transmission']:.3f}", _off(one.error("transmission")), f"{one.record['seconds']:.1f}",
            "yes" if one.is_near else "NO", _verdict(one.record),
        )
        for one in tally.knowns(records)
    ]  # fmt: skip
    return "\n".join(table(header, rows))


def _off(error: float | None) -> str:
    return "-" if error is None else f"{error:+.3f}"


def _verdict(record: dict[str, Any]) -> str:
    return f"{record['verdict']}: {record['reason']}" if record["reason"] else str(record["verdict"])


def _same(records: Records) -> str:
    header = ("condition", "runs", "insensitive", "inconclusive", "falsely sensitive", "void")
    rows = [
        (condition, str(found.total()), *(str(found[one]) for one in ("insensitive", "inconclusive")),
         str(found["sensitive"]), str(found["void"]))
        for condition, found in tally.verdicts(records).items()
    ]  # fmt: skip
    return "\n".join(table(header, rows))


def _costs(records: Records) -> str:
    rows = []
    for what, kind, name, most_ns in COSTS:
        found = tally.medians(records, kind, name)
        if found is not None:
            rows.append(
                (what, format_time(found, 3), f"<= {format_time(most_ns)}", "yes" if found <= most_ns else "NO")
            )
    return "\n".join(table(("what", "median", "wanted", "holds"), rows))
