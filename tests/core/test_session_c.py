"""Callables implemented in C: every way of calling them is counted, and their places are found as they were left."""

import _json
import collections
import copy
import ctypes
import datetime
import functools
import itertools
import json
import math
import operator
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import rpds
from scripts import run_plain

from pytest_speedbump import _core

CALLS = 300

JSON_CALL = vars(_json.make_scanner)["__call__"]
GETTER = operator.itemgetter(0)
PARTIAL = functools.partial(abs)
KEYS = rpds.HashTrieMap({1: 2})
NOW = datetime.datetime.now()


class Deque(collections.deque):  # type: ignore[type-arg]
    pass


def place(thing: object) -> int | None:
    """What is at the place of a callable."""
    address = _core.place_of(thing)
    assert isinstance(address, int), address
    return ctypes.c_void_p.from_address(address).value


def session_of(*things: object, mode: str = "spin") -> _core.Session:
    found = [("a", f"thing{i}", thing, 0) for i, thing in enumerate(things)]
    return _core.Session(_core.Patterns(["c:a.*"]), mode, "a test", found)


@contextmanager
def counting(*things: object) -> Iterator[_core.Session]:
    session = session_of(*things)
    with session:
        session.set_delay(0)
        yield session
        session.pause()


def loop(statement: str, **names: object) -> Callable[[range], None]:
    """A function of its own for each, so that its opcodes specialise on nothing else."""
    made: dict[str, Any] = {}
    exec(f"def run(times):\n    for i in times:\n        {statement}", names, made)
    run: Callable[[range], None] = made["run"]
    return run


# What is called, and how. Each statement makes one call.
PATHS = {
    "plain": (zlib.crc32, loop("zlib.crc32(b'a')", zlib=zlib)),
    "two arguments": (zlib.crc32, loop("f(b'a', 1)", f=zlib.crc32)),
    "map": (zlib.crc32, loop("list(map(f, [b'a']))", f=zlib.crc32)),
    "*args": (zlib.crc32, loop("f(*a)", f=zlib.crc32, a=(b"x",))),
    "*args, **kwargs": (zlib.crc32, loop("f(*a, **{})", f=zlib.crc32, a=(b"x",))),
    "keyword": (zlib.compress, loop("f(b'', level=0)", f=zlib.compress)),
    "keywords by **": (zlib.compress, loop("f(b'', **k)", f=zlib.compress, k={"level": 0})),
    "in a partial": (zlib.crc32, loop("f()", f=functools.partial(zlib.crc32, b""))),
    "a partial": (PARTIAL, loop("f(1)", f=PARTIAL)),
    "a partial, *args": (PARTIAL, loop("f(*a)", f=PARTIAL, a=(1,))),
    "sorted": (sorted, loop("sorted([2, 1])")),
    "sorted, keyword": (sorted, loop("sorted([2, 1], reverse=True)")),
    "key function": (sorted, loop("min([[2, 1]], key=sorted)")),
    "key function of sort": (abs, loop("[1].sort(key=abs)")),
    "METH_O": (abs, loop("abs(-1)")),
    "METH_NOARGS": (globals, loop("globals()")),
    "METH_FASTCALL": (getattr, loop("getattr(1, 'real')")),
    "METH_FASTCALL and keywords": (sum, loop("sum((1, 2), start=1)")),
    "METH_VARARGS and keywords": (max, loop("max(1, 2)")),
    "METH_METHOD": (re.Pattern.match, loop("p.match('a')", p=re.compile("a"))),
    "METH_METHOD bound": (re.Pattern.match, loop("m('a')", m=re.compile("a").match)),
    "reduce": (functools.reduce, loop("f(max, [1])", f=functools.reduce)),
    "math": (math.sqrt, loop("math.sqrt(2.0)", math=math)),
    "next": (next, loop("next(it)", it=itertools.count())),
    "iter": (iter, loop("iter(())")),
    "repr": (repr, loop("repr(1)")),
    "__import__": (__import__, loop("f('sys')", f=__import__)),
    "a method": (str.join, loop("','.join(('a', 'b'))")),
    "a method of its type": (str.join, loop("str.join(',', ('a', 'b'))")),
    "bound before": (str.join, loop("j(('a', 'b'))", j=",".join)),
    "bound before, map": (str.join, loop("list(map(j, [('a',)]))", j=",".join)),
    "bound anew": (str.join, loop("j = ','.join; j(('a', 'b'))")),
    "by getattr": (str.join, loop("getattr(',', 'join')(('a', 'b'))")),
    "methodcaller": (str.upper, loop("f('a')", f=operator.methodcaller("upper"))),
    "method, keyword": (str.split, loop("'a b'.split(maxsplit=1)")),
    "method without arguments": (str.upper, loop("'a b'.upper()")),
    "dict.get": (dict.get, loop("d.get(1)", d={})),
    "inherited": (dict.get, loop("d.get(1)", d=collections.Counter())),
    "list.sort": (list.sort, loop("[2, 1].sort()")),
    "list.sort, keyword": (list.sort, loop("[2, 1].sort(key=None)")),
    "list.pop": (list.pop, loop("[1].pop()")),
    "in a list comprehension": (abs, loop("[abs(x) for x in (1,)]")),
    "class method": (vars(dict)["fromkeys"], loop("dict.fromkeys(())")),
    "class method bound before": (vars(dict)["fromkeys"], loop("f(())", f=dict.fromkeys)),
    "class method of a subclass": (
        vars(dict)["fromkeys"],
        loop("D.fromkeys(())", D=collections.defaultdict),
    ),
    "the bound class method": (dict.fromkeys, loop("dict.fromkeys(())")),
    "static method": (str.maketrans, loop("str.maketrans('a', 'b')")),
    "class method of a heap type": (
        vars(datetime.datetime)["fromtimestamp"],
        loop("d.fromtimestamp(1)", d=datetime.datetime),
    ),
    "isoformat": (datetime.datetime.isoformat, loop("d.isoformat()", d=NOW)),
    "deque.append": (collections.deque.append, loop("d.append(1)", d=collections.deque(maxlen=1))),
    "itemgetter": (GETTER, loop("g((1,))", g=GETTER)),
    "itemgetter, map": (GETTER, loop("list(map(g, [(1,)]))", g=GETTER)),
    "itemgetter, key": (GETTER, loop("max([(1,)], key=g)", g=GETTER)),
    "a type": (collections.deque, loop("f()", f=collections.deque)),
    "a type, keyword": (collections.deque, loop("f((), maxlen=1)", f=collections.deque)),
    "a type, *a, **k": (collections.deque, loop("f(*a, **k)", f=collections.deque, a=((),), k={"maxlen": 1})),
    "a type, map": (collections.deque, loop("list(map(f, [()]))", f=collections.deque)),
    "datetime": (datetime.datetime, loop("f(2020, 1, 1)", f=datetime.datetime)),
    "list": (list, loop("list(())")),
    "dict": (dict, loop("dict()")),
    "dict, keyword": (dict, loop("dict(a=1)")),
    "set": (set, loop("set()")),
    "int": (int, loop("int('1')")),
    "float": (float, loop("float('1')")),
    "bool": (bool, loop("bool(1)")),
    "range": (range, loop("range(3)")),
    "enumerate": (enumerate, loop("enumerate(())")),
    "zip": (zip, loop("zip(())")),
    "map itself": (map, loop("map(abs, ())")),
    "an exception": (ValueError, loop("ValueError('x')")),
    "an exception that C makes": (StopIteration, loop("next(map(stop, [1]), 0)", stop=lambda _: StopIteration())),
    "__call__ of a type": (JSON_CALL, loop("loads('[1, [2]]')", loads=json.loads)),
    "PyO3": (rpds.HashTrieMap.get, loop("k.get(1)", k=KEYS)),
    "PyO3 type": (rpds.HashTrieMap, loop("f()", f=rpds.HashTrieMap)),
}


@pytest.mark.parametrize("way", PATHS)
def test_every_call_is_counted(way: str) -> None:
    """Specialised before arming; counted while armed; not afterwards; the place as it was."""
    thing, run = PATHS[way]
    times, more = range(CALLS), range(100)
    run(more)
    before = place(thing)
    session = session_of(thing)
    with session:
        assert place(thing) != before
        session.set_delay(0)
        run(times)
        session.pause()
        run(more)
        assert session.intact
    run(more)
    assert session.totals()[0] == CALLS
    assert place(thing) == before


@pytest.mark.parametrize("way", ["plain", "METH_O", "METH_METHOD", "a method", "a type", "METH_FASTCALL and keywords"])
def test_calls_that_were_compiled_before_are_counted(way: str) -> None:
    """By the JIT of CPython 3.15, where it is on."""
    thing, run = PATHS[way]
    times, many = range(CALLS), range(20_000)
    run(many)
    session = session_of(thing)
    for _ in range(2):
        with session:
            session.set_delay(0)
            run(times)
        run(many)
    assert session.totals()[0] == 2 * CALLS


def test_a_subclass_is_another_type() -> None:
    with counting(collections.deque) as session:
        Deque()
        collections.deque()
    assert session.totals()[0] == 1


def test_results_and_exceptions_are_the_same() -> None:
    before = [str(i).join("ab") for i in range(9)], str(collections.deque([1], maxlen=2))
    with counting(str.join, collections.deque, zlib.crc32, _json.make_scanner) as session:
        assert ([str(i).join("ab") for i in range(9)], str(collections.deque([1], maxlen=2))) == before
        with pytest.raises(TypeError, match="bytes-like"):
            zlib.crc32("a")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="an integer is required"):
            collections.deque(maxlen="x")  # type: ignore[call-overload]
        with pytest.raises(TypeError, match="keyword"):
            collections.deque(**{"no such": 1})
        assert copy.copy(zlib.crc32) is zlib.crc32
    assert session.totals()[0] == 16


def test_one_place_under_two_names_is_counted_once() -> None:
    with counting(str.join, vars(str)["join"], dict.fromkeys, vars(dict)["fromkeys"]) as session:
        ",".join("ab")
        dict.fromkeys("ab")
        counts = [row[3] for row in session.snapshot()]
    assert counts == [1, 0, 1, 0]


@pytest.mark.parametrize(
    "thing", [lambda: 0, Deque, int.__add__, dict.__new__, functools.lru_cache(abs), 1, functools.partial.__call__]
)
def test_what_has_no_place_is_refused(thing: object) -> None:
    assert isinstance(_core.place_of(thing), str)
    with pytest.raises(TypeError, match="is not called through a pointer"):
        session_of(thing)


@pytest.mark.parametrize("found", [[1], [("a", "b", abs)], [(1, "b", abs, 0)], 1])
def test_what_is_not_found_like_this_is_refused(found: Any) -> None:
    with pytest.raises(TypeError):
        _core.Session(_core.Patterns(["c:abs"]), "spin", "a test", found)


def test_a_place_that_another_tool_has_changed_is_left_alone() -> None:
    place_of_crc32 = _core.place_of(zlib.crc32)
    assert isinstance(place_of_crc32, int)
    pointer = ctypes.c_void_p.from_address(place_of_crc32)
    original, other = pointer.value, place(zlib.adler32)
    session = session_of(zlib.crc32)
    try:
        with session:
            session.set_delay(0)
            pointer.value = other
            assert not session.intact
        assert pointer.value == other
    finally:
        pointer.value = original


def test_a_thunk_that_another_tool_has_kept_passes_through() -> None:
    """While disarmed, and armed anew: then it is gone through once."""
    place_of_crc32 = _core.place_of(zlib.crc32)
    assert isinstance(place_of_crc32, int)
    pointer = ctypes.c_void_p.from_address(place_of_crc32)
    original = pointer.value
    with counting(zlib.crc32):
        thunk = pointer.value
    try:
        pointer.value = thunk
        assert zlib.crc32(b"a") == 3904355907
        with counting(zlib.crc32) as session:
            assert zlib.crc32(b"a") == 3904355907
        assert session.totals()[0] == 1
        assert pointer.value == thunk
    finally:
        pointer.value = original


def test_arming_is_all_or_nothing() -> None:
    before = place(abs), place(zlib.crc32)
    first = session_of(abs)
    with first:
        session = session_of(zlib.crc32, abs)
        with pytest.raises(RuntimeError, match="armed already"):
            session.arm()
        assert place(zlib.crc32) == before[1]
    assert (place(abs), place(zlib.crc32)) == before


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_delay(mode: str) -> None:
    session = session_of(zlib.crc32, mode=mode)
    with session:
        session.set_delay(20_000)
        for _ in range(50):
            zlib.crc32(b"")
        calls, requested, delivered, late, _ = session.totals()
    assert calls == 50
    assert requested == pytest.approx(1e6)
    assert delivered + late >= requested - 200


def test_pause_and_doses() -> None:
    from array import array

    with counting(abs, zlib.crc32) as session:
        session.pause()
        abs(1)
        session.set_doses(array("d", [0, 0, 1000, 0.5]))
        for _ in range(100):
            abs(1)
            zlib.crc32(b"")
        rows = session.snapshot()
    assert [row[3] for row in rows] == [100, 100]
    assert rows[0][4] == 0
    assert rows[1][4] == pytest.approx(50_000, rel=0.1)


def test_counts_go_on_when_armed_anew() -> None:
    session = session_of(abs)
    for _ in range(3):
        with session:
            session.set_delay(0)
            abs(1)
        abs(1)
    with counting(abs):
        abs(1)
    assert session.totals()[0] == 3


def test_threads_are_all_counted() -> None:
    def call() -> None:
        for _ in range(1000):
            zlib.crc32(b"")

    with counting(zlib.crc32) as session:
        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert session.totals()[0] == 4000


PRELUDE = """
import collections, ctypes, os, signal, sys, threading, time, zlib
from pytest_speedbump import _core

def value(thing=zlib.crc32):
    return ctypes.c_void_p.from_address(_core.place_of(thing)).value

def make(*things, mode="spin", owner="a script"):
    found = [("a", "b", thing, 0) for thing in things or [zlib.crc32]]
    return _core.Session(_core.Patterns(["c:a.b"]), mode, owner, found)

before = value()
"""


def test_found_as_left() -> None:
    """After an exception, when dropped, in a child, and after Ctrl-C in the middle of a delay."""
    out = run_plain(
        PRELUDE
        + """
try:
    with make() as session:
        1 / 0
except ZeroDivisionError:
    assert value() == before
session = make()
session.arm()
assert value() != before
del session
assert value() == before

session = make()
session.arm()
session.set_delay(0)
zlib.crc32(b"")
pid = os.fork()
if pid == 0:
    zlib.crc32(b"")
    os._exit(0 if value() == before and session.totals()[0] == 1 and not session.intact else 1)
assert os.waitpid(pid, 0)[1] == 0
zlib.crc32(b"")
assert session.intact and session.totals()[0] == 2

session.set_delay(30e9)
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    zlib.crc32(b"")
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted", session.totals()[0])
session.disarm()
assert value() == before
"""
    )
    assert out == "interrupted 3\n"


def test_a_handler_in_the_middle_of_a_delay_calls_and_arms_anew() -> None:
    out = run_plain(
        PRELUDE
        + """
def handler(*_):
    zlib.crc32(b"")
    session.disarm()
    second.arm()
    second.set_delay(0)
    zlib.crc32(b"")

signal.signal(signal.SIGUSR1, handler)
session, second = make(mode="sleep"), make(owner="second")
session.arm()
session.set_delay(0)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
session.set_delay(1e9)
print(zlib.crc32(b"a"), session.totals()[0], second.totals()[:3], second.intact)
second.disarm()
print(value() == before)
"""
    )
    assert out == "3904355907 2 (1, 0.0, 0.0) True\nTrue\n"


@pytest.mark.parametrize("end", ["sys.exit()", "os._exit(0)", "keep = session", "sys.modules['zlib'].kept = session"])
def test_exit_while_armed(end: str) -> None:
    out = run_plain(
        PRELUDE
        + f"""
session = make(zlib.crc32, str.join, dict.get, collections.deque, sorted)
session.arm()
session.set_delay(1000)
import atexit
atexit.register(lambda: zlib.crc32(b""))
print("end", flush=True)
{end}
"""
    )
    assert out == "end\n"


SUBINTERPRETERS = """
try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters

def run_there(source):
    there = _interpreters.create()
    failed = None
    try:
        failed = _interpreters.run_string(there, source)
    finally:
        _interpreters.destroy(there)
    assert not failed, failed
"""


def test_other_interpreters_are_let_pass_and_get_no_armed_place() -> None:
    out = run_plain(
        PRELUDE
        + SUBINTERPRETERS
        + """
session = make(str.join, sorted, list)
before = value(str.join)
session.arm()
session.set_delay(0)
code = '''
assert ",".join(["a", "b"]) == "a,b" and sorted([2, 1]) == [1, 2] and list((1,)) == [1]
from pytest_speedbump import _core
session = _core.Session(_core.Patterns(["c:a.b"]), "spin", "there", [("a", "b", str.join, 0)])
try:
    session.arm()
except RuntimeError as error:
    assert "another interpreter" in str(error), error
else:
    raise AssertionError
own = _core.Session(_core.Patterns(["c:a.b"]), "spin", "there", [("a", "b", str.split, 0)])
own.arm()
own.set_delay(0)
"a b".split()
assert own.totals()[0] == 1
'''
run_there(code)
assert session.totals()[0] == 0, session.totals()
",".join(["a"])
session.disarm()
print(session.totals()[0], value(str.join) == before)
"""
    )
    assert out == "1 True\n"


def test_more_callables_are_slowed_at_once_than_a_large_program_with_all_its_symbols_has() -> None:
    """numpy alone brings some 2,000, and its symbols and those of what it needs as many again."""
    out = run_plain(
        """
import functools

from pytest_speedbump import _core

things = [functools.partial(abs) for _ in range(12_000)]
found = [("a", f"thing{i}", thing, 0) for i, thing in enumerate(things)]
with _core.Session(_core.Patterns(["c:a.*"]), "spin", "a script", found) as session:
    session.set_delay(0)
    for thing in things:
        thing(-1)
    session.pause()
print(session.totals()[0])
"""
    )
    assert out.split() == ["12000"]
