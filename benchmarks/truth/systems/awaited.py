"""A coroutine's work while another one awaits a backend."""

import asyncio
import os
import subprocess
import sys
from typing import ClassVar, Self

from benchmarks.truth.closed_forms import Form, Overlap
from benchmarks.truth.systems.system import System, median_ns
from benchmarks.truth.work import burn

__all__ = ["Awaited"]

# Another process, which takes 2 ms to answer a byte with a byte.
BACKEND = "import os, time\nwhile os.read(0, 1): time.sleep(0.002); os.write(1, b'!')"


class Awaited(System):
    """Work of 0.5 ms beside a backend that takes 2: ``Overlap``, as in the how-to on pipelines."""

    name = "hidden behind an awaited backend"
    slowed = "parse"
    doses: ClassVar[tuple[float, ...]] = (300_000.0,)
    HOST_NS = 500_000

    def __enter__(self) -> Self:
        command = [sys.executable, "-S", "-c", BACKEND]
        self._backend = self._stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
        assert self._backend.stdin is not None
        assert self._backend.stdout is not None
        self._stack.callback(self._backend.stdin.close)
        self._asks, self._answers = self._backend.stdin.fileno(), self._backend.stdout.fileno()
        self._runner = self._stack.enter_context(asyncio.Runner())
        return self

    def step(self) -> None:
        self._runner.run(self.page())

    async def page(self) -> None:
        await asyncio.gather(self.ask(), self.parse())

    async def ask(self) -> None:
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        loop.add_reader(self._answers, answered.set_result, None)
        os.write(self._asks, b"?")
        await answered
        loop.remove_reader(self._answers)
        os.read(self._answers, 1)

    async def parse(self) -> None:
        burn(self.HOST_NS)

    def calibrate(self) -> Form:
        return Overlap(host_ns=self.HOST_NS, device_ns=median_ns(self.step, 20))
