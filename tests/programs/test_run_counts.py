"""A program under ``speedbump run``: what is counted, what is said, and what is refused."""

import os
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest
from documents import errors
from supervised import COMMAND, plain, supervised

from pytest_speedbump.runner.command import main

ENGINE = """
    import sys

    def step():
        return log()

    def log():
        return 1

    def run(n):
        return sum(step() for _ in range(n))
"""

TRAIN = """
    import sys
    import engine

    print(engine.run(int(sys.argv[1])), flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("engine.py", ENGINE), ("train.py", TRAIN)):
        (tmp_path / name).write_text(dedent(text))
    return tmp_path


def test_counts(folder: Path) -> None:
    options = ["--target=engine.*", "--target=!engine.run", "--target=engine.stop", "--delay=100us", "--mode=nogil"]
    done = supervised(folder, options, ["train.py", "20"])
    assert (done.code, done.out) == (0, "20\n")
    written = done.document
    assert errors("result-1", written) == []
    assert (done.calls("engine.step"), done.calls("engine.log"), done.calls("engine.run")) == (20, 20, 0)
    (process,) = written["program"]["processes"]
    assert (process["calls"], process["lost"], process["running"]) == (done.document["targets"][0]["calls"], 0, False)
    first, second = written["targets"]
    assert (first["target"], second["target"], second["calls"]) == ("engine.*", "engine.stop", 0)
    assert second["hint"].startswith("engine.py defines no such function; there is engine.step")
    (step,) = (one for one in written["matched"] if one["name"] == "engine.step")
    assert (step["kind"], Path(step["file"]).name, step["line"]) == ("start", "engine.py", 4)
    assert step["requested_ns"] == pytest.approx(20 * 100e3)
    assert step["delivered_ns"] >= 0.99 * step["requested_ns"]
    assert (written["program"]["exit_code"], written["mode"], written["delay_ns"]) == (0, "nogil", 100e3)

    lines = done.err.splitlines()
    assert lines[0] == ""
    assert lines[1].strip("-") == " speedbump: train.py 20 "
    assert lines[2].split() == ["Target", "Calls", "Asked", "Delivered", "Late"]
    assert [line.split()[:3] for line in lines if "engine.step " in line] == [["engine.step", "20", "2ms"]]
    assert any(line.startswith("+100us nogil; 1 process; ") and line.endswith("; exit code 0") for line in lines)
    assert lines[-1].startswith("engine.stop never ran; ")


def test_every_nth_and_windows(folder: Path) -> None:
    done = supervised(folder, ["--target=engine.step", "--delay=10us", "--every=10"], ["train.py", "25"])
    (step,) = done.document["matched"]
    assert (step["calls"], step["requested_ns"]) == (25, pytest.approx(2 * 10e3))
    assert "+10us every 10th call; " in done.err

    done = supervised(folder, ["--target=engine.step", "--after=1h", "--for=2m"], ["train.py", "25"])
    (step,) = done.document["matched"]
    assert (step["calls"], step["requested_ns"]) == (25, 0)
    assert (done.document["after_ns"], done.document["for_ns"]) == (3600e9, 120e9)


CHILDREN = """
    import multiprocessing, os, subprocess, sys
    import engine

    def work(n):
        return engine.run(n)

    if __name__ == "__main__":
        engine.run(1)
        if os.fork() == 0:
            engine.run(2)
            os._exit(0)
        os.wait()
        subprocess.run([sys.executable, "-c", "import engine; engine.run(4)"], check=True)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            pool.map(work, [8])
            pool.close()
            pool.join()
        last = "import engine, os; engine.run(16); os.kill(os.getpid(), 9)"
        os.execv(sys.executable, [sys.executable, "-c", last])
"""


def test_children_count_too(folder: Path) -> None:
    (folder / "children.py").write_text(dedent(CHILDREN))
    done = supervised(folder, ["--target=engine.step", "--delay=1us"], ["children.py"])
    assert (done.code, done.document["program"]["signal"]) == (-9, "SIGKILL")
    assert done.calls("engine.step") == 31
    processes = done.document["program"]["processes"]
    assert sorted(one["calls"] for one in processes if one["calls"]) == [2, 4, 8, 17]  # the last has called exec
    assert done.document["matched"][0]["requested_ns"] == pytest.approx(31e3)
    assert "; ended by SIGKILL" in done.err


def test_commands(folder: Path) -> None:
    script = folder / "start.sh"
    script.write_text(f'#!/bin/sh\n"{sys.executable}" train.py $1 && exec "{sys.executable}" train.py 5\n')
    script.chmod(0o755)
    done = supervised(folder, ["--target=engine.step", "--delay=0ns"], ["./start.sh", "3"])
    assert (done.code, done.out, done.calls("engine.step")) == (0, "3\n5\n", 8)
    assert len(done.document["program"]["processes"]) == 2

    done = supervised(folder, ["--target=engine.step"], ["true"])
    assert done.document["program"]["processes"] == []
    assert "no process joined: true started no Python that has pytest-speedbump in its site-packages" in done.err

    done = supervised(folder, ["--target=engine.step"], ["-S", "train.py", "2"])
    assert (done.code, done.out) == (0, "2\n")
    assert "no process joined: -S keeps Python from reading site-packages" in done.err


def test_processes_that_outlive_the_program(folder: Path) -> None:
    """They are slowed no more: nobody could switch that off."""
    child = "import engine, sys, time; engine.run(1); print('up', flush=True); sys.stdin.read(); engine.run(5)"
    program = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {child!r}], stdin=0, stdout=subprocess.PIPE, stderr=2)
        child.stdout.readline()
    """
    (folder / "daemon.py").write_text(dedent(program))
    command = [*COMMAND, "run", "--target=engine.step", "--delay=20s", "--every=2", "--", "daemon.py"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdin is not None
        assert run.stderr is not None
        while "still running" not in (line := run.stderr.readline()):
            assert line, "nobody said it"
        assert line.endswith("1 process\n")
        assert run.wait(60) == 0
        started = time.monotonic()
        run.stdin.close()
        run.stderr.read()  # until the child has ended too
        assert time.monotonic() - started < 20


def test_the_document_cannot_be_written(folder: Path) -> None:
    done = plain(
        folder, ["-m", "pytest_speedbump", "run", "--target=engine.step", "--json=/dev/full", "--", "train.py", "2"]
    )
    assert (done.code, done.out) == (0, "2\n")
    assert "engine.step" in done.err
    assert done.err.splitlines()[-1] == "speedbump: --json: /dev/full was not written: No space left on device"


def test_quiet_and_standard_output(folder: Path) -> None:
    command = ["-m", "pytest_speedbump", "run", "--target=engine.step", "--quiet", "--json=-", "--", "train.py", "2"]
    done = plain(folder, command)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith('2\n{\n "schema": "pytest-speedbump/1"')


def test_nobody_reads_the_table(folder: Path) -> None:
    closed = 'exec 2>&-; exec "$@"'
    command = ["sh", "-c", closed, "sh", *COMMAND, "run", "--target=engine.step", "--", "train.py", "2"]
    assert subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout == "2\n"
    command[2] = 'exec "$@" 2>/dev/full'
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "2\n")


REFUSED = [
    ([], "nothing is named that is to be slowed; name it with --target"),
    (["--target=x", "--dely=2us", "--", "train.py"], "option --dely is unknown; did you mean --delay?"),
    (["--target=x", "--delay=2", "--", "train.py"], "--delay '2' has no unit"),
    (["--target=x", "--delay", "--", "train.py"], "--delay needs a value; "),
    (["--target=x", "--every=0", "--", "train.py"], "--every '0' is no number of calls"),
    (["--target=x[", "--", "train.py"], "target 'x['"),
    (["--target=x", "--mode=await", "--", "train.py"], "--mode 'await'"),
    (["--target=x", "--mode=foo", "--", "train.py"], "--mode 'foo' is unknown; write one of spin, nogil, sleep\n"),
    (["--target=x", "train.py"], "'train.py' is no option; write the program after --"),
    (["--target=x", "train.py", "--", "1"], "'train.py' stands before --, where only options may"),
    (["--target=x"], "there is no program to run; write the program after --"),
    (["--target=x", "--"], "there is no program to run; "),
    (["--target=x", "--", "trian.py"], "there is no script 'trian.py'"),
    (["--target=x", "--", "trian"], "there is no script or command 'trian'"),
    (["--target=x", "--json=nowhere/x.json", "--", "train.py"], "--json 'nowhere/x.json' cannot be written"),
    (["--target=x", "--json=train.py", "--", "train.py"], "--json 'train.py' is a Python file"),
    (["--target=@nowhere", "--", "train.py"], "target '@nowhere': there is no file"),
]


@pytest.mark.parametrize(("arguments", "sentence"), REFUSED)
def test_refusals(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(folder)
    assert main(["run", *arguments]) == 4
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.removeprefix("speedbump: ").startswith(sentence)


def test_where_no_process_could_join(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("site.getsitepackages", lambda: [str(folder)])
    assert main(["run", "--target=x", "--", "train.py"]) == 4
    assert "because there is no pytest_speedbump.pth in its site-packages; install" in capsys.readouterr().err


def test_a_program_that_cannot_be_started(folder: Path) -> None:
    (folder / "start").write_text("echo no interpreter is named\n")
    (folder / "start").chmod(0o755)
    done = supervised(folder, ["--target=x"], ["./start"])
    assert (done.code, done.out, done.document) == (4, "", None)
    assert done.err == "speedbump: './start' cannot be started: Exec format error; mend that\n"


def test_the_command_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 4
    assert "usage: speedbump COMMAND" in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "usage: speedbump COMMAND" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("speedbump 0.")
    assert main(["rnu", "x.py"]) == 4
    assert capsys.readouterr().err == "speedbump: command 'rnu' is unknown; did you mean run?\n"
    with pytest.raises(SystemExit) as left:
        main(["run", "--help"])
    assert left.value.code == 0
    assert "--every N" in capsys.readouterr().out
    script = subprocess.run([Path(sys.executable).with_name("speedbump"), "--version"], capture_output=True, text=True)
    module = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True)
    assert script.stdout == module.stdout != ""


def test_files_of_the_program_are_not_the_commands(folder: Path) -> None:
    """``python -m`` looks into the working directory first."""
    (folder / "json.py").write_text("raise SystemExit('imported')")
    (folder / "argparse.py").write_text("raise SystemExit('imported')")
    done = supervised(folder, ["--target=engine.step"], ["-P", "-c", "print(42)"])
    assert (done.code, done.out) == (0, "42\n")


def test_room_of_the_environment(folder: Path) -> None:
    """One variable more, and nothing is left of what it names."""
    code = "import os; print(os.environ['SPEEDBUMP_CONTROL'], sorted(os.environ))"
    done = supervised(folder, ["--target=engine.step"], ["-c", code])
    path, _, names = done.out.partition(" ")
    assert eval(names) == sorted({*os.environ, "SPEEDBUMP_CONTROL"})
    assert path.startswith("/")
    assert not Path(path).exists()


def test_what_a_program_does_to_its_folder_costs_no_more_than_counts(folder: Path) -> None:
    code = """
import os, shutil, sys, engine
engine.run(3)
path = os.environ["SPEEDBUMP_CONTROL"]
open(path + "/1-half.ledger", "w").close()
os.remove(path + "/page") if len(sys.argv) > 1 else shutil.rmtree(path)
os._exit(5)
"""
    done = supervised(folder, ["--target=engine.step"], ["-c", code, "x"])
    assert (done.code, done.calls("engine.step")) == (5, 3)
    done = supervised(folder, ["--target=engine.step"], ["-c", code])
    assert (done.code, done.document) == (5, None)
    assert done.err.endswith("called: the control folder was removed while the program ran\n")


def test_a_target_may_hold_what_it_likes(folder: Path) -> None:
    done = supervised(folder, ["--target=engine.s[\n\r\tt]ep"], ["train.py", "3"])
    assert (done.code, done.calls("engine.step")) == (0, 3)


def test_a_process_that_calls_exec_is_one(folder: Path) -> None:
    code = """
import os, sys, engine
engine.run(3)
if len(sys.argv) < 4:
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], "x"])
"""
    done = supervised(folder, ["--target=engine.step"], ["-c", code])
    assert (done.code, done.calls("engine.step")) == (0, 12)
    assert [one["calls"] for one in done.document["program"]["processes"]] == [12]
    assert "; 1 process; " in done.err


def test_no_room_for_the_counts(folder: Path) -> None:
    """A full /dev/shm, in a mount namespace of its own: the program runs, and is told why it is not slowed."""
    mount = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=$0 none /dev/shm && exec "$@"']
    if subprocess.run([*mount, "8k", "true"], capture_output=True).returncode:
        pytest.skip("this user may not make a mount namespace")
    command = [*COMMAND, "run", "--target=engine.step", "--", "train.py", "2"]
    done = subprocess.run([*mount, "8k", *command], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "2\n")
    assert " is not slowed: " in done.stderr
    assert "no process joined: its Python has said why" in done.stderr
    full = [*mount, "4k", "sh", "-c", 'head -c 4096 /dev/zero >/dev/shm/x; exec "$@"', "sh", *command]
    done = subprocess.run(full, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (4, "")
    said = "there is no place for the counts: No space left on device; free some room in /dev/shm, else in TMPDIR"
    assert done.stderr == f"speedbump: {said}\n"
