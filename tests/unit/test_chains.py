"""How resumes multiply: coroutines that await one another are each resumed by every suspension."""

import asyncio
import sys
from collections.abc import Callable, Iterator

import pytest

from pytest_speedbump.experiment.subject import CallableRaisedError, PlainSubject
from pytest_speedbump.trials.chains import Chains, look_at_chains


async def inner() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def middle() -> None:
    await inner()
    await inner()


async def outer() -> None:
    await middle()


async def lone() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def both() -> None:
    await asyncio.gather(outer(), lone())


def step() -> Iterator[int]:
    yield 1
    yield 2


def delegating() -> Iterator[int]:
    yield from step()


def interleaved() -> None:
    one, two = step(), step()
    for _ in zip(one, two, strict=True):
        pass


@pytest.mark.parametrize(
    ("codes", "run", "chains"),
    [
        ([inner, middle, outer], lambda: asyncio.run(both()), Chains(3, 30, 10)),
        ([inner, middle, outer, lone], lambda: asyncio.run(both()), Chains(3, 32, 12)),
        ([outer, lone], lambda: asyncio.run(both()), Chains(1, 12, 12)),
        ([step, delegating], lambda: list(delegating()), Chains(2, 4, 2)),
        ([step], interleaved, Chains(1, 4, 4)),
        ([step, lone], lambda: None, Chains(0, 0, 0)),
    ],
)
def test_each_suspension_is_told_from_the_frames_that_it_resumes(
    codes: list[Callable[[], object]], run: Callable[[], object], chains: Chains
) -> None:
    assert look_at_chains([one.__code__ for one in codes], PlainSubject(run, (), {})) == chains


def test_the_interpreter_is_left_as_it_was_found() -> None:
    def broken() -> None:
        list(delegating())
        raise RuntimeError

    tools = [sys.monitoring.get_tool(tool) for tool in range(6)]
    codes = [step.__code__, delegating.__code__]
    with pytest.raises(CallableRaisedError):
        look_at_chains(codes, PlainSubject(broken, (), {}))
    assert [sys.monitoring.get_tool(tool) for tool in range(6)] == tools
    taken = [tool for tool in range(6) if tools[tool] is None]
    for tool in taken:
        sys.monitoring.use_tool_id(tool, "taken")
    try:
        assert [sys.monitoring.get_local_events(tool, code) for tool in taken for code in codes] == [0] * 2 * len(taken)
        assert look_at_chains(codes, PlainSubject(lambda: list(delegating()), (), {})) is None
    finally:
        for tool in taken:
            sys.monitoring.free_tool_id(tool)
