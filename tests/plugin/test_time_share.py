"""Which share of a run's time is spent in the targets, as a profiler would say."""

from textwrap import dedent

import pytest
from suite import BRIEFLY, Suite

from pytest_speedbump.targets import parse_targets

# Half of the time in `hot`, whatever the machine does; `nested` is in it, and must not count twice.
HALVES = """
import work

def spin(n=4000):
    for _ in range(n):
        pass

def nested():
    spin()

def hot():
    for _ in range(2000):
        pass
    work.leaf()
    nested()

def run():
    hot()
    for _ in range(6000):
        pass
"""


def test_half_of_the_time(suite: Suite) -> None:
    """One target; two of which one calls the other; a declared one; and what is no function, or never runs."""
    suite.pytester.makepyfile(halves=HALVES)
    run = suite.run(
        """
        import pytest, halves

        @pytest.mark.speedbump("halves.hot", delay="1us")
        def test_one(speedbump):
            speedbump(halves.run)

        @pytest.mark.speedbump("halves.*", "!halves.run", delay="1us")
        def test_nested(speedbump):
            speedbump(halves.run)

        @pytest.mark.speedbump_insensitive("halves.hot", delay="1us", budget="50%")
        def test_declared(speedbump):
            speedbump(halves.run)

        @pytest.mark.speedbump("halves.py:13", delay="1us")
        def test_line(speedbump):
            speedbump(halves.run)

        @pytest.mark.speedbump("halves.nothing", delay="1us")
        def test_void(speedbump):
            speedbump(halves.run)
        """,
        BRIEFLY,
    )
    shares = {one["test"].partition("::")[2]: one["time_share"] for one in run.results}
    assert shares.keys() == {"test_one", "test_nested", "test_declared", "test_line", "test_void"}
    for test in ("test_one", "test_nested", "test_declared"):
        assert shares[test] == pytest.approx(0.5, abs=0.1), test
    assert shares["test_line"] is None
    assert shares["test_void"] is None


# What is timed has events of its own, by which a callable can tell these rounds from all others.
TIMED = """
import sys

def is_timed():
    return any(sys.monitoring.get_events(tool) & sys.monitoring.events.PY_UNWIND for tool in range(6))
"""


def test_what_goes_wrong_afterwards(suite: Suite) -> None:
    """A callable that raises, and Ctrl-C, in the very rounds in which the time is measured: the verdicts stand."""
    suite.pytester.makepyfile(timed=TIMED)
    run = suite.run(
        """
        import timed

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_raises(speedbump):
            def run():
                work.call()
                if timed.is_timed():
                    raise ValueError("not again")
            speedbump(run)

        @pytest.mark.speedbump("work.leaf", delay="100us")
        @pytest.mark.speedbump("work.other", delay="100us")
        def test_interrupted(speedbump):
            def run():
                work.call()
                if timed.is_timed():
                    raise KeyboardInterrupt
            speedbump(run)
        """,
        BRIEFLY,
    )
    assert run.code == 2
    assert "KeyboardInterrupt" in run.out
    assert run.counts["passed"] == 1
    found = [
        (one["test"].partition("::")[2], *one["targets"], one["verdict"], one["time_share"]) for one in run.results
    ]
    assert found == [
        ("test_raises", "work.leaf", "measured", None),
        ("test_interrupted", "work.other", "measured", None),
        ("test_interrupted", "work.leaf", "measured", None),
    ]
    assert all(one["drop"]["low"] > 0.5 for one in run.results)


def test_nobody_looks(suite: Suite) -> None:
    """Rounds for what nobody will see are not run; nor where they would take long beside the verdict."""
    suite.pytester.makepyfile(timed=TIMED)
    tests = """
        import timed, time

        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_it(speedbump):
            def run():
                time.sleep({seconds})
                work.call()
                if timed.is_timed():
                    open("was_timed", "w").close()
            assert speedbump(run).drop > -1
        """
    slow = suite.run(tests.format(seconds=0.02), "--speedbump-max-time=600ms")
    assert (slow.code, slow.result["time_share"], slow.result["verdict"]) == (0, None, "measured")
    assert not (suite.path / "was_timed").exists()
    suite.write("test_it.py", "import pytest, work\n" + dedent(tests.format(seconds=0)))
    unseen = suite.pytester.runpytest_subprocess("-p", "speedbump", BRIEFLY)
    unseen.assert_outcomes(passed=1)
    assert not (suite.path / "was_timed").exists()


@pytest.mark.parametrize(
    ("target", "timed"),
    [
        ("pkg.f", True),
        ("c:zlib.crc32", True),
        ("resume:pkg.f", False),
        ("pkg/mod.py:12", False),
        ("native:libz.so*:crc32", False),
    ],
)
def test_what_is_entered_and_left_has_a_time(target: str, *, timed: bool) -> None:
    assert parse_targets(["pkg.g", target]).are_timed == timed
