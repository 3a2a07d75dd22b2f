"""The hooks of a run that was asked for something. Registered after collection, and only then."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from pytest_speedbump.fixture import SpeedbumpFixture
from pytest_speedbump.report.document import document, replace_file
from pytest_speedbump.report.progress import Progress
from pytest_speedbump.report.properties import PREFIX, properties
from pytest_speedbump.report.terminal import write_listing, write_table
from pytest_speedbump.report.text import failure_text
from pytest_speedbump.result import Result
from pytest_speedbump.run import Run
from pytest_speedbump.subject import Subject

__all__ = ["ActivePlugin"]


class ActivePlugin:
    """Measures what the plan says, raises the verdicts, reports."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self._config, self._run = config, run
        self._progress = Progress(config, run.options.max_time_ns)

    # ---- measuring ----

    def fixture_for(self, item: pytest.Item) -> SpeedbumpFixture:
        if item.nodeid not in self._run.plan:
            return SpeedbumpFixture(None)
        return SpeedbumpFixture(self._measurer(item))

    def _measurer(
        self, item: pytest.Item, extra_info: dict[str, Any] | None = None
    ) -> Callable[[Subject], list[Result]]:
        def measure(subject: Subject) -> list[Result]:
            results = []
            for bump in self._run.plan[item.nodeid]:
                try:
                    result = self._run.try_bump(item.nodeid, subject, bump, self._progress)
                finally:
                    self._progress.done()
                self._run.add(result)
                results.append(result)
                if extra_info is not None:
                    extra_info["speedbump"] = [one.to_json() for one in results]
            return results

        return measure

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
        try:
            from pytest_benchmark.fixture import BenchmarkFixture
        except ImportError:
            return
        if type(fixture) is not BenchmarkFixture:  # pytest-codspeed's fakes its class: isinstance would believe it
            found = type(fixture).__name__
            self._run.unmeasured[item.nodeid] = f"its `benchmark` fixture is {found}, not pytest-benchmark's"
            return
        from pytest_speedbump.joint import join

        measure = self._measurer(item, fixture.extra_info)
        disabled = "benchmarks are disabled (--benchmark-disable, or pytest-xdist without --benchmark-enable)"
        join(
            fixture,
            measure,
            lambda: self._run.unmeasured.__setitem__(item.nodeid, disabled),
            measure if self._run.options.list_only else None,
        )

    # ---- verdicts ----

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
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
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        outcome = yield
        if not session.config.option.collectonly and self._run.guards_nothing() and not self._run.options.advisory:
            session.testsfailed += 1
        return outcome

    # ---- reports ----

    def pytest_sessionfinish(self) -> None:
        run, options = self._run, self._run.options
        if options.json is not None and not self._config.option.collectonly:
            replace_file(options.json, document(run.all_results, options.seed, options.error_rate))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        run = self._run
        results = run.all_results
        if results:
            if run.options.list_only:
                write_listing(terminalreporter, results)
            else:
                write_table(terminalreporter, results, run.options.seed)
        for nodeid, reason in run.unmeasured.items():
            terminalreporter.write_line(f"speedbump: {nodeid} was not measured: {reason}", yellow=True)
        nothing = run.guards_nothing()
        if nothing and not self._config.option.collectonly:
            terminalreporter.write_line(f"speedbump: the run fails: {nothing}", red=True, bold=True)
