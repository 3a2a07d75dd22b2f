"""What is asked for is what is spent and booked.

Only lower bounds of time are asserted: a busy machine is slower, never faster.
"""

import math
import signal
import sys
import threading
import time

import pytest
from sessions import MakeSession

from pytest_speedbump import _core

HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


def leaf() -> int:
    return 42


def other() -> int:
    return 43


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
@pytest.mark.parametrize(("delay_ns", "calls"), [(1_000, 500), (200_000, 20), (20_000_000, 2)])
def test_delay_is_delivered_and_booked(make_session: MakeSession, mode: str, delay_ns: float, calls: int) -> None:
    session = make_session(f"{__name__}:leaf", mode=mode)
    session.arm()
    session.set_delay(delay_ns)
    begin = time.perf_counter_ns()
    for _ in range(calls):
        assert leaf() == 42
    elapsed = time.perf_counter_ns() - begin
    counted, requested, delivered, late, _ = session.totals()
    assert counted == calls
    assert requested == pytest.approx(delay_ns * calls, rel=1e-3)
    assert delivered >= 0.99 * requested  # what is booked as late is not delay
    assert elapsed >= 0.99 * (delivered + late)


def test_no_target_pays_for_the_remainder_of_another(make_session: MakeSession) -> None:
    """A call that overshot, by a step of the clock, shortens the next one of the same target, and of no other."""
    session = make_session(f"{__name__}:leaf", f"{__name__}:other")
    session.arm()
    for delay_ns in range(100, 120):  # some of these lie between the steps of any clock
        session.set_delay(delay_ns)
        for _ in range(500):
            leaf()
            other()
    for _, _, _, calls, requested, delivered, *_ in session.snapshot():
        assert calls == 20 * 500
        assert delivered >= requested - 10  # of ten million: the last call's remainder


@pytest.mark.parametrize(
    ("delay", "error", "message"),
    [
        (-1, ValueError, "delay_ns must be between 0 and 6e10, not -1"),
        (-1e-9, ValueError, "not -1e-09"),
        (2**64, ValueError, "not 18446744073709551616"),
        (60_000_000_001, ValueError, "not 60000000001"),
        (math.nan, ValueError, "not nan"),
        (math.inf, ValueError, "not inf"),
        (-math.inf, ValueError, "not -inf"),
        (10**400, OverflowError, "too large"),
        ("2us", TypeError, "must be real number, not str"),
        (None, TypeError, "not NoneType"),
        (1j, TypeError, "not complex"),
    ],
    ids=repr,
)
def test_bad_delay_is_refused_and_changes_nothing(
    count: MakeSession, delay: float, error: type[Exception], message: str
) -> None:
    session = count(f"{__name__}:leaf")
    with pytest.raises(error, match=message):
        session.set_delay(delay)
    leaf()
    assert session.totals() == (1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("pkg.*", "spin", "me"), TypeError, "must be pytest_speedbump._core.Patterns, not str"),
        (
            (_core.Patterns(["a"]), "busy", "me"),
            ValueError,
            "mode must be 'spin', 'nogil', 'sleep' or 'await', not 'busy'",
        ),
        ((_core.Patterns(["a"]), "spin", 3), TypeError, "must be str, not int"),
        ((_core.Patterns(["a"]),), TypeError, "argument"),
    ],
)
def test_bad_session_is_refused(arguments: tuple[object, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        _core.Session(*arguments)  # type: ignore[arg-type]


def test_fixed_cost_is_calibrated() -> None:
    for mode in ("spin", "nogil", "sleep"):
        session = _core.Session(_core.Patterns(["a"]), mode, "a test")
        assert 0 < session.fixed_ns < 1e6
        assert session.fixed_ns == _core.Session(_core.Patterns(["b"]), mode, "again").fixed_ns  # measured once


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_a_long_delay_lets_other_threads_run(make_session: MakeSession, mode: str) -> None:
    """Getting the GIL back from them is no delay, and is booked apart."""
    session = make_session(f"{__name__}:leaf", mode=mode)
    session.arm()
    session.set_delay(1e9)  # long: where others use the machine, this thread may not run for a third of a second
    thread = threading.Thread(target=leaf)
    thread.start()
    while session.totals()[0] == 0:
        time.sleep(0.001)
    progress = 0
    while thread.is_alive():
        progress += 1
    thread.join()
    _, requested, delivered, _, waited = session.totals()
    assert progress > 1000
    assert delivered >= 0.99 * requested
    if HAS_GIL:
        assert waited > 1e6  # this thread keeps the GIL for 5 ms each time


def test_signals_do_not_keep_a_sleep_awake(make_session: MakeSession) -> None:
    """Processor time, which other programs do not add to: a sleep takes next to none, and one that is woken and spins
    for the rest of its slice takes nearly all."""
    session = make_session(f"{__name__}:leaf", mode="sleep")
    session.arm()
    session.set_delay(5e8)
    handled: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _frame: handled.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    try:
        begin = time.thread_time()
        leaf()
        used = time.thread_time() - begin
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    _, requested, delivered, _, _ = session.totals()
    assert delivered >= 0.99 * requested
    assert len(handled) > 20  # handlers need not wait for the end of a slice, of which there are ten
    assert used < 0.05


def test_clock() -> None:
    clock = _core.clock()
    assert clock.name in ("tsc", "cntvct", "clock_gettime")
    assert 0 < clock.read_ns < 1e5
    # Adjacent reads rarely differ by less than a read takes; half of it leaves room for how roughly either is known.
    assert 0.5 * clock.read_ns < clock.step_ns < 1e7
    begin = _core.now_ns()
    time.sleep(0.01)
    assert _core.now_ns() - begin >= 0.99e7
