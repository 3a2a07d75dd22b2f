"""Ctrl-C: what was reached is reported, and the interpreter is left as it was found."""

import signal
import subprocess
import sys
from textwrap import dedent

import pytest
from suite import BRIEFLY, Suite

LEFT = """
    import sys

    def pytest_sessionfinish(session):
        with open("left", "w") as file:
            print([sys.monitoring.get_tool(i) for i in range(6)], sys.gettrace(), file=file)
"""

TESTS = """
    import itertools
    import os
    import signal
    import sys

    armed = itertools.count()

    def step():
        if any(map(sys.monitoring.get_tool, (3, 4))) and next(armed) == 50:  # in the middle of our rounds
            os.kill(os.getpid(), signal.SIGINT)
        work.leaf()

    @pytest.mark.speedbump("work.leaf", delay="100us")
    def test_before(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("work.leaf", delay="100us")
    def test_interrupted(benchmark):
        benchmark.pedantic(step)

    def test_after():
        pass
"""


def test_results_so_far_are_kept(suite: Suite) -> None:
    suite.pytester.makeconftest(LEFT)
    run = suite.run(TESTS, BRIEFLY)
    assert run.code == pytest.ExitCode.INTERRUPTED
    assert [(result["test"], result["verdict"]) for result in run.results] == [("test_it.py::test_before", "measured")]
    run.pytest.stdout.fnmatch_lines(["* speedbump: 1 bump *", "test_before *measured", "!* KeyboardInterrupt !*"])
    assert (suite.path / "left").read_text().split("\n")[0] == f"{[None] * 6} None"


def test_a_run_cut_short_is_not_blamed_for_what_it_did_not_call(suite: Suite) -> None:
    tests = TESTS.replace('@pytest.mark.speedbump("work.leaf", delay="100us")', "")
    run = suite.run(tests, "--speedbump-target=work.leaf", BRIEFLY)
    assert run.code == pytest.ExitCode.INTERRUPTED
    assert "the run fails" not in run.out


SLOW = """
    import pytest_speedbump
    import sys

    def target():
        pass

    try:
        with pytest_speedbump.slow("__main__:target", delay="60s", mode={mode!r}):
            print("in", flush=True)
            target()
    except KeyboardInterrupt:
        print("out", [sys.monitoring.get_tool(i) for i in range(6)], flush=True)
"""


@pytest.mark.parametrize("mode", ["spin", "nogil", "sleep"])
def test_a_delay_of_a_minute_ends_with_ctrl_c(suite: Suite, mode: str) -> None:
    suite.write("slow.py", dedent(SLOW).format(mode=mode))
    child = subprocess.Popen([sys.executable, suite.path / "slow.py"], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"in\n"
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=30)  # half of the delay
    assert out.decode() == f"out {[None] * 6}\n"
