"""One pytest run: its options, the plan made at collection, and the results so far."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_speedbump.bump import Bump
from pytest_speedbump.core import why_no_core
from pytest_speedbump.documents.whole import uncalled, unscanned
from pytest_speedbump.files import find_file
from pytest_speedbump.lockfile import file as lockfile
from pytest_speedbump.lockfile.absence import file_of
from pytest_speedbump.lockfile.compare import compare
from pytest_speedbump.lockfile.entry import Entry, Key, digest, key_of
from pytest_speedbump.lockfile.revision import read_revision
from pytest_speedbump.plugin.collected import Collected
from pytest_speedbump.plugin.family import Family
from pytest_speedbump.plugin.markers import bumps_of, check_fixtures, is_benchmark, is_marked
from pytest_speedbump.plugin.options import Given, Options, label
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.result import Evidence, Result, Severity
from pytest_speedbump.targets import Targets

if TYPE_CHECKING:
    from pytest_speedbump.trials.trial import Trial

__all__ = ["Run"]


@dataclass(slots=True)
class Run:
    """What is known of the run as it goes on.

    Attributes:
        plan: by node id, the bumps of each test of this run that has any. Fixed at collection.
        family: all verdicts that share the error rate: of every test that was collected, also where it is deselected
            or left to another shard. None in the controller of pytest-xdist, whose workers plan.
        scans: node ids of the tests of this run that are scanned, in their order. All that have bumps are among them,
            or there are none: both need the same fixtures.
        results: by node id, in the order of the tests; those of the last attempt where a test is rerun.
        rankings: by node id, what the scan of the last attempt found.
        unmeasured: by node id, why a planned test was not measured.
        trials: by node id, what is being measured; kept from pass to pass, made anew for a rerun.
        ended: node ids of the planned tests that are through.
        evidence: by node id and index of the bump, what its last attempt ended with; a rerun goes on from there.
        lock: the entries that are to be compared with; empty without any.
        saved: the entries that are to be added to.
        no_core: why nothing can be measured here, and what asks for it only runs; empty where all can.
    """

    options: Options
    lock: dict[Key, Entry] = field(default_factory=dict)
    saved: dict[Key, Entry] = field(default_factory=dict)
    plan: dict[str, list[Bump]] = field(default_factory=dict)
    scans: dict[str, None] = field(default_factory=dict)
    family: Family | None = None
    marked: set[str] = field(default_factory=set)
    results: dict[str, list[Result]] = field(default_factory=dict)
    rankings: dict[str, Ranking] = field(default_factory=dict)
    unmeasured: dict[str, str] = field(default_factory=dict)
    trials: "dict[str, list[Trial]]" = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    evidence: dict[tuple[str, int], Evidence] = field(default_factory=dict)
    no_core: str = ""

    @classmethod
    def start(cls, options: Options) -> "Run":
        """Raises InputError where a lockfile cannot be used."""
        lock: dict[Key, Entry] = {}
        if options.compare is not None:
            ref = options.compare_ref
            if ref is None:
                lock = lockfile.read(options.compare)
            else:
                lock = read_revision(ref.value, options.compare, label("compare_ref", ref.by))
        # A lockfile that goes to a stream or a device cannot be read back, and holds what this run finds.
        file = find_file(options.save) if options.save is not None else None
        saved = lockfile.read(file) if file is not None and file.exists() else lock
        return cls(options, lock, saved, no_core=why_no_core())

    def concerns(self, collected: Collected) -> bool:
        """Whether the lockfile to compare with names a test of this run, or one that its files no longer hold."""
        return any(key[0] in collected.tests or file_of(key) in collected.files for key in self.lock)

    def collect(self, items: Iterable[pytest.Item], selected: Iterable[pytest.Item]) -> list[str]:
        """Plans what is ``selected`` and counts the family, of which all ``items`` that were collected are members.

        Returns the node ids of all ``items`` that anything is planned for.

        Raises InputError: a bad marker, or a marked test that uses no fixture of ours; of a test that is not selected
        as well, because without it nobody knows how large the family is.
        """
        run = {item.nodeid: item for item in selected}
        planned: dict[str, list[Bump]] = {}
        known = {item.nodeid: item for item in items} | run
        for nodeid, item in known.items():
            if is_marked(item):
                check_fixtures(item)
                if nodeid in run:
                    self.marked.add(nodeid)
            planned[nodeid] = bumps_of(item, self.options)
        scans: dict[str, str] = {}
        if self.options.scan is not None:
            scans = {nodeid: self.options.scan_text for nodeid, item in known.items() if is_benchmark(item)}
        self.family = Family.of(planned, locks=self._locks, scans=scans)
        self.plan = {nodeid: planned[nodeid] for nodeid in run if planned[nodeid]}
        self.scans = {nodeid: None for nodeid in run if nodeid in scans}
        return [nodeid for nodeid in known if planned[nodeid] or nodeid in scans]

    @property
    def tests(self) -> Collection[str]:
        """Node ids of all that is to be measured or scanned, in their order."""
        return self.scans or self.plan

    @property
    def alpha_fail(self) -> float:
        """The error rate of a failure, divided among the family (Bonferroni: under any dependence)."""
        return self.options.error_rate / max(self.family.verdicts if self.family else 0, 1)

    @property
    def verdicts_elsewhere(self) -> int:
        """Those of the family that this run leaves out."""
        return self.family.verdicts - Family.of(self.plan, locks=self._locks).verdicts if self.family else 0

    @property
    def alpha_end(self) -> float:
        """The error rate of an interval's end. A comparison fails where two are wrong: one saved, and one of now."""
        return min(0.025, self.alpha_fail / 2) if self._locks else 0.025

    @property
    def _locks(self) -> bool:
        return self.options.save is not None or self.options.compare is not None

    def begin(self, nodeid: str) -> None:
        """A verdict belongs to an attempt: forgets those of an earlier one, but not their evidence."""
        self.results.pop(nodeid, None)
        self.rankings.pop(nodeid, None)
        self.unmeasured.pop(nodeid, None)
        self.ended.discard(nodeid)

    def add(self, result: Result) -> None:
        self.results.setdefault(result.test, []).append(result)

    def judge_by_lock(self, result: Result) -> Result:
        """The result, failed where its sensitivity has grown beyond what the lockfile holds."""
        if self.options.compare is None or result.verdict == "listed":
            return result
        change = compare(self.lock.get(key_of(result)), result, self.options.tolerance)
        if self.options.compare_ref is not None:
            change = replace(change, ref=self.options.compare_ref.value)
        return replace(result, lock=change, outcome=self.severity.with_lock(result.outcome, change))

    @property
    def severity(self) -> Severity:
        return Severity(self.options.strict, self.options.advisory)

    @property
    def all_results(self) -> list[Result]:
        return [result for results in self.results.values() for result in results]

    def is_overlooked(self, nodeid: str) -> bool:
        """Whether a marked test ran without measuring, for no reason that is known."""
        return nodeid in self.marked and nodeid not in self.results and nodeid not in self.unmeasured

    @property
    def bumps_to_come(self) -> int:
        """Those that are not settled yet, of tests that have not ended."""
        return sum(
            sum(not trial.settled for trial in self.trials[nodeid]) if nodeid in self.trials else len(bumps)
            for nodeid, bumps in self.plan.items()
            if nodeid not in self.ended and nodeid not in self.results
        )

    @property
    def scans_to_come(self) -> int:
        return len(self.scans.keys() - self.ended - self.rankings.keys())

    @property
    def longest_s(self) -> float:
        """What measuring may take in one go: all bumps of the test that has the most, or a scan."""
        bumps_ns = self.options.max_time_ns * max(map(len, self.plan.values()), default=0)
        return max(bumps_ns, self.options.scan_time_ns if self.scans else 0.0) / 1e9

    def uncalled(self) -> str:
        """What is wrong with the run as a whole: its targets ran nowhere. Empty if they ran somewhere."""
        return "" if self.options.targets is None else uncalled(self.all_results, self.asked["targets"])

    def unscanned(self) -> str:
        """The same of what was to be scanned."""
        if self.options.scan is None:
            return ""
        listed = self.options.list_only
        return unscanned(self.all_results, self.rankings.values(), self.asked["scan"], listed=listed)

    @property
    def asked(self) -> dict[str, Any]:
        """The options that decide what fails, as the document has them."""
        options = self.options

        def named(name: str, given: Given[Targets] | None) -> dict[str, Any] | None:
            """Targets of the whole run; ``typed``: they must be called in this very run."""
            if given is None:
                return None
            return {"names": list(given.value.names), "by": given.by, "typed": name in options.typed}

        return {
            "targets": named("target", options.targets),
            "scan": named("scan", options.scan),
            "strict": options.strict,
            "advisory": options.advisory,
            "tolerance": options.tolerance,
            "lockfile": None if options.compare is None else digest(self.lock.values()),
            "listed": options.list_only,
        }
