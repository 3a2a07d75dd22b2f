"""Each target has its dose: a delay, for a share of its calls. All counts are read into a buffer of the caller."""

import asyncio
import ctypes
import math
import threading
from array import array
from collections.abc import Buffer, Iterator
from itertools import batched
from types import FunctionType
from typing import Any

import pytest
from sessions import MakeSession, define

from pytest_speedbump import _core


def leaf() -> int:
    return 42


def other() -> int:
    return 43


def late() -> int:
    return 44


def numbers(n: int) -> Iterator[int]:
    yield from range(n)


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


def doses(*pairs: tuple[float, float]) -> array[float]:
    return array("d", [number for pair in pairs for number in pair])


def read(session: _core.Session, room: int) -> list[tuple[float, ...]]:
    """The rows of the targets that there are, once they agree with all else that a session says."""
    into = array("d", [math.nan]) * (5 * room)
    n = session.read_counts(into)
    rows: list[tuple[float, ...]] = list(batched(into, 5))
    assert all(row == (0.0,) * 5 for row in rows[n:])
    rows = rows[:n]
    snapshot = [row[3:] for row in session.snapshot()]
    assert rows == snapshot[:room]
    if n <= room:
        assert session.totals() == pytest.approx([sum(column) for column in zip(*rows, strict=True)] or [0] * 5)
    return rows


def asked(session: _core.Session, room: int = 4) -> list[Any]:
    """(calls, requested_ns) a target, the latter as it is rounded to the clock's ticks."""
    return [(row[0], pytest.approx(row[1], rel=1e-6, abs=0.1)) for row in read(session, room)]


@pytest.fixture
def session(make_session: MakeSession) -> _core.Session:
    """Armed; ``leaf`` was seen first, then ``other``, each called once, undelayed."""
    session = make_session(*(f"{__name__}:{name}" for name in ("other", "leaf", "late", "numbers", "answer")))
    session.arm()
    session.set_delay(0)
    leaf()
    other()
    return session


# ---- doses ----


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_each_target_pays_its_dose(make_session: MakeSession, mode: str) -> None:
    session = make_session(f"{__name__}:leaf", f"{__name__}:other", mode=mode)
    session.arm()
    assert asked(session) == []
    leaf()
    other()
    session.set_doses(doses((20_000, 1), (0, 1)))
    for _ in range(3):
        assert (leaf(), other(), other()) == (42, 43, 43)
    assert asked(session) == [(3, 60_000), (6, 0)]
    session.set_doses(doses((0, 1), (30_000, 1)))
    for _ in range(2):
        assert (leaf(), other()) == (42, 43)
    assert asked(session) == [(5, 60_000), (8, 60_000)]
    for _, requested, delivered, late_ns, waited in read(session, 2):
        assert delivered >= 0.99 * requested
        assert late_ns >= 0 <= waited


def test_who_is_beyond_the_end_or_comes_later_is_only_counted(session: _core.Session) -> None:
    session.set_doses(doses((1000, 1)))
    leaf(), other(), late()
    assert asked(session) == [(2, 1000), (2, 0), (1, 0)]
    session.set_doses(doses((0, 0), (0, 0), (1000, 1), (1000, 1)))  # of nobody yet, the last
    list(numbers(3)), late()
    assert asked(session) == [(2, 1000), (2, 0), (2, 1000), (1, 0)]
    session.set_doses(array("d"))
    leaf(), other(), late()
    assert asked(session) == [(3, 1000), (3, 0), (3, 1000), (1, 0)]


def test_doses_a_uniform_delay_and_pauses_take_turns(session: _core.Session) -> None:
    for turn in range(1, 4):
        session.set_doses(doses((1000, 1), (500, 1)))
        leaf(), other()
        session.pause()
        leaf(), other(), late()
        session.set_delay(2000)
        leaf(), other()
        session.set_doses(doses((0, 1)))
        leaf(), other()
        assert asked(session) == [(1 + 3 * turn, 3000 * turn), (1 + 3 * turn, 2500 * turn), (0, 0)]
    session.set_doses(doses((1000, 1)))
    session.disarm()
    leaf()
    session.arm()  # begins paused, whatever was set before
    leaf()
    assert asked(session)[0] == (10, 9000)


def test_the_room_grows_with_the_targets(make_session: MakeSession) -> None:
    session = make_session("made_up")
    functions = [FunctionType(define(f"def made_up(): return {i}"), {}) for i in range(300)]
    session.arm()
    expected = [0.0] * 300
    for n in range(1, 300, 23):
        for function in functions[:n]:  # paused: only seen
            function()
        session.set_doses(doses(*((100.0 + i, i % 2) for i in range(n))))
        for i, function in enumerate(functions[: n + 1]):
            function()
            expected[i] += (100.0 + i) * (i % 2) * (i < n)
        session.pause()
    assert [requested for _, requested in asked(session, 300)] == expected[: n + 1]


@pytest.mark.parametrize("share", [0.0, 1e-300, 2.0**-32, 0.001, 0.3, 0.5, 0.999, 1 - 2.0**-33, 1.0])
def test_a_share_of_the_calls(session: _core.Session, share: float) -> None:
    """Of each target its own calls, just those that the golden ratio says."""
    session.set_doses(doses((1000, share), (500, share)))
    into = array("d", bytes(8 * 5 * 2))
    paid: list[list[bool]] = [[], []]
    for _ in range(500):
        for target, function in enumerate((leaf, other)):
            before = into[5 * target + 1]
            function()
            session.read_counts(into)
            paid[target].append(into[5 * target + 1] > before)
    for target, delayed in enumerate(paid):  # each was called once before
        assert delayed == [(n + (target << 16)) * 2654435769 % 2**32 < share * 2**32 for n in range(2, 502)]
        assert sum(delayed) == pytest.approx(500 * share, abs=2 if 0 < share < 1 else 0)
    assert asked(session) == [(501, 1000 * sum(paid[0])), (501, 500 * sum(paid[1]))]


def test_generators_and_coroutines_pay_at_their_starts(session: _core.Session) -> None:
    async def main() -> tuple[int, ...]:
        return await asyncio.gather(answer(), answer(), answer())

    session.pause()
    list(numbers(1))
    asyncio.run(answer())
    session.set_doses(doses((0, 0), (0, 0), (1000, 1), (500, 1)))
    assert list(numbers(5)) == [0, 1, 2, 3, 4]
    assert [*asyncio.run(main())] == [42] * 3
    assert asked(session)[2:] == [(1, 1000), (3, 1500)]


def test_every_thread_thins_its_own_calls(session: _core.Session) -> None:
    n_threads, calls, share = 4, 1000, 0.3
    session.set_doses(doses((1000, share), (0, 0)))
    start = threading.Barrier(n_threads)  # all alive at once: none inherits the counts of another

    def call() -> None:
        start.wait()
        for _ in range(calls):
            leaf()
            other()
        start.wait()

    threads = [threading.Thread(target=call) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    each = sum(call * 2654435769 % 2**32 < share * 2**32 for call in range(1, calls + 1))
    assert asked(session) == [(1 + n_threads * calls, n_threads * each * 1000), (1 + n_threads * calls, 0)]


def test_doses_are_copied(session: _core.Session) -> None:
    mine = doses((1000, 1))
    session.set_doses(mine)
    mine[0] = 10_000
    mine.append(3)  # and no buffer of it is held
    leaf()
    assert asked(session) == [(2, 1000), (1, 0)]


class Released:
    """What code runs when a buffer is asked for, and given back."""

    def __init__(self, session: _core.Session) -> None:
        self.session = session

    def __buffer__(self, flags: int) -> memoryview:
        self.session.set_doses(doses((5000, 1)))
        return memoryview(doses((1000, 1)))

    def __release_buffer__(self, view: memoryview) -> None:
        leaf()


def test_code_that_runs_when_a_buffer_is_asked_for(session: _core.Session) -> None:
    session.set_doses(Released(session))
    assert asked(session) == [(2, 1000), (1, 0)]
    with pytest.raises(TypeError, match="into must be a flat buffer of doubles, such as array\\('d'\\), not of format"):
        session.read_counts(bytearray(40))


GAPS = memoryview(array("d", [1.0] * 20))[::2]
FOLDED = memoryview(array("d", [1.0] * 20)).cast("b").cast("d", (10, 2))
CROOKED = memoryview(bytearray(8 * 10 + 1))[1:].cast("d")


def said(value: object) -> str | None:
    return value if isinstance(value, str) else None


NO_DOUBLES: list[tuple[object, type[Exception], str]] = [
    ([1000.0, 1.0], TypeError, r"^(doses|into) must be a flat buffer of doubles, such as array\('d'\), not list"),
    (None, TypeError, "not NoneType"),
    (bytearray(80), TypeError, "not of format 'B'"),
    (array("f", [1] * 10), TypeError, "not of format 'f'"),
    (array("q", [1] * 10), TypeError, "not of format 'q'"),
    ((ctypes.c_double * 10)(), TypeError, "not of format '<d'"),
    (FOLDED, ValueError, "not one of 2 dimensions"),
    (GAPS, ValueError, "with nothing between them"),
    (CROOKED, ValueError, "aligned as they are"),
]


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        *NO_DOUBLES,
        (
            doses((1, 1))[:1],
            ValueError,
            "doses must hold 2 numbers a target, and its length, 1, is no multiple of that",
        ),
        (doses((1000, 1), (-1, 1)), ValueError, "the delay_ns of target 1 must be between 0 and 6e10, not -1.0"),
        (doses((60e9 + 1, 1)), ValueError, "the delay_ns of target 0 must be .* not 60000000001.0"),
        (doses((math.nan, 1)), ValueError, "not nan"),
        (doses((math.inf, 1)), ValueError, "not inf"),
        (doses((1, -0.1)), ValueError, "the share of target 0 must be between 0 and 1, not -0.1"),
        (doses((1, 1), (1, 1), (1, 1), (1, 1.1)), ValueError, "the share of target 3 must be between 0 and 1, not 1.1"),
        (doses((1, math.nan)), ValueError, "the share of target 0 must be between 0 and 1, not nan"),
    ],
    ids=said,
)
def test_bad_doses_are_refused_and_change_nothing(
    session: _core.Session, bad: Buffer, error: type[Exception], message: str
) -> None:
    session.set_doses(doses((1000, 1), (500, 1)))
    for _ in range(3):  # whichever table it would have been written to
        with pytest.raises(error, match=message):
            session.set_doses(bad)
        leaf(), other()
    assert asked(session) == [(4, 3000), (4, 1500)]


# ---- counts ----


@pytest.mark.parametrize("room", [0, 1, 2, 3, 100])
def test_as_many_rows_as_there_is_room_for(session: _core.Session, room: int) -> None:
    session.set_delay(1000)
    leaf(), other(), other()
    rows = read(session, room)
    assert [row[0] for row in rows] == [2.0, 3.0][:room]
    assert session.read_counts(array("d", bytes(40 * room))) == 2


def test_part_of_a_buffer_is_written_to(session: _core.Session) -> None:
    into = array("d", [7.0] * 20)
    assert session.read_counts(memoryview(into)[5:10]) == 2
    assert into == array("d", [7.0] * 5 + [1.0] + [0.0] * 4 + [7.0] * 10)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        *NO_DOUBLES,
        (memoryview(bytes(80)).cast("d"), TypeError, "and writable"),
        (doses((1, 1)), ValueError, "into must hold 5 numbers a target, and its length, 2, is no multiple of that"),
    ],
    ids=said,
)
def test_bad_rows_are_refused(session: _core.Session, bad: Buffer, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        session.read_counts(bad)
    leaf()
    assert asked(session) == [(2, 0), (1, 0)]
