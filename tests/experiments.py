"""An experiment as seen by the processes in it: a control folder, and what they have counted into it."""

import array
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import dedent

from pytest_speedbump.bump import Mode
from pytest_speedbump.slowing.folder import VARIABLE, Folder
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.units import parse_time

__all__ = ["Experiment", "Tally", "experiment"]


@dataclass
class Tally:
    """Of one function, over all processes or in one. Times in ns."""

    calls: int = 0
    requested_ns: float = 0.0
    delivered_ns: float = 0.0


class Experiment:
    """``folder`` is there as long as the block of :func:`experiment` runs."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, VARIABLE: self.folder.path}

    def run(
        self,
        source: str,
        *flags: str,
        status: int = 0,
        environment: dict[str, str] | None = None,
        command: list[str] | None = None,
    ) -> str:
        """What a program prints that joins. It must end with ``status`` and say nothing on stderr."""
        done = subprocess.run(
            command or [sys.executable, *flags, "-c", dedent(source)],
            env=self.environment if environment is None else environment,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert (done.returncode, done.stderr) == (status, ""), f"{done.returncode}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def by_process(self) -> dict[int, dict[str, Tally]]:
        """By pid and by qualname; a process that has joined more than once, as after exec, is one."""
        processes: dict[int, dict[str, Tally]] = {}
        for ledger in self.folder.ledgers():
            sites = ledger.sites()
            numbers = array.array("d", bytes(5 * 8 * len(sites)))
            ledger.read_counts(numbers)
            tallies = processes.setdefault(ledger.pid, {})
            for at, (_, _, qualname, *_rest) in enumerate(sites):
                tally = tallies.setdefault(qualname, Tally())
                calls, requested, delivered = numbers[5 * at : 5 * at + 3]
                tally.calls += int(calls)
                tally.requested_ns += requested
                tally.delivered_ns += delivered
        return processes

    def calls(self, qualname: str = "leaf") -> list[int]:
        """Of each process that has called it, in ascending order."""
        calls = (tallies[qualname].calls for tallies in self.by_process().values() if qualname in tallies)
        return sorted(calls)

    def total(self, qualname: str = "leaf") -> Tally:
        """Over all processes."""
        total = Tally()
        for tallies in self.by_process().values():
            tally = tallies.get(qualname, Tally())
            total.calls += tally.calls
            total.requested_ns += tally.requested_ns
            total.delivered_ns += tally.delivered_ns
        return total


@contextmanager
def experiment(*targets: str, delay: str = "1ms", mode: Mode = "spin") -> Iterator[Experiment]:
    """Whoever joins is slowed from its start."""
    folder = Folder.create([parse_targets(targets or ["*:leaf"]).compile()], mode)
    try:
        folder.page.select(1, 1)
        folder.page.set_delay(parse_time(delay, "delay"))
        yield Experiment(folder)
    finally:
        folder.remove()
