"""Benchmarks cost the same at whatever depth of pytest's own calls they run."""

from collections.abc import Callable
from typing import Any

import pytest

ROOM = 20_000  # slots, 160 kB


def with_room[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """``function``, called with a stack of frames that has room for all that it may call.

    CPython keeps frames in chunks of 16 kB, and maps and unmaps one with every call that crosses into it. Where a hot
    call does, a benchmark takes up to four times as long (execution here: 0.7 ms, or 2.7), and the next pytest decides
    which. A frame that asks for much is given a chunk of twice the size.
    """

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    call.__code__ = call.__code__.replace(co_stacksize=ROOM)
    return call


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: Any) -> None:
    item.obj = with_room(item.obj)
