"""One experiment at a time on a host: rounds that run beside other rounds measure these as well."""

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LIMIT_S", "BusyHostError", "Holder", "exclusive", "lock_path"]

LIMIT_S = 600.0  # how long one holder is waited for
POLL_S = 0.02  # A blocking flock could be given up only by a thread or a signal, and both disturb rounds.
# A holder writes its name down a moment after it has taken the lock. Until then its predecessor's may stand there.
SETTLED_S = 1.0


class BusyHostError(Exception):
    """The host could not be had alone; one sentence that names the holder of the lock, or the reason."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who measures, and since when by the monotonic clock, which all processes of a host share. In the lock file."""

    pid: int
    since_s: float

    def __str__(self) -> str:
        at = time.time() - (time.monotonic() - self.since_s)
        return f"process {self.pid} measures since {time.strftime('%H:%M:%S', time.localtime(at))}"

    def to_bytes(self) -> bytes:
        return f"{self.pid} {self.since_s!r}\n".encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Holder | None":
        """None where the file is empty, or holds something else."""
        try:
            pid, since_s = content.split()
            holder = cls(int(pid), float(since_s))
        except ValueError:
            return None
        return holder if 0 <= holder.since_s <= time.monotonic() else None


def lock_path() -> Path:
    """Of this user: a lock that others can hold would let them stop each other."""
    return Path(tempfile.gettempdir()) / f"pytest-speedbump-{os.getuid()}.lock"


@contextmanager
def exclusive(waiting: Callable[[str], object], limit_s: float = LIMIT_S) -> Iterator[None]:
    """Waits until no other process of this user measures; calls ``waiting`` first, with who does, if there is one.

    The lock goes with the process, however that ends.

    Raises:
        BusyHostError: one holder has measured for more than ``limit_s``, or there is nowhere to put a lock.
    """
    try:
        path = lock_path()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _no_lock(error) from None
    try:
        _take(descriptor, path, waiting, limit_s)
        try:
            _write(descriptor, Holder(os.getpid(), time.monotonic()).to_bytes())
            yield
        finally:
            _write(descriptor, b"")
            # A child that was forked meanwhile shares the lock, so that closing our descriptor would not release it.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, waiting: Callable[[str], object], limit_s: float) -> None:
    began_s = seen_s = time.monotonic()
    seen: Holder | None = None
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            pass
        except OSError as error:  # some file systems of networks have no locks
            raise _no_lock(error) from None
        now_s = time.monotonic()
        holder = Holder.from_bytes(os.pread(descriptor, 100, 0))
        if holder != seen:
            seen, seen_s = holder, now_s
        since_s = began_s if holder is None else holder.since_s
        name = "a process that has not said its name" if holder is None else str(holder)
        if now_s - since_s > limit_s and now_s - seen_s >= min(SETTLED_S, limit_s):
            raise BusyHostError(
                f"another run has had this host to itself for more than {limit_s:g} s: {name}; end it, or try again "
                f"when it is through (the lock is {str(path)!r})"
            )
        if not told and (holder is not None or now_s - began_s > SETTLED_S):
            told = True
            waiting(name)
        time.sleep(POLL_S)


def _no_lock(error: OSError) -> BusyHostError:
    return BusyHostError(
        f"no lock can be made, so other runs may be measuring on this host: {error}; set TMPDIR to a directory "
        "that you can write"
    )


def _write(descriptor: int, content: bytes) -> None:
    """The name of the holder is for people only, so a full disk is no reason not to measure."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, content, 0)
