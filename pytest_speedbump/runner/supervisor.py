"""One program, started and waited for so that neither it nor the caller notices a process between them.

The program is a child in the same process group, with the same files, limits, mask and dispositions of signals. Signals
that a process sends are handed on; those of a terminal reach the whole group by themselves. Where the program stops, so
does this process, and a caller sees it end as the program did.
"""

import contextlib
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from pytest_speedbump.errors import InputError
from pytest_speedbump.program import Ending
from pytest_speedbump.runner.launch import Launch

__all__ = ["Program", "Supervisor", "end_as"]

# Not taken: what nobody can take, what the kernel sends because of a fault of this process, and what a terminal sends
# to whoever of a background job touches it.
_LEFT = {
    *(signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP),
    *(signal.SIGSYS, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTTIN, signal.SIGTTOU),
}
# Python ignores these in itself, and what is ignored stays so in whatever is started.
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class Program:
    """The running child. Any thread may use it.

    Attributes:
        pid: of the process that was started; its own children have others.
        started_ns: of ``time.monotonic_ns``.
        is_stopped: whether it was told to end by :meth:`stop`.
    """

    def __init__(self, pid: int) -> None:
        self.pid, self.started_ns = pid, time.monotonic_ns()
        self.ending: Ending | None = None
        self.is_stopped = False
        self._ended = threading.Event()
        self._reaping = threading.Lock()  # A process that was waited for has left its number to others.

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether it has ended, be it within so many seconds."""
        return self._ended.wait(timeout_s)

    def send(self, number: int) -> None:
        """Sends it a signal, if it still runs."""
        with self._reaping:
            if not self._ended.is_set():
                os.kill(self.pid, number)

    def stop(self) -> None:
        """Sends it SIGTERM, and does not wait for what it makes of that."""
        self.is_stopped = not self._ended.is_set()
        self.send(signal.SIGTERM)

    def look(self) -> signal.Signals | None:
        """Takes note of its end; returns the signal that has stopped it just now."""
        with self._reaping:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return None
            if os.WIFSTOPPED(status):
                return signal.Signals(os.WSTOPSIG(status))
            seconds = (time.monotonic_ns() - self.started_ns) / 1e9
            if os.WIFSIGNALED(status):
                self.ending = Ending(None, os.WTERMSIG(status), seconds)
            else:
                self.ending = Ending(os.WEXITSTATUS(status), None, seconds)
            self._ended.set()
            return None


class Supervisor:
    """While the block runs, signals of this process wait: none ends it before the program has ended.

    It must be entered before other threads start.
    """

    def __init__(self) -> None:
        self._taken = signal.valid_signals() - _LEFT
        self._mask: set[int] = set()

    def __enter__(self) -> Self:
        if signal.getsignal(signal.SIGCHLD) != signal.SIG_DFL:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # Where it is ignored, nobody learns how a child has ended.
        self._mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, self._taken))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            # Ctrl-C has ended the program, and is not meant for what is still to be said.
            while signal.sigtimedwait(self._taken, 0) is not None:
                pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def run(
        self,
        launch: Launch,
        environment: Mapping[str, str],
        meanwhile: Callable[[Program], object] | None = None,
    ) -> Ending:
        """Starts it and waits for its end.

        Args:
            environment: all of it.
            meanwhile: runs in a thread beside the program, and returns soon after that has ended.

        Raises:
            InputError: it cannot be started.
            KeyboardInterrupt: a signal that ends processes has come before it was.
            Exception: whatever ``meanwhile`` has raised, once the program has ended.
        """
        self._interrupt()
        try:
            pid = os.posix_spawn(
                launch.path,
                launch.argv,
                environment,
                setsigmask=self._mask,
                setsigdef=_IGNORED_BY_PYTHON,
            )
        except OSError as error:
            raise InputError(f"{launch.words[0]!r} cannot be started: {error.strerror}; mend that") from None
        program = Program(pid)
        if meanwhile is None:
            self._attend(program)
        else:
            beside = _Beside(meanwhile, program)
            beside.start()
            self._attend(program)
            beside.finish()
        assert program.ending is not None
        return program.ending

    def _interrupt(self) -> None:
        """A signal has come in before there was a program that it could be meant for: it ends this process."""
        if (signal.sigpending() - self._mask) & {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}:
            raise KeyboardInterrupt

    def _attend(self, program: Program) -> None:
        while True:
            stopped_by = program.look()
            if program.ending is not None:
                return
            if stopped_by is not None and _is_job(stopped_by):
                self._stop(program, stopped_by)
                continue
            told = signal.sigwaitinfo(self._taken)
            # Positive codes are the kernel's: of a terminal, whose whole foreground group got the signal. What the
            # program sends to its parent must not come back to it.
            if told.si_signo != signal.SIGCHLD and told.si_code <= 0 and told.si_pid != program.pid:
                program.send(told.si_signo)

    def _stop(self, program: Program, by: signal.Signals) -> None:
        """Stops this process as the program was, so that its shell has a stopped job; returns once both go on."""
        # A terminal's is pending already, and two of a kind are one.
        os.kill(os.getpid(), by)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {by} & self._taken)
        signal.pthread_sigmask(signal.SIG_BLOCK, {by} & self._taken)
        signal.sigtimedwait({signal.SIGCONT}, 0)  # It was for both, unless the program is stopped still.
        with contextlib.suppress(ChildProcessError):  # It has ended meanwhile, and waits for us to look.
            if os.waitid(os.P_PID, program.pid, os.WCONTINUED | os.WNOHANG) is None:
                program.send(signal.SIGCONT)


def _is_job(stopped_by: signal.Signals) -> bool:
    """Whether a shell is to see that the program has stopped, and lets both go on again.

    Without a terminal nobody would, where the program alone is told to.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return stopped_by != signal.SIGSTOP or os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


class _Beside(threading.Thread):
    """What runs beside the program, and what it has raised."""

    def __init__(self, work: Callable[[Program], object], program: Program) -> None:
        super().__init__(daemon=True)
        self._work, self._program = work, program
        self._raised: BaseException | None = None

    def run(self) -> None:
        try:
            self._work(self._program)
        except BaseException as error:
            self._raised = error

    def finish(self) -> None:
        self.join()
        if self._raised is not None:
            raise self._raised


def end_as(ending: Ending) -> int:
    """Ends this process by the signal that has ended the program, without a core dump; else returns its exit code."""
    if ending.signal is None:
        return ending.exit_code or 0
    # A limit of one byte is what also keeps the kernel from calling a program that collects core dumps.
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (1 if hard == resource.RLIM_INFINITY else min(1, hard), hard))
    if ending.signal != signal.SIGKILL:
        signal.signal(ending.signal, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {ending.signal})
    os.kill(os.getpid(), ending.signal)
    return 128 + ending.signal  # As shells tell it: the first process of a container outlives its own signals.
