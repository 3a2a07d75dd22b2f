"""The hooks that measure and raise verdicts. Registered after collection, where a test asks for it."""

import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import pytest

from pytest_speedbump import _core
from pytest_speedbump.bump import Bump
from pytest_speedbump.errors import InputError
from pytest_speedbump.fixture import SpeedbumpFixture
from pytest_speedbump.host import exclusive
from pytest_speedbump.listing import list_bump
from pytest_speedbump.report.progress import Progress
from pytest_speedbump.report.properties import PREFIX, properties
from pytest_speedbump.report.text import failure_text
from pytest_speedbump.result import Result
from pytest_speedbump.run import Run
from pytest_speedbump.subject import Subject
from pytest_speedbump.timeouts import time_left_ns
from pytest_speedbump.trial import Rules, try_bump

__all__ = ["MeasuringPlugin", "check_environment"]

DISABLED = "benchmarks are disabled (--benchmark-disable, or pytest-xdist without --benchmark-enable)"


def check_environment(config: pytest.Config) -> None:
    """Raises InputError where nothing can be measured: no free tool id, or a pytest-benchmark that we do not know."""
    session = _core.Session(_core.Patterns(["!*"]), "spin", "the check for a free tool id")
    try:
        session.arm()
    except RuntimeError as error:
        raise InputError(str(error)) from None
    session.disarm()
    if config.pluginmanager.hasplugin("benchmark"):
        from pytest_speedbump.joint import check_shape

        check_shape()


class MeasuringPlugin:
    """Tries the bumps of the plan on what the fixtures are given, and fails the tests that deserve it."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self._run = run
        self._progress = Progress(config, run.options.max_time_ns)
        self._setup_at = 0

    def fixture_for(self, item: pytest.Item) -> SpeedbumpFixture:
        return SpeedbumpFixture(self._measurer(item) if item.nodeid in self._run.plan else None)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        fixture = yield
        item = request.node
        if fixturedef.argname == "benchmark" and isinstance(item, pytest.Item) and item.nodeid in self._run.plan:
            self._join(item, fixture)
        return fixture

    def _join(self, item: pytest.Item, fixture: Any) -> None:
        from pytest_benchmark.fixture import BenchmarkFixture

        from pytest_speedbump.joint import join

        if type(fixture) is not BenchmarkFixture:  # pytest-codspeed's fakes its class: isinstance would believe it
            found = f"{type(fixture).__module__}.{type(fixture).__name__}"
            self._run.unmeasured[item.nodeid] = f"its `benchmark` fixture is a {found}, not pytest-benchmark's"
            return
        measure = self._measurer(item, fixture.extra_info)
        join(
            fixture,
            measure,
            lambda: self._run.unmeasured.__setitem__(item.nodeid, DISABLED),
            measure if self._run.options.list_only else None,
        )

    def _measurer(
        self, item: pytest.Item, extra_info: dict[str, Any] | None = None
    ) -> Callable[[Subject], list[Result]]:
        def measure(subject: Subject) -> list[Result]:
            results: list[Result] = []
            bumps = self._run.plan[item.nodeid]
            for index, bump in enumerate(bumps):
                result = self._run.judge_by_lock(self._try(item, subject, bump, len(bumps) - index))
                self._run.add(result)
                results.append(result)
                if extra_info is not None:
                    extra_info["speedbump"] = [one.to_json() for one in results]
            return results

        return measure

    def _try(self, item: pytest.Item, subject: Subject, bump: Bump, bumps_left: int) -> Result:
        options = self._run.options
        with exclusive():
            if options.list_only:
                return list_bump(item.nodeid, subject, bump)
            left_ns = time_left_ns(item, time.perf_counter_ns() - self._setup_at)
            limit_ns = min(options.max_time_ns, left_ns / bumps_left)
            rules = Rules(
                max_time_ns=limit_ns,
                alpha_fail=self._run.alpha_fail,
                strict=options.strict,
                advisory=options.advisory,
                seed=options.seed,
            )
            try:
                result = try_bump(item.nodeid, subject, bump, rules, self._progress)
            finally:
                self._progress.done()
        if limit_ns < options.max_time_ns:
            cut = f"pytest-timeout left {limit_ns / 1e9:.2g}s for this verdict"
            result = replace(result, warnings=(*result.warnings, cut))
        return result

    # ---- verdicts ----

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._setup_at = time.perf_counter_ns()
        self._run.begin(item.nodeid)
        item.user_properties[:] = [(name, value) for name, value in item.user_properties if not name.startswith(PREFIX)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Raises the verdict: xfail, JUnit, reruns and exit codes then come out right by themselves."""
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
        if call.when == "call" and item.nodeid in self._run.plan:
            report.speedbump = {
                "results": [result.to_json() for result in self._run.results.get(item.nodeid, [])],
                "unmeasured": self._run.unmeasured.get(item.nodeid),
            }
        return report
