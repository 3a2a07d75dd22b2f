"""Signals of a program under ``speedbump run``: nobody notices a process between it and who started it."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from supervised import COMMAND, supervised

RUN = [*COMMAND, "run", "--target=__main__.*", "--delay=0ns", "--json=out.json", "--"]

# Tells each signal that it gets, and ends when it is told to.
TELLER = """
    import os, signal, sys

    def tell(number, frame):
        print("got", number, flush=True)

    for number in signal.valid_signals() - {9, 19, signal.SIGCHLD, signal.SIGTSTP}:
        signal.signal(number, tell)
    print(os.getpid(), flush=True)
    sys.stdin.readline()
    sys.exit(7)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "teller.py").write_text(dedent(TELLER))
    return tmp_path


@contextlib.contextmanager
def running(folder: Path, program: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*RUN, *program], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def line(run: subprocess.Popen[str]) -> str:
    assert run.stdout is not None
    return run.stdout.readline().strip()


def tell(run: subprocess.Popen[str], text: str) -> None:
    assert run.stdin is not None
    run.stdin.write(text)
    run.stdin.flush()


HANDED_ON = [
    signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
    signal.SIGCONT, signal.SIGALRM, signal.SIGABRT, signal.SIGRTMIN + 3,
]  # fmt: skip


def test_what_processes_send_is_handed_on(folder: Path) -> None:
    with running(folder, ["teller.py"]) as run:
        pid = int(line(run))
        assert pid != run.pid
        for number in HANDED_ON:
            os.kill(run.pid, number)
            assert line(run) == f"got {int(number)}"
        tell(run, "\n")
        assert run.wait(60) == 7
        assert line(run) == ""


def test_what_the_program_sends_to_its_parent_does_not_come_back(folder: Path) -> None:
    code = """
import os, signal, time
signal.signal(10, lambda *_: print('back'))
os.kill(os.getppid(), 10)
time.sleep(0.2)
"""
    done = supervised(folder, ["--target=*", "--quiet"], ["-c", code])
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGQUIT, signal.SIGRTMIN + 1]
)
def test_a_program_that_a_signal_ends(folder: Path, number: int) -> None:
    """The caller sees the same; the report is there; and no core of ours, where the program left none."""
    code = f"import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.kill(os.getpid(), {int(number)})"
    script = 'ulimit -Sc unlimited; exec "$@"'
    # What runs in the background of a shell ignores some of these, and so would all that it starts.
    heeding = ["env", "--default-signal", "bash", "-c", script, "bash"]
    done = subprocess.run([*heeding, *RUN, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == -number
    assert "; ended by SIG" in done.stderr
    assert '"signal": "SIG' in (folder / "out.json").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["out.json", "teller.py"]


def test_what_is_ignored_stays_ignored(folder: Path) -> None:
    """As under nohup, and in the background of a shell without job control."""
    code = "import signal; print([signal.getsignal(n) is signal.SIG_IGN for n in (1, 2, 15)])"
    script = "trap '' HUP INT; exec \"$@\""
    done = subprocess.run(
        ["bash", "-c", script, "bash", *RUN, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[True, True, False]\n"
    script = "trap '' CHLD; exec \"$@\""
    done = subprocess.run(
        ["bash", "-c", script, "bash", *RUN, "-c", "exit(5)"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 5


def test_killed_for_good(folder: Path) -> None:
    """Nobody can hand SIGKILL on: the program goes on, and its folder is removed by whoever needs one next."""
    with running(
        folder, ["-c", "import os; print(os.environ['SPEEDBUMP_CONTROL'], flush=True); input(); print('on')"]
    ) as run:
        path = Path(line(run))
        os.kill(run.pid, signal.SIGKILL)
        run.wait(60)
        assert path.is_dir()
        tell(run, "\n")
        assert line(run) == "on"
    supervised(folder, ["--target=*", "--quiet"], ["-c", ""])
    assert not path.exists()


# The leader of a terminal's session, as a shell: starts a job in the foreground, and puts it back there once stopped.
SHELL = """
    import os, signal, subprocess, sys, time

    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = subprocess.Popen(sys.argv[1:], process_group=0, preexec_fn=lambda: os.tcsetpgrp(0, os.getpgrp()))
    while True:
        _, status = os.waitpid(job.pid, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpgrp())
        if not os.WIFSTOPPED(status):
            break
        print("stopped by", os.WSTOPSIG(status), flush=True)
        os.tcsetpgrp(0, job.pid)
        os.killpg(job.pid, signal.SIGCONT)
    print("code", os.waitstatus_to_exitcode(status), flush=True)
"""


class Terminal:
    """What a person types and reads, before a shell that runs one job."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.seen = ""
        pid, self._end = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.execv(sys.executable, [sys.executable, "-c", dedent(SHELL), *command])
        self._pid = pid

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def wait_for(self, text: str) -> None:
        give_up_at = time.monotonic() + 60
        while text not in self.seen:
            assert select.select([self._end], [], [], give_up_at - time.monotonic())[0], self.seen
            try:
                self.seen += os.read(self._end, 4096).decode()
            except OSError:  # All that had it open are gone.
                break
        assert text in self.seen, self.seen
        self.seen = self.seen.partition(text)[2]

    def close(self) -> None:
        os.close(self._end)
        os.waitpid(self._pid, 0)


@pytest.fixture
def terminal(folder: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    terminal = Terminal(folder, request.param)
    yield terminal
    terminal.close()


ONCE = """
import signal, sys
seen = 0
def tell(number, frame):
    global seen
    seen += 1
    print(f"{signal.Signals(number).name} {seen}.", flush=True)
signal.signal(signal.SIGINT, tell)
signal.signal(signal.SIGCONT, tell)
print("ready", sys.stdin.isatty(), flush=True)
for line in sys.stdin:
    print("read", line.strip(), flush=True)
    if "end" in line:
        sys.exit(9)
"""


@pytest.mark.parametrize("terminal", [[*RUN, "-uc", ONCE], [sys.executable, "-uc", ONCE]], indirect=True)
def test_a_terminal(terminal: Terminal) -> None:
    """Ctrl-C reaches the program once; with Ctrl-Z the job has stopped, and goes on in the foreground."""
    terminal.wait_for("ready True")
    terminal.type("\x03")
    terminal.wait_for("SIGINT 1.")
    terminal.type("\x1a")
    terminal.wait_for(f"stopped by {int(signal.SIGTSTP)}")
    terminal.wait_for("SIGCONT 2.")
    terminal.type("\x03")
    terminal.wait_for("SIGINT 3.")
    terminal.type("end\n")
    terminal.wait_for("read end")
    terminal.wait_for("code 9")


SLEEP = "import time; print('ready', flush=True); time.sleep(60)"


@pytest.mark.parametrize("terminal", [[*RUN, "-c", SLEEP], [sys.executable, "-c", SLEEP]], indirect=True)
def test_ctrl_c_ends_a_program(terminal: Terminal) -> None:
    """And the report comes all the same."""
    terminal.wait_for("ready")
    terminal.type("\x03")
    terminal.wait_for("KeyboardInterrupt")
    terminal.wait_for("code -2")


def test_a_stop_that_no_shell_sees(folder: Path) -> None:
    """Without a terminal the command goes on waiting, so that the program alone may be told to go on."""
    with running(folder, ["teller.py"]) as run:
        pid = int(line(run))
        os.kill(pid, signal.SIGSTOP)
        while "T (stopped)" not in Path(f"/proc/{pid}/status").read_text():
            time.sleep(0.01)
        os.kill(pid, signal.SIGCONT)
        assert line(run) == f"got {int(signal.SIGCONT)}"
        tell(run, "\n")
        assert run.wait(60) == 7


def test_a_signal_to_the_whole_group_costs_no_report(folder: Path) -> None:
    """It comes to the command as well, and may be seen there only after the program's death."""
    number = signal.SIGRTMIN + 1
    command = [*RUN, "-c", SLEEP]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as run:
        assert line(run) == "ready"
        os.killpg(run.pid, number)
        _, err = run.communicate(timeout=60)
    assert run.returncode == -number
    assert "; ended by SIGRTMIN+1" in err


def test_what_is_blocked_stays_blocked(folder: Path) -> None:
    """And one that is pending is the program's."""
    blocking = "import os, signal, sys; signal.pthread_sigmask(0, {2, 12}); os.kill(os.getpid(), 2); "
    blocking += "os.execv(sys.argv[1], sys.argv[1:])"
    code = "import signal; print(sorted(map(int, signal.pthread_sigmask(0, []))), int(signal.sigwait([2])))"
    command = [sys.executable, "-c", blocking, *RUN, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "[2, 12] 2\n")


def test_a_signal_that_comes_before_the_program(folder: Path) -> None:
    """It ends the command, which has taken it so far for somebody else's."""
    script = """
import os, signal
from pytest_speedbump.runner.launch import Launch
from pytest_speedbump.runner.supervisor import Supervisor
with Supervisor() as supervisor:
    os.kill(os.getpid(), signal.SIGTERM)
    supervisor.run(Launch.parse(["-c", "print('ran')"]), os.environ)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "", "")


def test_ctrl_c_before_there_is_a_program_ends_the_command_and_no_traceback_is_shown(folder: Path) -> None:
    script = """
import os, signal, sys
from pytest_speedbump.runner import command, run_command
run_command.run = lambda *_: os.kill(os.getpid(), signal.SIGINT)
sys.exit(command.main(["run", "--target=x", "--", "-c", "print('ran')"]))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
