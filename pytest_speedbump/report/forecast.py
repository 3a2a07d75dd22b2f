"""How long measuring takes: as the last run says, or what came before in this one, or the limits alone."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["Forecast", "TimeLeft", "duration_text"]


class TimeLeft(NamedTuple):
    """``at_most``: the limits are in it; it may take far less."""

    ns: float
    at_most: bool

    def __str__(self) -> str:
        return f"at most {duration_text(self.ns, up=True)}" if self.at_most else f"about {duration_text(self.ns)}"


class Forecast:
    """Of the run's tests in their order.

    Args:
        plan: for each test the names of its bumps; none where it is scanned only.
        last_ns: what each took in the last run, as far as that is known.
        limit_ns: of one bump.
        total_ns: of all.
        scans: for each test that is scanned, all of them in ``plan``, the name of that.
        scan_limit_ns: of one scan.
    """

    def __init__(
        self,
        plan: Mapping[str, Sequence[str]],
        last_ns: Mapping[str, Mapping[str, float]],
        limit_ns: float,
        total_ns: float,
        scans: Mapping[str, str] = MappingProxyType({}),
        scan_limit_ns: float = 0.0,
    ) -> None:
        self._last_ns, self._total_ns = last_ns, total_ns
        self._verdicts, self._scans = sum(map(len, plan.values())), len(scans)
        # For each test its bumps and its scan: names and limits.
        self._plan = {test: [(name, limit_ns) for name in names] for test, names in plan.items()}
        for test, name in scans.items():
            self._plan[test].append((name, scan_limit_ns))
        self._numbers = {test: number for number, test in enumerate(plan, 1)}
        self._tests: list[tuple[float, float, float]] = []  # limits, time measured, time until the next one began
        self._test, self._began_ns, self._measured_ns = "", 0.0, 0.0

    @property
    def number(self) -> str:
        """``3 of 12``: where the test that is measured stands; empty before the first."""
        return f"{self._numbers[self._test]} of {len(self._plan)}" if self._test in self._numbers else ""

    def begin(self, test: str, now_ns: float) -> None:
        """``test`` is measured from now on; one that comes before the last one begins a new pass over the tests."""
        if self._numbers.get(test, 0) < self._numbers.get(self._test, 0):
            self._tests.clear()
        elif self._test:
            limits_ns = sum(limit_ns for _, limit_ns in self._plan.get(self._test, ()))
            self._tests.append((limits_ns, self._measured_ns, now_ns - self._began_ns))
        self._test, self._began_ns, self._measured_ns = test, now_ns, 0.0

    def end(self, now_ns: float) -> None:
        """It is measured no more, though it may go on."""
        self._measured_ns = now_ns - self._began_ns

    def left(self, now_ns: float) -> TimeLeft:
        """Until the last test is measured, what else happens between tests included, as far as it was seen."""
        limits_ns = sum(limits_ns for limits_ns, _, _ in self._tests)
        measured_ns = sum(measured_ns for _, measured_ns, _ in self._tests)
        usual = measured_ns / limits_ns if limits_ns else None
        own_ns, at_most = self._expected(self._test, usual)
        spent_ns = now_ns - self._began_ns
        left_ns = max(own_ns - spent_ns, 0.0)
        tests_to_come = list(self._plan)[self._numbers.get(self._test, 0) :]
        for test in tests_to_come:
            expected_ns, unknown = self._expected(test, usual)
            left_ns, at_most = left_ns + expected_ns, at_most or unknown
        if self._total_ns - measured_ns - spent_ns < left_ns:
            left_ns, at_most = max(self._total_ns - measured_ns - spent_ns, 0.0), True
        if self._tests:
            between_ns = sum(until_next_ns for _, _, until_next_ns in self._tests) - measured_ns
            left_ns += between_ns / len(self._tests) * len(tests_to_come)
        return TimeLeft(left_ns, at_most)

    def _expected(self, test: str, usual: float | None) -> TimeLeft:
        """``usual``: the share of their limits that others took; None where nobody knows."""
        last_ns, ns, at_most = self._last_ns.get(test, {}), 0.0, False
        for name, limit_ns in self._plan.get(test, ()):
            known_ns = last_ns.get(name, None if usual is None else usual * limit_ns)
            at_most = at_most or known_ns is None
            ns += limit_ns if known_ns is None else min(known_ns, limit_ns)
        return TimeLeft(ns, at_most)

    def __str__(self) -> str:
        """What is to come, before the first test: how many verdicts and scans, and how long they take."""
        planned = [(test, name, limit_ns) for test, names in self._plan.items() for name, limit_ns in names]
        known = [self._last_ns[test][name] for test, name, _ in planned if name in self._last_ns.get(test, {})]
        kinds = ((self._verdicts, "verdict"), (self._scans, "scan"))
        counted = " and ".join(_count(number, noun) for number, noun in kinds if number)
        said = f"{counted} in {_count(len(self._plan), 'test')}; "
        if known:
            some = "" if len(known) == len(planned) else f"{len(known)} of them "
            said += f"{some}took {duration_text(sum(known))} last time, "
        limits_ns = sum(limit_ns for _, _, limit_ns in planned)
        return f"{said}{TimeLeft(min(limits_ns, self._total_ns), at_most=True)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration_text(ns: float, *, up: bool = False) -> str:
    """As one says it: ``40s``, ``3min``, ``2h``; rounded, or rounded ``up``."""
    seconds, to_whole = ns / 1e9, math.ceil if up else round
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"{to_whole(seconds / size)}{unit}"
    return f"{max(1, to_whole(seconds))}s"
