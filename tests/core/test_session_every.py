"""Every so many calls of a target are delayed, and perhaps for some time only. All are counted."""

import inspect
import math
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sessions import MakeSession

from pytest_speedbump import _core

HOUR_NS = 3.6e12


def leaf() -> int:
    return 42


def other() -> int:
    return 43


def counts(session: _core.Session) -> list[Any]:
    """(calls, requested_ns) a target."""
    return [(row[3], pytest.approx(row[4], rel=1e-6, abs=0.1)) for row in session.snapshot()]


def numbers(session: _core.Session) -> list[Any]:
    """[calls, requested_ns] over all targets."""
    return [*session.totals()[:2]]


@pytest.fixture
def session(make_session: MakeSession) -> _core.Session:
    session = make_session(f"{__name__}:leaf", f"{__name__}:other")
    session.arm()
    return session


@pytest.fixture
def of_c(make_session: MakeSession) -> Iterator[_core.Session]:
    """Of ``zlib.crc32``, which the process has called a number of times before."""
    session = _core.Session(_core.Patterns(["c:zlib.crc32"]), "spin", "a test", [("zlib", "crc32", zlib.crc32, 0)])
    with session:
        yield session


def repeat(n: int, function: Callable[[], object] = leaf) -> None:
    for _ in range(n):
        function()


@pytest.mark.parametrize(("every", "delayed"), [(1, 1000), (2, 500), (3, 333), (10, 100), (1000, 1), (1001, 0)])
def test_so_many_are_delayed(session: _core.Session, every: int, delayed: int) -> None:
    session.set_delay(1000, every=every)
    repeat(1000)
    repeat(7, other)
    assert counts(session) == [(1000, delayed * 1000), (7, 7 // every * 1000)]
    calls, requested, delivered, late, _ = session.totals()
    assert calls == 1007
    assert requested == pytest.approx((delayed + 7 // every) * 1000)
    assert delivered + late >= 0.9 * requested


def test_these_are_delayed(session: _core.Session) -> None:
    """Numbered from the first that was counted, whatever applied to them; what is not counted has no number."""
    found = []
    leaf()
    session.set_delay(0)
    repeat(3)
    session.set_delay(1000, 7)
    session.pause()
    leaf()
    for way in range(40):
        session.set_delay(1000 * (way % 3 > 0), every=7)  # both arms, in any order
        before = session.totals()
        leaf()
        after = session.totals()
        if after[1] > before[1]:
            found.append(after[0])
            assert after[1] - before[1] == pytest.approx(1000)
    assert found == [number for number in range(4, 44) if number % 7 == 0 and (number - 4) % 3]
    session.set_delay(1000)  # nothing of the rhythm is left
    assert counts(session)[0][0] == 43
    leaf()
    assert session.totals()[1] == pytest.approx(1000 * (len(found) + 1))


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_callables_of_c(mode: str) -> None:
    session = _core.Session(_core.Patterns(["c:zlib.crc32"]), mode, "a test", [("zlib", "crc32", zlib.crc32, 0)])
    with session:
        session.set_delay(5000, every=10)
        repeat(1000, lambda: zlib.crc32(b"abc"))
        assert numbers(session) == [1000, pytest.approx(100 * 5000)]
        session.set_delay(5000, every=10, after_ns=HOUR_NS)
        repeat(100, lambda: zlib.crc32(b"abc"))
        assert numbers(session) == [1100, pytest.approx(100 * 5000)]
    assert zlib.crc32(b"abc") == 0x352441C2


@pytest.mark.parametrize("function", [leaf, lambda: zlib.crc32(b"abc")], ids=["python", "c"])
def test_every_thread_has_its_own_rhythm(
    session: _core.Session, request: pytest.FixtureRequest, function: Callable[[], object]
) -> None:
    if function is not leaf:
        session.disarm()
        session = request.getfixturevalue("of_c")
    n_threads, calls = 4, 1050
    session.set_delay(1000, every=100)
    start = threading.Barrier(n_threads)  # all alive at once: none inherits the counts of another
    done = []

    def call() -> None:
        start.wait()
        repeat(calls, function)
        start.wait()
        done.append(True)

    threads = [threading.Thread(target=call) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == n_threads
    calls_seen, requested, *_ = session.totals()
    assert calls_seen == n_threads * calls
    if function is leaf:
        assert requested == pytest.approx(n_threads * 10 * 1000)
    else:  # whose calls are numbered from where the process began to count them
        assert round(requested / 1000) in range(n_threads * 10, n_threads * 11 + 1)


def test_switching_while_threads_call(session: _core.Session) -> None:
    calls = [0, 0, 0]
    stop = threading.Event()

    def call(thread: int) -> None:
        while not stop.is_set():
            leaf()
            calls[thread] += 1

    session.set_delay(0)
    threads = [threading.Thread(target=call, args=(thread,)) for thread in range(3)]
    for one in threads:
        one.start()
    for i in range(3000):
        if i % 5 == 0:
            session.set_delay(i % 3 * 100, every=1 + i % 17, for_ns=HOUR_NS)
        session.set_delay(i % 2 * 100, every=1 + i % 11)
    stop.set()
    for one in threads:
        one.join()
    seen, requested, *_ = session.totals()
    assert seen == sum(calls)
    assert requested == pytest.approx(round(requested / 100) * 100, rel=1e-5)  # an amount is a whole number
    assert 0 <= requested <= 200 * seen


@pytest.mark.parametrize(
    ("window", "delayed"),
    [
        ({"after_ns": HOUR_NS}, 0),
        ({"for_ns": HOUR_NS}, 10),
        ({"for_ns": 0.0}, 0),
        ({"for_ns": math.inf, "after_ns": 0}, 10),
        ({"after_ns": 1e300, "for_ns": 1e300}, 0),
        ({"for_ns": 1e300}, 10),
        ({"after_ns": 1e-9, "for_ns": 2 * HOUR_NS}, 10),
    ],
)
@pytest.mark.parametrize("every", [1, 4])
def test_windows(session: _core.Session, window: dict[str, Any], delayed: int, every: int) -> None:
    session.set_delay(1000, every=every, **window)
    repeat(10 * every)
    assert counts(session) == [(10 * every, delayed * 1000)]
    session.set_delay(0, every=every, **window)
    repeat(10 * every)
    assert counts(session) == [(20 * every, delayed * 1000)]
    session.set_delay(1000, every=every)
    repeat(10 * every)
    assert counts(session) == [(30 * every, (10 + delayed) * 1000)]


def test_a_window_opens_and_closes(session: _core.Session) -> None:
    """Called without end, it is delayed in the middle alone."""
    paid = []
    begin = _core.now_ns()
    session.set_delay(1000, after_ns=20e6, for_ns=30e6)
    set_ns = _core.now_ns()
    while (now := _core.now_ns()) < set_ns + 70e6:
        before = session.totals()[1]
        leaf()
        if session.totals()[1] > before:
            paid.append((now, _core.now_ns()))
    assert paid, "thirty milliseconds without a call"
    assert paid[0][1] >= begin + 20e6
    assert paid[-1][0] <= set_ns + 50e6
    assert session.totals()[0] > len(paid)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"every": 0}, ValueError, r"every must be between 1 and 2\*\*63 - 1, not 0"),
        ({"every": -3}, ValueError, "not -3"),
        ({"every": 2**63}, ValueError, "not 9223372036854775808"),
        ({"every": -(10**30)}, ValueError, "not -1000000000000000000000000000000"),
        ({"every": 2.0}, TypeError, "float"),
        ({"every": "10"}, TypeError, "str"),
        ({"after_ns": -1}, ValueError, "after_ns must be 0 or more, and finite, not -1"),
        ({"after_ns": math.inf}, ValueError, "not inf"),
        ({"after_ns": math.nan}, ValueError, "not nan"),
        ({"for_ns": -0.5}, ValueError, "for_ns must be 0 or more, not -0.5"),
        ({"for_ns": math.nan}, ValueError, "not nan"),
        ({"for_ns": None}, TypeError, "must be real number, not NoneType"),
        ({"nth": 3}, TypeError, "nth"),
    ],
)
def test_bad_arguments_change_nothing(
    session: _core.Session, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    session.set_delay(1000, every=5)
    for _ in range(3):
        with pytest.raises(error, match=message):
            session.set_delay(500, **arguments)
        repeat(5)
    assert counts(session) == [(15, 3000)]
    with pytest.raises(ValueError, match="delay_ns must be between 0 and 6e10, not -1"):
        session.set_delay(-1, every=5)


def test_the_largest(session: _core.Session) -> None:
    session.set_delay(1000, every=2**63 - 1)
    repeat(100)
    assert counts(session) == [(100, 0)]


def test_its_signature() -> None:
    assert str(inspect.signature(_core.Session.set_delay)) == ("(self, delay_ns, /, every=1, after_ns=0.0, for_ns=inf)")
