"""--speedbump-children: a benchmark is measured with the processes that it starts, or keeps, as a whole."""

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from suite import BRIEFLY, Run, Suite

CHILDREN = "--speedbump-children"
LONGER = BRIEFLY.replace("200ms", "1500ms")  # so that rounds that start a process fit in, on a busy machine too

# A pool of one worker, made before anything is armed.
POOL = """
    import multiprocessing, os, signal, subprocess, sys, time
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    def made(way):
        return ProcessPoolExecutor(1, multiprocessing.get_context(way))

    @pytest.fixture(scope="module")
    def pool():
        with made("fork") as pool:
            yield pool
"""

TWO_MODES = """
    @pytest.mark.speedbump("work.leaf", mode="spin")
    @pytest.mark.speedbump("work.leaf", mode="sleep")
    def test_it(benchmark):
        pass
"""


def by_test(run: Run) -> dict[str, dict[str, Any]]:
    return {result["test"].rpartition("::")[2]: result for result in run.results}


def matched(result: dict[str, Any]) -> list[tuple[str, float]]:
    return [(one["name"], one["calls"]) for one in result["matched"]]


def folders() -> set[Path]:
    return set(Path("/dev/shm").glob("speedbump-*"))


def own_folders(before: set[Path]) -> list[str]:
    """Those that a run has left, in this process or another; other tests may run beside this one."""
    patience = time.monotonic() + 10
    while (left := [one for one in folders() - before if _is_left(one)]) and time.monotonic() < patience:
        time.sleep(0.01)
    return [one.name for one in left]


def _is_left(folder: Path) -> bool:
    pid = folder.name.removeprefix("speedbump-").partition(".")[0]
    return pid == str(os.getpid()) or not Path("/proc", pid).exists()


def test_known_answers(suite: Suite) -> None:
    before = folders()
    run = suite.run(
        POOL
        + """
    @pytest.fixture(scope="module")
    def spawned():
        with made("spawn") as pool:
            yield pool

    @pytest.mark.speedbump_sensitive("work.leaf", delay="3ms", at_least="10%")
    def test_waits_for_it(benchmark, pool):
        assert benchmark(lambda: pool.submit(work.call).result()) == 42

    def beside_sleep(pool):
        sent = pool.submit(work.leaf)
        time.sleep(0.005)
        sent.result()

    @pytest.mark.speedbump_insensitive("work.leaf", delay="1ms", budget="20%")
    def test_hidden(speedbump, pool):
        speedbump(beside_sleep, pool)

    @pytest.mark.speedbump("work.leaf", delay="1ms,2ms")
    def test_both(benchmark, spawned):
        def both():
            work.leaf()
            work.leaf()
            spawned.submit(work.call).result()

        benchmark(both)

    @pytest.mark.speedbump("work.other", delay="1ms")
    def test_not_in_this_list(benchmark, pool):
        benchmark(lambda: pool.submit(work.call).result())

    @pytest.mark.speedbump("work.leaf", delay="1ms")
    def test_no_process(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("c:zlib.crc32", delay="1ms")
    def test_of_other_kinds(benchmark, pool):
        import zlib
        benchmark(lambda: pool.submit(zlib.crc32, b"").result())

    def test_nothing_asked(pool):
        assert pool.submit(work.call).result() == 42
    """,
        CHILDREN,
        LONGER,
    )
    assert run.code == 0, run.out
    results = by_test(run)
    waits, hidden = results["test_waits_for_it"], results["test_hidden"]
    assert waits["verdict"] in ("sensitive", "inconclusive"), "the latter on a busy machine"
    assert (waits["calls"], matched(waits)) == (1, [("work.leaf", 1)])
    assert waits["requested_ns"] == pytest.approx(3e6)
    assert waits["delivered_ns"] == pytest.approx(3e6, rel=0.05)
    (leaf,) = waits["matched"]
    assert (leaf["file"], leaf["line"]) == (str(suite.path / "work.py"), 1)
    assert hidden["verdict"] in ("insensitive", "inconclusive"), "the same"
    assert (hidden["calls"], matched(hidden)) == (1, [("work.leaf", 1)])
    both = [result for result in run.results if result["test"].endswith("test_both")]
    assert [(one["calls"], matched(one)) for one in both] == [(3, [("work.leaf", 3)])] * 2, "one row for both processes"
    assert [one["requested_ns"] for one in both] == pytest.approx([3e6, 6e6])
    assert matched(results["test_not_in_this_list"]) == [("work.other", 1)]
    assert matched(results["test_no_process"]) == [("work.leaf", 1)]
    assert matched(results["test_of_other_kinds"]) == [("c:zlib.crc32", 1)]
    assert {result["verdict"] for result in run.results} <= {"sensitive", "insensitive", "inconclusive", "measured"}
    assert own_folders(before) == []


def test_processes_that_come_and_go(suite: Suite) -> None:
    run = suite.run(
        POOL
        + """
    @pytest.mark.speedbump_sensitive("work.leaf", delay="100ms", at_least="1%")
    def test_subprocess(benchmark):
        command = [sys.executable, "-c", "import work; work.leaf(); work.call()"]
        benchmark.pedantic(lambda: subprocess.run(command, check=True), rounds=2)

    @pytest.mark.speedbump("work.leaf", delay="20ms")
    def test_fork(benchmark):
        def forked():
            child = os.fork()
            work.leaf()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)

        benchmark.pedantic(forked, rounds=2)

    @pytest.mark.speedbump("work.leaf", delay="20ms")
    def test_a_worker_is_killed_and_replaced(benchmark):
        def recovers():
            with made("fork") as pool:
                sent = pool.submit(work.leaf, 42).result()
                with pytest.raises(BrokenProcessPool):
                    pool.submit(os.kill, next(iter(pool._processes)), signal.SIGKILL).result()
                return sent

        assert benchmark.pedantic(recovers, rounds=2) == 42

    @pytest.mark.speedbump("work.leaf", delay="20ms")
    def test_a_worker_is_killed(benchmark):
        calls = []
        with made("fork") as pool:

            def dies():
                calls.append(0)
                return pool.submit(*((os._exit, 1) if len(calls) == 8 else (work.leaf,))).result()

            benchmark.pedantic(dies, rounds=2)
    """,
        CHILDREN,
        LONGER,
    )
    assert (run.counts["passed"], run.counts["failed"]) == (3, 1), run.out
    results = by_test(run)
    assert results["test_subprocess"]["verdict"] in ("sensitive", "inconclusive"), "the latter on a busy machine"
    calls = {name: result["calls"] for name, result in results.items()}
    assert (calls["test_subprocess"], calls["test_fork"]) == (2, 2)
    assert calls["test_a_worker_is_killed_and_replaced"] == 1
    assert [matched(results[name]) for name in ("test_subprocess", "test_fork")] == [[("work.leaf", 2)]] * 2
    died = results["test_a_worker_is_killed"]
    assert (died["verdict"], died["cause"]) == ("void", "raised")
    assert "BrokenProcessPool" in died["reason"]


def test_workers_of_xdist_have_children_of_their_own(suite: Suite) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    before = folders()
    run = suite.run(
        POOL
        + """
    @pytest.mark.parametrize("index", [1, 2])
    @pytest.mark.speedbump("work.leaf", delay="1ms")
    def test_it(speedbump, pool, index):
        speedbump(lambda: [pool.submit(work.call).result() for _ in range(index)])
    """,
        CHILDREN,
        LONGER,
        "-n2",
        plugins=("benchmark", "speedbump", "xdist"),
    )
    assert run.code == 0, run.out
    assert sorted(matched(result) for result in run.results) == [[("work.leaf", 1)], [("work.leaf", 2)]]
    many = suite.run(TWO_MODES, CHILDREN, "-n1", plugins=("benchmark", "speedbump", "xdist"))
    assert (many.code, "in one mode, and these tests ask for" in str(many.pytest.stderr)) == (4, True)
    assert own_folders(before) == []


def test_a_listing(suite: Suite) -> None:
    run = suite.run(
        POOL
        + """
    def test_it(benchmark, pool):
        def both():
            work.other()
            return pool.submit(work.call).result()

        assert benchmark(both) == 42
    """,
        CHILDREN,
        "--speedbump-list",
        "--speedbump-target=work.*",
    )
    assert run.code == 0, run.out
    assert sorted(matched(run.result)) == [("work.call", 1), ("work.leaf", 1), ("work.other", 2)]


def test_a_target_that_no_process_calls(suite: Suite) -> None:
    run = suite.run(
        POOL
        + """
    @pytest.mark.speedbump("work.*", "!work.*", delay="1ms")
    def test_it(benchmark, pool):
        benchmark(lambda: pool.submit(work.call).result())
    """,
        CHILDREN,
        LONGER,
    )
    assert run.result["uncalled"]["cause"] == "unjoined"
    assert "neither this process nor its children called it" in run.result["reason"]


def test_work_that_goes_on_after_the_round_is_told(suite: Suite) -> None:
    run = suite.run(
        POOL
        + """
    @pytest.mark.speedbump("work.leaf", delay="5ms")
    def test_it(benchmark, pool):
        def sends():
            sent = pool.submit(work.leaf)
            while not (sent.running() or sent.done()):
                time.sleep(0.0001)
            time.sleep(0.002)

        benchmark.pedantic(sends, setup=lambda: time.sleep(0.01), rounds=5)
    """,
        CHILDREN,
        LONGER,
    )
    assert any("of the delay was spent when its round was over" in text for text in run.result["warnings"]), run.result


def test_what_makes_no_sense_is_refused(suite: Suite) -> None:
    many = "".join(
        f"""
    @pytest.mark.speedbump("work.leaf{number}")
    def test_{number}(benchmark):
        pass
    """
        for number in range(17)
    )
    plain = "def test_it(benchmark):\n    benchmark(work.call)\n"
    before = folders()
    assert "slows 16 different lists of targets at most, and these tests have 17" in suite.refuse(many, CHILDREN)
    assert "in one mode, and these tests ask for sleep, spin" in suite.refuse(TWO_MODES, CHILDREN)
    awaiting = ("--speedbump-target=work.leaf", "--speedbump-mode=await", "--speedbump-delay=1ms")
    assert "mode await changes coroutine functions of this process alone" in suite.refuse(plain, CHILDREN, *awaiting)
    assert "a scan ranks the functions of pytest's own process alone" in suite.refuse(
        plain, CHILDREN, "--speedbump-scan=work.*"
    )
    assert own_folders(before) == []
    assert "SPEEDBUMP_CONTROL" not in os.environ
    # The same targets are one list, however many bumps have them.
    fine = suite.run(re.sub(r"leaf\d+", "leaf", many).replace("pass", "benchmark(work.call)"), CHILDREN, BRIEFLY)
    assert (fine.code, len(fine.results)) == (0, 17)


@pytest.mark.parametrize("way", ["interrupt", "crash", "exitfirst"])
def test_the_environment_and_the_folder_are_left_as_they_were(suite: Suite, way: str) -> None:
    suite.write(
        "conftest.py",
        f"""
        import os
        from pathlib import Path

        def pytest_runtest_setup():
            Path("during").write_text(os.environ.get("SPEEDBUMP_CONTROL", ""))

        def pytest_runtest_teardown():
            if {way == "crash"}:
                raise RuntimeError("crash")

        def pytest_sessionstart(session):
            session.config.add_cleanup(after)

        def after():
            left = Path(Path("during").read_text()).exists()
            Path("after").write_text(os.environ.get("SPEEDBUMP_CONTROL", f"no variable, folder: {{left}}"))
        """,
    )
    body = {"interrupt": "raise KeyboardInterrupt", "crash": "pass", "exitfirst": "assert False"}[way]
    run = suite.run(
        f"""
        @pytest.mark.speedbump("work.leaf", delay="1ms")
        def test_it(speedbump):
            speedbump(work.call)
            {body}
        """,
        CHILDREN,
        BRIEFLY,
        "-x",
    )
    assert run.code == {"interrupt": 2, "crash": 1, "exitfirst": 1}[way], run.out
    assert Path(suite.path / "during").read_text().startswith("/dev/shm/speedbump-")
    assert (suite.path / "after").read_text() == "no variable, folder: False"


def test_a_pytest_in_a_child_measures_nothing_by_itself(suite: Suite) -> None:
    (suite.path / "inner").mkdir()
    suite.write(
        "inner/test_marked.py",
        """
        import pytest

        @pytest.mark.speedbump("work.leaf", delay="1ms")
        def test_marked(speedbump):
            speedbump(print)
        """,
    )
    suite.write("inner/test_plain.py", "import work\ndef test_plain():\n    work.leaf()\n")
    run = suite.run(
        """
        import subprocess, sys

        def inner(name):
            command = [sys.executable, "-m", "pytest", "-p", "speedbump", "-p", "benchmark", "-q", f"inner/{name}"]
            return subprocess.run(command, capture_output=True, text=True)

        @pytest.mark.speedbump("work.leaf", delay="1ms")
        def test_outer(speedbump):
            refused = inner("test_marked.py")
            assert refused.returncode == 4, refused.stdout
            assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr
            assert "ERROR: this pytest was started by a program that is slowed as a whole" in refused.stderr
            result = speedbump(lambda: inner("test_plain.py"))
            assert result.calls == 1
        """,
        CHILDREN,
        BRIEFLY.replace("200ms", "3s"),
        "test_it.py",
    )
    assert run.code == 0, run.out


def test_a_fork_that_runs_tests_by_itself_is_told(suite: Suite) -> None:
    """As pytest-forked has it."""
    suite.write(
        "conftest.py",
        """
        import os
        import pytest
        from _pytest.runner import runtestprotocol

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(item):
            child = os.fork()
            if child == 0:
                for one in runtestprotocol(item, log=False):
                    print(one.longreprtext, file=open("told", "a"))
                os._exit(0)
            os.waitpid(child, 0)
            return True
        """,
    )
    before = folders()
    suite.run(
        """
    @pytest.mark.speedbump("work.leaf", delay="1ms")
    def test_it(speedbump):
        speedbump(work.call)
    """,
        CHILDREN,
    )
    sentence = "speedbump: under --speedbump-children a test cannot be measured in a fork of pytest, as pytest-forked"
    assert sentence in (suite.path / "told").read_text()
    assert own_folders(before) == []
