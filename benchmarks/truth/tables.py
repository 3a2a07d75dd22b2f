"""The document as Markdown, as docs publish it. Computes nothing of its own."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any, Protocol

from benchmarks import tables
from benchmarks.documents import Document
from benchmarks.figures.findings import find, findings_table
from benchmarks.figures.promises import PROMISES
from benchmarks.origin import Origin
from benchmarks.truth import tally
from benchmarks.truth.cases import CASES
from benchmarks.truth.hog import CONDITIONS
from benchmarks.truth.systems import SYSTEMS
from pytest_speedbump.units import format_time

__all__ = ["markdown"]


def markdown(document: Document) -> str:
    """All tables, with the machine they come from: first what was promised of them, as `benchmarks.figures` says it."""
    records = document["records"]
    sections = [
        ("Figures to reach", _promised(document)),
        ("Verdicts on effects of known size", _verdicts(records)),
        ("The same two cases, side by side in one run", _gates(records)),
        ("Drop and transmission against the closed form", _doses(records)),
        ("Known delays, really removed", _speedups(records)),
        ("The README's first command", _first_commands(records)),
        ("Through the command line", _command_line(records)),
    ]
    return tables.page(_origin(document), sections, document["failures"])


def _origin(document: Document) -> str:
    state = "complete" if document["complete"] else "incomplete"
    return (
        f"{Origin.from_json(document['origin'])}. hog: 1 process that spins, hogs: {document['hogs']}; "
        f"{document['seconds'] / 60:.0f} min, {state}. {document['note']}".rstrip()
    )


def _promised(document: Document) -> str:
    promises = [one for one in PROMISES if one.source == "truth"]
    return "\n".join(findings_table({one: find(one, document) for one in promises}))


def _table(text: int, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(tables.table(header, rows, text=text))


class _Row(Protocol):
    @property
    def condition(self) -> str: ...


def _quiet_first[R: _Row](rows: Iterable[R]) -> list[R]:
    return sorted(rows, key=lambda row: [str(one) for one in CONDITIONS].index(row.condition))


def _verdicts(records: list[dict[str, Any]]) -> str:
    order = list(dict.fromkeys(case.name for case in CASES))
    rows = sorted(tally.verdicts(records), key=lambda one: order.index(one.case) if one.case in order else len(order))
    return _table(
        3,
        ("", "case", "system, delay or drop made, budget", "n", "true drop", "insensitive", "sensitive",
         "inconclusive", "void", "false failures", "wrong passes", "drop covered", "transmission covered", "median",
         "p90", "pairs", "half-width"),
        [
            (one.condition, one.case, one.label, str(one.n), f"{one.true_drop:.2%}", *_shares(one),
             str(one.false_failures), str(one.wrong_passes), "{} of {}".format(*one.covered),
             "{} of {}".format(*one.reached), f"{one.median_s:.2f} s", f"{one.p90_s:.2f} s",
             f"{one.median_pairs:.0f}", f"{one.median_width / 2:.3%}" if isfinite(one.median_width) else "-")
            for one in _quiet_first(rows)
        ],
    )  # fmt: skip


def _shares(one: tally.Verdicts) -> list[str]:
    return [f"{count / one.n:.1%}" for count in (one.insensitive, one.sensitive, one.inconclusive, one.void)]


def _gates(records: list[dict[str, Any]]) -> str:
    rows = _quiet_first(tally.gates(records))
    if not any(one.way != "speedbump" for one in rows):
        return ""
    return _table(
        3,
        ("", "case", "gate", "n", "fails", "passes", "undecided", "median time"),
        [
            (one.condition, one.case, one.way, str(one.n), f"{one.failed / one.n:.1%}", f"{one.passed / one.n:.1%}",
             f"{1 - (one.failed + one.passed) / one.n:.1%}", f"{one.median_s:.2f} s")
            for one in rows
        ],
    )  # fmt: skip


def _doses(records: list[dict[str, Any]]) -> str:
    order = [system.name for system in SYSTEMS]
    rows = _quiet_first(sorted(tally.doses(records), key=lambda one: order.index(one.system)))
    text = _table(
        2,
        ("", "system", "delay", "true drop", "drop", "true transmission", "transmission", "error", "drop covered",
         "transmission covered"),
        [
            (one.condition, one.system, format_time(one.delay_ns), f"{one.true_drop:.2%}", _percent(one.drop),
             f"{one.true_transmission:.3f}", _number(one.transmission), _number(one.error, "+.3f"),
             "{} of {}".format(*one.covered), "{} of {}".format(*one.reached))
            for one in rows
        ],
    )  # fmt: skip
    deviates = [f"- {one.name}: {one.deviates}." for one in SYSTEMS if one.deviates]
    if not text or not deviates:
        return text
    return f"{text}\n\nWhere a real system cannot follow its form:\n\n" + "\n".join(deviates)


def _speedups(records: list[dict[str, Any]]) -> str:
    return _table(
        1,
        ("system", "n", "predicted", "real", "difference", "worst"),
        [
            (one.name + (" (a slope cannot know)" if one.crosses else ""), str(one.n), _number(one.predicted, "+.2%"),
             f"{one.real:+.2%}", _points(one.error, "+.2f"), _points(one.worst, ".2f"))
            for one in tally.speedups(records)
        ],
    )  # fmt: skip


def _first_commands(records: list[dict[str, Any]]) -> str:
    return _table(
        1,
        ("", "n", "median time", "intervals narrower than half their drop"),
        [
            (one.condition, str(one.n), f"{one.seconds:.1f} s", "{} of {}".format(*one.narrow))
            for one in _quiet_first(tally.first_commands(records))
        ],
    )


def _command_line(records: list[dict[str, Any]]) -> str:
    return _table(
        1,
        ("test", "true drop", "verdict", "outcome", "drop", "exit code"),
        [
            (one["test"], f"{one['true_drop']:.2%}", one["verdict"], one["outcome"],
             _percent(one["drop"] and one["drop"]["estimate"]), str(one["exit"]))
            for one in records if one["kind"] == "command line"
        ],
    )  # fmt: skip


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def _points(share: float | None, form: str) -> str:
    return "-" if share is None else f"{100 * share:{form}} points"


def _number(value: float | None, form: str = ".3f") -> str:
    return "-" if value is None else format(value, form)
