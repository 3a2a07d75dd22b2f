"""One experiment at a time on a host: who is waited for, for how long, and what a lock file may hold."""

import errno
import fcntl
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.experiment import host
from pytest_speedbump.experiment.host import BusyHostError, Holder, exclusive, lock_path


@pytest.fixture(autouse=True)
def _own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(host, "SETTLED_S", 0.05)


def never(holder: str) -> None:
    pytest.fail(f"nobody is waited for, not even {holder}")


@contextmanager
def held(content: bytes) -> Iterator[None]:
    """The lock is taken, by a process that wrote ``content``."""
    with lock_path().open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(content)
        file.flush()
        yield


def test_the_lock_names_its_holder_while_it_is_held() -> None:
    with exclusive(never):
        holder = Holder.from_bytes(lock_path().read_bytes())
        assert holder is not None
        assert holder.pid == os.getpid()
        assert 0 <= time.monotonic() - holder.since_s < 60
    assert lock_path().read_bytes() == b""
    with exclusive(never):
        pass


def test_what_a_killed_holder_left_stops_nobody() -> None:
    lock_path().write_bytes(Holder(1, 0.0).to_bytes())
    with exclusive(never, limit_s=0.01):
        pass


def test_the_holder_is_named_once_and_waited_for() -> None:
    told: list[str] = []
    ended = threading.Event()

    def other() -> None:
        with exclusive(never):
            taken.set()
            ended.wait(60)

    taken = threading.Event()
    thread = threading.Thread(target=other)
    thread.start()
    assert taken.wait(60)

    def waiting(holder: str) -> None:
        told.append(holder)
        threading.Timer(0.2, ended.set).start()

    with exclusive(waiting):
        assert ended.is_set()
    thread.join(60)
    assert len(told) == 1
    assert re.fullmatch(rf"process {os.getpid()} measures since \d\d:\d\d:\d\d", told[0])


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (Holder(4711, 1.0).to_bytes(), r"process 4711 measures since [\d:]+"),
        (b"", "a process that has not said its name"),
        (b"\xff 0 nonsense", "a process that has not said its name"),
        (b"1 1e300", "a process that has not said its name"),
        (b"1 nan", "a process that has not said its name"),
    ],
)
def test_a_holder_that_never_ends_is_given_up(content: bytes, name: str) -> None:
    told: list[str] = []
    with held(content), pytest.raises(BusyHostError) as refused, exclusive(told.append, limit_s=0.2):
        pass
    sentence = rf"another run has had this host to itself for more than 0\.2 s: {name}; end it, or try again when .*"
    assert re.fullmatch(sentence, str(refused.value))
    assert len(told) == 1
    with exclusive(never):
        pass


def test_a_holder_of_long_ago_is_given_up_at_once() -> None:
    """Else each of many tests would wait for it anew."""
    began = time.monotonic()
    with held(Holder(1, 0.0).to_bytes()), pytest.raises(BusyHostError), exclusive(lambda _: None, limit_s=began / 2):
        pass


def test_a_holder_who_wrote_nothing_yet_is_not_blamed_for_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is taken first, and signed then. The old signature must not count in between."""
    monkeypatch.setattr(host, "SETTLED_S", 60.0)
    old = Holder(1, 0.0).to_bytes()
    with lock_path().open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(old)
        file.flush()
        threading.Timer(0.2, lambda: fcntl.flock(file, fcntl.LOCK_UN)).start()
        with exclusive(lambda _: None, limit_s=min(0.1 + time.monotonic() / 2, 600.0)):
            pass


def test_no_place_for_a_lock(tmp_path: Path) -> None:
    lock_path().mkdir()
    with (
        pytest.raises(BusyHostError, match=r"no lock can be made, .*Is a directory.*; set TMPDIR"),
        exclusive(never),
    ):
        pass


def test_a_file_system_without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(BusyHostError, match=r"no lock can be made, .*No locks available.*; set TMPDIR"):
        exclusive(never).__enter__()


@given(st.integers(1, 1 << 22), st.floats(0, 1))
def test_holders_are_read_as_written(pid: int, share: float) -> None:
    holder = Holder(pid, share * time.monotonic())
    assert Holder.from_bytes(holder.to_bytes()) == holder


@given(st.binary(max_size=100))
def test_any_lock_file_can_be_read(content: bytes) -> None:
    holder = Holder.from_bytes(content)
    assert holder is None or str(holder)
