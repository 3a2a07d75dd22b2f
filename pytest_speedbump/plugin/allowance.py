"""The time that measuring may take: each bump's limit, and the share of the whole run's that is left for it."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_speedbump.trials.rules import Rules

if TYPE_CHECKING:
    from pytest_speedbump.trials.scan import ScanRules

__all__ = ["Allowance"]

OPTION = "--speedbump-total-time"


@dataclass(slots=True)
class Allowance:
    """What quick bumps leave goes to those that come after them.

    Attributes:
        total_ns: for all measuring of this run; infinite where nothing limits it.
        workers: processes that measure in turn, with as much time for each. None knows which tests come to it, so what
            is left for one is shared among its part of all that it has not seen.
        spent_ns: by this process.
    """

    total_ns: float = math.inf
    workers: int = 1
    spent_ns: float = 0.0

    @property
    def is_used_up(self) -> bool:
        return self.workers * self.spent_ns >= self.total_ns

    @property
    def left_ns(self) -> float:
        """Of what this process may spend, before what it is spending now."""
        return self.total_ns / self.workers - self.spent_ns

    @contextmanager
    def spending(self) -> Iterator[None]:
        """The time inside is spent."""
        began_ns = time.perf_counter_ns()
        try:
            yield
        finally:
            self.spent_ns += time.perf_counter_ns() - began_ns

    def limit(self, rules: Rules, to_come: int, own_ns: float = 0.0) -> Rules:
        """``rules`` for one of ``to_come`` bumps that has had ``own_ns`` already: its own limit, or its fair share."""
        sharers = max(to_come, self.workers)
        taken_ns = self.workers * self.spent_ns - sharers * own_ns
        share_ns = (self.total_ns - taken_ns) / sharers
        if share_ns >= rules.max_time_ns:
            return rules
        return replace(rules, max_time_ns=max(share_ns, 0.0), limited_by=OPTION, taken_ns=taken_ns, sharers=sharers)

    def limit_scan(self, rules: "ScanRules", to_come: int) -> "ScanRules":
        """The same for a scan, which is one of ``to_come`` scans and bumps."""
        share_ns = (self.total_ns - self.workers * self.spent_ns) / max(to_come, self.workers)
        if share_ns >= rules.max_time_ns:
            return rules
        return replace(rules, max_time_ns=max(share_ns, 0.0), limited_by=OPTION)
