"""Documents on their way out. A regular file is replaced as a whole; a pipe, a terminal or a device is written to."""

import errno
import json
import os
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, TextIO

from pytest_speedbump.errors import InputError

__all__ = [
    "STDOUT",
    "append_text",
    "find_file",
    "find_stream",
    "parse_output",
    "show",
    "why_unwritten",
    "write_json",
    "write_text",
]

STDOUT = Path("-")
READER_S = 10.0  # how long to wait for a reader of a named pipe


def parse_output(value: object, name: str, base: Path) -> Path:
    """The path that a user gave for a document, from ``base``; :data:`STDOUT` for ``-``.

    Nothing is opened that somebody else may read, and nothing is left behind.

    Raises:
        InputError: it is empty, a directory or a Python file, or it cannot be written; ``name`` is what the sentence
            calls it.
    """
    text = str(value)
    if text == str(STDOUT):
        return STDOUT
    example = f"{name.removeprefix('ini key ')}=PATH"
    if not text or "\0" in text:
        raise InputError(f"{name} {text!r} names no file; write {example}")
    path = base / text
    try:
        if path.is_dir() or text.endswith("/"):
            raise InputError(f"{name} {text!r} is a directory; name a file, as in {example}")
        if path.suffix == ".py":
            raise InputError(f"{name} {text!r} is a Python file and would be overwritten; write {example}")
        file = find_file(path)
        if file is None:
            _check_special(path)
        elif not file.parent.is_dir():
            raise InputError(f"{name} {text!r} cannot be written: make the directory {str(file.parent)!r} first")
        else:
            # Permissions and kinds of file systems are many: only a file that was made tells whether one can be.
            with tempfile.NamedTemporaryFile(dir=file.parent):
                pass
    except OSError as error:
        raise InputError(
            f"{name} {text!r} cannot be written: {error.strerror}; name a file in a directory that you can write"
        ) from None
    return path


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes ``content`` as :func:`write_text` does. Raises OSError."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes ``text`` in UTF-8.

    A regular file, or one that does not exist yet, holds the old text or the new one, whatever happens, and a symbolic
    link to it stays. Everything else is written to in place.

    Raises:
        OSError: a full disk, a lost permission, a pipe that nobody reads. A regular file is as it was.
        UnicodeEncodeError: ``text`` has no UTF-8, as the name of a file that is none. Nothing was written.
    """
    data = text.encode("utf-8")
    stream = find_stream(path)
    if stream is not None:
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()
        return
    file = find_file(path)
    if file is not None:
        _replace(file, data)
    else:
        _write_in_place(path, data)


def append_text(path: Path, text: str) -> None:
    """Writes ``text`` in UTF-8 behind what ``path`` holds, which is made where there is nothing.

    Raises:
        OSError: a full disk, a missing folder, a pipe that nobody reads.
    """
    regular = find_file(path) is not None
    with path.open("ab") if regular else os.fdopen(_open_for_appending(path), "ab") as stream:
        stream.write(text.encode("utf-8"))


def find_file(path: Path) -> Path | None:
    """The regular file that ``path`` leads to, or would create; None where ``path`` leads to anything else.

    Raises:
        OSError: a circle of links, or a directory on the way that cannot be searched.
    """
    if find_stream(path) is not None:
        return None
    try:
        status = path.stat()
    except FileNotFoundError:
        return path.resolve()
    if not stat.S_ISREG(status.st_mode):
        return None
    file = path.resolve()
    # Through a descriptor under /proc ``path`` may lead to a file whose name was removed, and ``file`` is no file then.
    return file if file.exists() and os.path.samestat(file.stat(), status) else None


def find_stream(path: Path) -> TextIO | None:
    """The standard stream that ``path`` leads to, by whatever name; None where it leads elsewhere.

    To replace the file that standard output goes to would send all that follows to a file without a name.

    Raises:
        OSError: it is standard output, which is closed.
    """
    if path == STDOUT:
        if sys.stdout is None:
            raise OSError(errno.EBADF, "standard output is closed")
        return sys.stdout
    for descriptor, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            if stream is not None and os.path.samestat(path.stat(), os.fstat(descriptor)):
                return stream
        except OSError:
            continue
    return None


def show(path: Path) -> str:
    """``path`` as reports name it: from the working directory, or from the root where that is shorter."""
    if path == STDOUT:
        return "standard output"
    try:
        return min(os.path.relpath(path), str(path), key=len)
    except (FileNotFoundError, ValueError):  # The working directory was removed, or is on another drive.
        return str(path)


def why_unwritten(error: OSError | UnicodeEncodeError) -> object:
    """What :func:`write_text` raised, as a sentence ends with it."""
    return (isinstance(error, OSError) and error.strerror) or error


def _check_special(path: Path) -> None:
    """Raises OSError where it is known already that ``path``, no regular file, cannot be written to."""
    if find_stream(path) is not None:
        return
    if stat.S_ISSOCK(path.stat().st_mode):
        raise OSError(errno.ENXIO, "it is a socket")
    if not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))


def _replace(file: Path, data: bytes) -> None:
    temporary = file.with_name(f".speedbump-{os.urandom(6).hex()}.tmp")
    try:
        with temporary.open("xb") as stream:
            if file.exists():
                temporary.chmod(stat.S_IMODE(file.stat().st_mode))
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write_in_place(path: Path, data: bytes) -> None:
    with open(_open_for_writing(path), "wb") as stream:
        stream.write(data)


def _open_for_appending(path: Path) -> int:
    """A descriptor. Whoever reads from a pipe is there already."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return descriptor


def _open_for_writing(path: Path) -> int:
    """A descriptor. Opening a named pipe would wait for a reader for ever, so the wait ends after :data:`READER_S`."""
    give_up_at = time.monotonic() + READER_S
    while True:
        try:
            flags = os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            descriptor = os.open(path, flags)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() > give_up_at:
                raise OSError(errno.ENXIO, f"nobody read from it for {READER_S:g} s") from None
            time.sleep(0.02)
        else:
            os.set_blocking(descriptor, True)
            return descriptor
