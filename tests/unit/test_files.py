"""Outputs: regular files are replaced as a whole, everything else is written to and stays what it is."""

import os
import pty
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_speedbump import files
from pytest_speedbump.errors import InputError
from pytest_speedbump.files import STDOUT, find_file, parse_output, show, write_json, write_text


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_regular_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    path.chmod(0o640)
    with path.open() as reader:
        write_json(path, {"name": "wörk"})
        assert reader.read() == "old", "whoever reads the old file has all of it"
    assert path.read_text(encoding="utf-8") == '{\n "name": "wörk"\n}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == {"out.json"}


def test_a_new_file_has_the_mode_that_any_new_file_has(tmp_path: Path) -> None:
    write_text(tmp_path / "new", "text")
    (tmp_path / "other").touch()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    path = parse_output("n" * 255, "--output", tmp_path)
    write_text(path, "text")
    assert path.read_text() == "text"


@pytest.mark.parametrize("exists", [True, False], ids=["to a file", "to nothing"])
def test_through_links_their_target_is_replaced(tmp_path: Path, exists: bool) -> None:
    (tmp_path / "far").mkdir()
    target = tmp_path / "far" / "target"
    if exists:
        target.write_text("old")
    (tmp_path / "link").symlink_to("second")
    (tmp_path / "second").symlink_to("far/target")
    write_text(parse_output("link", "--output", tmp_path), "new")
    assert (tmp_path / "link").readlink() == Path("second")
    assert (tmp_path / "second").readlink() == Path("far/target")
    assert target.read_text() == "new"
    assert names(target.parent) == {"target"}


def test_a_named_pipe_is_written_to_and_never_opened_before(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert parse_output("fifo", "--output", tmp_path) == fifo  # to open it would block: nobody reads it yet
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(fifo.read_text()))
    reader.start()
    text = "x" * 1_000_000  # more than a pipe holds
    write_text(fifo, text)
    reader.join(60)
    assert received == [text]
    assert fifo.is_fifo()


def test_a_named_pipe_that_nobody_reads_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "READER_S", 0.05)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match=r"nobody read from it for 0\.05 s"):
        write_text(tmp_path / "fifo", "text")


def test_a_terminal_is_written_to(tmp_path: Path) -> None:
    ours, terminal = pty.openpty()
    path = Path(os.ttyname(terminal))
    (tmp_path / "link").symlink_to(path)
    write_text(parse_output("link", "--output", tmp_path), "a line\n")
    assert os.read(ours, 100) == b"a line\r\n"
    assert path.is_char_device()
    assert (tmp_path / "link").is_symlink()
    os.close(ours)
    os.close(terminal)


def test_a_file_without_a_name_is_written_to(tmp_path: Path) -> None:
    with (tmp_path / "gone").open("w+") as gone:
        gone.write("longer than the new text")
        gone.flush()
        (tmp_path / "gone").unlink()
        write_text(Path(f"/proc/self/fd/{gone.fileno()}"), "new")
        gone.seek(0)
        assert gone.read() == "new"
    assert names(tmp_path) == set()


STREAMS = """
import sys
from pathlib import Path
from pytest_speedbump.files import parse_output, write_text

print("before")
for name in ("-", "stdout", "/proc/self/fd/1", *sys.argv[1:]):
    write_text(parse_output(name, "--output", Path()), f"{name}\\n")
print("after")
"""


@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_standard_output_by_any_name_keeps_its_order(tmp_path: Path, kind: str) -> None:
    """To replace the file that it goes to would lose all that follows."""
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as in /dev, which is not for tests
    out = tmp_path / "out"
    with out.open("w") as file:
        own = [str(out)] if kind == "file" else []
        stdout = file if kind == "file" else subprocess.PIPE
        done = subprocess.run([sys.executable, "-c", STREAMS, *own], stdout=stdout, cwd=tmp_path, check=True, text=True)
    printed = out.read_text() if kind == "file" else done.stdout
    assert printed.split() == ["before", "-", "stdout", "/proc/self/fd/1", *own, "after"]
    assert names(tmp_path) == {"out", "stdout"}, "no file is called -"
    assert (tmp_path / "stdout").is_symlink()


def test_standard_output_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OSError, match="standard output is closed"):
        write_text(STDOUT, "text")


def test_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (show(STDOUT), show(Path.cwd() / "out.json")) == ("standard output", "out.json")
    assert show(Path("/dev/full")) == "/dev/full"
    assert find_file(STDOUT) is None
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    (tmp_path / "cwd").rmdir()
    assert show(Path("/out.json")) == "/out.json"


@pytest.mark.parametrize(("where", "step"), [(os, "fsync"), (Path, "chmod"), (Path, "replace")])
def test_a_write_that_fails_half_way_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, step: str
) -> None:
    path = tmp_path / "out"
    path.write_text("old")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(where, step, full)
    with pytest.raises(OSError, match="No space left on device"):
        write_text(path, "new")
    assert (path.read_text(), names(tmp_path)) == ("old", {"out"})


def a_loop(folder: Path) -> None:
    (folder / "it").symlink_to("it")


def a_socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(folder / "it"))


def a_folder(folder: Path) -> None:
    (folder / "it").mkdir()


def a_link_to_nowhere(folder: Path) -> None:
    (folder / "it").symlink_to("missing/it")


@pytest.mark.parametrize(
    ("make", "value", "sentence"),
    [
        (a_loop, "it", "--output 'it' cannot be written: Too many levels of symbolic links; name a file in"),
        (a_socket, "it", "--output 'it' cannot be written: it is a socket; name a file in"),
        (a_folder, "it", "--output 'it' is a directory; name a file, as in --output=PATH"),
        (a_folder, "new/", "--output 'new/' is a directory; name a file, as in --output=PATH"),
        (a_folder, "", "--output '' names no file; write --output=PATH"),
        (a_folder, "a\0b", "--output 'a\\x00b' names no file; write --output=PATH"),
        (a_folder, "tests.py", "--output 'tests.py' is a Python file and would be overwritten; write --output=PATH"),
        (a_folder, "missing/out", "--output 'missing/out' cannot be written: make the directory '{folder}/missing' f"),
        (a_link_to_nowhere, "it", "--output 'it' cannot be written: make the directory '{folder}/missing' first"),
        (a_folder, "n" * 256, f"--output '{'n' * 256}' cannot be written: File name too long; name a file in"),
    ],
)
def test_bad_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], value: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    make(tmp_path)
    before = names(tmp_path)
    with pytest.raises(InputError) as refused:
        parse_output(value, "--output", tmp_path)
    assert str(refused.value).startswith(sentence.format(folder=tmp_path))
    assert names(tmp_path) == before
