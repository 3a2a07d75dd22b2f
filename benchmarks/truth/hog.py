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

# It must not outlive who started it, however that ends.
HOG = """
import os
print(flush=True)
parent = os.getppid()
while os.getppid() == parent:
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
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(how_many(condition))]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()  # it has started
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()
