"""A line on the terminal while a verdict takes its time."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import pytest

from pytest_speedbump.bump import Bump
from pytest_speedbump.report.columns import pad, plain, shorten, width_of
from pytest_speedbump.report.forecast import Forecast
from pytest_speedbump.units import format_time

__all__ = ["Progress"]

FIRST_NS = 1e9  # of a bump's own time before its line is shown
EVERY_NS = 0.25e9  # between two changes of the line
SHORTEST = 16  # columns for the names of test and bump


class Progress:
    """Rewrites one line, between rounds, where somebody is watching; erases it when done.

    :meth:`begin` is called for each test, :meth:`visited` now and then while one is measured, :meth:`done` after it.
    """

    def __init__(
        self, config: pytest.Config, forecast: Forecast, clock: Callable[[], float] = time.perf_counter_ns
    ) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._forecast, self._clock = forecast, clock
        self._test, self._limit_ns = "", 0.0
        self._next_ns = FIRST_NS
        self._width = 0
        self._told = False

    def begin(self, test: str, limit_ns: float) -> None:
        """``test`` is measured next, each of its bumps for ``limit_ns`` at most."""
        self._test, self._limit_ns = test, limit_ns
        self._forecast.begin(test, self._clock())

    def waiting(self, holder: str) -> None:
        """Says that another run measures on this host. What is no terminal, such as a log, is told once."""
        text = f"speedbump: waiting for another run on this host: {holder}"
        if self._watched:
            self._show(lambda _: text)
        elif self._terminal is not None and not self._told:
            self._told = True
            with nullcontext() if self._capture is None else self._capture.global_and_fixture_disabled():
                self._terminal.write_line(text)
                self._terminal.flush()

    def visited(self, bump: Bump, elapsed_ns: float, pairs: int) -> None:
        """``elapsed_ns`` is the bump's own time, of all its turns."""
        if elapsed_ns < self._next_ns or not self._watched:
            return
        self._next_ns = elapsed_ns + EVERY_NS
        spent = f": {format_time(elapsed_ns, 2)} of {format_time(self._limit_ns, 2)}"
        left = f", {self._forecast.left(self._clock())} left in all"
        number = self._forecast.number
        count = f" [{number}]: " if number else ": "
        tails = (f": {pairs} pairs, {spent[2:]}{left}", spent + left, spent)
        test, slowed = plain(self._test.rpartition("::")[2]), plain(str(bump))
        self._show(lambda columns: progress_text(test, count, slowed, tails, columns))

    def scanned(self, stage: str, left: int, elapsed_ns: float, expected_ns: float) -> None:
        """``left`` functions are to be slowed yet in this ``stage``; all of the scan is expected to take so long."""

    def done(self) -> None:
        """The test is through: the next one starts on a clean line."""
        self._forecast.end(self._clock())
        if self._width:
            self._show(lambda _: "")
        self._next_ns = FIRST_NS
        self._width = 0

    @property
    def _watched(self) -> bool:
        return self._terminal is not None and bool(self._terminal.isatty)

    def _show(self, text_in: Callable[[int], str]) -> None:
        """Shows what ``text_in`` makes of the columns that there are."""
        if not self._width:
            self._terminal.ensure_newline()  # pytest's own line, "test_x.py ..", stays
        with nullcontext() if self._capture is None else self._capture.global_and_fixture_disabled():
            columns = shutil.get_terminal_size().columns - 1  # asked with capture off: captured output is no terminal
            text = shorten(text_in(columns), columns)
            erased = pad(text, min(self._width, columns))
            self._width = width_of(text)
            self._terminal.write(f"\r{erased}" if text else f"\r{erased}\r", flush=True)


def progress_text(test: str, count: str, bump: str, tails: Sequence[str], width: int) -> str:
    """One line within ``width`` columns, with the first of ``tails`` that leaves both names some room."""
    prefix = "speedbump: "
    names = width_of(test + bump)
    for tail in tails:
        room = width - width_of(prefix + count + tail)
        if room >= min(SHORTEST, names):
            half = room - min(width_of(bump), max(room // 2, room - width_of(test)))
            return prefix + shorten(test, half) + count + shorten(bump, room - half) + tail
    return shorten(prefix + test + count + bump + tails[-1], width)
