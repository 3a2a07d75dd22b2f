"""What is to be slowed in a program and how, from its command line or from its environment."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pytest_speedbump.bump import MODES, Bump, Declaration, Mode, parse_every, parse_mode
from pytest_speedbump.errors import InputError
from pytest_speedbump.targets import Targets, parse_targets
from pytest_speedbump.units import parse_delay, parse_span

__all__ = ["DEFAULT_DELAY", "PROGRAM_MODES", "Settings"]

DEFAULT_DELAY = "2us"
PROGRAM_MODES: tuple[Mode, ...] = tuple(mode for mode in MODES if mode != "await")


@dataclass(frozen=True, slots=True)
class Settings:
    """The same for all processes of a program.

    Attributes:
        delay_ns: of each call that is delayed.
        every: of each target's calls in each thread, every so many are delayed.
        after_ns: how long nothing is delayed at first; everything is counted from the start.
        for_ns: how long from then on calls are delayed; infinite where nobody limits it.
    """

    targets: Targets
    delay_ns: float
    mode: Mode
    every: int
    after_ns: float
    for_ns: float

    @classmethod
    def parse(
        cls,
        targets: Iterable[str],
        texts: Mapping[str, str | None],
        called: Callable[[str], str],
        base: Path | None = None,
    ) -> Self:
        """Reads and checks what was given.

        Args:
            targets: as :func:`pytest_speedbump.targets.parse_targets` takes them, with ``base``.
            texts: of "delay", "mode", "every", "after" and "for", as they were written; None and what is missing take
                their defaults.
            called: how an error is to call each of these, such as ``--delay``, and "target".

        Raises:
            InputError: one of them is bad, or there is no target.
        """
        targets = list(targets)
        if not targets:
            raise InputError(
                f"nothing is named that is to be slowed; name it with {called('target')}, such as 'pkg.parse*'"
            )
        given = {name: text for name, text in texts.items() if text is not None}
        return cls(
            parse_targets(targets, base),
            parse_delay(given.get("delay", DEFAULT_DELAY), called("delay")),
            _parse_mode(given.get("mode", "spin"), called("mode")),
            parse_every(given.get("every", 1), called("every")),
            parse_span(given["after"], called("after")) if "after" in given else 0.0,
            _parse_length(given["for"], called("for")) if "for" in given else math.inf,
        )

    def bump(self, declared: Declaration | None = None) -> Bump:
        return Bump(self.targets, self.delay_ns, self.mode, declared, "command line", every=self.every)


def _parse_mode(text: str, name: str) -> Mode:
    if text == "await":
        raise InputError(
            f"{name} 'await' pauses the coroutine functions that there are when it begins, and when a program starts "
            f"there are none; write one of {', '.join(PROGRAM_MODES)}, or slow them with slow() in the program"
        )
    return parse_mode(text, name, PROGRAM_MODES)


def _parse_length(text: str, name: str) -> float:
    length_ns = parse_span(text, name)
    if not length_ns:
        raise InputError(f"{name} {text!r} delays nothing; write a time of more than 0, as in '2m'")
    return length_ns
