"""Mode ``await``: coroutine functions pause before they begin, and their loop goes on."""

import asyncio
import contextvars
import ctypes
import gc
import inspect
import threading
import traceback
import warnings
import weakref
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from types import CoroutineType, FunctionType
from typing import Any

import pytest
from scripts import run_script

from pytest_speedbump import _core
from pytest_speedbump.slowing.functions import coroutine_functions
from pytest_speedbump.slowing.later import later
from pytest_speedbump.slowing.session import make_session, take_snapshot
from pytest_speedbump.targets import parse_targets

DELAY_NS = 200e3
LIMIT_S = 30  # for what would otherwise never come
HERE = f"{__name__}:"

type Armed = Callable[..., _core.Session]


async def work(x: int = 0, *, more: int = 0) -> int:
    return x + more


async def wait(event: asyncio.Event) -> str:
    await event.wait()
    return "waited"


async def fail() -> None:
    raise KeyError("failed")


def generate() -> Iterator[int]:
    yield 1


async def agenerate() -> AsyncIterator[int]:
    yield 1


class Thing:
    async def method(self) -> "Thing":
        return self

    @staticmethod
    async def static() -> int:
        return 1

    @classmethod
    async def of_class(cls) -> type:
        return cls


@pytest.fixture
def slowed() -> Iterator[Armed]:
    """``slowed(*patterns, delay_ns=DELAY_NS)``: armed, and disarmed at the end."""
    sessions = []

    def make(*patterns: str, delay_ns: float = DELAY_NS) -> _core.Session:
        names = [HERE + pattern for pattern in patterns]
        sessions.append(make_session(parse_targets(names), "await", "a test"))
        sessions[-1].arm()
        sessions[-1].set_delay(delay_ns)
        return sessions[-1]

    yield make
    for session in sessions:
        session.disarm()


def run(awaitable: Coroutine[Any, Any, Any]) -> Any:
    async def limited() -> Any:
        async with asyncio.timeout(LIMIT_S):
            return await awaitable

    return asyncio.run(limited())


def counts(session: _core.Session) -> dict[str, int]:
    return {what.co_qualname: calls for what, _, _, calls, *_ in session.snapshot() if inspect.iscode(what) and calls}


def pointers(function: Any) -> tuple[int, int]:
    """Its vectorcall and its version, which CPython's specialised calls go by: the last two fields of the object."""
    end = id(function) + FunctionType.__basicsize__
    return ctypes.c_void_p.from_address(end - 16).value or 0, ctypes.c_uint32.from_address(end - 8).value


def descriptors() -> set[Path]:
    return set(Path("/proc/self/fd").iterdir())


# ---- counting and delaying ----


def test_calls_are_counted_delayed_and_booked(slowed: Armed) -> None:
    session = slowed("work")
    assert [run(work(i, more=1)) for i in range(5)] == [1, 2, 3, 4, 5]
    calls, requested, delivered, late, waited = session.totals()
    assert (calls, waited) == (5, 0)
    assert requested == pytest.approx(5 * DELAY_NS)
    assert delivered + late >= 0.5 * requested
    assert delivered <= requested * (1 + 1 / 32) + 5 * 50e3, "what is over is late"


def test_a_call_is_the_first_step(slowed: Armed) -> None:
    session = slowed("work", delay_ns=0)
    coroutine = work()
    assert counts(session) == {}
    run(coroutine)
    assert counts(session) == {"work": 1}
    never = work()
    never.close()
    assert counts(session) == {"work": 1}
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        run(never)


def test_nothing_is_touched_while_paused(slowed: Armed) -> None:
    session = slowed("work")
    session.pause()
    coroutine = work()
    assert isinstance(coroutine, CoroutineType)
    assert coroutine.cr_code is work.__code__
    run(coroutine)
    assert session.totals()[0] == 0
    session.set_delay(DELAY_NS)
    coroutine = work()
    session.pause()
    assert run(coroutine) == 0
    assert session.totals() == (0, 0, 0, 0, 0), "it was called before, and takes its first step while paused"


def test_what_is_found(slowed: Armed) -> None:
    def make() -> Callable[[], Awaitable[None]]:
        async def inner() -> None:
            pass

        return inner

    first, second = make(), make()
    session = slowed("*", f"!{HERE}make", delay_ns=0)
    thing = Thing()

    async def all_of_them() -> None:
        await first()
        await second()
        await make()()  # defined later
        assert await thing.method() is thing
        assert await Thing.static() == 1
        assert await thing.of_class() is Thing
        assert list(generate()) == [1]
        assert [one async for one in agenerate()] == [1]

    run(all_of_them())
    assert counts(session) == {
        "test_what_is_found.<locals>.make.<locals>.inner": 2,
        "Thing.method": 1,
        "Thing.static": 1,
        "Thing.of_class": 1,
    }
    targets = parse_targets([HERE + "Thing.*"])
    assert [name for _, name, *_ in coroutine_functions(targets)] == ["Thing.method", "Thing.of_class", "Thing.static"]
    assert take_snapshot(session, parse_targets([HERE + "*"])).matched[0].site.kind == "start"


def test_each_target_pays_its_dose(slowed: Armed) -> None:
    session = slowed("work", "Thing.static", delay_ns=0)
    names = [what.co_qualname for what, *_ in session.snapshot() if inspect.iscode(what)]
    session.set_doses(array("d", [x for name in names for x in (DELAY_NS if name == "work" else 0.0, 1.0)]))

    async def both() -> None:
        for _ in range(4):
            await work()
            await Thing.static()

    run(both())
    requested = {row[0].co_qualname: row[4] for row in session.snapshot() if inspect.iscode(row[0])}
    assert requested == {"work": pytest.approx(4 * DELAY_NS), "Thing.static": 0}


def test_the_loop_goes_on_meanwhile(slowed: Armed) -> None:
    """Each of them is released by what runs after all have begun: they wait together, and block nothing."""
    slowed("work", "wait")

    async def main() -> list[Any]:
        event = asyncio.Event()
        waiting = [asyncio.ensure_future(wait(event)) for _ in range(50)]
        working = asyncio.ensure_future(work(3))
        steps = 0
        while not working.done():
            steps += 1
            await asyncio.sleep(0)
        assert steps > 3
        event.set()
        return await asyncio.gather(*waiting, work(1), work(2))

    assert run(main()) == ["waited"] * 50 + [1, 2]


def test_threads_with_loops_of_their_own(slowed: Armed) -> None:
    session = slowed("work")
    results: list[int] = []

    async def many() -> None:
        results.extend(await asyncio.gather(*(work(i) for i in range(25))))

    threads = [threading.Thread(target=lambda: run(many())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert sorted(results) == sorted(list(range(25)) * 4)
    calls, requested, *_ = session.totals()
    assert calls == 100
    assert requested == pytest.approx(100 * DELAY_NS)


def test_without_a_loop_nothing_is_delivered_and_that_shows(slowed: Armed) -> None:
    session = slowed("work")
    with pytest.raises(StopIteration) as done:
        work(7).send(None)
    assert done.value.value == 7
    calls, requested, *spent = session.totals()
    assert (calls, spent) == (1, [0, 0, 0])
    assert requested == pytest.approx(DELAY_NS)


def test_a_pause_that_the_program_cancels_is_as_long_as_it_was(slowed: Armed) -> None:
    session = slowed("fail", delay_ns=60e9)

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(fail(), 0.01)

    run(main())
    calls, requested, delivered, late, _ = session.totals()
    assert (calls, late) == (1, 0)
    assert 0 < delivered == requested < 60e9


# ---- transparency ----


async def _scenario(log: list[Any]) -> None:
    """What a program can see of its coroutines, but for one frame of a traceback."""
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)

    coroutine = work(1)
    assert isinstance(coroutine, CoroutineType)
    log += [
        (coroutine.__name__, coroutine.__qualname__, inspect.iscoroutine(coroutine), asyncio.iscoroutine(coroutine)),
        (inspect.isawaitable(coroutine), inspect.getcoroutinestate(coroutine), type(coroutine).__name__),
    ]
    task = asyncio.create_task(coroutine, name="named")
    log += [task.get_name(), await task, inspect.getcoroutinestate(coroutine)]
    log += [inspect.iscoroutinefunction(work), str(inspect.signature(work)), work.__kwdefaults__]

    log += [await asyncio.gather(work(1), fail(), work(2), return_exceptions=True)]
    with pytest.raises(TypeError) as wrong:
        await work(1, 2)  # type: ignore[call-arg]
    log.append(str(wrong.value))
    try:
        await fail()
    except KeyError as error:
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__) if "later.py" not in frame.filename]
        log += [names, error.__context__, error.__cause__]

    event = asyncio.Event()
    waiting = asyncio.create_task(wait(event))
    await asyncio.sleep(0)
    waiting.cancel("enough")
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await waiting
    log += [waiting.cancelled(), cancelled.value.args]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await wait(event)

    async def inside() -> int:
        variable.set(1)
        await work()
        return variable.get()

    log += [await asyncio.create_task(inside()), variable.get(), await inside(), variable.get()]

    closed, thrown = wait(event), wait(event)
    closed.close()
    log.append(inspect.getcoroutinestate(closed))
    with pytest.raises(OSError, match="thrown"):
        thrown.throw(OSError("thrown"))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(i)) for i in range(3)]
    log.append([task.result() for task in tasks])

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        work()  # type: ignore[unused-coroutine]
        del coroutine, task, waiting, tasks, closed, thrown
        gc.collect()
    log += [(str(one.message), one.category, one.lineno, one.filename) for one in seen]


def test_programs_cannot_tell(slowed: Armed) -> None:
    plain: list[Any] = []
    run(_scenario(plain))
    assert "coroutine 'work' was never awaited" in str(plain[-1])
    for delay_ns in (0, DELAY_NS):
        session, log = slowed("work", "wait", "fail", delay_ns=delay_ns), list[Any]()
        run(_scenario(log))
        assert repr(log) == repr(plain)
        assert set(counts(session)) == {"work", "wait", "fail"}
        session.disarm()


def test_an_eager_task(slowed: Armed) -> None:
    session = slowed("work")

    async def main() -> int:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        return await asyncio.create_task(work(5))

    assert run(main()) == 5
    assert session.totals()[0] == 1


def test_a_traceback_has_one_more_frame(slowed: Armed) -> None:
    slowed("fail")
    with pytest.raises(KeyError) as error:
        run(fail())
    files = [Path(frame.path).name for frame in error.traceback]
    assert files[-2:] == ["later.py", "test_session_await.py"]
    assert files.count("later.py") == 1


# ---- found as left ----


def test_functions_are_found_as_left(slowed: Armed) -> None:
    targets = ("work", "fail", "Thing.static")
    functions: list[Any] = [work, fail, Thing.static]
    for function in functions * 20:
        function().close()  # calls that CPython specialises by the version
    before = [pointers(function) for function in functions]
    assert len({vectorcall for vectorcall, _ in before}) == 1
    for _ in range(3):
        session = slowed(*targets)
        assert session.intact
        for function, (vectorcall, version) in zip(functions, before, strict=True):
            assert pointers(function)[0] != vectorcall
            assert pointers(function)[1] in (0, 1) or version == pointers(function)[1] < 2
        session.disarm()
        assert [pointers(function) for function in functions] == before
        assert not session.intact
        assert work().close() is None
        session.disarm()


def test_arming_is_all_or_nothing(slowed: Armed) -> None:
    first = slowed("work")
    second = make_session(parse_targets([HERE + "fail"]), "await", "the second")
    before = pointers(fail)
    with pytest.raises(RuntimeError, match="a test is armed already"):
        second.arm()
    assert pointers(fail) == before
    assert first.intact


def test_what_changed_while_armed_is_kept(slowed: Armed) -> None:
    """Its version stands for the old defaults, and specialised calls would go by it."""

    async def changing(x: int = 1) -> int:
        return x

    async def other(x: int = 1) -> int:
        return -x

    def call() -> int:
        with pytest.raises(StopIteration) as done:
            changing().send(None)
        return int(done.value.value)

    assert [call() for _ in range(50)] == [1] * 50
    before = pointers(changing)
    session = slowed("*changing", delay_ns=0)
    changing.__defaults__ = (2,)
    assert [call() for _ in range(50)] == [2] * 50
    session.disarm()
    assert pointers(changing)[0] == before[0]
    assert pointers(changing)[1] != before[1]
    assert [call() for _ in range(50)] == [2] * 50
    session = slowed("*changing", delay_ns=0)
    changing.__code__ = other.__code__
    assert [call() for _ in range(50)] == [-2] * 50
    session.disarm()
    assert [call() for _ in range(50)] == [-2] * 50


def test_a_function_whose_code_is_no_coroutines_any_more(slowed: Armed) -> None:
    async def changing() -> int:
        return 1

    session = slowed("*changing")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of CPython 3.13 on
        changing.__code__ = (lambda: 5).__code__
    assert changing() == 5  # type: ignore[comparison-overlap]
    assert session.totals()[0] == 0


def test_functions_live_as_long_as_the_session_and_no_longer() -> None:
    async def mortal() -> None:
        pass

    alive = weakref.ref(mortal)
    session = make_session(parse_targets([f"{HERE}*mortal"]), "await", "a test")
    session.arm()
    session.set_delay(0)
    del mortal
    gc.collect()
    function = alive()
    assert function is not None
    run(function())
    assert session.totals()[0] == 1
    del function, session
    gc.collect()
    assert alive() is None


def test_a_session_in_a_circle_with_its_function_goes_and_disarms() -> None:

    async def circular() -> None:
        pass

    session = make_session(parse_targets([f"{HERE}*circular"]), "await", "in a circle")
    vars(circular)["session"] = session
    session.arm()
    alive = weakref.ref(circular)
    del circular, session
    gc.collect()
    assert alive() is None
    other = make_session(parse_targets([HERE + "work"]), "await", "the next")
    other.arm()
    other.disarm()


def test_a_coroutine_that_outlives_its_session(slowed: Armed) -> None:
    session = slowed("work")
    coroutine, dropped = work(3), work(4)
    session.disarm()
    dropped.close()
    assert run(coroutine) == 3
    assert session.totals()[0] == 0


def test_a_loop_is_found_as_left(slowed: Armed) -> None:
    session = slowed("work")
    loop = asyncio.new_event_loop()
    selector = loop._selector  # type: ignore[attr-defined]
    readers, open_ones = dict(selector.get_map()), descriptors()
    assert loop.run_until_complete(work(1)) == 1
    assert loop.run_until_complete(_all_of(work(i) for i in range(3))) == [0, 1, 2]
    assert (dict(selector.get_map()), descriptors()) == (readers, open_ones)

    session.set_delay(60e9)  # a pause that is cancelled, one that goes on when the session ends, and the loop
    with pytest.raises(TimeoutError):
        loop.run_until_complete(asyncio.wait_for(work(), 0.01))
    assert (dict(selector.get_map()), descriptors()) == (readers, open_ones)
    task = loop.create_task(work())
    loop.run_until_complete(asyncio.sleep(0.001))
    assert descriptors() != open_ones
    session.disarm()
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    assert descriptors() == open_ones

    session.arm()
    session.set_delay(60e9)
    task = loop.create_task(work())
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.run_until_complete(asyncio.sleep(0.001))
    loop.close()
    del task
    gc.collect()
    assert len(descriptors()) < len(open_ones)


async def _all_of(coroutines: Iterator[Coroutine[Any, Any, int]]) -> list[int]:
    return await asyncio.gather(*coroutines)


def test_pauses_of_many_lengths_end_in_their_order(slowed: Armed) -> None:
    session, order = slowed("work", delay_ns=0), list[int]()

    async def one(i: int, delay_ns: float) -> None:
        session.set_delay(delay_ns)
        await work()
        order.append(i)

    async def main() -> None:
        tasks = []
        for i, delay_ns in enumerate((90e6, 30e6, 60e6, 60e9)):
            tasks.append(asyncio.create_task(one(i, delay_ns)))
            await asyncio.sleep(0)
        tasks[-1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    before = descriptors()
    run(main())
    assert order == [1, 2, 0]
    assert descriptors() == before


def test_a_loop_that_waits_for_no_descriptors(slowed: Armed, monkeypatch: pytest.MonkeyPatch) -> None:
    session, before = slowed("work"), descriptors()

    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_reader", refuse)
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(work(2)) == 2
    finally:
        loop.close()
    _, requested, delivered, late, _ = session.totals()
    assert delivered + late >= 0.5 * requested
    assert descriptors() == before


def test_a_circle_through_a_coroutine_that_was_never_begun(slowed: Armed) -> None:
    slowed("Thing.method", delay_ns=0)
    thing = Thing()
    thing.own = thing.method()  # type: ignore[attr-defined]
    alive = weakref.ref(thing)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        del thing
        gc.collect()
    messages = [str(one.message) for one in seen if one.category is RuntimeWarning]
    del seen  # which holds the coroutine
    gc.collect()
    assert alive() is None
    assert messages == ["coroutine 'Thing.method' was never awaited"], "once"


# ---- in a process of its own ----

_PROGRAM = """
import asyncio, os, signal, threading
from pytest_speedbump.slowing.functions import coroutine_functions
from pytest_speedbump.slowing.later import later
from pytest_speedbump.slowing.session import make_session
from pytest_speedbump.targets import parse_targets

async def work(x=0):
    return x

session = make_session(parse_targets(["__main__:work"]), "await", "a script")
session.arm()
session.set_delay(200e3)
"""


def test_a_forks_child_is_not_slowed() -> None:
    out = run_script(
        _PROGRAM
        + """
async def fork():
    await work()
    if os.fork() == 0:
        coroutine = work(1)
        ours = coroutine.cr_code is work.__code__
        coroutine.close()
        os._exit(0 if ours and not session.intact else 1)
    return os.waitstatus_to_exitcode(os.wait()[1]), await work(2), session.intact

print(asyncio.run(fork()), session.totals()[0])
"""
    )
    assert out == "(0, 2, True) 2\n"


def test_ctrl_c_in_a_pause() -> None:
    out = run_script(
        _PROGRAM
        + """
session.set_delay(60e9)
before = len(os.listdir("/proc/self/fd"))

async def main():
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGINT)
    await asyncio.gather(work(), work())

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", len(os.listdir("/proc/self/fd")) == before)
session.disarm()
print(asyncio.run(work(4)), session.totals()[0])
"""
    )
    assert out == "interrupted True\n4 2\n"


def test_the_process_ends_in_the_middle_of_a_pause() -> None:
    assert run_script(_PROGRAM + "print(asyncio.run(work(1)))") == "1\n"
    run_script(
        _PROGRAM
        + """
session.set_delay(60e9)
threading.Timer(0.05, os._exit, [3]).start()
asyncio.run(work())
""",
        status=3,
    )


def test_bad_arguments() -> None:
    patterns = _core.Patterns(["x"])
    for arguments, message in (
        ((), "needs `found` and `later`"),
        (([], None), "needs `found` and `later`"),
        (([("m", "q", test_bad_arguments, 0)], later), "is no coroutine function"),
        (([("m", "q", len, 0)], later), "must be function"),
    ):
        with pytest.raises(TypeError, match=message):
            _core.Session(patterns, "await", "a test", *arguments)
    with pytest.raises(KeyError):
        _core.Session(patterns, "await", "a test", [("m", "q", work, 0)], dict[Any, Any]().__getitem__)
    with pytest.raises(TypeError):
        _core.Call()
