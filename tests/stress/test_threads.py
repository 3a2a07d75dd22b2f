"""Counts are exact whatever threads do; without a GIL they do it in parallel."""

import sys
import threading
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import CodeType, FunctionType

import pytest
from sessions import code_of

from pytest_speedbump import _core

N_THREADS = 8


def leaf() -> int:
    return 42


@pytest.fixture
def session() -> Iterator[_core.Session]:
    session = _core.Session(_core.Patterns([f"{__name__}:leaf", "made_up_*"]), "spin", "a test")
    session.arm()
    session.set_delay(0)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield session
    sys.setswitchinterval(interval)
    session.disarm()


def in_threads(function: Callable[[int], None], n: int = N_THREADS) -> None:
    """``function(i)`` in ``n`` threads at once."""
    failures: list[BaseException] = []
    start = threading.Barrier(n)

    def run(i: int) -> None:
        try:
            start.wait()
            function(i)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def call_leaf(times: int) -> None:
    for _ in range(times):
        leaf()


def define(count: int) -> list[CodeType]:
    source = "\n".join(f"def made_up_{i}(): pass" for i in range(count))
    return [const for const in compile(source, "<made up>", "exec").co_consts if isinstance(const, CodeType)]


def test_total_of_many_threads_is_exact(session: _core.Session) -> None:
    in_threads(lambda _: call_leaf(20_000))
    assert session.totals()[0] == N_THREADS * 20_000
    assert [row[0] for row in session.snapshot()] == [leaf.__code__]


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_total_is_exact_where_calls_are_delayed(session: _core.Session, mode: str) -> None:
    session.disarm()
    session = _core.Session(_core.Patterns([f"{__name__}:leaf"]), mode, "a test")
    session.arm()
    session.set_delay(2000)
    in_threads(lambda _: call_leaf(500))
    session.disarm()
    calls, requested, delivered, _, _ = session.totals()
    assert calls == N_THREADS * 500
    assert requested == pytest.approx(calls * 2000, rel=1e-3)
    assert delivered >= 0.99 * requested


def test_total_is_exact_where_threads_come_and_go(session: _core.Session) -> None:
    """A thread may be given a dead one's memory: it goes on counting where that one stopped."""
    for _ in range(250):
        in_threads(lambda _: call_leaf(10), n=4)
    assert session.totals()[0] == 250 * 4 * 10


def test_every_thread_meets_every_code_object_once(session: _core.Session) -> None:
    """All at once: one target each, though tables grow under the eyes of whoever reads them."""
    functions = [FunctionType(code, {}) for code in define(300)]

    def call_all(i: int) -> None:
        for j in range(len(functions)):
            functions[(j + 37 * i) % len(functions)]()

    in_threads(call_all)
    rows = session.snapshot()
    assert sorted(code_of(row[0]).co_qualname for row in rows) == sorted(
        function.__qualname__ for function in functions
    )
    assert {row[3] for row in rows} == {N_THREADS}
    assert session.lost == 0


def test_snapshots_taken_meanwhile_only_grow(session: _core.Session) -> None:
    codes, done = define(200), threading.Event()
    seen: list[int] = []

    def watch() -> None:
        while not done.is_set():
            rows, total = session.snapshot(), session.totals()[0]
            assert sum(row[3] for row in rows) <= total  # taken first
            seen.append(total)

    def call_all(i: int) -> None:
        if i == 0:
            watch()
            return
        try:
            for code in codes:
                FunctionType(code, {})()
                call_leaf(20)
        finally:
            finished.release()
            if i == 1:
                for _ in range(N_THREADS - 1):
                    finished.acquire()
                done.set()

    finished = threading.Semaphore(0)
    in_threads(call_all)
    assert seen == sorted(seen)
    assert session.totals()[0] == (N_THREADS - 1) * len(codes) * 21


def test_delays_switched_meanwhile_lose_no_call(session: _core.Session) -> None:
    def call_or_switch(i: int) -> None:
        if i:
            call_leaf(2000)
        else:
            for j in range(2000):
                session.set_delay(j % 2 * 500)

    in_threads(call_or_switch)
    calls, requested, *_ = session.totals()
    assert calls == (N_THREADS - 1) * 2000
    assert 0 <= requested <= calls * 500.5


def test_doses_switched_meanwhile_reach_their_targets_alone(session: _core.Session) -> None:
    """By two threads at once, while ever more targets are seen. Targets at odd places are never dosed."""
    delay_ns, n_functions = 64, 200
    functions = [FunctionType(code, {}) for code in define(n_functions)]
    rounds = [0, 0, 0]
    done = threading.Event()

    def switch(times: int) -> None:
        try:
            for i in range(times):
                session.set_doses(array("d", [delay_ns, 0.5, 0, 1] * (i % 100)))
        finally:
            done.set()

    def read_and_switch() -> None:
        into = array("d", bytes(8 * 5 * 300))
        while not done.is_set():
            session.set_doses(array("d", [delay_ns, 1, 0, 1] * (session.read_counts(into) // 2)))

    def call_or_switch(i: int) -> None:
        if i == 3:
            switch(10_000)
        elif i == 4:
            read_and_switch()
        else:
            while rounds[i] < 2 * n_functions or not done.is_set():
                leaf()
                functions[rounds[i] % n_functions]()
                rounds[i] += 1

    leaf()
    in_threads(call_or_switch, n=5)
    session.disarm()
    rows = session.snapshot()
    calls = [sum((n + n_functions - 1 - i) // n_functions for n in rounds) for i in range(n_functions)]
    expected = {function.__code__: n for function, n in zip(functions, calls, strict=True)}
    assert {row[0]: row[3] for row in rows} == {leaf.__code__: 1 + sum(rounds), **expected}
    for i, (_, _, _, n, requested, *_) in enumerate(rows):
        delayed = requested / delay_ns
        assert delayed == pytest.approx(round(delayed), abs=1e-4 * n)
        assert 0 <= round(delayed) <= (n if i % 2 == 0 else 0)
    assert session.totals() == pytest.approx([sum(column) for column in zip(*[row[3:] for row in rows], strict=True)])
    assert session.totals()[1] > 0
    into = array("d", bytes(8 * 5 * len(rows)))
    assert session.read_counts(into) == len(rows) == 1 + n_functions
    assert list(into) == [number for row in rows for number in row[3:]]


def test_armed_and_disarmed_while_others_run() -> None:
    """And dropped, perhaps under a call that is still being delayed."""
    done = threading.Event()
    made: list[int] = []

    def call_until_done(i: int) -> None:
        if i == 0:
            try:
                for n in range(30):
                    session = _core.Session(_core.Patterns([f"{__name__}:leaf"]), ["spin", "nogil"][n % 2], "a test")
                    session.arm()
                    session.set_delay(5000)
                    while session.totals()[0] < 20:
                        leaf()
                    session.disarm()
            finally:
                done.set()
            return
        calls = 0
        while not done.is_set():
            leaf()
            calls += 1
        made.append(calls)

    in_threads(call_until_done)
    assert len(made) == N_THREADS - 1
    assert [sys.monitoring.get_tool(tool) for tool in (3, 4)] == [None, None]


def test_measured_and_read_while_others_come_and_go() -> None:
    """Stacks are one thread's own, and start anew with each arming."""
    session = _core.Session(_core.Patterns([f"{__name__}:leaf", f"{__name__}:call_leaf"]), "time", "a test")
    into = array("d", [0.0] * 6)
    done = threading.Event()
    elapsed: list[float] = []

    def call_until_done(i: int) -> None:
        if i:
            begin = _core.now_ns()
            while not done.is_set():
                call_leaf(20)
            elapsed.append(_core.now_ns() - begin)
            return
        try:
            last = [0.0] * 6
            for _ in range(60):
                session.arm()
                for _ in range(10):
                    session.set_delay(0)
                    call_leaf(20)
                    session.read_times(into)
                    assert all(now >= before for now, before in zip(into, last, strict=True))
                    last = list(into)
                    session.pause()
                session.disarm()
        finally:
            done.set()

    in_threads(call_until_done)
    session.read_times(into)
    assert into[1] + into[4] <= 2 * sum(elapsed)  # those seven, and as much for the one that switches
    assert session.totals()[0] == into[0] + into[3]
    assert session.totals()[0] >= 60 * 10 * 21
    assert [sys.monitoring.get_tool(tool) for tool in (3, 4)] == [None, None]


def test_only_one_of_many_that_arm_at_once_succeeds() -> None:
    sessions = [_core.Session(_core.Patterns(["no.such.thing"]), "spin", "a test") for _ in range(N_THREADS)]
    refusals: list[str] = []

    def arm(i: int) -> None:
        try:
            sessions[i].arm()
        except RuntimeError as error:
            refusals.append(str(error))

    in_threads(arm)
    assert [session.intact for session in sessions].count(True) == 1
    assert len(refusals) == N_THREADS - 1
    in_threads(lambda i: sessions[i].disarm())
    assert [sys.monitoring.get_tool(tool) for tool in (3, 4)] == [None, None]


def test_one_at_a_time_whoever_arms_and_disarms() -> None:
    """Also where one thread disarms what another is arming, or disarming."""
    sessions = [_core.Session(_core.Patterns(["no.such.thing"]), "spin", f"test {n}") for n in range(2)]
    most: list[int] = []

    def arm_or_disarm(i: int) -> None:
        session = sessions[i % 2]
        for _ in range(300):
            if i % 4 < 2:
                with suppress(RuntimeError):
                    session.arm()
            holders = [sys.monitoring.get_tool(tool) for tool in (3, 4)]
            most.append(len(holders) - holders.count(None))
            _ = session.intact
            session.disarm()

    in_threads(arm_or_disarm)
    assert max(most) == 1
    assert [sys.monitoring.get_tool(tool) for tool in (3, 4)] == [None, None]
    for session in sessions:
        session.arm()
        session.disarm()
