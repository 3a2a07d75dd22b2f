"""Slowed code computes what it computed before: same results, same exceptions, same tracebacks."""

import sys
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import pytest
from sessions import MakeSession

# Arguments and results of all kinds, and every way out of a function.


def arguments(a: int, /, b: int = 2, *args: int, c: int, d: int = 4, **kwargs: int) -> tuple[object, ...]:
    return a, b, args, c, d, kwargs


def closure() -> list[int]:
    x = 0

    def add(n: int) -> int:
        nonlocal x
        x += n
        return x

    return [add(n) for n in range(5)]


def numbers() -> Generator[int, int, None]:
    try:
        sent = yield 1
        yield sent or 2
    finally:
        yield 3


def generator() -> list[int]:
    steps = numbers()
    return [next(steps), steps.send(7), next(steps)]


def raising(depth: int = 3) -> None:
    if depth:
        raising(depth - 1)
    raise KeyError(depth)


def chained() -> None:
    try:
        raising()
    except KeyError as error:
        raise ValueError("chained") from error


def reraising() -> None:
    """Calling a target must not disturb the exception that is being handled."""
    try:
        raising(0)
    except KeyError:
        closure()
        assert isinstance(sys.exception(), KeyError)
        raise


def thrown_into() -> None:
    steps = numbers()
    next(steps)
    steps.throw(LookupError("thrown"))
    next(steps)


@contextmanager
def context() -> Iterator[None]:
    try:
        yield
    finally:
        closure()


def in_context() -> None:
    with context():
        raise OSError("inside")


def wrong_arguments() -> None:
    arguments()  # type: ignore[call-arg]


def frames() -> list[str]:
    return [frame.name for frame in traceback.extract_stack()[-2:]]


def too_deep() -> int:
    depth = 0

    def descend() -> None:
        nonlocal depth
        depth += 1
        descend()

    with pytest.raises(RecursionError):
        descend()
    return depth


def leaving() -> None:
    sys.exit(3)


SCENES: list[Callable[[], object]] = [
    lambda: arguments(1, c=3),
    lambda: arguments(1, 2, 3, 4, c=5, e=6),
    closure,
    generator,
    raising,
    chained,
    reraising,
    thrown_into,
    in_context,
    wrong_arguments,
    frames,
    too_deep,
    leaving,
]


def outcome(scene: Callable[[], object]) -> object:
    try:
        return scene()
    except BaseException as error:
        return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep", "time"])
def test_outcomes_are_the_same(make_session: MakeSession, mode: str) -> None:
    before = [outcome(scene) for scene in SCENES]
    session = make_session(f"{__name__}:*", f"!{__name__}:test_*", f"!{__name__}:*descend", mode=mode)
    session.arm()
    session.set_delay(0 if mode == "time" else 1000)
    during = [outcome(scene) for scene in SCENES]
    session.disarm()
    assert during == before
    assert [outcome(scene) for scene in SCENES] == before
    assert session.totals()[0] > len(SCENES)


@pytest.mark.parametrize("mode", ["spin", "time"])
def test_recursion_goes_as_deep(make_session: MakeSession, mode: str) -> None:
    before = too_deep()
    session = make_session(f"{__name__}:*descend", mode=mode)
    session.arm()
    session.set_delay(0)
    assert too_deep() == before
    assert session.totals()[0] in (before, before + 1)  # the call that was refused may have been announced


def test_unhandled_exceptions_and_exits_leave_the_session_armed(count: MakeSession) -> None:
    session = count(f"{__name__}:raising")
    for _ in range(3):
        with pytest.raises(KeyError):
            raising(0)
    assert session.intact
    assert session.totals()[0] == 3
