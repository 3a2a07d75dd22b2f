"""The hooks that measure and raise verdicts. Registered after collection, where a test asks for it."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_speedbump.errors import InputError
from pytest_speedbump.experiment.host import LIMIT_S, BusyHostError, exclusive
from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.plugin.allowance import Allowance
from pytest_speedbump.plugin.fixture import Found, SpeedbumpFixture
from pytest_speedbump.plugin.markers import still_bump
from pytest_speedbump.plugin.passes import EarlyPasses
from pytest_speedbump.plugin.run import Run
from pytest_speedbump.plugin.seconds import read_ns
from pytest_speedbump.plugin.timeouts import time_left_ns
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.remarks import Remark
from pytest_speedbump.report.forecast import Forecast
from pytest_speedbump.report.progress import Progress
from pytest_speedbump.report.properties import PREFIX, properties
from pytest_speedbump.report.text import failure_text
from pytest_speedbump.result import Result
from pytest_speedbump.runner.join import has_joined
from pytest_speedbump.slowing.folder import VARIABLE
from pytest_speedbump.slowing.session import MakeSession, armed, make_session
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.listing import list_bump
from pytest_speedbump.trials.rules import Rules
from pytest_speedbump.trials.slack import SlackTrial
from pytest_speedbump.trials.time_share import time_share
from pytest_speedbump.trials.trial import ENOUGH_NS, Trial
from pytest_speedbump.trials.turns import measure_in_turn

if TYPE_CHECKING:
    from pytest_speedbump.plugin.scanning import Scans

__all__ = ["MeasuringPlugin", "check_environment"]

DISABLED = "benchmarks are disabled (by --benchmark-disable, or by pytest-xdist: measure with -n 0)"


def check_environment(config: pytest.Config) -> None:
    """Raises InputError where nothing can be measured: this program is slowed as a whole, no tool id is free, or the
    pytest-benchmark is one that we do not know."""
    if has_joined():
        raise InputError(
            "this pytest was started by a program that is slowed as a whole, with all processes that it starts, and "
            f"can slow nothing by itself; start it without {VARIABLE} in its environment"
        )
    with armed(make_session(parse_targets(["*"]), "spin", "the check for a free tool id")):
        pass
    if config.pluginmanager.hasplugin("benchmark"):
        from pytest_speedbump.plugin.benchmark_fixture import check_shape

        check_shape()


class MeasuringPlugin:
    """Tries the bumps of the plan on what the fixtures are given, and fails the tests that deserve it."""

    def __init__(self, config: pytest.Config, run: Run, early: EarlyPasses, make_session: MakeSession) -> None:
        self._run, self._early, self._make_session = run, early, make_session
        options, workers = run.options, getattr(config, "workerinput", {}).get("workercount", 1)
        self._allowance = Allowance(options.total_time_ns, workers)
        plan = {test: [str(bump) for bump in run.plan.get(test, ())] for test in run.tests}
        scans = dict.fromkeys(run.scans, options.scan_text)
        self._forecast = Forecast(
            plan, read_ns(config), options.max_time_ns, options.total_time_ns, scans, options.scan_time_ns
        )
        self._progress = Progress(config, self._forecast)
        self._setup_at = self._call_at = 0
        self._scans = self._make_scans() if run.scans and not options.list_only else None

    def _make_scans(self) -> "Scans":
        from pytest_speedbump.plugin.scanning import Scans

        return Scans(self._run, self._allowance, self._progress, self._alone, self._time_left_ns)

    def fixture_for(self, item: pytest.Item) -> SpeedbumpFixture:
        return SpeedbumpFixture(self._measurer(item) if item.nodeid in self._run.tests else None)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        fixture = yield
        item = request.node
        if fixturedef.argname == "benchmark" and isinstance(item, pytest.Item) and item.nodeid in self._run.tests:
            self._join(item, fixture)
        return fixture

    def _join(self, item: pytest.Item, fixture: Any) -> None:
        from pytest_benchmark.fixture import BenchmarkFixture

        from pytest_speedbump.plugin.benchmark_fixture import JoinedFixture, join

        if type(fixture) is JoinedFixture:  # a conftest's own `benchmark`, which hands on what it was given
            return
        if type(fixture) is not BenchmarkFixture:  # pytest-codspeed's pretends to be one, also to isinstance
            found = f"{type(fixture).__module__}.{type(fixture).__name__}"
            self._run.unmeasured[item.nodeid] = f"its `benchmark` fixture is a {found}, not pytest-benchmark's"
            return
        measure = self._measurer(item, fixture.extra_info)
        join(
            fixture,
            measure,
            lambda: self._run.unmeasured.__setitem__(item.nodeid, DISABLED),
            measure if self._run.options.list_only or self._early.running else None,
        )

    def _measurer(
        self, item: pytest.Item, extra_info: dict[str, Any] | None = None
    ) -> Callable[[Subject], Found | None]:
        """What a fixture is to do with its callable: in the last pass it returns what was found."""

        def measure(subject: Subject) -> Found:
            results, ranking = [], None
            if self._run.options.list_only:
                results = self._list(item, subject)
            elif item.nodeid in self._run.plan:
                results = self._try(item, subject)
            if extra_info is not None and results:
                extra_info["speedbump"] = [result.to_json() for result in results]
            if self._scans is not None:
                ranking = self._scan(self._scans, item, subject, extra_info)
            return Found(tuple(results), ranking)

        return partial(self._glance, item) if self._early.running else measure

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Alone on this host. Waiting for the others costs no time.

        Raises:
            BusyHostError: the others do not end.
        """
        limit_s = max(LIMIT_S, self._run.longest_s)  # workers of pytest-xdist wait for each other
        with exclusive(self._progress.waiting, limit_s), self._allowance.spending():
            yield

    @contextmanager
    def _measuring(self) -> Iterator[None]:
        """Alone, except for a listing, which measures nothing.

        Where nothing can be armed any more, because a tool has taken what was free at the check, the test fails with
        one sentence.
        """
        try:
            with nullcontext() if self._run.options.list_only else self._alone():
                yield
        except (InputError, BusyHostError) as error:
            raise pytest.fail.Exception(f"speedbump: {error}", pytrace=False) from None

    def _list(self, item: pytest.Item, subject: Subject) -> list[Result]:
        bumps = list(self._run.plan.get(item.nodeid, ()))
        if item.nodeid in self._run.scans:
            bumps.append(still_bump(self._run.options))
        with self._measuring():
            results = [list_bump(item.nodeid, subject, bump, self._make_session) for bump in bumps]
        for result in results:
            self._run.add(result)
        return results

    def _scan(self, scans: "Scans", item: pytest.Item, subject: Subject, extra_info: dict[str, Any] | None) -> Ranking:
        if item.nodeid not in self._run.plan:
            self._progress.begin(item.nodeid, self._run.options.scan_time_ns)
        try:
            return scans.scan(item, subject)
        finally:
            self._progress.done()
            known = self._run.rankings.get(item.nodeid)
            if extra_info is not None and known is not None:
                extra_info["speedbump_scan"] = known.to_json()

    def _time_left_ns(self, item: pytest.Item) -> float:
        """What pytest-timeout leaves for measuring, from now on."""
        now = time.perf_counter_ns()
        return time_left_ns(item, now - self._setup_at, now - self._call_at)

    def _glance(self, item: pytest.Item, subject: Subject) -> None:
        """An early pass: a few rounds, and no verdict yet."""
        if self._allowance.is_used_up:
            return
        with self._measuring():
            try:
                for trial in self._trials(item):
                    trial.measure(subject, ENOUGH_NS / self._run.options.passes)
            finally:
                self._progress.done()

    def _try(self, item: pytest.Item, subject: Subject) -> list[Result]:
        """Measures all bumps of a test in turn, so that each verdict's rounds are as far apart as they can be.

        Where the total time is used up, what early passes have found stands.
        """
        if self._allowance.is_used_up:
            trials = self._trials(item)
            self._run.trials.pop(item.nodeid)
            return [self._judge(trial, index, None) for index, trial in enumerate(trials)]
        with self._measuring():
            trials = self._trials(item)
            stop_at = time.perf_counter_ns() + self._time_left_ns(item)
            try:
                measure_in_turn(trials, subject, stop_at)
            except BaseException:
                for index, trial in enumerate(trials):
                    if trial.settled:
                        self._keep(self._run.judge_by_lock(trial.result(None)), index)
                raise
            finally:
                self._progress.done()
                self._run.trials.pop(item.nodeid)
            results = [self._judge(trial, index, subject) for index, trial in enumerate(trials)]
            if self._run.options.shows_shares:
                self._add_shares(item.nodeid, [trial.settled for trial in trials], subject, stop_at)
                results = self._run.results[item.nodeid][-len(results) :]
            return results

    def _add_shares(self, nodeid: str, settled: Sequence[bool], subject: Subject, stop_at: float) -> None:
        """Says of verdicts, all of which are kept already, how much of the time their targets take."""
        kept = self._run.results[nodeid]
        first = len(kept) - len(settled)
        for index, whole in enumerate(settled):
            left_ns = min(stop_at - time.perf_counter_ns(), self._allowance.left_ns)
            if whole:
                result = kept[first + index]
                kept[first + index] = replace(result, time_share=time_share(result, subject, left_ns))

    def _judge(self, trial: Trial, index: int, subject: Subject | None) -> Result:
        """The result, which is kept at once: judging the next one may run the callable, and be interrupted."""
        result = trial.result(subject)
        if not trial.settled:
            result = self._cut_short(result)
        result = self._run.judge_by_lock(result)
        self._keep(result, index)
        return result

    def _cut_short(self, result: Result) -> Result:
        """The result that another limit than its own has ended: the run's, or else pytest-timeout's."""
        cause = Remark("cut_short")
        if self._allowance.is_used_up:
            cause = Remark("total_time", total_ns=self._run.options.total_time_ns)
            if result.reason.kind == "no_time":
                return replace(result, reason=cause)
        return replace(result, warnings=(*result.warnings, cause))

    def _keep(self, result: Result, index: int) -> None:
        """Keeps the result of bump ``index``. Where it has no evidence, that of an earlier attempt stands."""
        self._run.add(result)
        if result.evidence is not None:
            self._run.evidence[result.test, index] = result.evidence

    def _trials(self, item: pytest.Item) -> list[Trial]:
        """The trials of a test, made when an attempt first asks for them and kept from pass to pass.

        What other bumps have left of the total time since then is theirs as well.
        """
        trials = self._run.trials.get(item.nodeid)
        if trials is None:
            prior = self._run.evidence
            trials = self._run.trials[item.nodeid] = [
                (SlackTrial if bump.asks_slack else Trial)(
                    *(item.nodeid, bump, self._rules(), self._progress, self._make_session),
                    prior=prior.get((item.nodeid, index)),
                )
                for index, bump in enumerate(self._run.plan[item.nodeid])
            ]
        else:
            for trial in trials:
                trial.allow(self._rules(trial.spent_ns))
        self._progress.begin(item.nodeid, self._rules().max_time_ns)
        return trials

    def _rules(self, own_ns: float = 0.0) -> Rules:
        """For a bump that has had ``own_ns`` already."""
        run, options = self._run, self._run.options
        rules = Rules(
            max_time_ns=options.max_time_ns,
            alpha_fail=run.alpha_fail,
            alpha_end=run.alpha_end,
            severity=run.severity,
            seed=options.seed,
        )
        return self._allowance.limit(rules, max(run.bumps_to_come + run.scans_to_come, 1), own_ns)

    # ---- what is to come ----

    def pytest_report_collectionfinish(self, config: pytest.Config) -> str | None:
        if not self._run.tests or self._run.options.list_only or config.option.collectonly or config.option.verbose < 0:
            return None
        elsewhere = self._run.verdicts_elsewhere
        verb = "is" if elsewhere == 1 else "are"
        shared = f"; they share the error rate with {elsewhere} that {verb} not run" if elsewhere else ""
        return f"speedbump: {self._forecast}{shared}"

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._run.ended.add(nodeid)

    # ---- verdicts ----

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._setup_at = time.perf_counter_ns()
        self._run.begin(item.nodeid)
        item.user_properties[:] = [(name, value) for name, value in item.user_properties if not name.startswith(PREFIX)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Raises the verdict: xfail, JUnit, reruns and exit codes then come out right by themselves."""
        self._call_at = time.perf_counter_ns()
        if self._early.running:
            return (yield)
        try:
            outcome = yield
        finally:
            results = self._run.results.get(item.nodeid, [])
            item.user_properties += properties(results)
        failed = [failure_text(result) for result in results if result.outcome == "failed"]
        if failed:
            pytest.fail("\n\n".join(failed), pytrace=False)
        if self._run.is_overlooked(item.nodeid):
            pytest.fail(
                "the test is marked with speedbump but measures nothing; call its `benchmark` or `speedbump` fixture",
                pytrace=False,
            )
        return outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Sends results along with the report, in primitives: it may have to cross to another process."""
        report = yield
        if call.when == "call" and item.nodeid in self._run.tests:
            ranking = self._run.rankings.get(item.nodeid)
            report.speedbump = {
                "results": [result.to_json() for result in self._run.results.get(item.nodeid, [])],
                "ranking": None if ranking is None else ranking.to_json(),
                "unmeasured": self._run.unmeasured.get(item.nodeid),
            }
        return report
