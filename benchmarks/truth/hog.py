"""Who else is on the machine."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["hogs"]

# It must not outlive who started it, however that ends.
HOG = """
import os
print(flush=True)
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


@contextmanager
def hogs(count: int) -> Iterator[None]:
    """Processes that want a whole processor each, for as long as the block lasts."""
    processes = [subprocess.Popen([sys.executable, "-S", "-c", HOG], stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()  # it has started
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()
