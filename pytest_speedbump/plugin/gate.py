"""The gate: why a run fails as a whole, though every test may have passed."""

from collections.abc import Collection, Mapping
from pathlib import Path

from pytest_speedbump.lockfile.absence import Absent, file_of, find_absent
from pytest_speedbump.lockfile.entry import Entry, Key, key_of, name_of
from pytest_speedbump.plugin.collected import Collected
from pytest_speedbump.plugin.run import Run
from pytest_speedbump.result import lockfile_text

__all__ = ["Gate"]


class Gate:
    """Asked when all tests have run.

    Args:
        passed: node ids of the tests that passed, as they come in.
        root: where the paths in node ids start.
    """

    def __init__(self, run: Run, collected: Collected, passed: Collection[str], root: Path) -> None:
        self._run, self._collected, self._passed, self._root = run, collected, passed, root

    def reasons(self) -> list[str]:
        """A sentence each; none where nothing fails the run."""
        run = self._run
        if run.options.advisory or run.no_core:
            return []
        reasons = [uncalled for option, uncalled in self._uncalled() if self._must_call(option)]
        if run.options.compare is not None:
            ref, absent = run.options.compare_ref, self.absent(run.lock)
            held = "" if ref is None else f"{lockfile_text(ref.value)}: "
            reasons += [f"{held}{name_of(key)}: its test is gone (renamed or removed?)" for key in absent.gone]
            reasons += [
                f"{held}{name_of(key)}: its test ran and does not measure it any more" for key in absent.dropped
            ]
            reasons += [f"{held}{name_of(key)}: {run.unmeasured[key[0]]}" for key in absent.unmeasured]
        return [*filter(None, reasons), *self._unmeasured()]

    def _unmeasured(self) -> list[str]:
        """Under ``--speedbump-strict`` no answer is no permission, whatever kept a run with verdicts from measuring."""
        family, unmeasured = self._collected.family, self._run.unmeasured
        if not (self._run.options.strict and unmeasured and family and family.verdicts):
            return []
        (test, why), *others = unmeasured.items()
        more = f" and {len(others)} more" if others else ""
        return [f"{test}{more}: not measured, under --speedbump-strict: {why}"]

    def excused(self) -> list[str]:
        """What else would fail the run: targets that ran nowhere, and may well run in the tests that it left out.

        Where a plugin has shared the tests out, another shard may call them, and who merges the documents can tell.
        """
        return [uncalled for option, uncalled in self._uncalled() if uncalled and not self._must_call(option)]

    def _uncalled(self) -> list[tuple[str, str]]:
        if self._run.no_core:
            return []
        return [("target", self._run.uncalled()), ("scan", self._run.unscanned())]

    def _must_call(self, option: str) -> bool:
        """What was typed for this very run must run in it; what stands in an ini file, in the whole suite."""
        if self._collected.is_shard:
            return False
        return option in self._run.options.typed or not (self._run.options.narrowed or self._collected.deselected)

    def absent(self, entries: Mapping[Key, Entry]) -> Absent:
        """What became of those of a lockfile's entries that were not measured."""
        measured = {key_of(result) for result in self._run.all_results}
        keys = [key for key in entries if key not in measured]
        return find_absent(
            keys,
            passed=self._passed,
            unmeasured=self._run.unmeasured,
            tests=self._collected.tests,
            files=self._collected.files,
            existing_files={file for file in map(file_of, keys) if (self._root / file).exists()},
        )
