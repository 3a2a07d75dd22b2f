"""Has a process that runs already join an experiment, and leave it again: by ``sys.remote_exec``, of CPython 3.14 on.

The process runs a few lines of ours between two of its own, in its main thread, as soon as that runs any Python. What
comes of them is told by a file in the control folder.
"""

import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest_speedbump
from pytest_speedbump.errors import InputError
from pytest_speedbump.slowing.folder import Folder

__all__ = ["Attachment", "check_process"]

PATIENCE_S = 5.0  # a thread that runs Python at all gets there in milliseconds
LOOK_S = 0.002

# Run in the namespace of the process's __main__, where it leaves no name.
_LINES = """\
import os, sys
try:
    sys.path.append({site!r})
    try:
        from pytest_speedbump.runner import join
    finally:
        sys.path.remove({site!r})
    said = join.{what} or ""
except Exception as error:
    said = f"{{type(error).__name__}}: {{error}}"
try:
    with open({answer!r} + "~", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(said)
    os.rename({answer!r} + "~", {answer!r})
except OSError:
    pass
"""


class Attachment:
    """While the block runs, the process ``pid`` is part of the experiment of ``folder``, with all its threads and with
    the children that it starts from now on. Afterwards it is as it was, but for our modules, which stay imported.

    Attributes:
        left: whether the control folder is not needed any more; False where the main thread is blocked, and will do
            what it was asked for as soon as it can.
    """

    def __init__(self, pid: int, folder: Folder) -> None:
        self.pid, self.left = pid, True
        self._folder, self._asked = folder, 0
        self._owner = Path(f"/proc/{pid}").stat()

    def __enter__(self) -> Self:
        if os.geteuid() == 0 and self._owner.st_uid != 0:
            self._hand_over()
        answer = self._ask(f"attach({self._folder.path!r})")
        if not self._wait(answer):
            self.left = False
            self._forget()
            raise InputError(
                f"process {self.pid} has not joined in {PATIENCE_S:.0f} s{self._blocked()}: it joins where its main "
                "thread next runs Python; try again when that is not blocked, or start it with `speedbump run`"
            )
        said = answer.read_text("utf-8", "surrogateescape")
        if said:
            raise InputError(f"process {self.pid} cannot join: {said}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._folder.page.pause()
        self._folder.page.select(0, 0)
        if self.is_alive():
            try:
                self.left = self._wait(self._ask(f"detach({self._folder.path!r})"))
            except InputError:
                self.left = not self.is_alive()

    def is_alive(self) -> bool:
        """Whether the process is there, and no zombie."""
        return is_alive(self.pid)

    def _ask(self, what: str) -> Path:
        """Returns where it is going to answer. Raises InputError where it cannot even be asked."""
        self._asked += 1
        script, answer = (Path(self._folder.path, f"{name}-{self._asked}") for name in ("ask", "answer"))
        site = str(Path(pytest_speedbump.__file__).parent.parent)
        lines = _LINES.format(site=site, what=what, answer=str(answer))
        script.write_text(f"exec({lines!r}, {{'__name__': 'pytest_speedbump.attached'}})\n", "utf-8", "surrogateescape")
        self._script = script
        _remote_exec(self.pid, str(script))
        return answer

    def _wait(self, answer: Path) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while not answer.exists():
            if not self.is_alive():
                raise InputError(f"process {self.pid} has ended before it could join")
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True

    def _forget(self) -> None:
        """What it was asked cannot be taken back, but it can come to nothing."""
        self._script.write_text("", "utf-8")

    def _hand_over(self) -> None:
        for path in (self._folder.path, *(entry.path for entry in os.scandir(self._folder.path))):
            os.chown(path, self._owner.st_uid, self._owner.st_gid)

    def _blocked(self) -> str:
        try:
            where = Path(f"/proc/{self.pid}/wchan").read_text(encoding="ascii").strip("0\n")
        except OSError:
            where = ""
        return f", and is blocked in the kernel's {where}" if where else ""


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def check_process(text: str) -> int:
    """The process that is to be attached to.

    Raises:
        InputError: no number, no such process, ours, or this Python cannot attach to any.
    """
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"PID {text!r} is no number of a process; write one, as `pgrep -f train.py` prints it")
    if not hasattr(sys, "remote_exec"):
        version = ".".join(map(str, sys.version_info[:3]))
        raise InputError(
            f"attach needs CPython 3.14 or later, here and in the process, and this is {version}; "
            "start the program with `speedbump run`, or with the variables SPEEDBUMP_*"
        )
    pid = int(text)
    if pid == os.getpid():
        raise InputError(f"process {pid} is this command itself; write the number of another one")
    if not is_alive(pid):
        raise InputError(f"there is no process {pid}; see `pgrep -a python` for those that there are")
    return pid


def _remote_exec(pid: int, script: str) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        sys.remote_exec(pid, script)  # type: ignore[attr-defined]  # of 3.14
    except PermissionError:
        raise InputError(
            f"process {pid} may not be attached to: it needs its user's rights and the kernel's leave to trace it "
            "(/proc/sys/kernel/yama/ptrace_scope); run this command as root, or with CAP_SYS_PTRACE"
        ) from None
    except (ProcessLookupError, FileNotFoundError):
        raise InputError(f"there is no process {pid} any more") from None
    except (RuntimeError, OSError) as error:
        raise InputError(
            f"process {pid} cannot be attached to ({error}): it must be a CPython {version}, as this is, and started "
            "neither with PYTHON_DISABLE_REMOTE_DEBUG nor with -X disable_remote_debug"
        ) from None
