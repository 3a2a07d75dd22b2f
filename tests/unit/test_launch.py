"""What is started for what stands after ``--``."""

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_speedbump.errors import InputError
from pytest_speedbump.runner.launch import Launch, own_flags

NAME = sys.orig_argv[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "bin")
    for name, mode in (("train.py", 0o755), ("script", 0o644), ("start.sh", 0o755), ("bin/tool", 0o755)):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.touch(mode)
    (tmp_path / "tool").mkdir()  # A folder of the name of a command is not what a shell means by it.
    return tmp_path


@pytest.mark.parametrize(
    ("words", "path", "argv"),
    [
        (["train.py", "--steps", "2"], sys.executable, [NAME, "-u", "train.py", "--steps", "2"]),
        (["-m", "mod", "-c"], sys.executable, [NAME, "-u", "-m", "mod", "-c"]),
        (["-X", "dev", "-c", "code"], sys.executable, [NAME, "-u", "-X", "dev", "-c", "code"]),
        (["-"], sys.executable, [NAME, "-u", "-"]),
        (["script"], sys.executable, [NAME, "-u", "script"]),
        (["./tool"], sys.executable, [NAME, "-u", "./tool"]),
        (["./start.sh", "-m"], "./start.sh", ["./start.sh", "-m"]),
        (["tool", "-x"], "bin/tool", ["tool", "-x"]),
    ],
)
def test_what_is_started(folder: Path, words: list[str], path: str, argv: list[str]) -> None:
    launch = Launch.parse(words, ["-u"])
    assert (launch.path, list(launch.argv)) == (path, argv)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "there is no program to run; write the program after --, as in"),
        ([""], "there is no program to run; "),
        (["nowhere.py"], "there is no script 'nowhere.py'; "),
        (["nowhere"], "there is no script or command 'nowhere'; "),
    ],
)
def test_what_is_refused(folder: Path, words: list[str], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        Launch.parse(words)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("words", "options", "script", "module"),
    [
        (["train.py", "-m", "mod"], ["u"], "train.py", None),
        (["-X", "dev", "-W", "error", "-Sq", "train.py"], ["u", "S", "q"], "train.py", None),
        (["-m", "mod", "-S"], ["u"], None, "mod"),
        (["-Bm", "mod", "-S"], ["u", "B"], None, "mod"),
        (["-XS", "-Werror", "-Bmmod", "-S"], ["u", "B"], None, "mod"),
        (["-uc", "code", "x.py"], ["u", "u"], None, None),
        (["--check-hash-based-pycs", "never", "train.py"], ["u"], "train.py", None),
        (["-"], ["u"], None, None),
        (["-c", "code", "x.py"], ["u"], None, None),
        (["./start.sh", "x.py"], [], None, None),
    ],
)
def test_what_is_known_of_it(
    folder: Path, words: list[str], options: list[str], script: str | None, module: str | None
) -> None:
    launch = Launch.parse(words, ["-u"])
    assert (list(launch.options), launch.script, launch.module) == (options, script, module)


@pytest.mark.parametrize(
    ("how", "flags"),
    [
        (["-m", "pytest_speedbump"], []),
        (["-X", "dev", "-u", "-Wignore", "-m", "pytest_speedbump"], ["-X", "dev", "-u", "-Wignore"]),
        (["-Bum", "pytest_speedbump"], ["-Bu"]),
        (["-u", "-mpytest_speedbump"], ["-u"]),
        (["-Bumpytest_speedbump"], ["-Bu"]),
        (["-W", "ignore", "speedbump"], ["-W", "ignore"]),
    ],
)
def test_options_of_this_interpreter(monkeypatch: pytest.MonkeyPatch, how: list[str], flags: list[str]) -> None:
    arguments = ["run", "--target", "-m", "--", "-m", "pytest_speedbump"]
    monkeypatch.setattr(sys, "orig_argv", ["python", *how, *arguments])
    assert own_flags(arguments) == flags


def test_options_where_nobody_typed_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-c", "main(['run'])"])
    assert own_flags(["run"]) == []


def test_orig_argv_is_what_was_typed() -> None:
    """What the two tests above stand in for."""
    code = "import sys; print(sys.orig_argv[1:])"
    done = subprocess.run([sys.executable, "-Bu", "-Wignore", "-c", code, "x"], capture_output=True, text=True)
    assert done.stdout == f"{['-Bu', '-Wignore', '-c', code, 'x']}\n"
