"""Processes of every kind join the experiment that they are started in, and count into it to the call."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest
from experiments import Experiment, experiment

from pytest_speedbump import _core

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
                call(1)
                fork(lambda: call(4))
                call(2)
            def hook():  # of the program, in every child
                leaf()
            os.register_at_fork(after_in_child=hook)
            call(1)
            fork(lambda: call(2))
            fork(grandchild)
            fork(lambda: (threaded(4), call(1)))
            pid = os.fork()  # one that ends as a program does
            if pid:
                os.waitpid(pid, 0)
                threaded(3)
                call(1)
            """,
            one,
        )
        check(one, 8, 1, 3, 4, 5, 10)


def test_threads_that_fork_at_once(tmp_path: Path) -> None:
    with experiment("*:leaf", "c:time.*", "native:libc.so*:getpid", delay="10us") as one:
        run(
            tmp_path,
            """
            import threading, warnings
            warnings.simplefilter("ignore")  # of forks beside threads
            def work():
                for _ in range(8):
                    pid = os.fork()
                    if not pid:
                        call(2)
                        os._exit(0)
                    assert os.waitpid(pid, 0)[1] == 0
                    leaf()
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            """,
            one,
        )
        assert one.calls() == [2] * 32 + [32]


def test_a_relative_path_and_closed_streams(tmp_path: Path) -> None:
    with experiment() as one:
        folder = Path(one.folder.path)
        forked = "os.chdir('/'); call(2); os.fork() or (call(3), os._exit(0)); os.wait(); call(2)"
        closed = f"cd {folder.parent}; {shlex.join(write(tmp_path, forked))} <&- >&- 2>&-"
        one.run("", command=["sh", "-c", closed], environment=one.environment | {"SPEEDBUMP_CONTROL": folder.name})
        check(one, 3, 4)


def test_all_use_the_clock_of_who_has_made_the_experiment() -> None:
    with experiment() as one:
        source = "from pytest_speedbump import _core; print(repr(_core.clock().ns_per_tick))"
        assert float(one.run(source)) == _core.clock().ns_per_tick


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


def test_subinterpreters_do_not_join(tmp_path: Path) -> None:
    with experiment() as one:
        run(
            tmp_path,
            """
            import importlib
            call(2)
            name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
            interpreters = importlib.import_module(name)
            for config in "isolated", "legacy":
                new = sys.version_info >= (3, 13)
                inner = interpreters.create(config) if new else interpreters.create(isolated=config == "isolated")
                interpreters.run_string(inner, "def leaf(): pass\\nleaf()")
                interpreters.run_string(inner, "import sys; assert sys.monitoring.get_tool(3) is None")
                interpreters.destroy(inner)
            call(2)
            """,
            one,
        )
        check(one, 4)


# ---- what the program could see ----

STATE = """
import importlib.machinery, importlib.util, sys  # by which an editable install finds its package
modules = sorted(name for name in sys.modules if not name.startswith("pytest_speedbump"))
import gc, json, os, signal, threading, warnings
environment = {name: value for name, value in os.environ.items() if name != "SPEEDBUMP_CONTROL"}
print(json.dumps({
    "modules": modules, "environment": environment, "argv": sys.argv, "orig_argv": len(sys.orig_argv),
    "flags": str(sys.flags), "filters": str(warnings.filters), "recursion": sys.getrecursionlimit(),
    "threads": [thread.name for thread in threading.enumerate()], "path": sys.path, "meta_path": len(sys.meta_path),
    "hooks": len(sys.path_hooks), "excepthook": sys.excepthook is sys.__excepthook__, "gc": gc.get_threshold(),
    "signals": [str(signal.getsignal(number)) for number in signal.valid_signals()], "trace": str(sys.gettrace()),
    "main": sorted(vars(sys.modules["__main__"])), "descriptors": os.listdir("/proc/self/fd"),
    "mask": str(signal.pthread_sigmask(0, ())), "switch": sys.getswitchinterval(), "audit": str(sys.getprofile()),
}))
"""


@pytest.mark.parametrize("targets", [("*:leaf",), ("c:zlib.crc32", "native:*:crc32")])
def test_a_program_finds_itself_as_ever(targets: tuple[str, ...], tmp_path: Path) -> None:
    with experiment(*targets) as one:
        (tmp_path / "state.py").write_text(STATE)
        command = [sys.executable, "-X", "frozen_modules=on", str(tmp_path / "state.py")]
        without = json.loads(one.run("", command=command, environment=dict(os.environ)))
        joined = json.loads(one.run("", command=command))
        assert len(one.folder.ledgers()) == 1
        more = set(joined.pop("modules")) - set(without.pop("modules"))
        assert more <= {"__future__"}
        assert joined == without


# ---- what cannot join ----


def refusal(environment: dict[str, str], source: str = "", *flags: str) -> str:
    """What is said of a program that runs all the same."""
    program = [sys.executable, *flags, "-c", dedent(source) + "\nprint('ran')"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "ran\n"), done.stderr
    return re.sub(r"process \d+", "process N", done.stderr)


def test_a_folder_that_is_gone_or_of_no_use(tmp_path: Path) -> None:
    with experiment(delay="60s") as one:
        gone = one.environment | {"SPEEDBUMP_CONTROL": str(tmp_path / "gone")}
        assert refusal(gone) == ""
        assert refusal(gone | {"SPEEDBUMP_CONTROL": __file__}).startswith(NOT)
        page = Path(one.folder.path) / "page"
        content = page.read_bytes()
        for changed in (b"SPEEDBMP" + content[8:], content[:100], b""):
            page.write_bytes(changed)
            said = refusal(one.environment, ONE_CALL)
            assert said == (
                f"{NOT}{str(page)!r} is no control page that this build of pytest-speedbump knows; "
                "have all processes of an experiment use one installation\n"
            )
        page.unlink()
        assert refusal(one.environment, ONE_CALL) == "", "it is just being removed"


NOT = "pytest-speedbump: process N is not slowed: "


def test_a_fork_after_the_end_of_the_experiment() -> None:
    program = """
        import os, shutil
        def leaf(): pass
        shutil.rmtree(os.environ["SPEEDBUMP_CONTROL"])
        if not os.fork():
            leaf()
            os._exit(0)
        assert os.wait()[1] == 0
    """
    with experiment(delay="60s") as one:
        assert refusal(one.environment, program) == ""


def test_the_end_of_the_experiment_while_processes_start() -> None:
    program = "def leaf(): pass\nleaf()"
    for wait_s in (0.0, 0.02, 0.04, 0.06):
        with experiment(delay="0ns") as one:
            command = [sys.executable, "-c", program]
            started = [subprocess.Popen(command, env=one.environment, stderr=subprocess.PIPE) for _ in range(5)]
            time.sleep(wait_s)
        assert [(process.communicate()[1], process.returncode) for process in started] == [(b"", 0)] * 5
        assert not Path(one.folder.path).exists()


def test_limits_of_the_process() -> None:
    for limit, value, reason in [
        ("RLIMIT_NOFILE", 3, "Too many open files"),
        ("RLIMIT_FSIZE", 4096, "File too large"),
        ("RLIMIT_AS", 1 << 20, "MemoryError"),
    ]:
        program = f"""
            import os, resource
            def leaf(): pass
            resource.setrlimit(resource.{limit}, ({value}, {value}))
            if not os.fork():
                leaf()
                os._exit(0)
            assert os.wait()[1] == 0
        """
        with experiment(delay="60s") as one:
            assert refusal(one.environment, program) == f"{NOT}{reason}\n"


def test_nothing_is_said_into_a_file_of_the_program(tmp_path: Path) -> None:
    """Where standard error is closed, its number is free for others."""
    program = """
        import os, resource
        assert os.open("mine", os.O_WRONLY | os.O_CREAT) == 2
        resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))
        os.fork() or os._exit(0)
        os.wait()
    """
    with experiment() as one:
        closed = f"cd {tmp_path}; {shlex.join([sys.executable, '-c', dedent(program)])} 2>&-"
        one.run("", command=["sh", "-c", closed])
    assert (tmp_path / "mine").read_text() == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_of_somebody_else() -> None:
    become = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)"
    with experiment(delay="60s") as one:
        said = refusal(
            one.environment,
            f"{become}; import pytest_speedbump.runner.join as j; j.leave(); j.join({one.folder.path!r})",
        )
        assert said == f"{NOT}Permission denied\n"


FULL = """
import os, subprocess, sys
from experiments import experiment
from pytest_speedbump.slowing import folder
folder._MEMORY = sys.argv[1]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder._MEMORY], check=True)
with experiment(delay="60s") as one:
    with open(sys.argv[1] + "/ballast", "wb", buffering=0) as file:
        try:
            while True: file.write(bytes(4096))
        except OSError: pass
    program = "def leaf(): pass\\nleaf()\\nprint('ran')"
    print(subprocess.run([sys.executable, "-c", program], env=one.environment).returncode)
"""


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("no disk can be made here that is small: no right to mount one")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    said = refusal(
        environment,
        f"""
        import subprocess, sys
        command = ["unshare", "-m", sys.executable, "-c", {FULL!r}, {str(tmp_path)!r}]
        done = subprocess.run(command, stdout=-1, text=True)
        assert done.stdout == "ran\\n0\\n", done.stdout
    """,
    )
    assert said == f"{NOT}No space left on device\n"


def test_two_tools_in_the_way() -> None:
    """Another tool holds the ids, or the program asks for a bump of its own."""
    with experiment(delay="60s") as one:
        taken = """
            import sys, pytest_speedbump.runner.join as j
            j.leave()
            for tool in 3, 4: sys.monitoring.use_tool_id(tool, f"other {tool}")
            assert not j.join(sys.argv[1] if sys.argv[1:] else __import__("os").environ["SPEEDBUMP_CONTROL"])
            def leaf(): pass
            leaf()
        """
        assert refusal(one.environment, taken) == (
            f"{NOT}no free sys.monitoring tool id: 3 is held by 'other 3', 4 by 'other 4'; "
            "turn one of these tools off\n"
        )
        own = """
            import pytest_speedbump
            try:
                with pytest_speedbump.slow("x", delay="1us"): pass
            except RuntimeError as error:
                assert str(error) == (
                    "the experiment that this process has joined (SPEEDBUMP_CONTROL: by `pytest_speedbump run`, "
                    "SPEEDBUMP_TARGETS or --speedbump-children) is armed already; "
                    "an interpreter can run one bump at a time"
                ), error
            else:
                raise SystemExit(1)
        """
        assert refusal(one.environment, own) == ""
