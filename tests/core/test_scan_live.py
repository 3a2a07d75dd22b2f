"""Scans of real code, through the door of notebooks: what is found, not how quickly."""

import asyncio
import gc
import math
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import pytest_speedbump
from pytest_speedbump import _core

TARGETS = f"{__name__}.Cast.*"


class Cast:
    """Functions of every kind, each with some work of its own."""

    work = staticmethod(lambda: sum(math.sqrt(i) for i in range(200)))

    def generator(self) -> Iterator[float]:
        yield self.work()
        yield self.work()

    async def coroutine(self) -> float:
        await asyncio.sleep(0)
        return self.work()

    def method(self) -> float:
        def nested() -> float:
            return self.work()

        return nested() + sum(self.generator())

    def all(self) -> float:
        with asyncio.Runner() as runner:
            return self.method() + runner.run(self.coroutine())


def scan(function: Callable[[], object], *targets: str, **options: str) -> pytest_speedbump.Ranking:
    return pytest_speedbump.scan(function, *targets, max_time="3s", seed=1, **options)


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_functions_of_every_kind_have_the_names_of_results(mode: str) -> None:
    cast = Cast()
    ranking = scan(cast.all, TARGETS, mode=mode)
    with pytest_speedbump.slow(TARGETS, delay="0ns") as bump:
        cast.all()
    counted = {code.name: code.calls for code in bump.snapshot().matched}
    assert {one.name: one.calls for one in ranking.functions} == counted
    assert {name.removeprefix(f"{__name__}.Cast.") for name in counted} == {
        "<lambda>", "<lambda>.<locals>.<genexpr>", "all", "coroutine", "generator", "method", "method.<locals>.nested"
    }  # fmt: skip
    assert ranking.mode == mode
    assert ranking.pairs > 0


def test_what_the_program_computes_and_what_the_interpreter_has_stay_as_they_were() -> None:
    results = []
    before = sys.gettrace(), gc.isenabled(), sys.monitoring.get_tool(3), sys.monitoring.get_tool(4)
    scan(lambda: results.append(Cast().method()), TARGETS)
    assert set(results) == {Cast().method()}
    assert before == (sys.gettrace(), gc.isenabled(), sys.monitoring.get_tool(3), sys.monitoring.get_tool(4))


def test_code_made_anew_in_every_round_ends_in_time_without_a_rank() -> None:
    def fresh() -> None:
        names: dict[str, Any] = {"__name__": __name__ + ".Cast"}
        exec("def fresh():\n    return [i * i for i in range(1000)]", names)
        names["fresh"]()

    ranking = scan(fresh, TARGETS)
    assert ranking.functions == ()
    assert ranking.reason


def test_in_another_thread() -> None:
    """The rounds, the delays and the times of a thread are its own."""
    rankings = []
    thread = threading.Thread(target=lambda: rankings.append(scan(Cast().method, TARGETS)))
    thread.start()
    thread.join()
    assert {one.name.rpartition(".")[2] for one in rankings[0].functions} >= {"method", "nested", "generator"}


def test_one_at_a_time() -> None:
    with (
        _core.Session(_core.Patterns(["nothing"]), "spin", "somebody else"),
        pytest.raises(pytest_speedbump.InputError, match="somebody else is armed already"),
    ):
        scan(Cast().method, TARGETS)


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((), {}, r"scan\(\) has no target; name what to look at, such as scan\(f, 'pkg\.\*'\)"),
        (("!pkg.*",), {}, "only exclude"),
        (("pkg.*",), {"mode": "spn"}, "mode 'spn' is unknown"),
        (("pkg.*",), {"max_time": "3"}, "max_time"),
        (("pkg.*",), {"error_rate": "5"}, "error_rate"),
    ],
)
def test_bad_arguments_get_a_sentence(arguments: tuple[str, ...], options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        pytest_speedbump.scan(lambda: None, *arguments, **options)


def test_callables_of_c_are_ranked_beside_python_functions() -> None:
    """One that the round spends its time in, a cheap one, and Python around them; where it matters is what it is."""
    data = bytes(range(256)) * 100

    def step() -> None:
        zlib.adler32(data[:10])
        zlib.compress(data)

    step.__code__ = step.__code__.replace(co_qualname="Cast.step")
    ranking = pytest_speedbump.scan(step, TARGETS, "c:zlib.*", "!c:zlib.crc32", max_time="20s", seed=1)
    found = {one.name: one for one in ranking.functions}
    assert {name: (one.calls, one.kind) for name, one in found.items()} == {
        f"{__name__}.Cast.step": (1, "start"), "c:zlib.adler32": (1, "c"), "c:zlib.compress": (1, "c")
    }  # fmt: skip
    compress = found["c:zlib.compress"]
    assert (compress.file, compress.line) == (None, None)
    assert compress.share is not None
    assert compress.share > 0.8
    assert compress.verdict == "critical"
    assert compress.rank == 1
    assert all((one.share or 0) < 0.1 for one in ranking.functions if one is not compress)
    assert pytest_speedbump.Ranking.from_json(ranking.to_json()).functions == ranking.functions
