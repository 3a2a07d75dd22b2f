"""A running program as an experiment sees it: the control page switches it, and its ledgers tell what it does."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts, Counts
from pytest_speedbump.errors import InputError
from pytest_speedbump.experiment.scheduler import Scheduler, this_scheduler
from pytest_speedbump.experiment.stretches import Glance, Passed
from pytest_speedbump.result import MatchedCode
from pytest_speedbump.runner.program import read_program
from pytest_speedbump.slowing.folder import Folder
from pytest_speedbump.slowing.session import read_clocks
from pytest_speedbump.slowing.totals import MOST_POINTS, Totals
from pytest_speedbump.targets import Targets, parse_targets
from pytest_speedbump.trials.progress import Answers, ProgressTrial
from pytest_speedbump.trials.rules import Rules

__all__ = ["create_folder", "experiment"]

MOST_LISTS = 16


def create_folder(targets: Targets, points: Sequence[str], mode: str) -> Folder:
    """A folder whose list 0 is slowed, and whose others are the points, one each, which are timed; nothing is delayed.

    ``points``: progress points, then the two of a latency where one is asked for.

    Raises:
        InputError: a point is no pattern, there are too many, or there is no place for the folder.
    """
    if len(points) >= MOST_LISTS:
        raise InputError(f"{len(points)} points are too many; name {MOST_LISTS - 1} or fewer")
    lists = [targets.compile(), *(parse_targets([point]).compile() for point in points)]
    try:
        folder = Folder.create(lists, mode)
    except OSError as error:
        raise InputError(
            f"there is no place for the counts: {error.strerror}; free some room in /dev/shm, else in TMPDIR"
        ) from None
    everything = (1 << len(lists)) - 1
    folder.page.select(everything, 1, everything & ~1)
    folder.page.set_delay(0.0)
    return folder


def experiment(
    folder: Folder,
    bump: Bump,
    points: Sequence[str],
    rules: Rules,
    wait: Callable[[float], bool],
    *,
    with_latency: bool = False,
    explain: Callable[[str], str] = lambda _: "",
    guests: Sequence[int] = (),
) -> Answers:
    """Runs until all is answered, or the program has ended; leaves it unslowed.

    Args:
        folder: of :func:`create_folder`, for ``points`` and, ``with_latency``, the two points of that.
        rules: of the whole experiment: the points share its error rate.
        wait: for so many seconds, or until the program has ended; whether it has.
        explain: why what is named so was never called, as the end of a sentence.
        guests: processes that belong to it, and are no children of this one.

    Raises:
        InputError: somebody has removed the folder.
    """
    with _watching(folder, bump, len(points) + 2 * with_latency, wait, guests) as world:
        shared = rules.shared_by(len(points))
        found = ProgressTrial(points, bump, shared, world, with_latency=with_latency, explain=explain).run()
    matched = read_program(folder, bump.targets).snapshot.matched
    return found._replace(results=tuple(replace(one, matched=_per_unit(matched, one.counts)) for one in found.results))


def _per_unit(matched: Sequence[CodeCounts], counts: Counts | None) -> tuple[MatchedCode, ...]:
    """Each site with its part of what a unit of progress has counted; stretches alone tell how much that is."""
    if counts is None:
        return ()
    calls = counts.calls / max(sum(code.calls for code in matched), 1)
    delivered = counts.delivered_ns / max(sum(code.delivered_ns for code in matched), 1.0)
    return tuple(
        MatchedCode.of(code, Counts(calls=code.calls * calls, delivered_ns=code.delivered_ns * delivered))
        for code in matched
    )


@contextmanager
def _watching(
    folder: Folder, bump: Bump, points: int, wait: Callable[[float], bool], guests: Sequence[int]
) -> Iterator["_Watched"]:
    scheduler = this_scheduler(guests)
    with scheduler.attending():
        yield _Watched(folder, bump, points, wait, scheduler)


class _Watched:
    """See :class:`pytest_speedbump.experiment.stretches.World`. The program is a child of this process, or a guest."""

    def __init__(
        self, folder: Folder, bump: Bump, points: int, wait: Callable[[float], bool], scheduler: Scheduler
    ) -> None:
        self._page, self._path, self._bump, self._points = folder.page, folder.path, bump, points
        self._totals, self._wait, self._scheduler = Totals(folder), wait, scheduler
        self._ended = False

    def switch(self, *, slowed: bool) -> None:
        self._page.set_delay(self._bump.delay_ns if slowed else 0.0, self._bump.every)

    def read(self) -> Glance:
        waited_ns = self._scheduler.waited().ns
        at_ns = read_clocks()[1]
        try:
            target, *points = self._totals.read(1 + self._points, at_ns)
        except OSError as error:
            raise InputError(
                f"the control folder {self._path!r} cannot be read any more: {error.strerror}; "
                "leave it alone while the program runs"
            ) from None
        if self._totals.is_full:
            raise InputError(
                f"there is no verdict: progress and latency points match more than {MOST_POINTS} functions of one "
                "process; name a function that is called once for each unit of progress"
            )
        passed = tuple(Passed(one.calls, one.last_ns, one.age_ns) for one in points)
        return Glance(at_ns, passed, target.counts, waited_ns)

    def sleep(self, ns: float) -> None:
        """By this process's clock."""
        until = time.perf_counter_ns() + ns
        while not self._ended and (left_ns := until - time.perf_counter_ns()) > 0:
            self._ended = self._wait(left_ns / 1e9)

    @property
    def alive(self) -> bool:
        return not self._ended

    def others(self) -> float | None:
        self._scheduler.refresh()
        return self._scheduler.others()
