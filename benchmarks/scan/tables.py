"""The document as Markdown, as docs publish it. Computes nothing of its own."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from benchmarks import tables
from benchmarks.documents import Document
from benchmarks.figures.findings import find, findings_table
from benchmarks.figures.promises import PROMISES
from benchmarks.origin import Origin
from benchmarks.scan import tally
from pytest_speedbump.units import format_time

__all__ = ["markdown"]

SYSTEMS = (
    "serial chain",
    "device deadline",
    "device between head and tail",
    "pipeline",
    "lock convoy",
    "Amdahl",
    "asyncio overlap",
)


def markdown(document: Document) -> str:
    """All tables, with the machine they come from: first what was promised of them, as `benchmarks.figures` says it."""
    records = document["records"]
    sections = [
        ("Figures to reach", _promised(document)),
        ("Real packages, against shares sampled from outside", _packages(records)),
        ("How well those shares are known", _sampled(records)),
        ("Beside a hog, and without", _agreements(records)),
        ("Transmissions and joint slack against the closed form", _knowns(records)),
        ("Systems in which nothing is critical", _hidden(records)),
        ("Gains, and costs really removed", _gains(records)),
        ("A scan against single measurements of the same precision", _saved(records)),
    ]
    return tables.page(_origin(document), sections, document["failures"])


def _origin(document: Document) -> str:
    state = "complete" if document["complete"] else "incomplete"
    scanner = "" if document["scanner"] == "pytest_speedbump:scan" else f" Scanned by {document['scanner']}."
    return (
        f"{Origin.from_json(document['origin'])}. hog: 1 process that spins; "
        f"{document['seconds'] / 60:.0f} min, {state}.{scanner} {document['note']}".rstrip()
    )


def _promised(document: Document) -> str:
    promises = [one for one in PROMISES if one.source == "scan"]
    return "\n".join(findings_table({one: find(one, document) for one in promises}))


def _table(text: int, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(tables.table(header, rows, text=text))


class _Row(Protocol):
    @property
    def condition(self) -> str: ...


def _quiet_first[R: _Row](rows: Iterable[R]) -> list[R]:
    return sorted(rows, key=lambda row: row.condition != "quiet")


def _packages(records: list[dict[str, Any]]) -> str:
    return _table(
        2,
        ("", "package", "n", "functions", "round", "pairs", "median time", "longest", "true gain >= 1 %", "found",
         "unresolved", "missed", "false"),
        [
            (one.condition, one.package, str(one.n), f"{one.functions:.0f}", format_time(one.round_ns),
             f"{one.pairs:.0f}", f"{one.seconds:.1f} s", f"{one.longest_s:.1f} s",
             *((str(one.matter), str(one.found), str(one.unresolved), str(one.missed), str(one.false)) if one.known
               else ("-",) * 5))
            for one in _quiet_first(tally.packages(records))
        ],
    )  # fmt: skip


def _sampled(records: list[dict[str, Any]]) -> str:
    return _table(
        1,
        ("package", "looks", "samples", "a look is off by, of functions of 1 % and more", "at most"),
        [
            (one.package, str(one.looks), f"{one.samples:,}", f"{100 * one.apart:.2f} points",
             f"{100 * one.worst:.2f} points")
            for one in tally.sampled(records)
        ],
    )  # fmt: skip


def _agreements(records: list[dict[str, Any]]) -> str:
    return _table(
        1,
        ("package", "told alike, of those whose truth is clear", "time, quiet = 1"),
        [(one.package, f"{one.same} of {one.of}", f"{one.slower:.2f}") for one in tally.agreements(records)],
    )


def _knowns(records: list[dict[str, Any]]) -> str:
    rows = sorted(tally.knowns(records), key=lambda one: SYSTEMS.index(one.system))
    return _table(
        2,
        ("", "system", "n", "functions", "with an interval", "within 2 standard errors", "worst", "median distance",
         "joint slack, true", "joint slack off by", "median time"),
        [
            (one.condition, one.system, str(one.n), str(one.functions), str(one.ranked), str(one.within),
             _number(one.worst, "+.1f"), _number(one.off), _slack(one), _slack_errors(one), f"{one.seconds:.1f} s")
            for one in _quiet_first(rows)
        ],
    )  # fmt: skip


def _slack(one: tally.KnownSystem) -> str:
    return ", ".join(format_time(round(true, -3)) for _, true in one.slacks[:1]) or "-"


def _slack_errors(one: tally.KnownSystem) -> str:
    return ", ".join("not told" if error is None else f"{error:+.1%}" for error in one.slack_errors) or "-"


def _hidden(records: list[dict[str, Any]]) -> str:
    return _table(
        1,
        ("", "scans", "without an answer", "that call a function critical or partly", "that confirm it", "functions",
         "median time"),
        [
            (one.condition, str(one.n), str(one.empty), str(one.called), str(one.confirmed), f"{one.functions:.0f}",
             f"{one.seconds:.2f} s")
            for one in _quiet_first(tally.hidden(records))
        ],
    )  # fmt: skip


def _gains(records: list[dict[str, Any]]) -> str:
    return _table(
        1,
        ("cost", "n", "predicted", "real", "worst difference"),
        [
            (one.removal, str(one.n), _number(one.predicted, "+.2%"), f"{one.real:+.2%}",
             "-" if one.worst is None else f"{100 * one.worst:.2f} points")
            for one in tally.gains(records)
        ],
    )  # fmt: skip


def _saved(records: list[dict[str, Any]]) -> str:
    return _table(
        1,
        ("package", "functions", "scan", "measured alone", "one alone, to the scan's error", "scan / all alone"),
        [
            (one.package, str(one.functions), f"{one.scan_s:.1f} s", str(one.sample), f"{one.single_s:.1f} s",
             f"1/{1 / one.share:.0f}" if one.share else "-")
            for one in tally.saved(records)
        ],
    )  # fmt: skip


def _number(value: float | None, form: str = ".3f") -> str:
    return "-" if value is None else format(value, form)
