"""What time functions take themselves: no tolerance for a busy machine is needed, because all bounds hold by nesting.

``spend(ns, name)`` notes, by the core's own clock, how long it took inside of a function. So a function's own time is
at least what it spent, and at most what passed on the whole without what others spent, whatever else the machine did.
"""

import asyncio
import gc
import importlib.util
import sys
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripts import run_script
from sessions import EVENTS, MakeSession, code_of

from pytest_speedbump import _core

MONITORING = sys.monitoring
MS = 1_000_000
EPSILON = 100.0  # ns, of readings rounded to a double and to a tick
SPENT: Counter[str] = Counter()


def spend(ns: float, name: str) -> None:
    begin = _core.now_ns()
    while (now := _core.now_ns()) - begin < ns:
        pass
    SPENT[name] += now - begin  # type: ignore[assignment]


@dataclass(frozen=True)
class Row:
    calls: float = 0
    own_ns: float = 0
    edges: float = 0


def read(session: _core.Session) -> dict[str, Row]:
    """By name. What was seen but has nothing to show is left out."""
    targets = session.snapshot()
    into = array("d", [7.0] * (3 * len(targets) + 6))
    assert session.read_times(into) == len(targets)
    assert list(into[-6:]) == [0] * 6
    rows = [Row(*into[i : i + 3]) for i in range(0, 3 * len(targets), 3)]
    assert [row.calls for row in rows] == [target[3] for target in targets]
    named = {code_of(target[0]).co_name: row for target, row in zip(targets, rows, strict=True)}
    assert len(named) == len(targets)
    return {name: row for name, row in named.items() if row != Row()}


@pytest.fixture
def timed(make_session: MakeSession) -> MakeSession:
    """``timed(*names)``: an armed session that measures these functions of this module."""

    def make(*names: str) -> _core.Session:
        session = make_session(*(f"{__name__}:*{name}" for name in names), mode="time")
        session.arm()
        session.set_delay(0)
        return session

    return make


@contextmanager
def bounded(session: _core.Session) -> Iterator[None]:
    """What is measured meanwhile lies within the bounds that the functions' own notes draw."""
    SPENT.clear()
    before = read(session)
    begin = _core.now_ns()
    yield
    elapsed = _core.now_ns() - begin
    after = read(session)
    own = {name: row.own_ns - before.get(name, Row()).own_ns for name, row in after.items()}
    spent = sum(SPENT.values())
    assert sum(own.values()) <= elapsed + EPSILON
    for name in own:
        assert own[name] >= SPENT[name] - EPSILON, name
        assert own[name] <= elapsed - (spent - SPENT[name]) + EPSILON, name
    assert {name for name in SPENT if not name.startswith("nobody")} <= set(own)


def edges(session: _core.Session) -> dict[str, float]:
    return {name: row.edges for name, row in read(session).items()}


def calls(session: _core.Session) -> dict[str, float]:
    return {name: row.calls for name, row in read(session).items() if row.calls}


# Functions to be measured.


def leaf() -> None:
    spend(MS, "leaf")


def unmatched(then: Callable[[], object] = lambda: None, name: str = "nobody") -> object:
    spend(MS, name)
    return then()


def inner() -> None:
    spend(2 * MS, "inner")
    unmatched(leaf, "inner")
    spend(MS, "inner")


def outer() -> None:
    spend(MS, "outer")
    inner()
    unmatched(name="outer")
    leaf()
    spend(MS, "outer")


def descend(n: int) -> int:
    if n:
        return 1 + descend(n - 1)
    spend(MS, "descend")
    return 0


def even(n: int) -> bool:
    spend(MS / 10, "even")
    return n == 0 or odd(n - 1)


def odd(n: int) -> bool:
    spend(MS / 10, "odd")
    return n != 0 and even(n - 1)


def numbers(n: int) -> Generator[int, None, str]:
    try:
        for i in range(n):
            spend(MS, "numbers")
            yield i
    finally:
        spend(MS, "numbers")
    return "done"


def delegate(n: int) -> Generator[int, None, None]:
    spend(MS, "delegate")
    assert (yield from numbers(n)) == "done"
    spend(MS, "delegate")


def consume(n: int) -> None:
    for _ in delegate(n):
        spend(MS, "consume")


async def step(n: int) -> int:
    spend(MS, "step")
    await asyncio.sleep(0)
    spend(MS, "step")
    return n


async def chain(n: int) -> int:
    spend(MS, "chain")
    return await step(n) + (await chain(n - 1) if n else 0)


def fail(n: int) -> None:
    spend(MS, "fail")
    if n:
        fail(n - 1)
    raise KeyError


def catch() -> None:
    with suppress(KeyError):
        unmatched(lambda: fail(2), "catch")
    spend(MS, "catch")


# Own times.


def test_own_time_is_without_matched_callees_and_with_the_others(timed: MakeSession) -> None:
    session = timed("outer", "inner", "leaf")
    with bounded(session):
        outer()
        unmatched(name="nobody")
    assert calls(session) == {"outer": 1, "inner": 1, "leaf": 2}
    with bounded(session):
        unmatched(outer)
    before = edges(session)
    outer()  # all else is silenced by now: an event is 3/4 of the outer side and 1/4 of the inner
    outer_edges, inner_edges, leaf_edges = (edges(session)[n] - before[n] for n in ("outer", "inner", "leaf"))
    assert (outer_edges, inner_edges, leaf_edges) == (3.5, 2, 1)


def test_time_outside_is_of_nobody(timed: MakeSession) -> None:
    session = timed("leaf")
    with bounded(session):
        for _ in range(3):
            leaf()
            unmatched(leaf)
    assert calls(session) == {"leaf": 6}
    total = read(session)["leaf"].own_ns
    with bounded(session):
        unmatched()
        spend(5 * MS, "nobody")
    assert read(session)["leaf"].own_ns == total


def test_recursion(timed: MakeSession) -> None:
    session = timed("descend", "even", "odd")
    with bounded(session):
        assert descend(10) == 10
        assert even(7) is False
    assert calls(session) == {"descend": 11, "even": 4, "odd": 4}
    before = edges(session)
    descend(10)
    even(7)
    after = edges(session)
    assert {name: after[name] - before[name] for name in after} == {"descend": 22 - 1.5, "even": 8, "odd": 8 - 1.5}


def test_deep_recursion(timed: MakeSession) -> None:
    session = timed("descend")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        with bounded(session):
            assert descend(5000) == 5000
    finally:
        sys.setrecursionlimit(limit)
    assert calls(session) == {"descend": 5001}
    assert session.lost == 0
    with pytest.raises(RecursionError):
        descend(10**6)
    before = edges(session)["descend"]
    descend(0)
    assert edges(session)["descend"] == before + 0.5  # nothing is left on the stack


def test_generators(timed: MakeSession) -> None:
    session = timed("numbers", "delegate", "consume")
    with bounded(session):
        consume(3)
    assert calls(session) == {"numbers": 1, "delegate": 1, "consume": 1}
    before = edges(session)
    consume(3)
    after = edges(session)
    # Four times in and out of each, half an edge for the inner side and three halves for the outer.
    assert {name: after[name] - before[name] for name in after} == {"numbers": 2, "delegate": 2 + 6, "consume": 6.5}


def test_generators_that_are_closed_or_thrown_into(timed: MakeSession) -> None:
    session = timed("numbers", "delegate")

    def closing() -> None:
        steps = delegate(3)
        next(steps)
        spend(MS, "nobody")
        steps.close()
        spend(MS, "nobody")
        never_begun = delegate(3)
        never_begun.close()

    def throwing() -> None:
        steps = delegate(3)
        next(steps)
        next(steps)
        with pytest.raises(LookupError):
            steps.throw(LookupError)
        spend(MS, "nobody")
        with pytest.raises(KeyError):
            numbers(5).throw(KeyError)  # of one that has not started, too
        spend(MS, "nobody")

    def dropping() -> None:
        steps = delegate(3)
        next(steps)
        del steps
        spend(MS, "nobody")

    for scene in (closing, throwing, dropping):
        for _ in range(2):
            with bounded(session):
                scene()
    assert calls(session) == {"numbers": 6, "delegate": 6}


def test_coroutines(timed: MakeSession) -> None:
    async def main() -> list[int]:
        return [await chain(1), *await asyncio.gather(chain(1), chain(0))]

    session = timed("step", "chain")
    with bounded(session):
        assert asyncio.run(main()) == [1, 1, 0]
    assert calls(session) == {"step": 5, "chain": 5}


def test_exceptions_through_matched_and_unmatched_frames(timed: MakeSession) -> None:
    session = timed("fail", "catch", "leaf")
    with bounded(session):
        catch()
        with suppress(KeyError):
            unmatched(lambda: fail(1))
        spend(MS, "nobody")
        leaf()
    assert calls(session) == {"fail": 5, "catch": 1, "leaf": 1}
    before = edges(session)
    catch()
    after = edges(session)
    # Its own ends, the outer side of fail, and the frames without a match that the exception goes through.
    assert after["catch"] - before["catch"] == 0.5 + 1.5 + 2
    assert after["fail"] - before["fail"] == 3 * 0.5 + 2 * 1.5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_exits(timed: MakeSession) -> None:
    def leaving() -> None:
        spend(MS, "leaving")
        sys.exit(3)

    session = timed("leaving", "leaf")
    with bounded(session):
        thread = threading.Thread(target=leaving)
        thread.start()
        thread.join()
        with pytest.raises(SystemExit):
            leaving()
        leaf()
    assert calls(session) == {"leaving": 2, "leaf": 1}


# Arming and pausing.


def test_armed_in_the_middle_of_a_function(make_session: MakeSession) -> None:
    session = make_session(f"{__name__}:descend", f"{__name__}:leaf", f"{__name__}:*middle", mode="time")

    def middle(n: int) -> None:
        if n:
            middle(n - 1)
            leaf()
            return
        session.arm()
        session.set_delay(0)
        descend(1)

    for times in (1, 2):
        middle(2)  # its three frames are not known, and leaving them is nothing
        found = read(session)
        assert found["descend"].calls == 2 * times
        assert found["leaf"].calls == 2 * times
        assert found["leaf"].edges == times
        assert "middle" not in found
        spend(MS, "nobody")
        session.disarm()
    session.arm()
    session.set_delay(0)
    with pytest.raises(RuntimeError):  # the session is armed
        middle(2)
    assert read(session)["middle"].calls == 3


def test_disarmed_in_the_middle_of_a_function(timed: MakeSession) -> None:
    """What was on the stack then is not there any more when the session is armed again."""
    session = timed("hole", "leaf")

    def hole() -> None:
        session.disarm()

    hole()
    session.arm()
    session.set_delay(0)
    before = read(session)["hole"]
    with bounded(session):
        spend(MS, "nobody")
        leaf()
        spend(MS, "nobody")
        leaf()
    assert read(session)["hole"] == before


def test_nothing_while_paused(timed: MakeSession) -> None:
    session = timed("pausing", "leaf")

    def pausing() -> None:
        spend(MS, "pausing")
        session.pause()
        spend(MS, "nobody")
        unmatched(leaf)
        SPENT["nobody"] += SPENT.pop("leaf")
        session.set_delay(0)
        spend(MS, "pausing")

    for _ in range(2):
        with bounded(session):
            pausing()
        assert set(edges(session)) == {"pausing"}
    before = edges(session)["pausing"]
    pausing()
    assert edges(session)["pausing"] == before + 0.5
    assert calls(session) == {"pausing": 3}


def test_switched_on_within_a_function(timed: MakeSession) -> None:
    """The stack is kept up while nothing is measured."""
    session = timed("late", "outermost", "leaf")
    session.pause()

    def late() -> None:
        spend(MS, "nobody")
        session.set_delay(0)
        spend(MS, "late")
        leaf()

    def outermost() -> None:
        spend(MS, "nobody")
        late()
        spend(MS, "outermost")
        session.pause()
        spend(MS, "nobody")

    with bounded(session):
        outermost()
        leaf()
        SPENT["leaf"] = 0
    assert calls(session) == {"leaf": 1}
    assert edges(session)["leaf"] == 0.5


def test_what_a_thread_waits_while_paused_is_not_booked(timed: MakeSession) -> None:
    session = timed("waiting")
    there, go = threading.Event(), threading.Event()

    def waiting() -> None:
        spend(MS, "waiting")
        there.set()
        go.wait()
        spend(MS, "waiting")

    with bounded(session):
        thread = threading.Thread(target=waiting)
        thread.start()
        there.wait()
        session.pause()
        spend(20 * MS, "nobody")
        session.set_delay(0)
        spend(MS, "waiting")  # this it waits for
        go.set()
        thread.join()


def test_threads(timed: MakeSession) -> None:
    session = timed("outer", "inner", "leaf", "numbers")
    elapsed: list[float] = []

    def work() -> None:
        begin = _core.now_ns()
        for _ in range(5):
            outer()
            list(numbers(2))
        elapsed.append(_core.now_ns() - begin)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = read(session)
    assert {name: row.calls for name, row in rows.items()} == {"outer": 20, "inner": 20, "leaf": 40, "numbers": 20}
    least = {"outer": 3 * 20, "inner": 4 * 20, "leaf": 40, "numbers": 3 * 20}
    for name, row in rows.items():
        assert row.own_ns >= least[name] * MS
        assert row.own_ns <= sum(elapsed) - (sum(least.values()) - least[name]) * MS


# Any program, any order of events.

PROGRAM = """
def {plain}(node):
    for child in node.children:
        try:
            FUNCTIONS[child.name](child)
        except Boom:
            if not child.caught:
                raise
    if node.raises:
        raise Boom

def {generator}(node):
    try:
        for child in node.children:
            try:
                FUNCTIONS[child.name](child)
            except Boom:
                if not child.caught:
                    raise
            yield
        if node.raises:
            raise Boom
    finally:
        pass

def drive_{generator}(node):
    steps = {generator}(node)
    for _ in range(node.taken):
        next(steps, None)
    steps.close()
"""


class BoomError(Exception):
    pass


FUNCTIONS: dict[str, Callable[..., Any]] = {}
for _owner in ("m", "u"):
    for _number in range(2):
        _made: dict[str, Any] = {"__name__": "made_up", "FUNCTIONS": FUNCTIONS, "Boom": BoomError}
        _names = {"plain": f"{_owner}{_number}", "generator": f"{_owner}g{_number}"}
        exec(PROGRAM.format(**_names), _made)
        FUNCTIONS[_names["plain"]] = _made[_names["plain"]]
        FUNCTIONS[_names["generator"]] = _made["drive_" + _names["generator"]]


@dataclass(frozen=True)
class Node:
    name: str
    raises: bool
    caught: bool
    taken: int  # items, of a generator
    children: tuple["Node", ...]


NODES: st.SearchStrategy[Node] = st.recursive(
    st.builds(Node, st.sampled_from(sorted(FUNCTIONS)), st.booleans(), st.booleans(), st.integers(0, 4), st.just(())),
    lambda inner_nodes: st.builds(
        Node,
        st.sampled_from(sorted(FUNCTIONS)),
        st.booleans(),
        st.booleans(),
        st.integers(0, 4),
        st.lists(inner_nodes, max_size=4).map(tuple),
    ),
    max_leaves=20,
)


class Model:
    """The same events, on a stack of names. Quarters of an edge: three are of the outer side of an event."""

    def __init__(self) -> None:
        self.stack: list[str] = []
        self.calls: Counter[str] = Counter()
        self.quarters: Counter[str] = Counter()

    def add(self, quarters: int) -> None:
        for name in self.stack[-1:]:
            self.quarters[name] += quarters

    def enter(self, name: str, *, starts: bool) -> None:
        self.calls[name] += starts
        self.add(3)
        self.stack.append(name)
        self.add(1)

    def leave(self, name: str) -> None:
        self.add(1)
        while name in self.stack and self.stack.pop() != name:
            pass
        self.add(3)

    def foreign(self) -> None:
        self.add(4)

    # Of code without a match only what cannot be silenced has an edge.

    def enter_any(self, name: str, *, starts: bool = False, thrown: bool = False) -> None:
        if name.startswith("m"):
            self.enter(name, starts=starts)
        elif thrown:
            self.foreign()

    def leave_any(self, name: str, *, unwinds: bool = False) -> None:
        if name.startswith("m"):
            self.leave(name)
        elif unwinds:
            self.foreign()

    def run(self, node: Node) -> bool:
        """Whether it raises."""
        return self.run_generator(node) if "g" in node.name else self.run_plain(node)

    def run_plain(self, node: Node) -> bool:
        self.enter_any(node.name, starts=True)
        raises = any(self.run(child) and not child.caught for child in node.children) or node.raises
        self.leave_any(node.name, unwinds=raises)
        return raises

    def run_generator(self, node: Node) -> bool:
        steps = node.children[: node.taken]
        for i, child in enumerate(steps):
            self.enter_any(node.name, starts=i == 0)
            raises = self.run(child) and not child.caught
            self.leave_any(node.name, unwinds=raises)
            if raises:
                self.foreign()  # drive's own end
                return True
        if node.taken > len(node.children):
            self.enter_any(node.name, starts=not steps)
            self.leave_any(node.name, unwinds=node.raises)
            if node.raises:
                self.foreign()
            return node.raises
        if steps:  # closed where it waits
            self.enter_any(node.name, thrown=True)
            self.leave_any(node.name, unwinds=True)
        return False


@given(NODES)
@settings(max_examples=200, deadline=None)
def test_any_program(node: Node) -> None:
    def run() -> bool:
        try:
            FUNCTIONS[node.name](node)
        except BoomError:
            return True
        return False

    model = Model()
    raises = model.run(node)
    session = _core.Session(_core.Patterns(["made_up:m*"]), "time", "a property")
    gc.disable()  # Hypothesis has a callback there, which may be seen for the first time within the program
    with session, ExitStack() as stack:
        stack.callback(gc.enable)
        session.set_delay(0)
        assert run() == raises  # code without a match is silenced by this
        before = read(session)
        begin = _core.now_ns()
        assert run() == raises
        elapsed = _core.now_ns() - begin
        after = read(session)
        assert session.intact
    assert not model.stack
    assert {name: row.calls - before[name].calls for name, row in after.items()} == {
        name: model.calls[name] for name in model.quarters
    }
    assert {name: 4 * (row.edges - before[name].edges) for name, row in after.items()} == model.quarters
    own = sum(row.own_ns for row in after.values()) - sum(row.own_ns for row in before.values())
    assert own <= elapsed + EPSILON


def callbacks_of(session: _core.Session) -> dict[str, Callable[..., object]]:
    """Taken away: from now on events are what is called by hand."""
    assert session.intact
    found = {event: MONITORING.register_callback(3, getattr(MONITORING.events, event), None) for event in EVENTS}
    return {event: callback for event, callback in found.items() if callback is not None}


MATCHED, FOREIGN = ["made_up_0", "made_up_1", "made_up_2"], "foreign"
CODES = {name: leaf.__code__.replace(co_name=name, co_qualname=name) for name in (*MATCHED, FOREIGN)}


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.sampled_from(sorted(CODES))), max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_order_of_events(events: list[tuple[str, str]]) -> None:
    """As greenlets have it, that take frames away and bring them back."""
    model = Model()
    session = _core.Session(_core.Patterns(["*made_up_*"]), "time", "a property")
    with session:
        session.set_delay(0)
        callbacks = callbacks_of(session)
        for event, name in events:
            answer = callbacks[event](CODES[name], 0, *([None] if len_of(event) == 3 else []))
            can_be_silenced = event not in ("PY_THROW", "PY_UNWIND")
            assert answer is (MONITORING.DISABLE if name == FOREIGN and can_be_silenced else None)
            if name == FOREIGN:
                model.foreign()
            elif event in ("PY_START", "PY_RESUME", "PY_THROW"):
                model.enter(name, starts=event == "PY_START")
            else:
                model.leave(name)
    found = read(session)
    assert {name: row.calls for name, row in found.items() if row.calls} == +model.calls
    assert {name: 4 * row.edges for name, row in found.items()} == model.quarters


def len_of(event: str) -> int:
    return 2 if event in ("PY_START", "PY_RESUME") else 3


def test_a_table_that_grows_below_the_stack(make_session: MakeSession) -> None:
    """Each of many functions is met while all those before it are still running."""
    session = make_session("made_up:step_*", mode="time")
    n = 200
    made: dict[str, Any] = {"__name__": "made_up", f"step_{n}": lambda: None}
    exec("\n".join(f"def step_{i}(): return step_{i + 1}()" for i in range(n)), made)
    with session:
        session.set_delay(0)
        made["step_0"]()
    found = read(session)
    last = f"step_{n - 1}"
    assert {name: row.calls for name, row in found.items()} == {f"step_{i}": 1 for i in range(n)}
    assert {row.edges for name, row in found.items() if name != last} == {0.5 + 1.5}
    assert found[last].edges == 0.5 + 2  # and the lambda that nobody matches


def test_callbacks_called_by_hand_at_first_sight(timed: MakeSession) -> None:
    """Which looks into globals, and so may run anything: what is booked then is booked once."""
    session = timed("around", "leaf", "odd")
    there: list[Callable[..., object]] = []
    code = compile("spend(1, 'nobody')", "<made up>", "eval")

    class Name(str):
        __hash__ = str.__hash__

        def __eq__(self, _: object) -> bool:
            while there and sys._getframe(1).f_code is code:  # not yet as eval() looks
                there.pop()(leaf.__code__, 0)
            return False

    def around() -> None:
        names: dict[str, object] = {Name("__name__"): "", "spend": spend}
        SPENT.clear()
        eval("spend(0, 'nobody')", names)  # from here on all but the code is silent
        spend(10 * MS, "around")
        eval(code, names)

    leaf()
    callbacks = callbacks_of(session)
    for event, callback in callbacks.items():
        MONITORING.register_callback(3, getattr(MONITORING.events, event), callback)
    there.append(callbacks["PY_START"])
    begin = _core.now_ns()
    around()
    elapsed = _core.now_ns() - begin
    assert not there
    assert 10 * MS <= read(session)["around"].own_ns <= elapsed + EPSILON
    assert calls(session) == {"leaf": 2, "around": 1}


def test_greenlets(timed: MakeSession) -> None:
    greenlet = pytest.importorskip("greenlet", reason="greenlet is not installed")
    session = timed("leaf", "hopping")

    def hopping(n: int = 2) -> None:
        if n:
            hopping(n - 1)
        for _ in range(3):
            others.append(others.pop(0))
            others[0].switch()
            leaf()

    others: list[Any] = [greenlet.greenlet(hopping) for _ in range(4)]
    while not all(one.dead for one in others):
        for one in list(others):
            if not one.dead:
                one.switch()
    assert calls(session) == {"hopping": 4 * 3, "leaf": 4 * 3 * 3}
    assert session.intact


# The doors.


def test_bad_buffers(timed: MakeSession) -> None:
    session = timed("leaf")
    bad: list[Any] = [
        bytearray(24),
        bytes(24),
        array("d", [0] * 4),
        array("f", [0] * 3),
        memoryview(array("d", [0] * 12))[::2],
    ]
    bad += [memoryview(array("d", [0] * 3)).toreadonly(), memoryview(bytearray(24)).cast("d", (1, 3))]
    bad += [memoryview(bytearray(25))[1:].cast("d")]
    for into in (*bad, 3):
        with pytest.raises((TypeError, ValueError), match=r"^into must "):
            session.read_times(into)


def test_a_session_that_measures_has_neither_doses_nor_counts(timed: MakeSession) -> None:
    session = timed("leaf")
    with pytest.raises(TypeError, match="a session of mode 'time' delays nothing; make one of mode 'spin'"):
        session.set_doses(array("d", [1000.0, 1.0]))
    with pytest.raises(TypeError, match=r"a session of mode 'time' has read_times\(\) instead"):
        session.read_counts(array("d", [0.0] * 5))


def test_fewer_rows_than_targets(timed: MakeSession) -> None:
    session = timed("leaf", "inner", "outer")
    outer()
    assert session.read_times(array("d")) == 3
    first = array("d", [7.0] * 3)
    assert session.read_times(first) == 3
    assert first[0] == 1
    assert first[1] >= 2 * MS
    session.disarm()
    again = array("d", [7.0] * 3)
    session.read_times(again)
    assert again == first


def test_times_are_of_their_mode_alone(make_session: MakeSession) -> None:
    timing, delaying = make_session(f"{__name__}:leaf", mode="time"), make_session(f"{__name__}:leaf")
    with pytest.raises(TypeError, match=r"read_times\(\) needs a session of mode 'time', and this one's is 'spin'"):
        delaying.read_times(array("d", [0] * 3))
    with pytest.raises(ValueError, match=r"a session of mode 'time' adds no delay: delay_ns must be 0, not 0\.5"):
        timing.set_delay(0.5)
    with timing:
        leaf()
        assert read(timing) == {}  # begins paused
        timing.set_delay(0)
        leaf()
    assert timing.totals() == (1, 0, 0, 0, 0)
    assert timing.snapshot() == [(leaf.__code__, __name__, 0, 1, 0.0, 0.0, 0.0, 0.0)]
    assert timing.fixed_ns == 0


@pytest.mark.parametrize("event", EVENTS)
def test_each_callback_and_event_is_watched_over(timed: MakeSession, event: str) -> None:
    session = timed("leaf")
    number = getattr(MONITORING.events, event)
    assert session.intact

    def theirs(*_: object) -> None:
        pass

    ours = MONITORING.register_callback(3, number, theirs)
    assert not session.intact
    assert MONITORING.register_callback(3, number, ours) is theirs
    assert session.intact
    MONITORING.set_events(3, MONITORING.get_events(3) & ~number)
    assert not session.intact
    bad: list[tuple[object, ...]] = [(), (leaf.__code__,), (1, 0), (1, 0, 0), (leaf.__code__, 0, 0, 0)]
    assert ours is not None
    for arguments in bad:
        with pytest.raises(TypeError, match=r"this is a callback of sys\.monitoring"):
            ours(*arguments)


def test_disarming_leaves_nothing_behind(timed: MakeSession) -> None:
    session = timed("leaf", "numbers")
    for _ in range(3):
        list(numbers(2))
        leaf()
        session.disarm()
        assert MONITORING.get_tool(3) is None
        MONITORING.use_tool_id(3, "inspector")
        assert MONITORING.get_events(3) == 0
        for event in EVENTS:
            assert MONITORING.register_callback(3, getattr(MONITORING.events, event), None) is None
        MONITORING.free_tool_id(3)
        session.arm()
        session.set_delay(0)
    assert calls(session) == {"leaf": 3, "numbers": 3}


def test_a_later_holder_of_the_id_sees_what_we_silenced(timed: MakeSession) -> None:
    session = timed("no_such_function")
    list(numbers(2))
    session.disarm()
    seen: list[str] = []

    def note(event: str) -> Callable[..., None]:
        return lambda code, *_: seen.append(event) if code is numbers.__code__ else None

    MONITORING.use_tool_id(3, "newcomer")
    for event in EVENTS:
        MONITORING.register_callback(3, getattr(MONITORING.events, event), note(event))
    MONITORING.set_events(3, sum(getattr(MONITORING.events, event) for event in EVENTS))
    list(numbers(1))
    MONITORING.set_events(3, 0)
    assert seen == ["PY_START", "PY_YIELD", "PY_RESUME", "PY_RETURN"]


def test_other_tools_see_the_same(timed: MakeSession) -> None:
    """Also of events that we cannot, or must not, silence."""

    def events() -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []

        def note(event: str) -> Callable[[CodeType, object], None]:
            return lambda code, *_: seen.append((event, code.co_name)) if code.co_filename == __file__ else None

        MONITORING.use_tool_id(4, "other")
        for event in EVENTS:
            MONITORING.register_callback(4, getattr(MONITORING.events, event), note(event))
        MONITORING.set_events(4, sum(getattr(MONITORING.events, event) for event in EVENTS))
        catch()
        consume(1)
        MONITORING.set_events(4, 0)
        MONITORING.free_tool_id(4)
        return seen

    before = events()
    session = timed("catch", "numbers")
    assert events() == before
    session.disarm()
    assert events() == before
    assert {event for event, _ in before} == {"PY_START", "PY_YIELD", "PY_RESUME", "PY_RETURN", "PY_UNWIND"}


def test_a_session_in_mode_time_is_armed_and_read_where_memory_has_run_out() -> None:
    pytest.importorskip("_testcapi", reason="this Python has no _testcapi")
    out = run_script(
        """
    from _testcapi import remove_mem_hooks, set_nomemory
    from array import array

    into = array("d", [0] * 3)
    for allocations in range(200):
        session = make_session(mode="time")
        session.arm()
        session.set_delay(0)
        leaf()
        disarm, read = session.disarm, session.read_times
        try:
            set_nomemory(0, 0)
            n = read(into)
        finally:
            remove_mem_hooks()
        try:
            set_nomemory(allocations, 0)
            disarm()
        finally:
            remove_mem_hooks()
        held = [sys.monitoring.get_tool(tool) for tool in (3, 4)]
        assert (held, n, into[0]) == ([None, None], 1, 1), (allocations, held, n, into)
        """
    )
    assert out == ""


INTERPRETERS = next(
    (name for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name) is not None), None
)


@pytest.mark.skipif(INTERPRETERS is None, reason="this Python has no module to make sub-interpreters with")
def test_each_interpreter_measures_its_own() -> None:
    out = run_script(
        f"""
    import {INTERPRETERS} as interpreters
    inside = '''if True:
        from pytest_speedbump import _core
        def leaf(): pass
        session = _core.Session(_core.Patterns(["__main__:leaf"]), "time", "the inner one")
        session.arm()
        session.set_delay(0)
        for _ in range(7):
            leaf()
        assert session.totals()[0] == 7, session.totals()
        {{ending}}
    '''
    session = make_session(mode="time")
    session.arm()
    session.set_delay(0)
    for ending in ("session.disarm()", "", "del session"):
        leaf()
        interpreter = interpreters.create()
        failure = interpreters.run_string(interpreter, inside.format(ending=ending))
        assert failure is None, failure
        interpreters.destroy(interpreter)
        leaf()
    print(session.totals()[0], session.intact)
        """
    )
    assert out == "6 True\n"
