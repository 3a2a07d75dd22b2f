"""Who else is on the machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal, get_args

__all__ = ["CONDITIONS", "Condition", "beside", "how_many"]

Condition = Literal["quiet", "hog", "hogs"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)

# Nobody's child, since the tool takes children for a part of the program. It must not outlive who started it, however
# that ends: its standard input ends with it.
HOG = """
import os, select
if os.fork():
    os._exit(0)
print(os.getpid(), flush=True)
while not select.select([0], [], [], 0)[0]:
    for _ in range(1_000_000):
        pass
"""


def how_many(condition: Condition) -> int:
    """Nobody, one, or one more than there are processors, so that nobody has one to itself: three on two."""
    return {"quiet": 0, "hog": 1, "hogs": (os.cpu_count() or 1) + 1}[condition]


@contextmanager
def beside(condition: Condition) -> Iterator[list[int]]:
    """Processes that want a whole processor each, for as long as the block lasts; their ids."""
    with ExitStack() as stack:
        yield [stack.enter_context(_hog()) for _ in range(how_many(condition))]


@contextmanager
def _hog() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-S", "-c", HOG], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.stdout.read()  # until it has ended
