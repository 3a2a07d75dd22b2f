"""Lines, and resumes of generators and coroutines: exact counts, and an interpreter that is found as it was left."""

import gc
import importlib.util
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from textwrap import dedent
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts import run_script
from sessions import MakeSession, define

from pytest_speedbump import _core

MONITORING = sys.monitoring
EVENTS = MONITORING.events
LINES = "made.up:1-9999"


def load(source: str, file: str = "/x/made/up.py") -> dict[str, Any]:
    """The names that a module ``made.up`` of this source has."""
    names = {"__name__": "made.up"}
    exec(compile(dedent(source).lstrip("\n"), file, "exec"), names)
    return names


def sites(session: _core.Session, kind: str = "line") -> dict[tuple[str, int], int]:
    """Calls by qualname and line, without those of a module's own code."""
    return {
        (what.name, what.line): calls
        for what, _, _, calls, *_ in session.snapshot()
        if isinstance(what, _core.Site) and what.kind == kind and what.name != "<module>"
    }


def lines(session: _core.Session) -> dict[int, int]:
    counts = Counter[int]()
    for (_, line), calls in sites(session).items():
        counts[line] += calls
    return dict(counts)


def resumes(session: _core.Session) -> dict[str, int]:
    return {name: calls for (name, _), calls in sites(session, "resume").items()}


def codes_of(names: dict[str, Any]) -> list[CodeType]:
    def inner(code: CodeType) -> Iterator[CodeType]:
        yield code
        for const in code.co_consts:
            if isinstance(const, CodeType):
                yield from inner(const)

    return [code for value in names.values() if isinstance(value, FunctionType) for code in inner(value.__code__)]


def assert_as_found(codes: list[CodeType]) -> None:
    assert codes
    for tool in (3, 4):
        assert MONITORING.get_tool(tool) is None
        assert MONITORING.get_events(tool) == 0
        assert [MONITORING.get_local_events(tool, code) for code in codes] == [0] * len(codes)


# ---- lines ----

# A number behind a line of a function: how often execution arrives at it, from another line.
PROGRAMS = {
    "a loop": """
        def f(n):
            total = 0                       # 1
            for i in range(n):              # 4
                total += i                  # 3
                if i == 1:                  # 3
                    continue                # 1
                total += 1                  # 2
            else:
                total = 0                   # 1
            while total < 2:                # 3
                total += 1                  # 2
            return total                    # 1
        f(3)
    """,
    "a body beside its head": """
        def f(n):
            for i in range(n): pass         # 1
            while n: n -= 1                 # 1
            if n: return 1                  # 1
        f(3)
    """,
    "functions of one line": """
        def f(): return 1                   # 3
        g = lambda: 2                       # 2
        def h(n): return n and h            # 2
        def i(): yield 1                    # 1
        f(), f(), f()
        g(), g()
        h(3), h(0)
        list(i())
    """,
    "a first line with more lines after it": """
        def f(): x = 1; \\
            y = 2; return x + y             # 2
        f(), f()
    """,
    "try and finally": """
        def f(n):
            try:                            # 2
                if n:                       # 2
                    raise KeyError          # 1
                return 1                    # 1
            except ValueError:              # 1
                return 2
            except KeyError:                # 1
                n = 0                       # 1
            finally:
                n = 1                       # 2
        f(0), f(1)
    """,
    "match": """
        def f(x):
            match x:                        # 3
                case 1:                     # 3
                    return 1                # 1
                case [a, *_]:               # 2
                    return a                # 1
                case _:
                    return 0                # 1
        f(1), f([2, 3]), f(None)
    """,
    "decorators": """
        def twice(f):
            def call(*args):                # 1
                f(*args)                    # 2
                return f(*args)             # 2
            return call                     # 1
        @twice
        def f(n):
            return n                        # 4
        f(1), f(2)
    """,
    "comprehensions": """
        def f():
            one = [i for i in range(3)]     # 1
            two = [
                i + 1                       # 3
                for i in range(3)
            ]
            return sum(i for i in two)      # 2
        f()
    """,
    "recursion": """
        def f(n):
            if n == 0:                      # 4
                return 1                    # 1
            return n * f(n - 1)             # 3
        f(3)
    """,
    "generators": """
        def g(n):
            for i in range(n):              # 3
                yield i                     # 2
        def f():
            yield 7                         # 1
            yield from g(2)                 # 1
        list(f())
    """,
    "coroutines": """
        import types
        @types.coroutine
        def pause():
            yield                           # 3
        async def leaf():
            await pause()                   # 2
            return 1                        # 2
        async def numbers(n):
            for i in range(n):              # 2
                await pause()               # 1
                yield i                     # 1
        class Room:
            async def __aenter__(self):
                await leaf()                # 1
            async def __aexit__(self, *_):
                return None                 # 1
        async def main():
            async with Room():              # 2
                async for i in numbers(1):  # 2
                    x = await leaf()        # 1
            return x                        # 1
        steps = main()
        for _ in range(3):
            steps.send(None)
        try:
            steps.send(None)
        except StopIteration:
            pass
    """,
}


def expected(source: str) -> dict[int, int]:
    numbered = enumerate(dedent(source).lstrip("\n").splitlines(), 1)
    return {number: int(found[1]) for number, line in numbered if (found := re.search(r"# (\d+)$", line))}


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS)
def test_a_line_counts_each_time_execution_arrives_at_it(count: MakeSession, source: str) -> None:
    session = count(LINES)
    load(source)
    counted = {line: calls for line, calls in lines(session).items() if calls}
    # What cleans up, or closes a block, may have no event, or one more, by version; what has a number is sure.
    wanted = expected(source)
    assert {line: counted.get(line, 0) for line in wanted} == wanted
    assert session.lost == 0


@st.composite
def bodies(draw: st.DrawFn, depth: int = 0) -> list[str]:
    """Statements, each on a line of its own, that end."""
    made = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["x += 1", "if", "for", "while", "try", "raise", "call", "break"]))
        if kind == "x += 1" or depth == 3:
            made.append("x += 1")
        elif kind == "raise":
            made += [f"if x % {draw(st.integers(2, 4))} == 0:", "    raise KeyError(x)"]
        elif kind == "call":
            made += ["def f(y):", "    return y", "x += f(2)"]
        elif kind == "break":
            made += ["for i in range(3):", f"    if i == {draw(st.integers(0, 3))}:", "        break", "    x += 1"]
        else:
            heads = {
                "if": [f"if x % {draw(st.integers(2, 3))}:", "else:"],
                "for": [f"for i in range({draw(st.integers(0, 3))}):"],
                "while": [f"while x < {draw(st.integers(0, 9))}:"],
                "try": ["try:", "except KeyError:", "finally:"],
            }[kind]
            for head in heads:
                made.append(head)
                made += ["    " + line for line in draw(bodies(depth + 1))]
                if kind == "while":
                    made.append("    x += 1")
    return made


@given(bodies())
@settings(max_examples=60, deadline=None)
def test_lines_are_those_of_settrace(body: list[str]) -> None:
    source = "\n".join(["def work(x):", *("    " + line for line in body), "    return x", ""])
    work = load(source)["work"]

    def run() -> None:
        for x in range(4):
            with suppress(KeyError):
                work(x)

    traced = Counter[int]()

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != work.__code__.co_filename:
            return None
        traced[frame.f_lineno] += event == "line"
        return trace

    outer = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(outer)
    session = _core.Session(_core.Patterns([LINES]), "spin", "a test")
    with session:
        session.set_delay(0)
        run()
    assert lines(session) == {line: calls for line, calls in traced.items() if calls}


LOOP = """
    def f(n):
        for i in range(n):
            a = i
            b = i
            c = i
        return n
    def g():
        return 1
"""


@pytest.mark.parametrize(
    ("patterns", "counted"),
    [
        (["made.up:3"], {3: 10}),
        (["made.up:3-4"], {3: 10, 4: 10}),
        (["made/up.py:4"], {4: 10}),
        (["up.py:2-99", "!up.py:3-4", "!made.*"], {2: 11, 5: 10, 6: 1, 8: 1}),
        (["made.*:5", "made.up:5"], {5: 10}),
        (["made.up:1", "made.up:9-50", "other:3", "other.py:3"], {}),
    ],
)
def test_the_lines_that_are_chosen(count: MakeSession, patterns: list[str], counted: dict[int, int]) -> None:
    session = count(*patterns)
    names = load(LOOP)
    names["f"](10)
    names["g"]()
    assert lines(session) == counted
    assert {row[2] for row in session.snapshot()} <= {0, 1}
    assert all(row[1] == "made.up" for row in session.snapshot())


def test_code_without_chosen_lines_has_no_events(count: MakeSession) -> None:
    session = count("made.up:3")
    names = load(LOOP)
    names["f"](1)
    names["g"]()
    events = [MONITORING.get_local_events(3, names[name].__code__) for name in "fg"]
    assert events == [EVENTS.LINE, 0]
    assert session.intact


def test_a_line_of_several_code_objects_counts_in_each(count: MakeSession) -> None:
    session = count("made.up:1-2")
    names = load("def f(): return [g() for g in [lambda: 1, lambda: 2]]\nf()")
    names["f"]()
    assert sites(session) == {("f", 1): 2, ("f.<locals>.<lambda>", 1): 2}
    assert [row[3] for row in session.snapshot()].count(2) == 3  # the lambdas are two code objects of one name


def test_starts_lines_and_resumes_of_one_session_are_told_apart(count: MakeSession) -> None:
    session = count("made.up.g", "made.up:3", "resume:made.up.*", "!resume:*.h")
    names = load("def g():\n    for i in range(3):\n        yield i\ndef h():\n    yield 1\n")
    for _ in range(2):
        assert list(names["g"]()) == [0, 1, 2]
        assert list(names["h"]()) == [1]
    rows = session.snapshot()
    code = names["g"].__code__
    assert [(row[0], *row[1:4]) for row in rows if row[0] is code] == [(code, "made.up", 0, 2)]
    assert sorted((*row[0], *row[1:4]) for row in rows if isinstance(row[0], _core.Site)) == [
        ("line", "g", code, 3, "made.up", 1, 6),
        ("resume", "g", code, 0, "made.up", 2, 6),
    ]
    assert session.totals()[0] == 14


@pytest.mark.parametrize("delay_ns", [300, 100_000])
def test_delays_of_parts_are_delivered_and_doses_reach_them(count: MakeSession, delay_ns: float) -> None:
    session = count("made.up:3", "resume:made.up.g")
    names = load("def g():\n    for i in range(20):\n        yield i\n")
    session.set_delay(delay_ns)
    list(names["g"]())
    (row, other) = session.snapshot()
    assert [row[3], other[3]] == [20, 20]
    for one in (row, other):
        assert one[4] == pytest.approx(20 * delay_ns, rel=1e-3)
        assert one[5] >= 0.9 * one[4] or one[5] + one[6] >= one[4]


def test_lines_beyond_what_a_pattern_can_name_are_left_alone(count: MakeSession) -> None:
    session = count("made.up:65535", "made.up:1-3")
    names: dict[str, Any] = {"__name__": "made.up"}
    exec(compile("\n" * 65532 + "def f():\n    x = 1\n    y = 2\n    return x + y\n", "/x/up.py", "exec"), names)
    names["f"]()
    assert sites(session) == {("f", 65535): 1}


# ---- resumes ----


def drive(steps: Any) -> int:
    """How often a coroutine is suspended."""
    n = 0
    try:
        while True:
            steps.send(None)
            n += 1
    except StopIteration:
        return n


CHAIN = """
    import types
    @types.coroutine
    def pause(n):
        for _ in range(n):
            yield
    async def leaf(n):
        await pause(n)
    async def middle(n):
        await leaf(n)
    async def main(n):
        await middle(n)
    async def numbers(n):
        for i in range(n):
            await pause(1)
            yield i
    async def loop(n):
        async for _ in numbers(n):
            pass
    class Room:
        async def __aenter__(self):
            await pause(1)
        async def __aexit__(self, *_):
            await pause(2)
    async def visit():
        async with Room():
            pass
    def count(n):
        yield from range(n)
    def outer(n):
        yield from count(n)
        return (yield 7)
    def catching():
        while True:
            try:
                yield
            except KeyError:
                pass
"""


def test_each_suspension_resumes_every_frame_of_the_chain(count: MakeSession) -> None:
    session = count("resume:made.up.*")
    names = load(CHAIN)
    assert drive(names["main"](5)) == 5
    assert resumes(session) == {"pause": 5, "leaf": 5, "middle": 5, "main": 5}


def test_generators_are_resumed_by_next_and_send(count: MakeSession) -> None:
    session = count("resume:made.up.*")
    steps = load(CHAIN)["outer"](3)
    assert [next(steps) for _ in range(4)] == [0, 1, 2, 7]
    with pytest.raises(StopIteration):
        steps.send(8)
    assert resumes(session) == {"count": 3, "outer": 4}


def test_asynchronous_generators_and_blocks(count: MakeSession) -> None:
    session = count("resume:made.up.*")
    names = load(CHAIN)
    assert drive(names["loop"](4)) == 4
    # A generator's frame is resumed after its own yields as well as after those that it awaits.
    assert resumes(session) == {"pause": 4, "numbers": 8, "loop": 4}


def test_blocks_that_wait(count: MakeSession) -> None:
    session = count("resume:made.up.*")
    assert drive(load(CHAIN)["visit"]()) == 3
    assert resumes(session) == {"pause": 3, "Room.__aenter__": 1, "Room.__aexit__": 2, "visit": 3}


def test_throwing_into_a_generator_resumes_it_and_closing_does_not(count: MakeSession) -> None:
    session = count("resume:made.up.catching", "resume:made.up.outer")
    names = load(CHAIN)
    steps = names["catching"]()
    next(steps)
    for _ in range(3):
        steps.throw(KeyError())
    next(steps)
    steps.close()
    stranger = names["count"](2)
    next(stranger)
    with pytest.raises(KeyError):
        stranger.throw(KeyError())
    assert resumes(session) == {"catching": 4}
    assert session.intact


def test_what_is_no_generator_is_never_resumed(count: MakeSession) -> None:
    session = count("resume:*")
    names = load(LOOP)
    names["f"](3)
    assert MONITORING.get_local_events(3, names["f"].__code__) == 0
    assert resumes(session) == {}


def test_starts_alone_have_no_events_of_their_own(count: MakeSession) -> None:
    session = count("made.up:*")
    names = load(LOOP)
    names["f"](3)
    assert MONITORING.get_events(3) == EVENTS.PY_START
    assert MONITORING.get_local_events(3, names["f"].__code__) == 0
    assert session.intact


# ---- threads and processes ----


def test_threads(count: MakeSession) -> None:
    session = count(LINES, "resume:made.up.*")
    names = load(LOOP + "    def h(n):\n        yield from range(n)\n")

    def work() -> None:
        for _ in range(50):
            names["f"](10)
            list(names["h"](10))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Each call of h() arrives once, and each of f() as in a single thread.
    assert lines(session) == {2: 4400, 3: 4000, 4: 4000, 5: 4000, 6: 400, 10: 400}
    assert resumes(session) == {"h": 4000}
    assert session.lost == 0


def test_armed_and_disarmed_while_other_threads_run() -> None:
    names = load(LOOP + "    def h(n):\n        yield from range(n)\n")
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            names["f"](5)
            list(names["h"](5))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for n in range(40):
            session = _core.Session(_core.Patterns([LINES, "resume:made.up.*"]), ["spin", "nogil"][n % 2], "a test")
            with session:
                session.set_delay(2000 if n % 2 else 0)
                names["f"](5)
                list(names["h"](5))
                assert session.totals()[0] >= 23
            assert_as_found(codes_of(names))
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_fork() -> None:
    out = run_script(
        """
    import os
    def f(n):
        for i in range(n):
            yield i

    session = make_session("__main__:1-999", "resume:__main__.*")
    session.arm()
    session.set_delay(0)
    list(f(3))
    pid = os.fork()
    if pid == 0:
        held = sys.monitoring.get_tool(3), sys.monitoring.get_local_events(3, f.__code__)
        before = session.totals()[0]
        list(f(3))
        with session:
            session.set_delay(0)
            list(f(3))
        print(held, session.totals()[0] - before, sys.monitoring.get_local_events(3, f.__code__), flush=True)
        os._exit(0)
    print(os.waitpid(pid, 0)[1])
    before = session.totals()[0]
    list(f(3))
    print(session.totals()[0] - before, session.intact)
        """
    )
    # f(3): four times the head, three times the body, three resumes
    assert out.splitlines() == ["(None, 0) 10 0", "0", "10 True"]


INTERPRETERS = next(
    (name for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name) is not None), None
)


@pytest.mark.skipif(INTERPRETERS is None, reason="this Python has no module to make sub-interpreters with")
def test_each_interpreter_has_its_own() -> None:
    out = run_script(
        f"""
    import {INTERPRETERS} as interpreters
    inside = '''if True:
        from pytest_speedbump import _core
        def f():
            return 1
        session = _core.Session(_core.Patterns(["__main__:1-99"]), "spin", "the inner one")
        session.arm()
        session.set_delay(0)
        f()
        assert session.totals()[0] > 0
        {{ending}}
    '''
    session = make_session("__main__:6")
    session.arm()
    session.set_delay(0)
    for ending in ("session.disarm()", "", "del session"):
        leaf()
        interpreter = interpreters.create()
        assert interpreters.run_string(interpreter, inside.format(ending=ending)) is None
        interpreters.destroy(interpreter)
        leaf()
    print(session.totals()[0], session.intact)
        """
    )
    assert out == "6 True\n"


# ---- found as left ----


@contextmanager
def closing_by(session: _core.Session) -> Iterator[None]:
    try:
        yield
    finally:
        session.disarm()


@pytest.mark.parametrize("ending", ["disarmed", "raising", "dropped", "stolen callback"])
def test_found_as_left(tool_ids: tuple[int, int], ending: str) -> None:
    names = load(LOOP + CHAIN)
    before = {name: value.__code__.co_code for name, value in names.items() if isinstance(value, FunctionType)}
    session = _core.Session(_core.Patterns([LINES, "made.up.f", "resume:made.up.*"]), "spin", "a test")

    def work() -> None:
        names["f"](3)
        drive(names["main"](3))

    session.arm()
    session.set_delay(100)
    work()
    assert MONITORING.get_local_events(3, names["f"].__code__) == EVENTS.LINE
    assert MONITORING.get_local_events(3, names["leaf"].__code__) == EVENTS.LINE | EVENTS.PY_RESUME
    assert session.intact
    if ending == "raising":
        with pytest.raises(ZeroDivisionError, match="division"), closing_by(session):
            raise ZeroDivisionError("division")
    elif ending == "dropped":
        del session
        gc.collect()
    else:
        if ending == "stolen callback":
            ours = MONITORING.register_callback(3, EVENTS.LINE, None)
            assert not session.intact
            assert ours is not None
            MONITORING.register_callback(3, EVENTS.LINE, ours)
            assert session.intact
            MONITORING.register_callback(3, EVENTS.PY_RESUME, print)
            assert not session.intact
        session.disarm()
        session.disarm()
    assert_as_found(codes_of(names))
    work()
    after = {name: value.__code__.co_code for name, value in names.items() if isinstance(value, FunctionType)}
    assert after == before
    for event in ("PY_START", "LINE", "PY_RESUME", "PY_THROW"):
        assert MONITORING.register_callback(3, getattr(EVENTS, event), None) is None


def test_a_later_holder_of_the_id_hears_nothing(tool_ids: tuple[int, int]) -> None:
    names = load(LOOP)
    with _core.Session(_core.Patterns([LINES]), "spin", "a test") as session:
        session.set_delay(0)
        names["f"](3)
    heard: list[object] = []
    MONITORING.use_tool_id(3, "a later holder")
    MONITORING.register_callback(3, EVENTS.LINE, lambda *event: heard.append(event))
    names["f"](3)
    assert heard == []
    MONITORING.register_callback(3, EVENTS.LINE, None)
    MONITORING.free_tool_id(3)


def test_code_under_way_is_reached_once_it_is_known(make_session: MakeSession) -> None:
    """It is met at its next start; when the session is armed again, it is known."""
    session = make_session("made.up:2-5")
    function = load("def f(n):\n    for i in range(n):\n        yield i\n        a = i\n    return a\n")["f"]
    steps = function(9)
    next(steps)
    with session:
        session.set_delay(0)
        next(steps)
        assert session.totals()[0] == 0
        list(function(1))
        assert lines(session) == {2: 2, 3: 1, 4: 1, 5: 1}
    next(steps)
    with session:
        session.set_delay(0)
        next(steps)
        assert lines(session) == {2: 3, 3: 2, 4: 2, 5: 1}
    assert_as_found([function.__code__])


def test_ctrl_c_in_a_line() -> None:
    out = run_script(
        """
    import os, signal, threading, time
    def f():
        a = 1
        return a
    session = make_session("__main__:14")
    def send():
        while session.totals()[0] == 0:
            time.sleep(0.01)
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=send, daemon=True).start()
    try:
        with session:
            session.set_delay(30e9)
            f()
    except KeyboardInterrupt:
        calls, _, delivered, *_ = session.totals()
        print(calls, 0 < delivered < 15e9)
    print(sys.monitoring.get_tool(3), sys.monitoring.get_local_events(3, f.__code__))
    with session:
        session.set_delay(0)
        f()
    print(session.totals()[0])
        """.replace("14", str(_line_of_a()))
    )
    assert out.splitlines() == ["1 True", "None 0", "2"]


def _line_of_a() -> int:
    """Of ``a = 1`` in the script above, behind the lines that every script begins with."""
    import scripts

    return scripts._PRELUDE.count("\n") + 4


def test_disarming_succeeds_where_memory_has_run_out() -> None:
    out = run_script(
        """
    from _testcapi import remove_mem_hooks, set_nomemory

    def work(n):
        for i in range(n):
            yield i

    for allocations in range(60):
        session = make_session("__main__:1-999", "resume:__main__.work")
        session.arm()
        session.set_delay(0)
        list(work(3))
        disarm = session.disarm
        try:
            set_nomemory(allocations, 0)
            disarm()
        finally:
            remove_mem_hooks()
        held = sys.monitoring.get_tool(3), sys.monitoring.get_local_events(3, work.__code__)
        assert held == (None, 0), (allocations, held)
        """
    )
    assert out == ""


def test_meeting_where_memory_has_run_out_loses_and_says_so() -> None:
    out = run_script(
        """
    from _testcapi import remove_mem_hooks, set_nomemory

    lost = 0
    for allocations in range(40):
        names = {"__name__": "made_up"}
        exec("def work(n):\\n    a = n\\n    return a\\n", names)
        work = names["work"]
        session = make_session("made_up:1-999")
        session.arm()
        session.set_delay(0)
        try:
            set_nomemory(allocations, allocations + 1)
            answer = work(3)
        except MemoryError:  # of the interpreter itself
            answer = 3
        finally:
            remove_mem_hooks()
        assert answer == 3
        counted = session.totals()[0]
        work(3)
        assert session.totals()[0] <= counted + 2
        lost += session.lost
        session.disarm()
        assert sys.monitoring.get_local_events(3, work.__code__) == 0
    print(lost > 0)
        """
    )
    assert out == "True\n"


def test_the_callbacks_called_by_hand(count: MakeSession) -> None:
    session = count(LINES, "made.up.g", "resume:made.up.*")
    names = load(LOOP + "    def h(n):\n        yield from range(n)\n")
    names["f"](1)
    list(names["h"](1))
    code, stranger = names["f"].__code__, define("def stranger(): pass")
    before = session.totals()[0]
    sentence = "its arguments are a code object and where in it"
    bad: list[tuple[object, ...]] = [(), (code,), (1, 2), ("a", None), (None, None), (code, 0, 0, 0)]
    for event in ("PY_START", "LINE", "PY_RESUME", "PY_THROW"):
        callback = MONITORING.register_callback(3, getattr(EVENTS, event), None)
        assert callback is not None
        MONITORING.register_callback(3, getattr(EVENTS, event), callback)
        for arguments in bad:
            with pytest.raises(TypeError, match=sentence):
                callback(*arguments)
        if event == "LINE":
            for number in ("2", None, 1.5):
                with pytest.raises(TypeError, match=sentence):
                    callback(code, number)
            for far in (0, -1, 65536, 2 + (1 << 16), 2 + (1 << 32), 10**30):
                assert callback(code, far) is MONITORING.DISABLE
            assert callback(stranger, 2) is MONITORING.DISABLE
            assert callback(code, 2) is None
    assert session.totals()[0] == before + 1
    assert session.lost == 0


# ---- beside others ----


def test_counts_stay_exact_across_restarts_by_another_tool(count: MakeSession) -> None:
    session = count("made.up:3-4", "resume:made.up.h")
    names = load(LOOP + "    def h(n):\n        yield from range(n)\n")
    for _ in range(5):
        names["f"](4)
        MONITORING.restart_events()
        list(names["h"](4))
    assert lines(session) == {3: 20, 4: 20}
    assert resumes(session) == {"h": 20}


def test_a_debugger_sees_the_same_lines(make_session: MakeSession) -> None:
    names = load(LOOP)
    code = names["f"].__code__
    heard: list[int] = []
    MONITORING.use_tool_id(MONITORING.DEBUGGER_ID, "a debugger")
    try:
        MONITORING.register_callback(0, EVENTS.LINE, lambda _, line: heard.append(line))
        MONITORING.set_local_events(0, code, EVENTS.LINE)
        names["f"](5)
        alone = heard[:]
        session = make_session("made.up:3")
        with session:
            session.set_delay(0)
            names["f"](5)
            assert MONITORING.get_local_events(0, code) == EVENTS.LINE
        names["f"](5)
        assert heard == 3 * alone
        assert len(alone) > 20
        assert lines(session) == {3: 5}
        assert (MONITORING.get_local_events(0, code), MONITORING.get_local_events(3, code)) == (EVENTS.LINE, 0)
    finally:
        MONITORING.set_local_events(0, code, 0)
        MONITORING.register_callback(0, EVENTS.LINE, None)
        MONITORING.free_tool_id(0)


@pytest.mark.parametrize("core", ["ctrace", "sysmon"])
def test_coverage_is_the_same_and_counts_are_exact(tmp_path: os.PathLike[str], core: str) -> None:
    pytest.importorskip("coverage", reason="coverage.py is not installed")
    if core == "ctrace":
        pytest.importorskip("coverage.tracer", reason="coverage.py has no C tracer for this Python")
    out = run_script(
        f"""
    import coverage, importlib
    with open({str(tmp_path)!r} + "/work.py", "w") as file:
        file.write({dedent(LOOP + "    def h(n):" + chr(10) + "        yield from range(n)" + chr(10)).lstrip()!r})
    sys.path.insert(0, {str(tmp_path)!r})

    def cover(slowed):
        sys.modules.pop("work", None)
        session = make_session("work:3-5", "resume:work.h")
        cover = coverage.Coverage(data_file=None, include=["*/work.py"], config_file=False)
        cover.start()
        work = importlib.import_module("work")
        if slowed:
            session.arm()
            session.set_delay(1000)
        work.f(20)
        list(work.h(7))
        session.disarm()
        cover.stop()
        return sorted(cover.get_data().lines(work.__file__)), session.totals()[0]

    without, slowed = cover(False), cover(True)
    print(slowed[0] == without[0], len(slowed[0]), slowed[1])
        """,
        environment={**os.environ, "COVERAGE_CORE": core},
    )
    assert out == "True 9 67\n"
