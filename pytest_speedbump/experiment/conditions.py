"""What the rounds of an experiment ran under, as far as the machine and the kernel tell."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_speedbump.experiment.rounds import Experiment
from pytest_speedbump.experiment.scheduler import Scheduler

__all__ = ["Conditions"]

ALONE = 0.02  # of the thread's time, by which other threads of the process count as working


@dataclass(slots=True)
class Conditions:
    """What the rounds ran under, summed over all turns.

    Attributes:
        intact: the events were still on at the end of each.
        lost: code objects that could not be slowed.
        elapsed_ns: time armed, by the operating system's clock.
        clock_ns: the same by the clock that delays are measured with.
        baseline_ns: fastest round of the test's own benchmark, None where there was none.
        hides_threads: other threads run, and rounds are too short to show what these lose.
        traced: a tracer followed other threads.
        switches: how often the thread gave up its processor in control rounds, to wait for something.
        rounds_ns: length of all rounds of pairs; ``waited_ns`` of it threads waited for a processor.
        thread_ns, process_ns: time of processors that this thread, and all of the process, used for them.
        company: other threads of ours, or child processes, were attended to.
        others: largest share of our processors that other processes were seen to use; None where nobody knows.
    """

    intact: bool = True
    lost: int = 0
    elapsed_ns: float = 0.0
    clock_ns: float = 0.0
    baseline_ns: float | None = None
    hides_threads: bool = False
    traced: bool = False
    switches: int = 0
    rounds_ns: int = 0
    waited_ns: int = 0
    thread_ns: int = 0
    process_ns: int = 0
    company: bool = False
    others: float | None = None

    def add(self, *, intact: bool, lost: int, elapsed_ns: float, clock_ns: float) -> None:
        """Adds a stretch of armed rounds."""
        self.intact = self.intact and intact
        self.lost = lost
        self.elapsed_ns += elapsed_ns
        self.clock_ns += clock_ns

    @property
    def waited(self) -> float:
        """Waits for a processor as a share of the rounds; of several threads together it may be more than all."""
        return self.waited_ns / max(self.rounds_ns, 1)

    @property
    def alone(self) -> bool:
        """Whether one thread works in the rounds, and waits for nothing but a processor."""
        return not self.switches and self.process_ns - self.thread_ns < ALONE * self.thread_ns

    @contextmanager
    def watching(self, experiment: Experiment, scheduler: Scheduler) -> Iterator[None]:
        """Adds what the kernel says of the pairs that run meanwhile."""
        switches, rounds_ns, waited_ns = experiment.switches, experiment.rounds_ns, experiment.waited_ns
        thread_ns, process_ns = time.thread_time_ns(), time.process_time_ns()
        yield
        self.process_ns += time.process_time_ns() - process_ns
        self.thread_ns += time.thread_time_ns() - thread_ns
        self.switches += experiment.switches - switches
        self.rounds_ns += experiment.rounds_ns - rounds_ns
        self.waited_ns += experiment.waited_ns - waited_ns
        self.company = self.company or scheduler.company()
        others = scheduler.others()
        if others is not None:
            self.others = max(others, self.others or 0.0)
