"""The scan of one benchmark: which of the functions that it calls matter?"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pytest_speedbump.bump import Mode
from pytest_speedbump.experiment.scheduler import Scheduler
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.slowing.session import DosedSession, make_session
from pytest_speedbump.targets import Targets

__all__ = ["Scan", "ScanRules", "Watch"]


@dataclass(frozen=True, slots=True)
class ScanRules:
    """How far a scan is to go.

    Attributes:
        max_time_ns: for all of it.
        alpha: chance that any function is confirmed that should not be.
        seed: draws all orders.
        limited_by: the option that says ``max_time_ns``.
    """

    max_time_ns: float
    alpha: float
    seed: int
    limited_by: str = "--speedbump-max-time"


class Watch(Protocol):
    def scanned(self, stage: str, left: int, elapsed_ns: float, expected_ns: float) -> None:
        """``left`` functions are to be slowed yet in this ``stage``; all of the scan is expected to take so long."""
        ...


class Scan:
    """Ranks what one subject calls.

    Raises, by :meth:`run`, nothing but InputError: a callable that raises ends the scan, and is the ranking's reason.
    Whatever ends it, Ctrl-C as well, :meth:`ranking` says what is known.
    """

    def __init__(
        self,
        test: str,
        targets: Targets,
        mode: Mode,
        rules: ScanRules,
        watch: Watch,
        make: Callable[[Targets, Mode, str], DosedSession] = make_session,
        scheduler: Scheduler | None = None,
    ) -> None:
        self._test, self._targets, self._mode = test, targets, mode
        self._rules, self._watch, self._make, self._scheduler = rules, watch, make, scheduler

    def run(self, subject: Subject, stop_at: float = math.inf) -> None:
        """Until all is resolved, or its time is over, or that of ``stop_at`` by the performance counter, in ns."""

    def ranking(self) -> Ranking:
        return Ranking(test=self._test, targets=self._targets, mode=self._mode)
