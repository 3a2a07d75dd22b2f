"""What time callables implemented in C take themselves: by structure and by nested stopwatches, on however busy a
machine."""

import _thread
import decimal
import functools
import operator
import sys
import threading
import time
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from pytest_speedbump import _core

MS = 1_000_000
EPSILON = 100.0  # ns, of readings rounded to a double and to a tick
IN_AND_OUT = 2 * 2 / 16  # edges of one call, all of them its own
DATA = bytes(range(256)) * 8
SPENT: Counter[str] = Counter()

type Times = dict[str, tuple[float, float, float]]
type Timed = Callable[..., _core.Session]


def spend(ns: float, name: str) -> None:
    begin = _core.now_ns()
    while (now := _core.now_ns()) - begin < ns:
        pass
    SPENT[name] += now - begin  # type: ignore[assignment]


def key(n: int) -> int:
    spend(MS, "key")
    return -n


def read(session: _core.Session) -> Times:
    """``(calls, own_ns, edges)`` by name, of what has any."""
    targets = session.snapshot()
    into = array("d", bytes(24 * len(targets)))
    assert session.read_times(into) == len(targets)
    names = [what.name if isinstance(what, _core.Site) else what.co_name for what, *_ in targets]
    rows: Times = {}
    for name, calls, own_ns, edges in zip(names, into[::3], into[1::3], into[2::3], strict=True):
        rows[name] = (calls, own_ns, edges)
    return {name: row for name, row in rows.items() if any(row)}


def calls(session: _core.Session) -> dict[str, float]:
    return {name: row[0] for name, row in read(session).items() if row[0]}


@pytest.fixture
def timed(tool_ids: tuple[int, int]) -> Iterator[Timed]:
    """``timed("key", sorted=sorted)``: a session that measures functions of this module and callables, by name."""
    sessions: list[_core.Session] = []

    def make(*functions: str, **callables: Any) -> _core.Session:
        patterns = ["c:*", *(f"{__name__}:{name}" for name in functions)]
        found = [("made", name, one, 0) for name, one in callables.items()]
        session = _core.Session(_core.Patterns(patterns), "time", "a test", found)
        sessions[:] = [session]  # the one before may go
        session.arm()
        session.set_delay(0)
        return session

    yield make
    for session in sessions:
        session.disarm()


def test_own_time_is_what_a_stopwatch_around_each_call_says(timed: Timed) -> None:
    """Its own, as the caller's and what comes between are within the stopwatch as well; and most of that."""
    session = timed(compress=zlib.compress, sleep=time.sleep)
    data, elapsed = DATA * 100, 0.0
    for _ in range(20):
        begin = _core.now_ns()
        zlib.compress(data)
        elapsed += _core.now_ns() - begin
    begin = _core.now_ns()
    time.sleep(0.002)
    slept = _core.now_ns() - begin
    session.pause()
    zlib.compress(data)
    found = read(session)
    assert found["compress"][0] == 20
    assert found["compress"][1] <= elapsed + EPSILON
    assert 2 * MS <= found["sleep"][1] <= slept + EPSILON
    assert found["compress"][2] == 20 * IN_AND_OUT
    assert found["compress"][1] >= 0.5 * elapsed  # a call takes about a hundred times as long as what is around it


def test_what_calls_back_is_without_its_callee(timed: Timed) -> None:
    session = timed("key", sorted=sorted, sleep=time.sleep)
    SPENT.clear()
    begin = _core.now_ns()
    assert sorted([1, 3, 2], key=key) == [3, 2, 1]
    assert sorted([1, 3, 2], key=lambda n: (time.sleep(0.001), key(n))[1]) == [3, 2, 1]  # type: ignore[func-returns-value]
    elapsed = _core.now_ns() - begin
    found = read(session)
    assert {what[0].name: what[3] for what in session.snapshot()[:2]} == {"sorted": 2, "sleep": 3}  # type: ignore[union-attr]
    assert calls(session) == {"sorted": 2, "key": 6, "sleep": 3}
    own = {name: row[1] for name, row in found.items()}
    assert sum(own.values()) <= elapsed + EPSILON
    assert own["key"] >= SPENT["key"] - EPSILON
    assert own["sleep"] >= 3 * MS
    assert own["sorted"] <= elapsed - SPENT["key"] - 3 * MS + EPSILON


def test_edges_are_of_the_side_that_is_said(timed: Timed) -> None:
    """Of the Python callee three quarters are its caller's, which is the C callable; of a thunk nothing is."""
    session = timed("key", sorted=sorted)
    sorted([1], key=key)  # all else is silenced by now
    before = read(session)
    sorted([1, 2], key=key)
    after = read(session)
    assert after["sorted"][2] - before["sorted"][2] == IN_AND_OUT + 2 * 1.5
    assert after["key"][2] - before["key"][2] == 2 * 0.5


def test_within_python_it_is_not_the_callers(timed: Timed) -> None:
    def outer() -> None:
        spend(MS, "outer")
        time.sleep(0.005)

    outer.__code__ = outer.__code__.replace(co_qualname="outer")
    session = timed("outer", sleep=time.sleep)
    SPENT.clear()
    begin = _core.now_ns()
    outer()
    elapsed = _core.now_ns() - begin
    found = read(session)
    assert found["sleep"][1] >= 5 * MS
    assert SPENT["outer"] - EPSILON <= found["outer"][1] <= elapsed - found["sleep"][1] + EPSILON


def test_recursion_through_python(timed: Timed) -> None:
    session = timed(sorted=sorted)

    def nested(n: int) -> int:
        return sorted([n - 1], key=nested)[0] if n else 0

    begin = _core.now_ns()
    nested(50)
    elapsed = _core.now_ns() - begin
    assert read(session)["sorted"][0] == 50
    total = read(session)["sorted"][1]
    assert total <= elapsed + EPSILON
    spend(MS, "nobody")
    assert read(session)["sorted"][1] == total


def test_exceptions_leave_nothing_on_the_stack(timed: Timed) -> None:
    session = timed("key", decompress=zlib.decompress, sorted=sorted)

    def fail(n: int) -> int:
        key(n)
        raise KeyError(n)

    with pytest.raises(zlib.error):
        zlib.decompress(b"no")
    with pytest.raises(TypeError):
        zlib.decompress()  # type: ignore[call-arg]
    with pytest.raises(KeyError):
        sorted([1, 2], key=fail)
    assert calls(session) == {"decompress": 2, "sorted": 1, "key": 1}
    before = read(session)
    spend(MS, "nobody")
    sorted([])
    after = read(session)
    assert (after["key"], after["decompress"]) == (before["key"], before["decompress"])
    assert after["sorted"][2] - before["sorted"][2] == IN_AND_OUT


CONVENTIONS: dict[str, tuple[Any, Callable[[], object]]] = {
    "noargs": (sys.getrecursionlimit, lambda: sys.getrecursionlimit()),
    "one": (operator.index, lambda: operator.index(5)),
    "fastcall": (zlib.crc32, lambda: zlib.crc32(DATA, 5)),
    "keywords": (zlib.compress, lambda: zlib.compress(DATA, level=3, wbits=15)),
    "many": (functools.partial, lambda: functools.partial(max, 1, 2, *range(20))()),
    "varargs": (max, lambda: max(*range(20), key=operator.neg)),
    "method": (str.join, lambda: ",".join(map(str, range(5)))),
    "class": (bytes.__dict__["fromhex"], lambda: bytes.fromhex("00ff")),
    "type": (decimal.Decimal, lambda: decimal.Decimal("1.5")),
    "vectorcall": (getter := operator.itemgetter(1, 0), lambda: getter((1, 2))),
    "defining": (
        type(zlib.compressobj()).compress,
        lambda: type(zlib.compressobj()).compress(zlib.compressobj(), DATA),
    ),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_convention_computes_what_it_did(timed: Timed, name: str) -> None:
    one, call = CONVENTIONS[name]
    expected = call()
    session = timed(one=one)
    begin = _core.now_ns()
    results = [call() for _ in range(300)]
    elapsed = _core.now_ns() - begin
    assert results == [expected] * 300
    n, own_ns, edges = read(session)["one"]
    assert n == 300
    assert 0 < own_ns <= elapsed + EPSILON
    assert edges == n * IN_AND_OUT


def test_pauses_are_nobodys_and_nest(timed: Timed) -> None:
    session = timed(sorted=sorted, sleep=time.sleep)

    def pause(n: int) -> int:
        session.pause()
        time.sleep(0.003)
        session.set_delay(0)
        return n

    begin = _core.now_ns()
    sorted([1], key=pause)
    elapsed = _core.now_ns() - begin
    assert calls(session) == {"sorted": 1}
    assert read(session)["sorted"][1] <= elapsed - 3 * MS + EPSILON


def test_disarmed_and_armed_anew_in_the_middle_of_a_call(timed: Timed) -> None:
    """The call's frame was of the arming before: what is inside of it is measured, and it comes out by itself."""
    session = timed(sorted=sorted, sleep=time.sleep)

    def rearm(n: int) -> int:
        session.disarm()
        time.sleep(0)
        session.arm()
        session.set_delay(0)
        return sorted([n], key=operator.neg)[0]

    assert sorted([2, 1], key=rearm) == [1, 2]
    assert calls(session) == {"sorted": 3}
    total = read(session)["sorted"]
    spend(MS, "nobody")
    sorted([])
    after = read(session)["sorted"]
    assert after[2] - total[2] == IN_AND_OUT
    assert after[1] - total[1] < MS


def test_calls_under_way_in_other_threads_outlive_the_session(timed: Timed) -> None:
    """They return when the session that they went in under is gone, and while another one is armed."""
    lock = threading.Lock()
    acquire, release = type(lock).acquire, type(lock).release
    lock.acquire()
    got: list[bool] = []

    def wait() -> None:
        got.append(lock.acquire(timeout=60))
        lock.release()

    session = timed(acquire=acquire, release=release)
    for _ in range(4):
        _thread.start_new_thread(wait, ())  # whose end needs no lock
    while calls(session).get("acquire", 0) < 4:
        time.sleep(0.001)
    session.disarm()
    del session
    second = timed(acquire=acquire, release=release)
    lock.release()
    while calls(second)["release"] < 5:
        time.sleep(0.001)
    second.pause()
    assert got == [True] * 4
    assert set(read(second)) == {"release"}


def test_threads_have_stacks_of_their_own(timed: Timed) -> None:
    session = timed("key", sorted=sorted, compress=zlib.compress)

    def work() -> None:
        for _ in range(3):
            sorted([1, 2], key=key)
            zlib.compress(DATA)
            with suppress(zlib.error):
                zlib.decompress(b"")

    threads = [threading.Thread(target=work) for _ in range(3)]
    SPENT.clear()
    begin = _core.now_ns()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = _core.now_ns() - begin
    assert calls(session) == {"sorted": 9, "key": 18, "compress": 9}
    assert sum(row[1] for row in read(session).values()) <= 3 * elapsed + EPSILON
    assert read(session)["key"][1] >= 18 * MS


def test_deep_stacks_grow(timed: Timed) -> None:
    session = timed("*deep", sorted=sorted)

    def deep(n: int) -> int:
        return sorted([n - 1], key=deep)[0] if n else 0

    assert deep(100) == 99
    assert calls(session) == {"deep": 101, "sorted": 100}
    assert session.lost == 0


def test_sessions_come_and_go_while_others_call(timed: Timed) -> None:
    """Whoever is on the way into a call, or out of it, finds a session that is there, or none."""
    stop, done = False, []

    def work() -> None:
        n = 0
        while not stop:
            n += sorted([2, 1], key=operator.neg) == [2, 1]
            n += sorted([2, 1], key=lambda n: zlib.crc32(DATA) * 0 + n) == [1, 2]
        done.append(n % 2)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    seen = 0.0
    for _ in range(100):
        session = timed(crc32=zlib.crc32, sorted=sorted, neg=operator.neg)
        while not calls(session):
            time.sleep(0)
        session.disarm()
        seen += sum(calls(session).values())
        assert session.lost == 0
    stop = True
    for thread in threads:
        thread.join()
    assert done == [0, 0, 0]
    assert seen >= 100
