"""A suite whose answers are known. It is run by pytest with ``--speedbump-json``, so that figures come through the door
that users use. Repeats of one verdict show how it scatters.
"""

import time
from typing import Any

import pytest

WORK = range(1700)  # about 40 us
STEP_NS = 200_000  # of the device
STEP = "*suite:step"


def step() -> None:
    pass


def work() -> int:
    total = 0
    for i in WORK:
        total += i
    step()
    return total


def chain() -> None:
    """Nothing overlaps: all that is added arrives."""
    for _ in range(5):
        work()


def device() -> None:
    """The host submits a step, prepares the next while the device works, and waits for it."""
    done = time.perf_counter_ns() + STEP_NS
    work()
    while time.perf_counter_ns() < done:
        pass


@pytest.mark.parametrize("repeat", range(3))
@pytest.mark.speedbump(STEP, delay="20us")
def test_serial_chain(speedbump: Any, repeat: int) -> None:
    speedbump(chain)


@pytest.mark.parametrize("repeat", range(3))
@pytest.mark.speedbump_insensitive(STEP, delay="20us", budget="2%")
def test_hidden_behind_a_device(speedbump: Any, repeat: int) -> None:
    speedbump(device)


@pytest.mark.parametrize("repeat", range(15))
@pytest.mark.speedbump_insensitive(STEP, delay="20ns", budget="2%")
def test_no_effect(speedbump: Any, repeat: int) -> None:
    speedbump(work)
