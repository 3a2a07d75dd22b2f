"""The door for programs and notebooks: scan a callable without pytest."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields

from pytest_speedbump.bump import check_scan_mode, parse_mode
from pytest_speedbump.errors import InputError
from pytest_speedbump.experiment.subject import PlainSubject
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.report.ranking_table import lay_out_ranking
from pytest_speedbump.targets import parse_scanned
from pytest_speedbump.trials.scan import Scan, ScanRules
from pytest_speedbump.units import parse_share, parse_time

__all__ = ["scan"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scanned(Ranking):
    """A ranking that shows itself as a table, as wide as the terminal; as wide as it gets where there is none."""

    def __str__(self) -> str:
        width = shutil.get_terminal_size((0, 0)).columns or None
        return str(lay_out_ranking(self, width, more="`functions` has each"))

    __repr__ = __str__  # what a notebook shows of the last line of a cell


class _Nobody:
    def scanned(self, stage: str, left: int, elapsed_ns: float, expected_ns: float) -> None: ...


def scan(
    function: Callable[[], object],
    *targets: str,
    mode: str = "spin",
    max_time: str = "60s",
    error_rate: str | float = "5%",
    seed: int | None = None,
) -> Scanned:
    """Ranks the functions that ``function()`` calls, and ``targets`` match, by what they really cost.

    Args:
        targets: patterns, as in the reference of targets; later ones win.
        mode: how they are slowed: ``"spin"``, ``"nogil"`` or ``"sleep"``.
        max_time: the limit of the whole scan.
        error_rate: chance that any function is confirmed that should not be.
        seed: of the order of rounds; drawn where None.

    Raises:
        InputError: a bad argument, with the sentence that the command line would print; another bump is armed, no tool
            id of ``sys.monitoring`` is free, or time stands still.
    """
    if not targets:
        raise InputError("scan() has no target; name what to look at, such as scan(f, 'pkg.*')")
    rules = ScanRules(
        parse_time(max_time, "max_time"),
        parse_share(error_rate, "error_rate"),
        int.from_bytes(os.urandom(4), "big") % 10**6 if seed is None else seed,
        "max_time",
    )
    parsed = parse_mode(mode, "mode")
    check_scan_mode(parsed)
    one = Scan("", parse_scanned(targets), parsed, rules, _Nobody())
    one.run(PlainSubject(function, (), {}))
    ranking = one.ranking()
    return Scanned(**{field.name: getattr(ranking, field.name) for field in fields(Ranking)})
