"""A line on the terminal while a verdict takes its time."""

from contextlib import nullcontext
from typing import Any

import pytest

from pytest_speedbump.bump import Bump
from pytest_speedbump.units import format_time

__all__ = ["Progress"]

FIRST_NS = 1e9
EVERY_NS = 0.25e9


class Progress:
    """Rewrites one line, between rounds, where somebody is watching; erases it when done."""

    def __init__(self, config: pytest.Config, limit_ns: float) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._limit_ns = limit_ns
        self._next_ns = FIRST_NS
        self._width = 0
        self._told = False

    def waiting(self, holder: str) -> None:
        """Somebody else measures, one experiment at a time on a host. A log is told so once."""
        text = f"speedbump: waiting for another run on this host: {holder}"
        if self._watched:
            self._show(text)
        elif self._terminal is not None and not self._told:
            self._told = True
            with nullcontext() if self._capture is None else self._capture.global_and_fixture_disabled():
                self._terminal.write_line(text)
                self._terminal.flush()

    def visited(self, bump: Bump, elapsed_ns: float, pairs: int) -> None:
        if elapsed_ns < self._next_ns or not self._watched:
            return
        self._next_ns = elapsed_ns + EVERY_NS
        spent = f"{format_time(elapsed_ns, 2)} of {format_time(self._limit_ns, 2)}"
        self._show(f"speedbump: {bump}: {pairs} pairs, {spent}")

    def done(self) -> None:
        """The bump is through: the next one starts on a clean line."""
        if self._width:
            self._show("")
        self._next_ns = FIRST_NS
        self._width = 0

    @property
    def _watched(self) -> bool:
        return self._terminal is not None and bool(self._terminal.isatty)

    def _show(self, text: str) -> None:
        if not self._width:
            self._terminal.ensure_newline()  # pytest's own line, "test_x.py ..", stays
        erased = text.ljust(self._width)
        self._width = len(text)
        if self._capture is None:
            self._write(erased)
        else:
            with self._capture.global_and_fixture_disabled():
                self._write(erased)

    def _write(self, text: str) -> None:
        self._terminal.write(f"\r{text}" if text.strip() else f"\r{text}\r", flush=True)
