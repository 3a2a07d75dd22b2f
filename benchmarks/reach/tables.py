"""The tables of a document, in Markdown."""

from statistics import median
from typing import Any

from benchmarks.documents import Document
from benchmarks.origin import Origin
from benchmarks.tables import page, table
from pytest_speedbump.units import format_time

__all__ = ["markdown"]

type Groups = dict[tuple[Any, ...], list[dict[str, Any]]]


def markdown(document: Document) -> str:
    sections = (
        ("What an armed, undelayed call adds", _costs(document)),
        ("Delays as they arrive", _deliveries(document)),
        ("Transmission where it is known", _known(document)),
    )
    return page(str(Origin.from_json(document["origin"])), sections, document["failures"])


def _groups(document: Document, kind: str, *names: str) -> Groups:
    groups: Groups = {}
    for record in document["records"]:
        if record["kind"] == kind:
            groups.setdefault(tuple(record[name] for name in names), []).append(record)
    return groups


def _costs(document: Document) -> str:
    rows = [
        [
            kind,
            *(f"{median(one[name] for one in group):.1f}" for name in ("bare_ns", "added_ns")),
            f"{bound:g}",
            f"{median(one['unmatched_ns'] for one in group):+.2f}",
        ]
        for (kind, bound), group in _groups(document, "cost", "target_kind", "bound_ns").items()
    ]
    header = ["kind", "a bare call, ns", "added, ns", "wanted, at most", "added to what does not match"]
    return "\n".join(table(header, rows))


def _deliveries(document: Document) -> str:
    rows = []
    for (kind, asked), group in sorted(_groups(document, "delivered", "target_kind", "requested_ns").items()):
        off = [one["arrived_ns"] - asked for one in group]
        most = max(off, key=abs)
        booked = median(one["booked_ns"] for one in group) - asked
        figures = [f"{number:+.1f}" for number in (median(off), most, booked)]
        rows.append([kind, format_time(asked), *figures, _yes(abs(most) <= max(5.0, 0.01 * asked))])
    header = ["kind", "asked", "off, ns", "the most", "booked", "within 5 ns or 1 %"]
    return "\n".join(table(header, rows))


def _known(document: Document) -> str:
    rows = [
        [system, format_time(delay_ns), *_answer(one)]
        for (system, delay_ns), group in _groups(document, "known", "system", "delay_ns").items()
        for one in group
    ]
    header = ["system", "delay", "true", "measured", "interval", "within 0.02", "verdict"]
    return "\n".join(table(header, rows))


def _answer(one: dict[str, Any]) -> list[str]:
    true, found, verdict = one["true_transmission"], one["transmission"], one["verdict"]
    if found is None:
        return [f"{true:.3f}", "-", "-", _yes(False), f"{verdict}: {one['reason']}"]
    interval = f"{found['low']:.3f} to {found['high']:.3f}"
    return [f"{true:.3f}", f"{found['estimate']:.3f}", interval, _yes(abs(found["estimate"] - true) <= 0.02), verdict]


def _yes(it: bool) -> str:
    return "yes" if it else "no"
