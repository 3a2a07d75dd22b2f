"""The hooks that gather results, ask the gate and report.

Under pytest-xdist they are registered in the controller, without it in the one process that there is.
"""

import sys
from collections.abc import Callable, Generator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pytest_speedbump.documents.document import Document, environment
from pytest_speedbump.documents.provenance import Commit, find_commit, find_run
from pytest_speedbump.files import find_stream, show, why_unwritten, write_json, write_text
from pytest_speedbump.formats.markdown import markdown
from pytest_speedbump.lockfile import file as lockfile
from pytest_speedbump.lockfile.compare import merge
from pytest_speedbump.page.page import page
from pytest_speedbump.plugin.collected import Collected
from pytest_speedbump.plugin.fates import Fates
from pytest_speedbump.plugin.gate import Gate
from pytest_speedbump.plugin.github import Actions
from pytest_speedbump.plugin.run import Run
from pytest_speedbump.plugin.seconds import remember
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.report.columns import plain
from pytest_speedbump.report.notes import gather
from pytest_speedbump.report.status import status
from pytest_speedbump.report.terminal import write_failures, write_last_word, write_listing, write_rankings, write_table
from pytest_speedbump.result import Result, lockfile_text

__all__ = ["ReportingPlugin"]

LEFT_OUT = "the target stands in an ini file, and a part of the suite was left out"
SHARED = "benchmarks were left to other shards, and `speedbump merge` tells whether one of those calls it"


class ReportingPlugin:
    """Reports ``run`` and what collection found.

    Args:
        run: shared with the measuring plugin. In the controller of pytest-xdist it starts empty, and results come with
            the workers' reports.
        collected: in the controller it is complete when the workers have ended.
        remote: whether this is that controller.
    """

    def __init__(self, config: pytest.Config, run: Run, collected: Collected, *, remote: bool) -> None:
        self._config, self._run, self._collected, self._remote = config, run, collected, remote
        self._passed: set[str] = set()
        self._fates = Fates(run, collected)
        self._gate = Gate(run, collected, self._passed, config.rootpath)
        self._saved: list[str] = []
        self._unwritten: list[str] = []
        self._unsaid: list[str] = []
        self._actions = Actions.find(config.rootpath)
        self._finished = False

    # ---- gathering ----

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.outcome == "passed":
            self._passed.add(report.nodeid)
        self._fates.note(report)
        sent = getattr(report, "speedbump", None)
        if not self._remote or sent is None:
            return
        self._run.begin(report.nodeid)
        for one in sent["results"]:
            self._run.add(Result.from_json(one))
        if sent["ranking"]:
            self._run.rankings[report.nodeid] = Ranking.from_json(sent["ranking"])
        if sent["unmeasured"]:
            self._run.unmeasured[report.nodeid] = sent["unmeasured"]

    # ---- gating ----

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        options = self._run.options
        if options.json or options.html or options.markdown or self._actions.listens:
            _ = self._commit  # before the tests, which may change files
        outcome = yield
        self._finished = True
        if self._failures():
            session.testsfailed += 1
        return outcome

    def _failures(self) -> list[str]:
        """A run that was cut short does not fail: the tests that it did not reach may be those that are missed."""
        return self._gate.reasons() if self._finished and not self._config.option.collectonly else []

    # ---- reporting ----

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        sent = getattr(report, "speedbump", None)
        if sent is None or hasattr(report, "wasxfail") or report.outcome not in ("passed", "failed"):
            return None
        return status(report.outcome, sent["results"], sent["unmeasured"])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes what was asked for. A run that cannot fails, and its report is as complete as ever."""
        run, options = self._run, self._run.options
        if self._config.option.collectonly:
            return
        took = [(result.test, str(result.bump), result.seconds) for result in run.all_results]
        took += [(test, options.scan_text, ranking.seconds) for test, ranking in run.rankings.items()]
        remember(self._config, took, self._collected)
        self._write_documents()
        # A run that was stopped before it found anything has nothing to say, and makes no empty lockfile.
        saves = not options.list_only and not run.no_core and (self._finished or run.results)
        if options.save is not None and saves:
            absent = self._gate.absent(run.saved)
            gone = [*absent.gone, *absent.dropped] if self._finished else []
            entries, saved = merge(run.saved, run.all_results, gone, options.tolerance)
            if self._write("--speedbump-save", options.save, lambda path: lockfile.write(path, entries)):
                self._saved = saved or ["nothing changed"]
        if self._unwritten and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write_documents(self) -> None:
        options = self._run.options
        found_any = self._run.all_results or self._run.rankings or self._run.unmeasured or self._failures()
        is_told = self._actions.listens and not options.list_only and found_any
        if not (options.json or options.html or options.markdown or is_told):
            return
        found = self._document()
        if is_told:
            self._unsaid += self._actions.tell(found)
        if options.json is not None:
            self._write("--speedbump-json", options.json, lambda path: write_json(path, found.to_json()))
        if options.html is not None:
            self._write("--speedbump-html", options.html, lambda path: write_text(path, page([found])))
        if options.markdown is not None:
            self._write("--speedbump-markdown", options.markdown, lambda path: write_text(path, markdown(found)))

    @cached_property
    def _commit(self) -> Commit | None:
        return find_commit(self._config.rootpath)

    def _document(self) -> Document:
        options, collected, family = self._run.options, self._collected, self._collected.family
        commit, run = self._commit, find_run()
        tests = {test: self._fates.of(test) for test in collected.planned}
        return Document(
            environment=environment(self._clock_name()),
            seed=options.seed,
            error_rate=options.error_rate,
            family=family.to_json() if family else None,
            commit=commit.name if commit else None,
            folder=commit.folder if commit else None,
            run=run.name if run else None,
            attempt=run.attempt if run else None,
            options=self._run.asked
            | {"narrowed": options.narrowed or bool(collected.left_out), "shared": bool(collected.elsewhere)},
            tests=tests,
            unmeasured={test: self._run.unmeasured[test] for test, fate in tests.items() if fate == "unmeasured"},
            failures=(*self._failures(), *self._fates.failed_later()),
            results=tuple(self._run.all_results),
            scans=tuple(self._run.rankings.values()),
        )

    def _clock_name(self) -> str | None:
        if self._run.no_core:
            return None
        from pytest_speedbump.slowing.session import clock_name

        return clock_name()

    def _write(self, option: str, path: Path, write: Callable[[Path], None]) -> bool:
        """Whether ``path`` could be written. If not, the summary says why, or standard error where there is none."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        try:
            if terminal is not None and find_stream(path) is not None:
                terminal.write_line("")  # The document must not continue pytest's line of letters.
            write(path)
        except (OSError, UnicodeEncodeError) as error:
            reason = why_unwritten(error)
            said = f"{option}: {show(path)} was not written: {reason}"
            self._unwritten.append(said)
            if terminal is None:
                print(f"speedbump: {said}", file=sys.stderr)
            return False
        return True

    # In quotes, because pytest 8.2 does not export the name.
    def pytest_terminal_summary(self, terminalreporter: "pytest.TerminalReporter") -> None:
        run, options = self._run, self._run.options
        results = run.all_results
        if results and options.list_only:
            write_listing(terminalreporter, results)
        elif results:
            write_table(terminalreporter, results, options.seed)
        if run.rankings:
            rankings = list(run.rankings.values())
            write_rankings(terminalreporter, rankings, markers=options.scan_markers, uncalled=self._bystanders())
        for text in self._remarks():
            terminalreporter.write_line(plain(f"speedbump: {text}"))
        for text in gather(run.unmeasured.items(), each=terminalreporter.verbosity > 0):
            terminalreporter.write_line(plain(f"speedbump: not measured: {text}"), yellow=True)
        write_failures(terminalreporter, self._failures())

    def _bystanders(self) -> list[str]:
        """What a scan of several benchmarks saw in none of them. The controller of pytest-xdist imports no tests."""
        scan, rankings = self._run.options.scan, self._run.rankings.values()
        if scan is None or self._remote or len(rankings) < 2 or not self._finished:
            return []
        from pytest_speedbump.trials.bystanders import bystanders

        return bystanders(scan.value, {one.name for ranking in rankings for one in ranking.functions})

    def pytest_unconfigure(self) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            write_last_word(terminal, self._failures())
            write_failures(terminal, self._unwritten)

    def _remarks(self) -> list[str]:
        options = self._run.options
        remarks = list(self._unsaid)
        workers = self._config.getoption("numprocesses", None)
        if self._remote and (self._run.results or self._run.rankings) and isinstance(workers, int) and workers > 1:
            remarks.append(f"{workers} workers of pytest-xdist disturb each other's rounds; `-n 0` measures best")
        if self._remote and options.passes > 1:
            remarks.append("--speedbump-passes has no effect under pytest-xdist")
        elif self._run.rankings and options.passes > 1:
            remarks.append("--speedbump-passes has no effect on scans")
        if options.compare is not None:
            left_out = len(self._gate.absent(self._run.lock).left_out)
            if left_out:
                entries = "1 entry" if left_out == 1 else f"{left_out} entries"
                held = lockfile_text(options.compare_ref.value if options.compare_ref else None)
                remarks.append(f"not compared: {entries} of the {held}, whose tests did not run or failed themselves")
        if options.save is not None:
            remarks += [f"{show(options.save)}: {said}" for said in self._saved]
        for uncalled in self._gate.excused() if self._finished else ():
            remarks.append(f"{uncalled}; {SHARED if self._collected.is_shard else LEFT_OUT}")
        return remarks
