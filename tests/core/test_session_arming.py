"""The conversation with sys.monitoring: ids, other tools, and an interpreter left as it was found."""

import sys
from collections.abc import Callable
from types import CodeType

import pytest
from scripts import run_script
from sessions import TOOL_IDS, MakeSession

from pytest_speedbump import _core

MONITORING = sys.monitoring
PY_START = MONITORING.events.PY_START
NAME = "pytest-speedbump"


def leaf() -> int:
    return 42


def other() -> int:
    return 43


def holders() -> list[str | None]:
    return [MONITORING.get_tool(tool) for tool in range(6)]


def claim(tool: int, name: str, callback: Callable[..., object] | None = None, events: int = 0) -> None:
    MONITORING.use_tool_id(tool, name)
    MONITORING.register_callback(tool, PY_START, callback)
    MONITORING.set_events(tool, events)


def starts_seen_by(tool: int, *functions: Callable[[], object]) -> list[str]:
    """Qualnames that a tool of that id, new in it, hears of while each function is called twice."""
    seen: list[str] = []
    claim(tool, "newcomer", lambda code, _: seen.append(code.co_qualname), PY_START)
    for function in functions * 2:
        function()
    claim_nothing(tool)
    return [name for name in seen if name in {function.__qualname__ for function in functions}]


def claim_nothing(tool: int) -> None:
    MONITORING.set_events(tool, 0)
    MONITORING.register_callback(tool, PY_START, None)
    MONITORING.free_tool_id(tool)


def assert_as_found(tool: int) -> None:
    assert MONITORING.get_tool(tool) is None
    claim(tool, "inspector")
    assert MONITORING.get_events(tool) == 0
    MONITORING.set_events(tool, PY_START)
    assert MONITORING.register_callback(tool, PY_START, None) is None
    assert MONITORING.get_local_events(tool, leaf.__code__) == 0
    claim_nothing(tool)


def test_takes_the_first_free_id(make_session: MakeSession) -> None:
    before = holders()
    session = make_session(f"{__name__}:leaf")
    assert holders() == before
    session.arm()
    assert holders() == [*before[:3], NAME, *before[4:]]
    session.disarm()
    assert holders() == before


def test_takes_the_second_id_where_the_first_is_held(make_session: MakeSession) -> None:
    claim(3, "other tool")
    session = make_session(f"{__name__}:leaf")
    session.arm()
    session.set_delay(0)
    leaf()
    assert session.totals()[0] == 1
    assert (MONITORING.get_tool(3), MONITORING.get_tool(4)) == ("other tool", NAME)
    session.disarm()
    assert (MONITORING.get_tool(3), MONITORING.get_tool(4)) == ("other tool", None)


def test_names_the_holders_where_no_id_is_free(make_session: MakeSession) -> None:
    claim(3, "tool A")
    claim(4, "tool B")
    session = make_session(f"{__name__}:leaf")
    with pytest.raises(RuntimeError, match="3 is held by 'tool A', 4 by 'tool B'; turn one of these tools off"):
        session.arm()
    claim_nothing(4)
    session.arm()
    assert MONITORING.get_tool(4) == NAME


def test_a_second_session_is_refused_and_told_the_first(make_session: MakeSession) -> None:
    first = make_session(f"{__name__}:leaf", owner="slow('leaf')")
    second = make_session(f"{__name__}:leaf", owner="the second")
    first.arm()
    first.set_delay(0)
    for late_comer in (second, first):
        with pytest.raises(RuntimeError, match=r"slow\('leaf'\) is armed already; an interpreter can run one bump"):
            late_comer.arm()
    second.disarm()  # of no effect on the first
    leaf()
    assert (first.totals()[0], first.intact, second.intact) == (1, True, False)
    first.disarm()
    second.arm()
    assert second.intact


@pytest.mark.parametrize("held", [(), (3,)])
def test_disarming_leaves_nothing_behind(make_session: MakeSession, held: tuple[int, ...]) -> None:
    for tool in held:
        claim(tool, "other tool")
    session = make_session(f"{__name__}:leaf")
    for _ in range(3):
        session.arm()
        session.set_delay(0)
        leaf()
        other()
        session.disarm()
        for tool in set(TOOL_IDS) - set(held):
            assert_as_found(tool)
    session.disarm()  # harmless
    assert session.totals()[0] == 3  # a session goes on counting where it stopped


def test_disarming_keeps_a_pending_exception(make_session: MakeSession) -> None:
    session = make_session(f"{__name__}:leaf")
    session.arm()

    def fail() -> None:
        try:
            raise KeyError("pending")
        finally:
            session.disarm()

    with pytest.raises(KeyError) as caught:
        fail()
    assert caught.value.__context__ is None


def test_the_next_session_sees_what_the_last_one_silenced(count: MakeSession) -> None:
    first = count(f"{__name__}:leaf")
    for function in (leaf, other) * 3:
        function()
    first.disarm()
    second = count(f"{__name__}:other")
    for function in (leaf, other) * 3:
        function()
    assert [row[0] for row in second.snapshot()] == [other.__code__]
    assert (first.totals()[0], second.totals()[0]) == (3, 3)


def test_sees_what_an_earlier_holder_of_the_id_silenced(count: MakeSession) -> None:
    claim(3, "earlier", lambda *_: MONITORING.DISABLE, PY_START)
    leaf()
    claim_nothing(3)
    session = count(f"{__name__}:leaf")
    leaf()
    assert session.totals()[0] == 1


@pytest.mark.parametrize("tool", TOOL_IDS)
def test_a_later_holder_of_the_id_sees_what_we_silenced(count: MakeSession, tool: int) -> None:
    if tool == 4:
        claim(3, "other tool")
    session = count(f"{__name__}:leaf")
    leaf()
    other()
    session.disarm()
    assert starts_seen_by(tool, leaf, other) == ["leaf", "other"] * 2


def test_code_that_is_running_is_seen_by_a_later_holder(count: MakeSession) -> None:
    """Its instrumentation is changed under its feet."""

    def run(depth: int) -> list[str]:
        if depth:
            return run(depth - 1)
        session = count(f"{__name__}:leaf")
        run_inner()
        session.disarm()
        return starts_seen_by(3, run_inner, leaf)

    def run_inner() -> int:
        return leaf()

    inner = run_inner.__qualname__
    assert run(3) == [inner, "leaf", "leaf"] * 2


def test_counts_stay_exact_across_restarts_by_another_tool(count: MakeSession) -> None:
    claim(4, "other tool", lambda *_: MONITORING.DISABLE, PY_START)
    session = count(f"{__name__}:leaf")
    for _ in range(10):
        leaf()
        other()
        MONITORING.restart_events()
    claim_nothing(4)
    leaf()
    assert session.totals()[0] == 11
    assert [row[0] for row in session.snapshot()] == [leaf.__code__]


def test_local_events_of_another_tool_are_left_alone(count: MakeSession) -> None:
    seen: list[str] = []
    claim(4, "other tool", lambda code, _: seen.append(code.co_qualname))
    MONITORING.set_local_events(4, leaf.__code__, PY_START)
    session = count(f"{__name__}:leaf")
    leaf()
    session.disarm()
    leaf()
    MONITORING.set_local_events(4, leaf.__code__, 0)
    assert seen == ["leaf", "leaf"]
    assert session.totals()[0] == 1


def test_a_thief_of_the_id_is_noticed_and_left_alone(count: MakeSession) -> None:
    session = count(f"{__name__}:leaf")
    leaf()
    assert session.intact
    MONITORING.free_tool_id(3)
    seen: list[str] = []
    claim(3, "thief", lambda code, _: seen.append(code.co_qualname), PY_START)
    assert not session.intact
    session.disarm()
    assert not session.intact
    assert MONITORING.get_tool(3) == "thief"
    assert MONITORING.get_events(3) == PY_START
    leaf()
    assert seen == ["leaf"]
    assert session.totals()[0] == 1


def test_an_id_freed_under_us_is_left_as_found(count: MakeSession) -> None:
    session = count(f"{__name__}:leaf")
    MONITORING.free_tool_id(3)
    assert not session.intact
    session.disarm()
    assert_as_found(3)
    leaf()
    assert session.totals()[0] == 0


def test_events_turned_off_under_us_are_noticed(count: MakeSession) -> None:
    session = count(f"{__name__}:leaf")
    MONITORING.set_events(3, 0)
    assert not session.intact
    session.disarm()
    assert_as_found(3)


def test_a_callback_replaced_under_us_is_noticed_and_left_alone(count: MakeSession) -> None:
    session = count(f"{__name__}:leaf")
    seen: list[str] = []

    def theirs(code: CodeType, _: int) -> None:
        seen.append(code.co_qualname)

    ours = MONITORING.register_callback(3, PY_START, theirs)
    assert not session.intact
    leaf()
    assert seen.count("leaf") == 1
    assert session.totals()[0] == 0
    assert MONITORING.register_callback(3, PY_START, None) is theirs
    assert not session.intact
    assert MONITORING.register_callback(3, PY_START, ours) is None
    assert session.intact
    leaf()
    assert session.totals()[0] == 1
    session.disarm()
    assert_as_found(3)


def test_an_id_taken_over_under_our_own_name_is_noticed_and_left_alone(count: MakeSession) -> None:
    """By another copy of the module, as after a re-import."""
    session = count(f"{__name__}:leaf")
    claim_nothing(3)

    def callback(*_: object) -> object:
        return MONITORING.DISABLE

    claim(3, "".join(["pytest-", "speedbump"]), callback, PY_START)
    assert not session.intact
    session.disarm()
    assert (MONITORING.get_tool(3), MONITORING.get_events(3)) == (NAME, PY_START)
    assert MONITORING.register_callback(3, PY_START, None) is callback
    claim_nothing(3)


def test_a_session_whose_callback_was_thrown_away_gives_everything_back(tool_ids: tuple[int, int]) -> None:
    session = _core.Session(_core.Patterns([f"{__name__}:leaf"]), "spin", "the lost one")
    session.arm()
    leaf()
    MONITORING.register_callback(3, PY_START, None)
    del session
    assert_as_found(3)
    successor = _core.Session(_core.Patterns([f"{__name__}:leaf"]), "spin", "its successor")
    successor.arm()
    successor.disarm()


def test_the_callback_called_by_hand(count: MakeSession) -> None:
    """Whoever replaces it is given it."""
    session = count(f"{__name__}:leaf")
    leaf()
    callback = MONITORING.register_callback(3, PY_START, None)
    assert callback is not None
    MONITORING.register_callback(3, PY_START, callback)
    bad: list[tuple[object, ...]] = [(), (leaf.__code__,), (1, 0), ("a", 0), (None, None), (leaf.__code__, 0, 0)]
    for arguments in bad:
        with pytest.raises(TypeError, match="its arguments are a code object and an offset"):
            callback(*arguments)
    with pytest.raises(TypeError):
        next(iter(callback, None))  # calls it without an array of arguments
    before = session.totals()[0]
    assert callback(other.__code__, 0) is MONITORING.DISABLE
    assert callback(leaf.__code__, 0) is None
    assert session.totals()[0] == before + 1
    session.disarm()
    assert callback(leaf.__code__, 0) is None
    with pytest.raises(TypeError):
        callback()


def test_disarming_succeeds_where_memory_has_run_out() -> None:
    out = run_script(
        """
    from _testcapi import remove_mem_hooks, set_nomemory

    for allocations in range(200):
        session = make_session()
        session.arm()
        session.set_delay(0)
        leaf()
        disarm = session.disarm
        try:
            set_nomemory(allocations, 0)
            disarm()
        finally:
            remove_mem_hooks()
        held = [sys.monitoring.get_tool(tool) for tool in (3, 4)]
        assert held == [None, None], (allocations, held)
        """
    )
    assert out == ""
