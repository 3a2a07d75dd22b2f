"""The result document of a program that was slowed, there and back."""

import math
from signal import Signals
from typing import Any

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts, Counts, Site, Snapshot, TargetCounts
from pytest_speedbump.documents.document import SCHEMA, Document, environment
from pytest_speedbump.program import (
    UNKNOWN_TARGET,
    Ending,
    Flight,
    Found,
    Latency,
    Process,
    ProgramCounts,
    ProgramRun,
)
from pytest_speedbump.result import Estimate, take
from pytest_speedbump.targets import Targets

__all__ = ["program_document", "program_run"]


def program_document(run: ProgramRun, clock: str) -> dict[str, Any]:
    """The whole document, as in the reference of its JSON Schema. ``clock``: the name of the C core's.

    Its environment is that of the interpreter that calls this.
    """
    content: dict[str, Any] = _writable({"schema": SCHEMA, "environment": environment(clock), **run.to_json()})
    return content


def program_run(document: Document) -> ProgramRun | None:
    """What was run and counted; None where the document is of no program.

    It does not say which target chose what was called, nor why nobody joined.
    """
    one, found = document.program, None
    if not {"program", "mode", "delay_ns", "every", "after_ns", "for_ns", "targets", "matched"} <= one.keys():
        return None
    program, targets = one["program"], one["targets"]
    if document.results and document.seed is not None and document.error_rate is not None:
        found = Found(document.results, _flight(one.get("latency")), document.seed, document.error_rate)
    names = tuple(each["target"] for each in targets)
    totals = tuple(TargetCounts(**_numbers(each), name=each["target"]) for each in targets)
    matched = tuple(CodeCounts(**_numbers(each), site=_site(each), target=UNKNOWN_TARGET) for each in one["matched"])
    return ProgramRun(
        words=tuple(program["argv"]),
        bump=Bump(Targets(names, (), ()), one["delay_ns"], one["mode"], None, "command line", every=one["every"]),
        after_ns=one["after_ns"],
        for_ns=math.inf if one["for_ns"] is None else one["for_ns"],
        ending=Ending(program["exit_code"], _signal(program["signal"]), program["seconds"]),
        counts=ProgramCounts(Snapshot(totals, matched), tuple(take(Process, each) for each in program["processes"])),
        unrun={each["target"]: each["hint"] or "" for each in targets if not each["calls"]},
        found=found,
    )


def _numbers(one: dict[str, Any]) -> dict[str, float]:
    return {name: one[name] for name in Counts.__dataclass_fields__}


def _site(one: dict[str, Any]) -> Site:
    """That which has this name again."""
    kind, name, path = one["kind"], one["name"], one["file"] or ""
    match kind:
        case "line":
            return Site(kind, name.rpartition(":")[0], "", line=one["line"] or 0, path=path)
        case "native":
            library, _, symbol = name.removeprefix("native:").rpartition(":")
            return Site(kind, library, symbol)
    return Site(kind, "", name.removeprefix(f"{kind}:"), line=one["line"] or 0, path=path)


def _signal(name: str | None) -> int | None:
    if name is None:
        return None
    real_time = name.removeprefix("SIGRTMIN+")
    if real_time != name and real_time.isdecimal():
        return Signals["SIGRTMIN"] + int(real_time)
    return Signals.__members__.get(name)


def _flight(one: dict[str, Any] | None) -> Flight | None:
    if one is None:
        return None
    added_ns = Estimate.from_json(one["added_ns"])
    assert added_ns is not None
    return Flight(one["begin"], one["end"], Latency(one["control_ns"], one["slowed_ns"], added_ns, one["arrivals"]))


def _writable(content: Any) -> Any:
    """With escapes for what is no UTF-8 in the names of files and in arguments."""
    match content:
        case dict():
            return {key: _writable(value) for key, value in content.items()}
        case list():
            return [_writable(value) for value in content]
        case str():
            return content.encode("utf-8", "backslashreplace").decode("utf-8")
    return content
