"""What a call of a delayed coroutine function returns: its coroutine, after a pause that does not block the loop."""

import asyncio
import heapq
import os
import threading
import time
import weakref
from collections.abc import Callable, Coroutine
from types import FunctionType
from typing import Any

from pytest_speedbump import _core

__all__ = ["later"]

type _Wake = tuple[int, int, asyncio.Future[None]]
"""When, a number that no other has, and what waits."""


def later(function: FunctionType) -> Callable[[_core.Call], object]:
    """What makes the coroutines that calls of ``function`` return, with its names."""
    own = FunctionType(_later.__code__, _later.__globals__, function.__name__)
    own.__qualname__ = function.__qualname__
    return own


async def _later(call: _core.Call) -> Any:
    pause_ns = call.begin()
    if pause_ns:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # driven by hand, or by a loop that is not of asyncio: the audit says so
            call.miss()
        else:
            try:
                await _pause(loop, pause_ns)
            except BaseException:
                call.cut_short()
                raise
            call.end()
    return await call.coroutine()


def _pause(loop: asyncio.AbstractEventLoop, ns: int) -> Coroutine[Any, Any, None]:
    alarm = _latest.alarm()
    if alarm is None or alarm.loop is not loop or alarm.is_closed:
        try:
            alarm = _Alarm(loop)
            _latest.alarm = weakref.ref(alarm)
        except (OSError, NotImplementedError):  # no descriptor is left, or the loop waits for none
            return asyncio.sleep(ns / 1e9)
    return alarm.pause(ns)


class _Alarm:
    """One timer for all pauses of a loop, as long as there are any: then the loop is as it was found.

    The loop's own timers round up to milliseconds. All this runs in the thread of the loop. Whatever step Ctrl-C
    comes after, the timer fires until what is due has been told.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.is_closed = loop, False
        self._wakes: list[_Wake] = []
        self._n = 0
        self._timer = _core.timer_open()
        try:
            loop.add_reader(self._timer, self._fire)
        except BaseException:
            self.__del__()
            raise

    async def pause(self, ns: int) -> None:
        self._n += 1
        wake = (time.monotonic_ns() + ns, self._n, self.loop.create_future())
        heapq.heappush(self._wakes, wake)
        if self._wakes[0] is wake:
            _core.timer_set(self._timer, wake[0])
        try:
            await wake[2]
        except asyncio.CancelledError:
            self._forget(wake)
            raise

    def _fire(self) -> None:
        wakes, now = self._wakes, time.monotonic_ns()
        while wakes and wakes[0][0] <= now:
            if not wakes[0][2].done():
                wakes[0][2].set_result(None)
            heapq.heappop(wakes)
        if wakes:
            _core.timer_set(self._timer, wakes[0][0])
        else:
            self._close()

    def _forget(self, wake: _Wake) -> None:
        if wake in self._wakes:
            self._wakes.remove(wake)
            heapq.heapify(self._wakes)
            if not self._wakes:
                self._close()

    def _close(self) -> None:
        if not self.is_closed and not self.loop.is_closed():
            self.loop.remove_reader(self._timer)
        self.__del__()

    def __del__(self) -> None:
        """Also where the loop was closed, or dropped, in the middle of a pause."""
        if not self.is_closed:
            self.is_closed = True
            os.close(self._timer)


class _Latest(threading.local):
    """The alarm that this thread made last, which its loop holds."""

    alarm: Callable[[], _Alarm | None] = staticmethod(lambda: None)


_latest = _Latest()
