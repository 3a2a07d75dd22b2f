"""A program under ``speedbump run`` does what it does without: what it prints, sees and ends with."""

import json
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from supervised import COMMAND, Done, plain, supervised

# All that it matches is counted, and nothing of ours is printed.
ALL = ["--target=*", "--delay=0ns", "--quiet"]

# What a program can see of how it was started.
SEEN = """
    import json, os, resource, signal, sys, warnings

    def descriptors():
        for name in sorted(os.listdir("/proc/self/fd"), key=int):
            try:
                yield name, os.readlink(f"/proc/self/fd/{name}").partition(":")[0]
            except OSError:
                pass  # of the folder that is listed

    def status(name):
        with open("/proc/self/status") as file:
            return next(line.split()[1] for line in file if line.startswith(name))

    seen = {
        "argv": sys.argv, "orig_argv": sys.orig_argv, "path": sys.path, "flags": str(sys.flags),
        "xoptions": sys._xoptions, "warnoptions": sys.warnoptions, "executable": sys.executable,
        "name": __name__, "spec": str(__spec__).partition(" at ")[0], "file": globals().get("__file__"),
        "main": sorted(vars(sys.modules["__main__"])), "cwd": os.getcwd(), "umask": os.umask(0o22),
        "environment": {k: v for k, v in os.environ.items() if k != "SPEEDBUMP_CONTROL"},
        "limits": [resource.getrlimit(n) for n in range(16)], "nice": os.nice(0),
        "mask": status("SigBlk"), "ignored": hex(int(status("SigIgn"), 16) & ~0x180000000),
        "handlers": {int(n): str(signal.getsignal(n)).partition(" at ")[0] for n in signal.valid_signals()},
        "tty": [os.isatty(n) for n in range(3)], "stdin": sys.stdin.read(), "files": list(descriptors()),
        "affinity": sorted(os.sched_getaffinity(0)), "in_its_group": os.getpgid(os.getppid()) == os.getpgrp(),
        "trace": [str(sys.gettrace()), str(sys.getprofile())], "threads": len(os.listdir("/proc/self/task")),
    }
    print(json.dumps(seen))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seen.py").write_text(dedent(SEEN))
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/__init__.py").touch()
    (tmp_path / "pkg/__main__.py").write_text(dedent(SEEN))
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "program"),
    [
        ((), ("seen.py", "-x", "", "ä")),
        (("-X", "dev", "-Wignore", "-uBb"), ("-m", "pkg", "--", "-m")),
        (("-OO", "-P", "-X", "frozen_modules=off"), ("-c", dedent(SEEN), "x")),
        ((), ("-I", "./pkg", "x")),
    ],
    ids=["script", "module", "code", "folder"],
)
def test_what_a_program_sees(folder: Path, flags: tuple[str, ...], program: tuple[str, ...]) -> None:
    def see(done: Done) -> Any:
        assert (done.code, done.err) == (0, "")
        return json.loads(done.out)

    environment = {"PYTHONWARNINGS": "default::ImportWarning"}
    without = see(plain(folder, program, stdin="typed", environment=environment, flags=flags))
    seen = see(supervised(folder, ALL, program, stdin="typed", environment=environment, flags=flags))
    assert seen == without
    assert seen["stdin"] == "typed"


ENDINGS = {
    "traceback": "def f():\n    1 / 0\n\nf()\n",
    "syntax": "def f(:\n",
    "text": "import sys\nprint(1)\nsys.exit('a text')\n",
    "code": "raise SystemExit(77)\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "atexit": "import atexit, threading\natexit.register(print, 'bye')\n"
    "threading.Timer(0.05, print, ['later']).start()\nprint('end')\n",
    "thread": "import threading\nthreading.Thread(target=lambda: 1 / 0, name='t').start()\n",
    "warning": "import warnings\nwarnings.warn('look')\nprint(undefined)\n",
    "aborted": "import os\nos.abort()\n",
    "recursion": "def f():\n    f()\n\nf()\n",
    "async": "import asyncio\nasync def f():\n    raise ValueError('x')\nasyncio.run(f())\n",
    "group": "raise ExceptionGroup('g', [ValueError('a'), TypeError('b')])\n",
    "os_exit": "import os\nprint('lost?', flush=True)\nos._exit(3)\n",
}


@pytest.mark.parametrize("name", ENDINGS)
def test_how_a_program_ends(folder: Path, name: str) -> None:
    (folder / "it.py").write_text(ENDINGS[name])
    without, done = plain(folder, ["it.py"]), supervised(folder, ALL, ["it.py"])
    assert (done.code, done.out, done.err) == (without.code, without.out, without.err)
    assert (without.code, without.err) != (0, "") or name == "atexit"


def test_a_program_that_is_read_from_standard_input(folder: Path) -> None:
    source = "import sys\nprint(sys.argv)\ndef f():\n    raise ValueError\nf()\n"
    without, done = (plain(folder, ["-", "x"], stdin=source), supervised(folder, ALL, ["-", "x"], stdin=source))
    assert (done.code, done.out, done.err) == (without.code, without.out, without.err)
    assert done.out == "['-', 'x']\n"


def test_a_reader_that_goes(folder: Path) -> None:
    """As with ``| head``: also of a command that dies of SIGPIPE, which Python itself ignores."""
    script = "exec 3>&1; { %s; echo $? >&3; } 2>/dev/null | head -1 >/dev/null"
    run = " ".join([*COMMAND, "run", *(f"'{option}'" for option in ALL), "--"])
    loop = '"import sys\nwhile True: print(1)"'
    for with_it, without in ((f"{run} yes", "yes"), (f"{run} -c {loop}", f"{sys.executable} -c {loop}")):
        codes = [
            subprocess.run(["bash", "-c", script % one], cwd=folder, capture_output=True, text=True, timeout=60).stdout
            for one in (with_it, without)
        ]
        assert codes[0] == codes[1] != "0\n"


def test_a_file_that_is_inherited(folder: Path) -> None:
    code = "import os; os.write(7, b'through'); print(os.get_inheritable(7))"
    for command in ([*COMMAND, "run", *ALL, "--"], [sys.executable]):
        script = 'exec 7>it; exec "$@"'
        done = subprocess.run(["bash", "-c", script, "bash", *command, "-c", code], cwd=folder, capture_output=True)
        assert (done.stdout, (folder / "it").read_bytes()) == (b"True\n", b"through")


TESTS = """
def test_it():
    pass

def test_that():
    assert [1] == [2]
"""


def test_pytest_is_such_a_program(folder: Path) -> None:
    """It warns of plugins that were imported before it: as this one is in whatever joins.

    Of one that is installed, which this one is not for its own tests; so it is named here.
    """
    (folder / "test_it.py").write_text(TESTS)
    program = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:asyncio"]
    program += ["-p", "pytest_speedbump", "test_it.py"]
    without, done = plain(folder, program), supervised(folder, ALL, program)
    assert "imported so cannot be rewritten; pytest_speedbump" not in done.out
    assert re.sub(r"in \d.*s", "", done.out) == re.sub(r"in \d.*s", "", without.out)
    assert (done.code, done.err) == (without.code, without.err) == (1, "")


def test_streams_that_are_closed(folder: Path) -> None:
    code = (
        "import os, sys; os.write(7, repr((sys.stdin, sys.stdout, sys.stderr, os.listdir('/proc/self/fd'))).encode())"
    )
    for closing in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        seen = []
        for command in ([*COMMAND, "run", *ALL, "--"], [sys.executable]):
            script = f'exec 7>it {closing}; exec "$@"'
            done = subprocess.run(["bash", "-c", script, "bash", *command, "-c", code], cwd=folder)
            seen.append((done.returncode, (folder / "it").read_bytes()))
        assert seen[0] == seen[1], closing
