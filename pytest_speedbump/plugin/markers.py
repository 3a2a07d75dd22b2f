"""What each collected test asks for: its markers and the run's options become bumps, before any test runs."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pytest_speedbump.bump import Bump, Declaration, Kind, Mode, Origin, check_mode, parse_every, parse_mode
from pytest_speedbump.errors import InputError
from pytest_speedbump.plugin.options import Given, Options, did_you_mean, is_ours
from pytest_speedbump.targets import Targets, parse_targets
from pytest_speedbump.units import LONGEST_DELAY_NS, Delay, format_share, parse_delays, parse_share, parse_time

__all__ = [
    "FIXTURES",
    "MARKERS",
    "bumps_of",
    "check_fixtures",
    "check_markers",
    "is_benchmark",
    "is_marked",
    "names_of",
    "still_bump",
]

FIXTURES = ("benchmark", "speedbump")
FREE = 0.05  # of a delay may arrive, and it is still called free; as of a measured slack's knee


@dataclass(frozen=True, slots=True)
class _MarkerKind:
    """``limit``: the keyword that carries what is declared; None for a plain measurement. ``options``: the others."""

    declares: Kind | None
    limit: str | None
    signature: str
    options: tuple[str, ...] = ("delay", "every", "mode")


MARKERS = {
    "speedbump": _MarkerKind(
        None,
        None,
        "speedbump(*targets, delay, mode, every): slow the targets, measure and report what throughput loses",
    ),
    "speedbump_insensitive": _MarkerKind(
        "insensitive",
        "budget",
        "speedbump_insensitive(*targets, delay, budget, mode, every): "
        "the slowed targets must cost less than the budget",
    ),
    "speedbump_sensitive": _MarkerKind(
        "sensitive",
        "at_least",
        "speedbump_sensitive(*targets, delay, at_least, mode, every): the slowed targets must cost at_least so much",
    ),
    "speedbump_slack": _MarkerKind(
        "slack",
        "at_least",
        "speedbump_slack(*targets, at_least, mode): so much longer each call of the targets must be able to take "
        "before throughput drops",
        ("mode",),
    ),
}


def is_marked(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in MARKERS)


def names_of(item: pytest.Item) -> list[str]:
    """Of the item's markers that are ours, or a slip for one."""
    return [marker.name for marker in item.iter_markers() if is_ours(marker.name)]


def check_markers(markers: Mapping[str, str]) -> None:
    """Raises InputError for a name that is none of ours; ``markers``: names with a test that has it."""
    for name, test in markers.items():
        if name not in MARKERS:
            raise InputError(f"{test}: @pytest.mark.{name} is unknown; {did_you_mean(name, MARKERS)}")


def bumps_of(item: pytest.Item, options: Options) -> list[Bump]:
    """The bumps that ``item`` is to be judged by, in the order: markers as written, then the run's own targets.

    Raises:
        InputError: a bad marker, named with the test.
    """
    bumps: list[Bump] = []
    suite_wide_taken = False
    markers = [marker for name in MARKERS for marker in item.iter_markers(name)]
    for marker in markers:
        try:
            bumps += _from_marker(marker, options, item.path.parent)
        except InputError as error:
            raise InputError(f"{item.nodeid}: @pytest.mark.{marker.name}: {error}") from None
        suite_wide_taken = suite_wide_taken or not marker.args
    if options.targets is not None and not suite_wide_taken and is_benchmark(item):
        bumps += _suite_wide(options.targets, options)
    return bumps


def still_bump(options: Options) -> Bump:
    """What is scanned, as a bump that counts and adds nothing. Only where something is."""
    assert options.scan is not None
    return Bump(options.scan.value, 0.0, options.mode.value, None, options.scan.by)


def check_fixtures(item: pytest.Item) -> None:
    """A marked test must use a fixture that measures; one that takes ``request`` may still do so when it runs."""
    names = getattr(item, "fixturenames", ())
    if not {*FIXTURES, "request"} & set(names):
        raise InputError(
            f"{item.nodeid} is marked with speedbump but measures nothing; "
            "use the `benchmark` or the `speedbump` fixture in it"
        )


def is_benchmark(item: pytest.Item) -> bool:
    """Whether targets of the whole run concern ``item``: it uses a fixture that measures, or may still do so."""
    names = getattr(item, "fixturenames", ())
    return any(name in names for name in (*FIXTURES, "request", "benchmark_weave"))


def _suite_wide(targets: Given[Targets], options: Options) -> Iterator[Bump]:
    if options.slack:
        yield _slack_of(targets.value, options.mode.value, targets.by)
        return
    declared = None
    if options.budget is not None:
        declared = Declaration("insensitive", options.budget.value, options.budget.by)
    for delay in options.delays.value:
        if declared is not None and delay.ns == 0:
            raise InputError("a budget with a delay of 0 proves nothing; write a --speedbump-delay of more than 0")
        yield _bump(targets.value, delay, options.every.value, options.mode.value, declared, targets.by, options)


def _from_marker(marker: pytest.Mark, options: Options, base: Path) -> Iterator[Bump]:
    """``base``: where the marker's files are looked up from, wherever pytest was started."""
    kind = MARKERS[marker.name]
    known = {*kind.options} | ({kind.limit} if kind.limit else set())
    unknown = sorted(set(marker.kwargs) - known)
    if unknown:
        raise InputError(f"unknown keyword {unknown[0]!r}; it knows {', '.join(sorted(known))}")
    arguments = marker.kwargs
    notes: list[str] = []

    targets: Targets
    by: Origin
    if marker.args:
        targets, by = parse_targets(marker.args, base), "marker"
    elif options.targets is not None:
        targets, by = options.targets.value, options.targets.by
    else:
        raise InputError("it names no target; give it one, such as 'pkg.parse*', or run with --speedbump-target")

    mode: Mode = options.mode.value
    if "mode" in arguments:
        mode = _prevailing("mode", arguments["mode"], parse_mode, options.mode, notes)
    if kind.declares == "slack":
        # Of each call, and as much as the marker says: neither --speedbump-delay nor --speedbump-every concerns it.
        slack, free = Delay(_slack_ns(arguments)), Declaration("slack", FREE, "marker")
        yield replace(_bump(targets, slack, 1, mode, free, by, options), notes=tuple(notes))
        return
    if kind.declares is None and options.slack:
        for name in ("delay", "every"):
            if name in arguments:
                notes.append(f"{name} {arguments[name]} of the marker gives way to --speedbump-slack")
        yield replace(_slack_of(targets, mode, by), notes=tuple(notes))
        return
    delays = options.delays.value
    if "delay" in arguments:
        delays = _prevailing("delay", arguments["delay"], parse_delays, options.delays, notes)
    every = options.every.value
    if "every" in arguments:
        every = _prevailing("every", arguments["every"], parse_every, options.every, notes)
    declared = _declaration(kind, arguments, options, by, notes)
    for delay in delays:
        if declared is not None and delay.ns == 0:
            raise InputError("a delay of 0 proves nothing; write more than 0")
        yield replace(_bump(targets, delay, every, mode, declared, by, options), notes=tuple(notes))


def _slack_of(targets: Targets, mode: Mode, by: Origin) -> Bump:
    """Asks how much each call of the targets may be delayed."""
    check_mode(mode, targets, math.nan)
    return Bump(targets, math.nan, mode, None, by)


def _bump(
    targets: Targets,
    delay: Delay,
    every: int,
    mode: Mode,
    declared: Declaration | None,
    by: Origin,
    options: Options,
) -> Bump:
    delay_ns = math.nan if delay.ns is None else delay.ns
    check_mode(mode, targets, 0.0 if options.list_only else delay_ns)  # a listing delays nothing
    said = {"delay": options.delays, "every": options.every, "mode": options.mode}
    given = tuple(name for name, one in said.items() if one.by == "command line")
    return Bump(targets, delay_ns, mode, declared, by, delay_share=delay.share, every=every, given=given)


def _prevailing[T](
    name: str, written: object, parse: Callable[[object, str], T], given: Given[T], notes: list[str]
) -> T:
    """What a marker writes, unless the command line says something else, which is noted."""
    own = parse(written, name)
    if given.by != "command line":
        return own
    if own != given.value:
        notes.append(f"{name} {written} of the marker overridden by the command line")
    return given.value


def _slack_ns(arguments: Mapping[str, object]) -> float:
    """How much more a call must be able to take."""
    if "at_least" not in arguments:
        raise InputError("it declares no slack; add at_least='50us'")
    slack_ns = parse_time(arguments["at_least"], "at_least", longest_ns=LONGEST_DELAY_NS)
    if slack_ns == 0:
        raise InputError("a slack of 0 is always there; write at_least of more than 0, as '50us'")
    return slack_ns


def _declaration(
    kind: _MarkerKind, arguments: Mapping[str, object], options: Options, by: Origin, notes: list[str]
) -> Declaration | None:
    own = parse_share(arguments[kind.limit], kind.limit) if kind.limit and kind.limit in arguments else None
    if kind.declares == "sensitive":
        if own is None:
            raise InputError("it declares no share; add at_least='10%'")
        return Declaration("sensitive", own, "marker")
    if kind.declares is None:
        if options.budget is None or by == "marker":
            return None
        return Declaration("insensitive", options.budget.value, options.budget.by)
    budget = options.budget
    if budget is not None and (budget.by == "command line" or own is None):
        if own is not None and own != budget.value:
            notes.append(f"budget {format_share(own)} of the marker overridden by the command line")
        return Declaration("insensitive", budget.value, budget.by)
    if own is None:
        raise InputError("it declares no budget; add budget='2%'")
    return Declaration("insensitive", own, "marker")
