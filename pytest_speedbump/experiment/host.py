"""One experiment at a time on a host: rounds that run beside other rounds measure these."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["exclusive"]


@contextmanager
def exclusive(waiting: Callable[[], object]) -> Iterator[None]:
    """Waits, after a call of ``waiting``, until no other process of this user measures.

    The lock goes with the process, however that ends.
    """
    path = Path(tempfile.gettempdir()) / f"pytest-speedbump-{os.getuid()}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing would not do: a forked child shares the lock
        os.close(descriptor)
