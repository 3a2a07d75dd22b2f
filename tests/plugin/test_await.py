"""Mode ``await`` as users ask for it."""

import re

import pytest
from suite import BRIEFLY, Suite

from pytest_speedbump import slow
from pytest_speedbump.errors import InputError
from pytest_speedbump.notebook import scan

APP = """
import asyncio

async def fetch():
    await asyncio.sleep(0)
    return "fetched"

async def hidden():
    await asyncio.sleep(0)

async def page():
    await asyncio.gather(hidden(), asyncio.sleep(0.002))
    return await fetch()

async def by_hand():
    return 1

def drive():
    try:
        by_hand().send(None)
    except StopIteration as done:
        return done.value

def plain():
    pass
"""


def test_verdicts(suite: Suite) -> None:
    suite.write("app.py", APP)
    run = suite.run(
        """
        import asyncio, app

        @pytest.fixture
        def runner():
            with asyncio.Runner() as one:
                yield one

        @pytest.mark.speedbump_sensitive("app.fetch", delay="5ms", at_least="1%", mode="await")
        def test_serial(benchmark, runner):
            assert benchmark(lambda: runner.run(app.page())) == "fetched"

        @pytest.mark.speedbump("app.page", "app.hidden", delay="1ms", mode="await")
        def test_two(benchmark):
            benchmark(lambda: asyncio.run(app.page()))

        @pytest.mark.speedbump("app.by_hand", delay="1ms", mode="await")
        def test_by_hand(benchmark):
            assert benchmark(app.drive) == 1

        @pytest.mark.speedbump("app.plain", delay="1ms", mode="await")
        def test_no_coroutine(benchmark):
            benchmark(app.plain)

        @pytest.mark.speedbump("app.fetch", delay="1ms", mode="await")
        def test_not_called(benchmark):
            benchmark(app.drive)
        """,
        BRIEFLY,
    )
    results = {result["test"].rpartition("::")[2]: result for result in run.results}
    serial, two = results["test_serial"], results["test_two"]
    assert (serial["mode"], serial["delay_ns"], serial["calls"]) == ("await", 5e6, 1)
    assert serial["requested_ns"] == pytest.approx(5e6)
    assert serial["delivered_ns"] == pytest.approx(5e6, rel=0.05), "else it were void"
    assert serial["verdict"] in ("sensitive", "inconclusive"), "the latter on a busy machine"
    assert [(one["name"], one["calls"]) for one in two["matched"]] == [("app.hidden", 1), ("app.page", 1)]
    reasons = {name: results[name]["reason"] for name in ("test_by_hand", "test_no_coroutine", "test_not_called")}
    assert {results[name]["verdict"] for name in reasons} == {"void"}
    assert "pauses where a loop of asyncio runs, and there is none" in reasons["test_by_hand"]
    assert (
        "coroutine functions that exist when the rounds begin, and app.plain matches none"
        in reasons["test_no_coroutine"]
    )
    assert "none was started" in reasons["test_not_called"]
    assert results["test_no_coroutine"]["uncalled"]["cause"] == "awaited"


OTHER_KINDS = ("c:zlib.crc32", "native:libz*:crc32", "resume:work.leaf", "work.py:3")


@pytest.mark.parametrize("target", OTHER_KINDS)
def test_targets_of_other_kinds_are_refused(suite: Suite, target: str) -> None:
    sentence = f"mode await pauses calls of coroutine functions, and target {target!r} names something else"
    marker = f"""
        @pytest.mark.speedbump("work.leaf", {target!r}, delay="1ms", mode="await")
        def test_it(benchmark):
            benchmark(work.call)
    """
    assert sentence in suite.refuse(marker)
    with pytest.raises(InputError, match=re.escape(sentence)):
        slow("work.leaf", target, delay="1ms", mode="await")


def test_what_makes_no_sense_is_refused(suite: Suite) -> None:
    tests = "def test_it(benchmark):\n    benchmark(work.call)\n"
    short = "mode await cannot add 2us, because an event loop wakes up some 50us late; write a delay of 100us or more"
    assert suite.refuse(tests, "--speedbump-target=work.leaf", "--speedbump-mode=await") == short
    with pytest.raises(InputError, match="mode await cannot add 99us"):
        slow("work.leaf", delay="99us", mode="await")
    with slow("no.such.thing", delay="0ns", mode="await") as bump, pytest.raises(InputError, match="cannot add 5us"):
        bump.delay = "5us"
    ranked = "a scan cannot use mode await, because it ranks functions by their own time"
    assert ranked in suite.refuse(tests, "--speedbump-scan=work.*", "--speedbump-mode=await")
    with pytest.raises(InputError, match=ranked):
        scan(lambda: None, "work.*", mode="await")


def test_a_listing_says_what_would_be_slowed(suite: Suite) -> None:
    suite.write("app.py", APP)
    run = suite.run(
        "import asyncio, app\ndef test_it(benchmark):\n    benchmark(lambda: asyncio.run(app.page()))\n",
        "--speedbump-list",
        "--speedbump-mode=await",
        "--speedbump-target=app.*",
    )
    assert run.code == 0
    assert [(one["name"], one["calls"]) for one in run.result["matched"]] == [
        ("app.fetch", 1),
        ("app.hidden", 1),
        ("app.page", 1),
    ]
