"""Test by test: everything that the document knows of a result, and the command that repeats it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from pytest_speedbump.page.element import Child, element, name
from pytest_speedbump.page.status import status, word
from pytest_speedbump.page.words import added_text, count
from pytest_speedbump.report.notes import gather, notes
from pytest_speedbump.report.numbers import interval_text, limit_text, share_text, time_text
from pytest_speedbump.report.sweeps import slack_text
from pytest_speedbump.report.text import drop_text, transmission_text
from pytest_speedbump.result import Machine, MatchedCode, Result
from pytest_speedbump.units import format_share, format_time

__all__ = ["bump", "details", "links"]

JUDGED_BY = {
    "all": "all pairs were judged",
    "unwaited": "those pairs were judged that had not waited for a processor",
    "net": "all pairs were judged, by the time that they ran themselves",
}


def links(results: Sequence[Result]) -> dict[str, str]:
    """For each test the id of its part of the page."""
    return {test: f"t{index}" for index, test in enumerate(dict.fromkeys(result.test for result in results))}


def details(results: Sequence[Result], repeat: Callable[[Result], str] | None) -> list[Element]:
    """One for each test, closed, with all its bumps.

    Args:
        repeat: the command that measures a result again; None where there is none.
    """
    tests: dict[str, list[Result]] = {}
    for result in results:
        tests.setdefault(result.test, []).append(result)
    ids = links(results)
    return [
        element(
            "details",
            element("summary", name(test), ((" ", word(one)) for one in dict.fromkeys(map(status, some)))),
            element("div", _bumps(some, repeat), id=ids[test]),
        )
        for test, some in tests.items()
    ]


def _bumps(results: Sequence[Result], repeat: Callable[[Result], str] | None) -> Iterator[Element]:
    """Bumps that one command repeats say it once, at their end."""
    commands = [None if repeat is None else repeat(result) for result in results]
    for result, command, following in zip(results, commands, [*commands[1:], None], strict=True):
        yield bump(result, command if command != following else None)


def bump(result: Result, command: str | None) -> Element:
    """One result in full, and the command that repeats it."""
    title = element("h3", name(str(result.bump.targets)), f" {added_text(result.bump)} ", word(status(result)))
    rows = [(element("dt", term), element("dd", said)) for term, said in _facts(result)]
    if command is not None:
        rows.append((element("dt", "Repeat"), element("dd", element("pre", element("code", command)))))
    return element("div", title, element("dl", rows), class_="bump")


def _facts(result: Result) -> Iterator[tuple[str, Child]]:
    yield from _found(result)
    yield from _measured(result)
    if result.matched:
        yield "Slowed", _list(map(_site, result.matched))
    if result.unreached:
        yield "Not slowed", _list(gather((one.name, one.reason) for one in result.unreached))


def _found(result: Result) -> Iterator[tuple[str, Child]]:
    declared = result.bump.declared
    if declared is not None:
        limit = limit_text(declared.limit)
        asked = {
            "insensitive": f"at most {limit} of throughput lost",
            "sensitive": f"at least {limit} of throughput lost",
            "slack": f"each call may take {result.bump.delay_text} more, of which less than {limit} arrives",
        }
        yield "Declared", f"{declared.kind}: {asked[declared.kind]}, by the {declared.by}; found: {result.verdict}"
    if result.reason:
        yield "Reason", str(result.reason)
    said = [text for text in notes(result, each=True) if not text.endswith(f": {result.reason}") or not result.reason]
    if result.lock is not None and result.outcome == "failed":
        yield "Lockfile", f"{result.lock.kind}: {result.lock.text}"
    if said:
        yield "Note", _list(said)
    if result.known_drop is not None:
        floor = "" if result.floor is None else f"; the rounds could tell {share_text(result.floor)} from none"
        yield "Drop", f"{drop_text(result)}{floor}"
    if result.known_transmission is not None:
        yield "Transmission", f"{transmission_text(result)} of the delay reaches the run time"
    if result.slack_ns is not None:
        yield "Slack", f"{slack_text(result.slack_ns)} of each call are absorbed"
    if result.time_share is not None:
        yield "Share of time", f"{format_share(result.time_share)} of a run is spent in the targets"


def _measured(result: Result) -> Iterator[tuple[str, Child]]:
    counts = result.counts
    if counts is not None:
        delivered = f"{format_time(counts.delivered_ns)} of {format_time(counts.requested_ns)} delivered"
        waited = f", {format_time(counts.waited_ns)} waited" if counts.waited_ns else ""
        yield "Calls", f"{counts.calls:.6g} a run: {delivered}, {format_time(counts.late_ns)} late{waited}"
    if result.bare_ns is not None:
        said = [f"{format_time(result.bare_ns)} a run"]
        if result.slowed_ns is not None:
            said.append(f"{format_time(result.slowed_ns)} slowed")
        if result.control_ns is not None:
            said.append(f"{format_time(result.control_ns)} with the probe")
        if result.probe_ns is not None:
            said.append(f"which adds {'-' * (result.probe_ns < 0)}{format_time(abs(result.probe_ns))}")
        yield "Time", ", ".join(said)
    elif result.control_ns is not None:
        yield "Time", f"{format_time(result.control_ns)} a run, with the probe"
    if result.pairs or result.seconds:
        yield (
            "Rounds",
            (
                f"{count(result.pairs, 'pair')} of {count(result.iterations, 'call')} each, "
                f"in {format_time(result.seconds * 1e9, 2)}"
            ),
        )
    if result.doses:
        yield (
            "Doses",
            _list(
                f"+{format_time(dose.delay_ns)} a call: a run takes {time_text(dose.added_ns)} more, a drop of "
                f"{interval_text(dose.drop, percent=True)}; {dose.pairs} pairs"
                for dose in result.doses
            ),
        )
    if result.evidence is not None:
        one = result.evidence
        yield (
            "Evidence",
            (
                f"over the limit {one.over:.3g}, at most {one.over_max:.3g}; "
                f"under it {one.under:.3g}, at most {one.under_max:.3g} (natural logs)"
            ),
        )
    if result.machine is not None:
        yield "Machine", _machine(result.machine)


def _machine(machine: Machine) -> str:
    said = [f"waited for a processor in {format_share(machine.waited)} of the rounds"]
    if machine.others is not None:
        said.append(f"others used {format_share(machine.others)} of it")
    if machine.late is not None:
        said.append(f"{format_share(machine.late)} of the delay came late")
    said.append(f"{machine.switches:.3g} switches a round")
    if machine.set_aside:
        said.append(f"{machine.set_aside} pairs set aside")
    if machine.judged_by != "all":
        said.append(JUDGED_BY[machine.judged_by])
    return "; ".join(said)


def _site(code: MatchedCode) -> Child:
    place = f" {code.file}:{code.line}" if code.file is not None else ""
    called = f", {code.calls:.6g} call{'s' * (code.calls != 1)}, {format_time(code.delivered_ns)} delivered"
    return [name(code.name), place, called]


def _list(said: Iterable[Child]) -> Child:
    """One thing by itself, several as a list."""
    some = list(said)
    return some[0] if len(some) == 1 else element("ul", [element("li", one) for one in some])
