"""The command that measures again what a result, or a scan, has found."""

import shlex
from collections.abc import Iterator

from pytest_speedbump.errors import InputError
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.result import Result
from pytest_speedbump.units import Delay, parse_delays

__all__ = ["repeat", "repeat_scan"]


def repeat(result: Result, seed: int | None) -> str:
    """``pytest 'test_x.py::test_y' --speedbump-delay 5us --speedbump-seed 1``, for a shell in the root directory.

    What markers and ini files say is not repeated, because they say it again.
    """
    return shlex.join(["pytest", result.test, *_bump(result), *_seed(seed)])


def repeat_scan(ranking: Ranking, seed: int | None) -> str:
    mode = () if ranking.mode == "spin" else ("--speedbump-mode", ranking.mode)
    return shlex.join(["pytest", ranking.test, *_patterns("scan", ranking.targets.names), *mode, *_seed(seed)])


def _bump(result: Result) -> Iterator[str]:
    bump = result.bump
    if bump.targets_by == "command line":
        yield from _patterns("target", bump.targets.names)
    if bump.asks_slack:
        yield "--speedbump-slack"
    own_delay = bump.asks_slack or (bump.declared is not None and bump.declared.kind == "slack")
    said = (
        {"mode": bump.mode} if own_delay else {"delay": _delay(bump.asked), "every": str(bump.every), "mode": bump.mode}
    )
    for name, value in said.items():
        if name in bump.given:
            yield from (f"--speedbump-{name}", value)
    if bump.declared is not None and bump.declared.by == "command line":
        yield from ("--speedbump-budget", f"{bump.declared.limit * 100:.12g}%")


def _patterns(option: str, names: tuple[str, ...]) -> Iterator[str]:
    """Each joined to its option: one that begins with ``@`` or ``-`` would be taken for something else."""
    return (f"--speedbump-{option}={name}" for name in names)


def _seed(seed: int | None) -> tuple[str, ...]:
    return () if seed is None else ("--speedbump-seed", str(seed))


def _delay(asked: Delay) -> str:
    """As short as it is the same delay when it is read again."""
    text = str(asked)
    try:
        if parse_delays(text, "") == (asked,):
            return text
    except InputError:  # It is not known, or rounds to what nobody may write.
        pass
    return f"{asked.ns!r}ns" if asked.ns is not None else f"{(asked.share or 0) * 100!r}%"
