"""Processes of every kind join the experiment that they are started in, and count into it to the call."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest
from experiments import Experiment, experiment

# Of what delays a call, far more than a clock's own step.
DELAY_NS = 1e6

PRELUDE = """
import os, subprocess, sys
def leaf(): pass
def call(n):
    for _ in range(n): leaf()
def child(n):
    return f"def leaf(): pass\\nfor _ in range({n}): leaf()"
"""


def write(folder: Path, source: str) -> list[str]:
    """A script, and how it is run."""
    script = folder / "script.py"
    script.write_text(PRELUDE + dedent(source), encoding="utf-8")
    return [sys.executable, str(script)]


def run(folder: Path, source: str, one: Experiment) -> str:
    return one.run("", command=write(folder, source))


def check(one: Experiment, *calls: int) -> None:
    """These calls of processes, no more, each delayed by what was asked."""
    assert one.calls() == sorted(calls)
    total = one.total()
    assert total.requested_ns == pytest.approx(sum(calls) * DELAY_NS, rel=1e-6)
    assert total.delivered_ns == pytest.approx(sum(calls) * DELAY_NS, rel=0.01)


def test_processes_that_are_started(tmp_path: Path) -> None:
    with experiment() as one:
        run(
            tmp_path,
            """
            python = sys.executable
            call(3)
            subprocess.run([python, "-c", child(4)], check=True)
            subprocess.run(f"{python} -c '{child(5)}'; true", shell=True, check=True)
            kept = {name: os.environ[name] for name in ("SPEEDBUMP_CONTROL",)}
            subprocess.run([python, "-c", child(6)], env=kept, check=True)
            subprocess.run([python, "-I", "-c", child(7)], check=True)
            subprocess.run([python, "-E", "-s", "-W", "error", "-c", child(8)], check=True)
            os.waitpid(os.posix_spawn(python, [python, "-c", child(9)], os.environ), 0)
            os.system(f"{python} -c '{child(10)}'")
            """,
            one,
        )
        check(one, 3, 4, 5, 6, 7, 8, 9, 10)


def test_forks_and_their_threads(tmp_path: Path) -> None:
    with experiment() as one:
        run(
            tmp_path,
            """
            import threading
            def threaded(n):
                thread = threading.Thread(target=call, args=(n,))
                thread.start()
                call(n)
                thread.join()
            def fork(work):
                pid = os.fork()
                if not pid:
                    work()
                    os._exit(0)
                assert os.waitpid(pid, 0)[1] == 0
            def grandchild():
                call(2)
                fork(lambda: call(5))
                call(2)
            call(1)
            fork(lambda: call(3))
            fork(grandchild)
            fork(lambda: threaded(4))
            pid = os.fork()  # one that ends as a program does
            if pid:
                os.waitpid(pid, 0)
                threaded(3)
                call(1)
            """,
            one,
        )
        check(one, 8, 3, 4, 5, 8)


def test_exec_in_place_of_the_program(tmp_path: Path) -> None:
    with experiment() as one:
        run(tmp_path, "call(2); os.execv(sys.executable, [sys.executable, '-c', child(5)])", one)
        check(one, 7)
        assert len(one.folder.ledgers()) == 2


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str, tmp_path: Path) -> None:
    with experiment() as one:
        run(
            tmp_path,
            f"""
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor
            if __name__ == "__main__":
                context = multiprocessing.get_context({method!r})
                one = context.Process(target=call, args=(3,))
                one.start()
                one.join()
                with context.Pool(2) as pool:
                    pool.map(call, [1] * 8, chunksize=1)
                    pool.close()
                    pool.join()
                with ProcessPoolExecutor(2, mp_context=context) as pool:
                    list(pool.map(call, [2] * 4))
                call(5)
            """,
            one,
        )
        assert one.total().calls == 3 + 8 + 8 + 5
        assert {3, 5} <= set(one.calls())
        assert one.total().delivered_ns == pytest.approx(24 * DELAY_NS, rel=0.01)


def test_a_daemon_outlives_its_parent(tmp_path: Path) -> None:
    with experiment() as one:
        run(
            tmp_path,
            """
            read, write = os.pipe()
            call(2)
            if not os.fork():
                os.setsid()
                if os.fork():
                    os._exit(0)
                os.close(write)
                os.read(read, 1)  # until the first of them has ended
                call(5)
            """,
            one,
        )
        check(one, 2, 5)


def test_what_was_counted_survives_sigkill(tmp_path: Path) -> None:
    endless = "for n in range(1000):\n    print(n + 1, flush=True)\n    leaf()"
    with experiment(delay="300ms") as one:
        with subprocess.Popen(write(tmp_path, endless), env=one.environment, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(3):
                process.stdout.readline()
            time.sleep(0.1)
            process.kill()
            begun = 3 + len(process.stdout.readlines())
        assert process.returncode == -signal.SIGKILL
        (calls,) = one.calls()
        assert calls in (begun - 1, begun), "killed in the middle of a call, or just before it"
        assert round(one.total().requested_ns / 300e6) in (calls - 1, calls)


# ---- what does not join runs as it is ----

ONE_CALL = "def leaf(): pass\nleaf()"


def test_who_does_not_join(tmp_path: Path) -> None:
    without = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", without], check=True)
    with experiment(delay="60s") as one:  # nobody waits for that, so whatever ends was not slowed
        one.run(ONE_CALL, "-S")
        one.run(ONE_CALL, environment={})
        one.run("", command=[str(without / "bin" / "python"), "-c", ONE_CALL])
        one.run(
            "",
            command=write(
                tmp_path,
                f"""
                import multiprocessing
                if __name__ == "__main__":
                    context = multiprocessing.get_context("forkserver")
                    def one():
                        process = context.Process(target=call, args=(1,))
                        process.start()
                        process.join()
                    one()
                    os.environ["SPEEDBUMP_CONTROL"] = {one.folder.path!r}
                    one()
                """,
            ),
            environment={name: value for name, value in os.environ.items() if not name.startswith("SPEEDBUMP_")},
        )
        assert one.by_process() == {}
