"""The scans of a run: each benchmark's, once its bumps are judged. Nothing that one finds fails a test.

Imported only where something is to be scanned.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from pytest_speedbump.errors import InputError
from pytest_speedbump.experiment.host import BusyHostError
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.plugin.allowance import Allowance
from pytest_speedbump.plugin.markers import still_bump
from pytest_speedbump.plugin.run import Run
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.remarks import Remark
from pytest_speedbump.trials.scan import Scan, ScanRules, Watch

__all__ = ["Scans"]


class Scans:
    """Scans one benchmark after the other, and keeps what was found in ``run``.

    Args:
        watch: sees each scan go on.
        alone: what a scan runs in: alone on this host, its time spent from the allowance.
        time_left_ns: what pytest-timeout leaves of the test that runs.
    """

    def __init__(
        self,
        run: Run,
        allowance: Allowance,
        watch: Watch,
        alone: Callable[[], AbstractContextManager[None]],
        time_left_ns: Callable[[pytest.Item], float],
    ) -> None:
        self._run, self._allowance, self._watch = run, allowance, watch
        self._alone, self._time_left_ns = alone, time_left_ns

    def scan(self, item: pytest.Item, subject: Subject) -> Ranking:
        """Where it is interrupted, what is known is kept as well."""
        if self._allowance.is_used_up:
            total_ns = self._run.options.total_time_ns
            return self._keep(self._nothing(item, Remark("total_time", total_ns=total_ns)))
        try:
            with self._alone():
                return self._keep(self._scan(item, subject))
        except (InputError, BusyHostError) as error:
            return self._keep(self._nothing(item, Remark("not_scanned", error=error)))

    def _scan(self, item: pytest.Item, subject: Subject) -> Ranking:
        rules, left_ns = self._rules(), self._time_left_ns(item)
        if not left_ns:
            return self._nothing(item, Remark("cut_short"))
        began = time.perf_counter_ns()
        still = still_bump(self._run.options)
        scan = Scan(item.nodeid, still.targets, still.mode, rules, self._watch)
        try:
            scan.run(subject, began + left_ns)
        except InputError:
            raise
        except BaseException as error:
            ranking = scan.ranking()
            self._keep(replace(ranking, reason=ranking.reason or Remark("interrupted", error=type(error).__name__)))
            raise
        ranking = scan.ranking()
        unresolved = not ranking.functions or any(one.verdict == "unresolved" for one in ranking.functions)
        if unresolved and left_ns < rules.max_time_ns and ranking.reason.kind != "raised":
            return replace(ranking, warnings=(*ranking.warnings, Remark("cut_short")))
        return ranking

    def _rules(self) -> ScanRules:
        run, options = self._run, self._run.options
        rules = ScanRules(options.scan_time_ns, options.error_rate / len(run.scans), options.seed)
        return self._allowance.limit_scan(rules, run.bumps_to_come + run.scans_to_come)

    def _nothing(self, item: pytest.Item, reason: Remark) -> Ranking:
        still = still_bump(self._run.options)
        return Ranking(test=item.nodeid, targets=still.targets, mode=still.mode, reason=reason)

    def _keep(self, ranking: Ranking) -> Ranking:
        self._run.rankings[ranking.test] = ranking
        return ranking
