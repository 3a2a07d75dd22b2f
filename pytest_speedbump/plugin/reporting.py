"""The hooks that gather, gate and report. Under pytest-xdist they live in the controller, else beside the others."""

import os
from collections.abc import Generator, Mapping
from typing import Any

import pytest

from pytest_speedbump.lockfile import file as lockfile
from pytest_speedbump.lockfile.absence import Absent, file_of, find_absent
from pytest_speedbump.lockfile.compare import merge
from pytest_speedbump.lockfile.entry import Entry, Key, key_of, name_of
from pytest_speedbump.plugin.collected import Collected
from pytest_speedbump.plugin.run import Run
from pytest_speedbump.report.document import document, replace_file
from pytest_speedbump.report.remarks import gather
from pytest_speedbump.report.status import status
from pytest_speedbump.report.terminal import write_failures, write_last_word, write_listing, write_table
from pytest_speedbump.result import Result

__all__ = ["ReportingPlugin"]


class ReportingPlugin:
    """``run`` is shared with the measuring plugin, except in the controller of pytest-xdist, where it starts empty.

    There ``collected`` is complete once the workers are done.
    """

    def __init__(self, config: pytest.Config, run: Run, collected: Collected, *, remote: bool) -> None:
        self._config, self._run, self._collected, self._remote = config, run, collected, remote
        self._passed: set[str] = set()
        self._saved: list[str] = []
        self._finished = False

    # ---- gathering ----

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.outcome == "passed":
            self._passed.add(report.nodeid)
        sent = getattr(report, "speedbump", None)
        if not self._remote or sent is None:
            return
        self._run.begin(report.nodeid)
        for one in sent["results"]:
            self._run.add(Result.from_json(one))
        if sent["unmeasured"]:
            self._run.unmeasured[report.nodeid] = sent["unmeasured"]

    # ---- gating ----

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        outcome = yield
        self._finished = True
        if self._gate():
            session.testsfailed += 1
        return outcome

    def _gate(self) -> list[str]:
        """Why the run fails although no test need have. Asked when the loop is through: a run cut short guards less."""
        if not self._finished or self._run.options.advisory or self._config.option.collectonly:
            return []
        reasons = [self._run.uncalled()]
        if self._run.options.compare is not None:
            absent = self._absent(self._run.lock)
            reasons += [f"{name_of(key)}: its test is gone (renamed or removed?)" for key in absent.gone]
            reasons += [f"{name_of(key)}: its test ran and does not measure it any more" for key in absent.dropped]
            reasons += [f"{name_of(key)}: {self._run.unmeasured[key[0]]}" for key in absent.unmeasured]
        return [reason for reason in reasons if reason]

    def _absent(self, entries: Mapping[Key, Entry]) -> Absent:
        run = self._run
        measured = {key_of(result) for result in run.all_results}
        keys = [key for key in entries if key not in measured]
        return find_absent(
            keys,
            passed=self._passed,
            unmeasured=run.unmeasured,
            tests=self._collected.tests,
            files=self._collected.files,
            existing_files={file for file in map(file_of, keys) if (self._config.rootpath / file).exists()},
        )

    # ---- reporting ----

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        sent = getattr(report, "speedbump", None)
        if sent is None or hasattr(report, "wasxfail") or report.outcome not in ("passed", "failed"):
            return None
        return status(report.outcome, sent["results"], sent["unmeasured"])

    def pytest_sessionfinish(self) -> None:
        run, options = self._run, self._run.options
        if self._config.option.collectonly:
            return
        if options.json is not None:
            replace_file(options.json, document(run.all_results, options.seed, options.error_rate))
        if options.save is not None and not options.list_only:
            absent = self._absent(run.saved)
            gone = [*absent.gone, *absent.dropped] if self._finished else []
            entries, self._saved = merge(run.saved, run.all_results, gone, options.tolerance)
            lockfile.write(options.save, entries)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        run, options = self._run, self._run.options
        results = run.all_results
        if results and options.list_only:
            write_listing(terminalreporter, results)
        elif results:
            write_table(terminalreporter, results, options.seed)
        for text in self._remarks():
            terminalreporter.write_line(f"speedbump: {text}")
        for text in gather(run.unmeasured.items(), each=terminalreporter.verbosity > 0):
            terminalreporter.write_line(f"speedbump: not measured: {text}", yellow=True)
        write_failures(terminalreporter, self._gate())

    def pytest_unconfigure(self) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            write_last_word(terminal, self._gate())

    def _remarks(self) -> list[str]:
        options = self._run.options
        remarks = []
        workers = self._config.getoption("numprocesses", None)
        if self._remote and self._run.results and isinstance(workers, int) and workers > 1:
            remarks.append(f"{workers} workers of pytest-xdist disturb each other's rounds; `-n 0` measures best")
        if self._remote and options.passes > 1:
            remarks.append("--speedbump-passes has no effect under pytest-xdist")
        if options.compare is not None:
            left_out = len(self._absent(self._run.lock).left_out)
            if left_out:
                entries = "1 entry" if left_out == 1 else f"{left_out} entries"
                remarks.append(f"not compared: {entries} of the lockfile, whose tests did not run or failed themselves")
        if options.save is not None and not options.list_only:
            remarks += [f"{os.path.relpath(options.save)}: {said}" for said in self._saved or ["nothing changed"]]
        return remarks
