"""pytest in processes of their own, without the time that it takes to start: forks of one that has imported pytest.

No plugin is imported there, ours least of all, and nothing was ever armed. ``python forks.py`` is that process: it
reads requests, a line of JSON each, and answers with exit statuses.
"""

import contextlib
import gc
import io
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

__all__ = ["Forks"]


class Forks:
    """The requesting end. A context manager: the process lives as long as its ``with``."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def run(self, scratch: Path, *arguments: str, timeout: float = 120) -> pytest.RunResult:
        """``python -m pytest *arguments``, in the folder and environment of this moment.

        What it printed lies in the folder ``scratch``; ``timeout`` is in seconds.

        Raises:
            subprocess.TimeoutExpired: it was ended by then.
        """
        if self._server is None:
            command = [sys.executable, __file__]
            self._server = subprocess.Popen(
                command, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
            )
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        streams = scratch / ".stdout", scratch / ".stderr"  # by names that no test means
        request = {"arguments": arguments, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        started = time.monotonic()
        print(json.dumps(request | {"streams": list(map(str, streams))}), file=self._server.stdin, flush=True)
        if not select.select([self._server.stdout], [], [], timeout)[0]:
            self._end(signal.SIGKILL)
            raise subprocess.TimeoutExpired(["pytest", *arguments], timeout)
        answer = self._server.stdout.readline()
        assert answer, "the process that forks is gone"
        out, err = (stream.read_text(encoding="utf-8") for stream in streams)
        sys.stdout.write(out)  # so that pytest shows it where the test fails
        sys.stderr.write(err)
        return pytest.RunResult(int(answer), out.splitlines(), err.splitlines(), time.monotonic() - started)

    def _end(self, how: signal.Signals) -> None:
        if self._server is not None:
            os.killpg(self._server.pid, how)
            self._server.communicate()
            self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end(signal.SIGTERM)


def serve() -> None:
    """Returns in each fork, which then is a process that is about to run pytest."""
    with contextlib.redirect_stdout(io.StringIO()):
        pytest.main(["--version"])  # imports what every run imports
    gc.freeze()  # so that a collection in a fork does not copy every page of this one
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            become(**request)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    sys.exit()


def become(arguments: list[str], folder: str, environment: dict[str, str], streams: list[str]) -> None:
    for descriptor, path in enumerate((os.devnull, *streams)):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if descriptor else os.O_RDONLY
        os.dup2(os.open(path, flags, 0o600), descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # What an interpreter reads but once.
    tempfile.tempdir = None
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))
    sys.path[0] = folder
    sys.argv = ["pytest", *arguments]


if __name__ == "__main__":
    serve()
    runpy.run_module("pytest", run_name="__main__", alter_sys=True)
