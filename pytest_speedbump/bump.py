"""One bump: what is slowed, by how much, in which way, and what the test declares about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from pytest_speedbump.errors import InputError
from pytest_speedbump.targets import Targets
from pytest_speedbump.units import format_time

__all__ = ["MODES", "Bump", "Declaration", "Kind", "Mode", "Origin", "bump_text", "parse_mode"]

Mode = Literal["spin", "nogil", "sleep"]
Kind = Literal["insensitive", "sensitive"]
Origin = Literal["command line", "marker", "ini", "default"]

MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True, slots=True)
class Declaration:
    """``insensitive``: the drop stays under ``limit``; ``sensitive``: it reaches ``limit``, a fraction."""

    kind: Kind
    limit: float
    by: Origin


@dataclass(frozen=True, slots=True)
class Bump:
    """Target, delay and mode, frozen.

    Attributes:
        delay_ns: time added to each matched call, as requested.
        declared: None for a plain measurement.
        targets_by: who named the targets.
        notes: what a reader of the result should know, such as a marker's delay that the command line overrides.
    """

    targets: Targets
    delay_ns: float
    mode: Mode
    declared: Declaration | None
    targets_by: Origin
    notes: tuple[str, ...] = ()

    @property
    def suite_wide(self) -> bool:
        """Whether the targets were named for a whole suite, so that a benchmark which never calls them is no error.

        What a marker names must run in its own test.
        """
        return self.targets_by != "marker"

    @property
    def delay_text(self) -> str:
        """``300us``, or ``300us nogil`` where the mode is not the usual one."""
        return _delay_text(self.delay_ns, self.mode)

    def __str__(self) -> str:
        return bump_text(self.targets.names, self.delay_ns, self.mode)


def bump_text(targets: Iterable[str], delay_ns: float, mode: str) -> str:
    """``pkg.parse*, !pkg.parse_debug +2us``, with the mode where it is not the usual one."""
    return f"{', '.join(targets)} +{_delay_text(delay_ns, mode)}"


def _delay_text(delay_ns: float, mode: str) -> str:
    return format_time(delay_ns) + ("" if mode == "spin" else f" {mode}")


def parse_mode(value: object, name: str) -> Mode:
    """One of :data:`MODES`; ``name`` is what the error calls it."""
    for mode in MODES:
        if value == mode:
            return mode
    raise InputError(f"{name} {value!r} is unknown; write one of {', '.join(MODES)}")
