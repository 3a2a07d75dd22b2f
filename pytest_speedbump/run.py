"""One pytest run: its options, the plan made at collection, and the results so far."""

from dataclasses import dataclass, field

import pytest

from pytest_speedbump import _core
from pytest_speedbump.bump import Bump
from pytest_speedbump.errors import InputError
from pytest_speedbump.listing import list_bump
from pytest_speedbump.options import Options
from pytest_speedbump.plan import bumps_of, check_fixtures, is_marked
from pytest_speedbump.result import Result
from pytest_speedbump.subject import Subject
from pytest_speedbump.trial import Rules, Watch, try_bump

__all__ = ["Run"]


@dataclass(slots=True)
class Run:
    """Owns what lives as long as the run.

    Attributes:
        plan: by node id, the bumps of each test that has any. Fixed at collection: the error rate is shared among them.
        results: by node id, in the order of the tests; those of the last attempt where a test is rerun.
        unmeasured: by node id, why a planned test was not measured.
    """

    options: Options
    plan: dict[str, list[Bump]] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)
    results: dict[str, list[Result]] = field(default_factory=dict)
    unmeasured: dict[str, str] = field(default_factory=dict)

    def collect(self, session: pytest.Session) -> None:
        """Plans every test, and sees to it that the plan can be carried out.

        Raises:
            InputError: a bad marker; a marked test that uses no fixture of ours; no free tool id; an unknown
                pytest-benchmark.
        """
        for item in session.items:
            if is_marked(item):
                check_fixtures(item)
                self.marked.add(item.nodeid)
            bumps = bumps_of(item, self.options)
            if bumps:
                self.plan[item.nodeid] = bumps
        if not self.plan or session.config.option.collectonly:
            return
        _check_tool_id()
        if session.config.pluginmanager.hasplugin("benchmark"):
            from pytest_speedbump.joint import check_shape

            check_shape()

    @property
    def rules(self) -> Rules:
        """The error rate of a failure is divided among all verdicts that may fail (Bonferroni)."""
        verdicts = sum(bump.declared is not None for bumps in self.plan.values() for bump in bumps)
        return Rules(
            max_time_ns=self.options.max_time_ns,
            alpha_fail=self.options.error_rate / max(verdicts, 1),
            strict=self.options.strict,
            advisory=self.options.advisory,
            seed=self.options.seed,
        )

    def try_bump(self, test: str, subject: Subject, bump: Bump, watch: Watch) -> Result:
        """Measures, or under ``--speedbump-list`` only counts."""
        if self.options.list_only:
            return list_bump(test, subject, bump)
        return try_bump(test, subject, bump, self.rules, watch)

    def begin(self, nodeid: str) -> None:
        """A verdict belongs to an attempt: forgets those of an earlier one."""
        self.results.pop(nodeid, None)
        self.unmeasured.pop(nodeid, None)

    def add(self, result: Result) -> None:
        self.results.setdefault(result.test, []).append(result)

    @property
    def all_results(self) -> list[Result]:
        return [result for results in self.results.values() for result in results]

    def is_overlooked(self, nodeid: str) -> bool:
        """Whether a marked test ran without measuring, and nobody knows why."""
        return nodeid in self.marked and nodeid not in self.results and nodeid not in self.unmeasured

    def guards_nothing(self) -> str:
        """Why the run fails as a whole although no test did: its targets ran nowhere. Empty if they ran somewhere."""
        targets = self.options.targets
        if targets is None:
            return ""
        suite_wide = [result for result in self.all_results if result.bump.by != "marker"]
        if any(result.matched for result in suite_wide):
            return ""
        if suite_wide:
            return f"no benchmark of this run calls {targets.value}"
        if targets.by == "command line":
            return f"no benchmark was measured under {targets.value}"
        return ""


def _check_tool_id() -> None:
    session = _core.Session(_core.Patterns(["!*"]), "spin", "the check for a free tool id")
    try:
        session.arm()
    except RuntimeError as error:
        raise InputError(str(error)) from None
    session.disarm()
