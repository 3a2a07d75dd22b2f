"""``slow()``: the door for programs."""

import os
import sys
import threading
import zlib
from contextlib import ExitStack
from typing import Any

import pytest

import pytest_speedbump
from pytest_speedbump import slow

HERE = f"{__name__}:"


def leaf() -> str:
    return "leaf"


def other() -> str:
    return "other"


def held() -> list[str]:
    return [tool for i in range(6) if (tool := sys.monitoring.get_tool(i)) is not None]


def test_it_slows_counts_and_leaves_nothing_behind() -> None:
    before = held()
    with slow(HERE + "leaf", delay="2us") as bump:
        assert held() != before
        assert [leaf() for _ in range(10)] == ["leaf"] * 10
        (target,) = bump.snapshot().targets
        assert (target.name, target.calls) == (HERE + "leaf", 10)
        assert target.requested_ns == pytest.approx(20e3)
        assert target.delivered_ns >= 0.9 * 20e3
        assert target.late_ns >= 0
    assert held() == before
    leaf()
    assert bump.snapshot().targets[0].calls == 10, "readable afterwards, and frozen"


def test_targets_in_the_order_written_exclusions_left_out() -> None:
    with slow(HERE + "*", "!" + HERE + "other", HERE + "leaf", delay="0ns") as bump:
        leaf()
        other()
    counts = {target.name: target.calls for target in bump.snapshot().targets}
    assert counts == {HERE + "*": 0, HERE + "leaf": 1}, "later ones win"
    assert [code.name for code in bump.snapshot().matched] == [f"{__name__}.leaf"]


def test_a_delay_of_zero_counts_and_adds_nothing() -> None:
    with slow(HERE + "leaf", delay="0ns") as bump:
        leaf()
    (target,) = bump.snapshot().targets
    assert (target.calls, target.requested_ns, target.delivered_ns) == (1, 0, 0)


def test_every_so_many_calls_are_slowed() -> None:
    with slow(HERE + "leaf", delay="1us", every=10) as bump:
        assert [leaf() for _ in range(1005)] == ["leaf"] * 1005
        bump.delay = "2us"
        for _ in range(5):
            leaf()
    (target,) = bump.snapshot().targets
    assert target.calls == 1010
    assert target.requested_ns == pytest.approx(100 * 1e3 + 2e3)


def test_the_delay_can_be_changed_while_armed() -> None:
    with slow(HERE + "leaf", delay="0ns") as bump:
        leaf()
        bump.delay = "1ms"
        assert bump.delay == "1ms"
        leaf()
        bump.delay = "0ns"
        leaf()
    (target,) = bump.snapshot().targets
    assert target.calls == 3
    assert target.requested_ns == pytest.approx(1e6)


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_modes(mode: str) -> None:
    with slow(HERE + "leaf", delay="1ms", mode=mode) as bump:
        leaf()
    (target,) = bump.snapshot().targets
    assert target.delivered_ns >= 0.9e6


def test_exceptions_pass_through() -> None:
    before = held()
    with pytest.raises(KeyError), slow(HERE + "leaf", delay="0ns"):
        raise KeyError
    assert held() == before


def test_every_thread_is_slowed() -> None:
    with slow(HERE + "leaf", delay="1us") as bump:
        threads = [threading.Thread(target=leaf) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert bump.snapshot().targets[0].calls == 4


def test_a_second_one_is_refused_and_names_the_first() -> None:
    with slow(HERE + "leaf", delay="1us") as first:
        with pytest.raises(RuntimeError, match=rf"slow\('{HERE}leaf'\) is armed already"), slow("x", delay="1us"):
            pytest.fail("armed twice")
        leaf()
    assert first.snapshot().targets[0].calls == 1, "the first goes on"
    with slow(HERE + "leaf", delay="1us") as next_one:
        leaf()
    assert next_one.snapshot().targets[0].calls == 1


def test_a_second_one_in_another_thread_is_refused_too() -> None:
    refused: list[BaseException] = []

    def arm() -> None:
        try:
            with slow("x", delay="1us"):
                pass
        except RuntimeError as error:
            refused.append(error)

    with slow(HERE + "leaf", delay="1us"):
        thread = threading.Thread(target=arm)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_the_same_one_can_be_entered_again() -> None:
    bump = slow(HERE + "leaf", delay="1us")
    for _ in range(2):
        with bump:
            leaf()
        assert bump.snapshot().targets[0].calls == 1, "totals since its start"


def test_in_an_exit_stack() -> None:
    before = held()
    with ExitStack() as stack:
        bump = stack.enter_context(slow(HERE + "leaf", delay="1us"))
        leaf()
        with pytest.raises(RuntimeError, match=r"leaf'\) is armed already"):
            stack.enter_context(slow("x", delay="1us"))
    leaf()
    assert held() == before
    assert bump.snapshot().targets[0].calls == 1


def test_as_a_decorator() -> None:
    before = held()
    bump = slow(HERE + "leaf", delay="1us")

    @bump
    def work(times: int, *, fail: bool = False) -> list[str]:
        """Works."""
        assert held() != before
        if fail:
            raise KeyError
        return [leaf() for _ in range(times)]

    assert (work.__name__, work.__doc__) == ("work", "Works.")
    for times in (3, 2):
        assert work(times) == ["leaf"] * times
        assert held() == before
        assert bump.snapshot().targets[0].calls == times, "totals since its start"
    with pytest.raises(KeyError):
        work(1, fail=True)
    assert held() == before


def test_one_that_is_dropped_inside_its_block_slows_no_more() -> None:
    before = held()
    slow(HERE + "leaf", delay="1us").__enter__()
    assert held() == before


def test_a_second_use_slows_only_its_own_targets() -> None:
    with slow(HERE + "leaf", delay="1us"):
        leaf()
        other()
    with slow(HERE + "other", delay="1us") as second:
        leaf()
        other()
    assert [code.name for code in second.snapshot().matched] == [f"{__name__}.other"]
    with slow(HERE + "leaf", delay="1us") as third:
        leaf()
        other()
    assert [code.name for code in third.snapshot().matched] == [f"{__name__}.leaf"]


def test_a_forked_child_is_not_slowed() -> None:
    before = held()
    with slow(HERE + "leaf", delay="1us") as bump:
        leaf()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            leaf()
            os.write(writer, f"{bump.snapshot().targets[0].calls} {held() == before}".encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        leaf()
    assert said == "1 True"
    assert bump.snapshot().targets[0].calls == 2


def test_no_free_tool_id_names_the_holders() -> None:
    taken = [i for i in (3, 4) if sys.monitoring.get_tool(i) is None]
    for i in taken:
        sys.monitoring.use_tool_id(i, f"abacus {i}")
    try:
        with pytest.raises(RuntimeError, match=r"3 is held by .*, 4 by .*; turn one of these tools off"):
            slow("x", delay="1us").__enter__()
    finally:
        for i in taken:
            sys.monitoring.free_tool_id(i)


@pytest.mark.parametrize(
    ("targets", "arguments", "sentence"),
    [
        ((), {"delay": "2us"}, r"slow\(\) has no target; name what to slow"),
        (("",), {"delay": "2us"}, "target '' is empty"),
        (("a[b",), {"delay": "2us"}, r"target 'a\[b' has a '\[' that is never closed"),
        (("@missing",), {"delay": "2us"}, "target '@missing': there is no file 'missing'"),
        ((3,), {"delay": "2us"}, "target 3 is not a string"),
        (("x",), {"delay": "2"}, "delay '2' has no unit; write it with one of the units ns, us, ms, s, as in '2us'"),
        (("x",), {"delay": 2}, "delay 2 is not a time"),
        (("x",), {"delay": "-1ns"}, "delay '-1ns' is negative"),
        (("x",), {"delay": f"{2**64}ns"}, f"delay '{2**64}ns' is over the limit; write at most 60s"),
        (("x",), {"delay": "5%"}, "delay '5%' is a share of a round, and only benchmarks have rounds; write a time"),
        (("x",), {"delay": "1us,2us"}, "delay '1us,2us' is a sweep, which is for benchmarks; write one time"),
        (("x",), {"delay": "2us", "every": 0}, "every 0 is no number of calls; write a whole number from 1 to 1"),
        (("x",), {"delay": "2us", "every": 2.5}, "every 2.5 is no number of calls"),
        (("x",), {"delay": "2us", "every": True}, "every True is no number of calls"),
        (("x",), {"delay": "2us", "mode": "warp"}, "mode 'warp' is unknown; write one of spin, nogil, sleep, await"),
    ],
)  # fmt: skip
def test_bad_arguments(targets: tuple[str, ...], arguments: dict[str, Any], sentence: str) -> None:
    before = held()
    with pytest.raises(ValueError, match=sentence):
        slow(*targets, **arguments)
    assert held() == before


def test_bad_delay_set_later_changes_nothing() -> None:
    with slow(HERE + "leaf", delay="1us") as bump:
        with pytest.raises(ValueError, match="has no unit"):
            bump.delay = "2"
        assert bump.delay == "1us"


def test_snapshot_before_the_start() -> None:
    with pytest.raises(RuntimeError, match="nothing was slowed yet"):
        slow("x", delay="1us").snapshot()


def test_the_package_has_no_other_public_names() -> None:
    assert pytest_speedbump.slow is slow
    with pytest.raises(AttributeError, match="no attribute 'fast'"):
        pytest_speedbump.fast  # noqa: B018


def test_what_slows_is_never_slowed() -> None:
    """Also by ``*``: else leaving the block would count as a call."""
    with slow("*", delay="0ns") as bump:
        leaf()
        bump.delay = "1us"
    names = [code.name for code in bump.snapshot().matched]
    assert f"{__name__}.leaf" in names
    assert not [name for name in names if name.startswith("pytest_speedbump.")]


def test_a_c_callable_is_a_target_like_any_other() -> None:
    with slow("c:zlib.crc3*", f"{__name__}.leaf", delay="1us") as bump:
        zlib.crc32(b"a")
        leaf()
        list(map(zlib.crc32, [b"a"] * 9))
    crc, python = bump.snapshot().targets
    assert (crc.calls, python.calls) == (10, 1)
    assert crc.requested_ns == pytest.approx(10_000)
    assert {code.name: (code.file, code.line) for code in bump.snapshot().matched if code.calls == 10} == {
        "c:zlib.crc32": ("", 0)
    }


@pytest.mark.parametrize("target", ["c:len", "c:zlib.nothing", "c:time.perf_counter_ns"])
def test_a_c_callable_that_cannot_be_slowed_is_refused_on_entering(target: str) -> None:
    for others in ((), ("c:zlib.*", "*.leaf")):
        with (
            pytest.raises(ValueError, match=f"target '{target}': "),
            slow(target, *others, delay="0ns"),
        ):
            pytest.fail("it was entered")


def test_what_is_excluded_is_not_refused() -> None:
    with slow("c:len", "c:zlib.crc32", "!c:len", delay="0ns") as bump:
        zlib.crc32(b"a")
    assert [code.name for code in bump.snapshot().matched] == ["c:zlib.crc32"]
