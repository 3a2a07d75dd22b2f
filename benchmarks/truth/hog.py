"""Who else is on the machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

__all__ = ["CONDITIONS", "Condition", "beside", "how_many"]

Condition = Literal["quiet", "hog", "hogs"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)

# It is no child of who started it, for what children do is a program's own; and it ends with its input, hence with who
# started it.
HOG = """
import os, select
if os.fork():
    os._exit(0)
print(flush=True)
while not select.select([0], [], [], 0)[0]:
    for _ in range(1_000_000):
        pass
"""


def how_many(condition: Condition) -> int:
    """Nobody, one, or one more than there are processors, so that nobody has one to itself: three on two."""
    return {"quiet": 0, "hog": 1, "hogs": (os.cpu_count() or 1) + 1}[condition]


@contextmanager
def beside(condition: Condition) -> Iterator[None]:
    """Processes that want a whole processor each, for as long as the block lasts."""
    command = [sys.executable, "-S", "-c", HOG]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(how_many(condition))
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()  # it has started
        yield
    finally:
        for process in processes:
            process.communicate()  # until it has ended
