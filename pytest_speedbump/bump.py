"""One bump: what is slowed, by how much, in which way, and what the test declares about it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

from pytest_speedbump.errors import InputError
from pytest_speedbump.targets import Targets
from pytest_speedbump.units import LONGEST_DELAY_NS, Delay

__all__ = [
    "MODES",
    "Bump",
    "Declaration",
    "Kind",
    "Mode",
    "Origin",
    "bump_text",
    "check_mode",
    "check_scan_mode",
    "every_text",
    "least_delay_ns",
    "parse_every",
    "parse_mode",
    "share_delay_ns",
]

Mode = Literal["spin", "nogil", "sleep", "await"]
Kind = Literal["insensitive", "sensitive", "slack"]
Origin = Literal["command line", "marker", "ini", "default"]

MODES: tuple[Mode, ...] = get_args(Mode)
LEAST_DELAY_NS = 50.0  # shorter ones are hardly delivered
LEAST_AWAIT_NS = 100e3  # an idle event loop wakes up 20 to 60 us late
EXACT_AWAIT_NS = 1e6  # of which that is a few percent
MOST_EVERY = 10**9


@dataclass(frozen=True, slots=True)
class Declaration:
    """``insensitive``: the drop stays under ``limit``; ``sensitive``: it reaches ``limit``, a fraction.

    ``slack``: of the delay itself a smaller share than ``limit`` arrives, so that it is free.
    """

    kind: Kind
    limit: float
    by: Origin

    @property
    def kept_by(self) -> Literal["insensitive", "sensitive"]:
        """The verdict that keeps it."""
        return "sensitive" if self.kind == "sensitive" else "insensitive"


@dataclass(frozen=True, slots=True)
class Bump:
    """Target, delay and mode, frozen.

    Attributes:
        delay_ns: time added to each matched call that is delayed, as requested. Of a share NaN until a round was looked
            at; always where the slack is asked for.
        delay_share: the share of a round by which all delays in it are to make it longer; None for a time.
        declared: None for a plain measurement.
        targets_by: who named the targets.
        every: of each target's calls in each thread, every so many are delayed.
        notes: what a reader of the result should know, such as a marker's delay that the command line overrides.
        given: which of "delay", "every" and "mode" the command line said.
    """

    targets: Targets
    delay_ns: float
    mode: Mode
    declared: Declaration | None
    targets_by: Origin
    notes: tuple[str, ...] = ()
    delay_share: float | None = None
    every: int = 1
    given: tuple[str, ...] = ()

    def resolved(self, delay_ns: float) -> Self:
        """The same question, with what the share comes to."""
        return replace(self, delay_ns=delay_ns)

    @property
    def is_resolved(self) -> bool:
        return not math.isnan(self.delay_ns)

    @property
    def asks_slack(self) -> bool:
        """Whether it is asked how much delay is absorbed, rather than what one delay costs."""
        return self.delay_share is None and not self.is_resolved

    @property
    def suite_wide(self) -> bool:
        """Whether the targets were named for a whole suite, so that a benchmark which never calls them is no error.

        What a marker names must run in its own test.
        """
        return self.targets_by != "marker"

    @property
    def delay_text(self) -> str:
        """``300us``, or ``300us nogil every 10th call`` where that is not usual; ``5% = 1.2us`` once it is known."""
        came_to = "" if self.delay_share is None or not self.is_resolved else f" = {Delay(self.delay_ns)}"
        return f"{self.asked}{came_to}{_way_text(self.mode, self.every)}"

    @property
    def asked(self) -> Delay:
        """As it was written."""
        if self.asks_slack:
            return Delay()
        return Delay(self.delay_ns) if self.delay_share is None else Delay(share=self.delay_share)

    def __str__(self) -> str:
        """Names the question, whatever a share comes to."""
        return bump_text(self.targets.names, self.asked, self.mode, self.every)


def bump_text(targets: Iterable[str], delay: Delay, mode: str, every: int = 1) -> str:
    """``pkg.parse*, !pkg.parse_debug +2us``, or ``pkg.parse* slack``.

    With the mode, and with which calls, where that is not the usual.
    """
    added = "slack" if delay == Delay() else f"+{delay}"
    return f"{', '.join(targets)} {added}{_way_text(mode, every)}"


def _way_text(mode: str, every: int) -> str:
    return ("" if mode == "spin" else f" {mode}") + ("" if every == 1 else f" {every_text(every)}")


def every_text(every: int) -> str:
    """``a call``, ``every 2nd call``, ``every 10th call``."""
    if every == 1:
        return "a call"
    ending = "th" if every % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(every % 10, "th")
    return f"every {every}{ending} call"


def share_delay_ns(share: float, round_ns: float, calls: float) -> float:
    """What each of ``calls`` is to be delayed by for a round of ``round_ns`` to be longer by ``share``.

    ``calls`` are those that are delayed at all. That is where the round absorbs nothing. 0 where nothing is called; no
    more than a minute, as any delay.
    """
    return min(share * round_ns / calls, LONGEST_DELAY_NS) if calls else 0.0


def least_delay_ns(mode: Mode, delay_ns: float) -> float:
    """The delay, or the shortest that the mode delivers to a few percent; 0 stays."""
    return max(delay_ns, EXACT_AWAIT_NS if mode == "await" else LEAST_DELAY_NS) if delay_ns else 0.0


def parse_mode(value: object, name: str, known: tuple[Mode, ...] = MODES) -> Mode:
    """One of ``known``; ``name`` is what the error calls it."""
    for mode in known:
        if value == mode:
            return mode
    raise InputError(f"{name} {value!r} is unknown; write one of {', '.join(known)}")


def check_mode(mode: Mode, targets: Targets, delay_ns: float) -> None:
    """Raises InputError where the mode cannot slow what the targets name, or not by so little. NaN is not looked at."""
    if mode != "await":
        return
    others = targets.of_other_kinds
    if others:
        raise InputError(
            f"mode await pauses calls of coroutine functions, and target {others[0]!r} names something else; "
            "write another mode"
        )
    if 0 < delay_ns < LEAST_AWAIT_NS:
        raise InputError(
            f"mode await cannot add {Delay(delay_ns)}, because an event loop wakes up some 50us late; "
            f"write a delay of {Delay(LEAST_AWAIT_NS)} or more"
        )


def check_scan_mode(mode: Mode) -> None:
    """Raises InputError where a scan cannot use the mode."""
    if mode == "await":
        raise InputError(
            "a scan cannot use mode await, because it ranks functions by their own time; "
            "write another mode, or measure what is awaited with --speedbump-target"
        )


def parse_every(value: object, name: str) -> int:
    """A whole number from 1, as an ``int`` or as digits; ``name`` is what the error calls it."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_EVERY)) and 1 <= int(text) <= MOST_EVERY:
        return int(text)
    raise InputError(
        f"{name} {value!r} is no number of calls; write a whole number from 1 to {MOST_EVERY}, "
        "as 10 for every 10th call"
    )
