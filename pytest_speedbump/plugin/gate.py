"""The gate: why a run fails as a whole, though every test may have passed."""

from collections.abc import Collection, Mapping
from pathlib import Path

from pytest_speedbump.lockfile.absence import Absent, file_of, find_absent
from pytest_speedbump.lockfile.entry import Entry, Key, key_of, name_of
from pytest_speedbump.plugin.collected import Collected
from pytest_speedbump.plugin.run import Run

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
        if run.options.advisory:
            return []
        reasons = [run.uncalled()] if self.must_call else []
        if run.options.compare is not None:
            absent = self.absent(run.lock)
            reasons += [f"{name_of(key)}: its test is gone (renamed or removed?)" for key in absent.gone]
            reasons += [f"{name_of(key)}: its test ran and does not measure it any more" for key in absent.dropped]
            reasons += [f"{name_of(key)}: {run.unmeasured[key[0]]}" for key in absent.unmeasured]
        return [reason for reason in reasons if reason]

    @property
    def must_call(self) -> bool:
        """Whether targets that ran nowhere fail the run.

        Those that were typed for this very run do. Those that stand in an ini file may well run in the tests that
        this run left out.
        """
        return "target" in self._run.options.typed or not (self._run.options.narrowed or self._collected.deselected)

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
