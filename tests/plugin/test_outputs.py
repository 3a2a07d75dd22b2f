"""Where ``--speedbump-json`` and ``--speedbump-save`` may write to, and what it costs where they cannot."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from locked import NAME, entry, guarded, lock, names_in
from suite import Suite

# Its table has one line; its verdict comes as soon as it can.
TESTS = guarded("test_it")
# Fails, and leaves not a byte on its disk.
FILLING = """
import pytest
import work

@pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
def test_it(speedbump):
    try:
        with open("small/filler", "wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
    except OSError:
        pass
    speedbump(work.call)
"""


def documents_in(text: str) -> list[Any]:
    """The JSON objects in ``text``, each from the start of a line."""
    lines = text.splitlines(keepends=True)
    starts = [index for index, line in enumerate(lines) if line == "{\n"]
    return [json.JSONDecoder().raw_decode("".join(lines[start:]))[0] for start in starts]


def test_standard_output_holds_the_documents_and_the_report(suite: Suite) -> None:
    (suite.path / "stdout").symlink_to("/proc/self/fd/1")  # as in /dev, which is not for tests
    run = suite.run(TESTS, "--speedbump-json=-", "--speedbump-save=stdout")
    assert run.code == 0
    document, lockfile = documents_in(run.out)
    assert (document["schema"], lockfile["schema"]) == ("pytest-speedbump/1", "pytest-speedbump-lock/1")
    assert [result["test"] for result in document["results"]] == [one["test"] for one in lockfile["entries"]]
    run.pytest.stdout.fnmatch_lines(["test_it.py S *", "{", "* speedbump: 1 bump *", "* 1 passed in *"])
    run.pytest.stdout.fnmatch_lines("speedbump: stdout: added: test_it.py::test_it *")
    assert (suite.path / "stdout").readlink() == Path("/proc/self/fd/1")
    assert not (suite.path / "-").exists()
    assert run.document is None


def test_without_a_terminal_report_standard_output_is_the_document(suite: Suite) -> None:
    run = suite.run(TESTS, "-p", "no:terminal", "--speedbump-json=-")
    assert run.code == 0
    assert json.loads(run.out)["results"][0]["verdict"] == "sensitive"


def test_pipes_and_links_stay_and_old_files_are_replaced(suite: Suite) -> None:
    os.mkfifo(suite.path / "fifo")
    (suite.path / "deep").mkdir()
    lock(suite, entry("test_it", transmission=0.0))
    (suite.path / NAME).rename(suite.path / "deep" / "held.json")
    (suite.path / NAME).symlink_to("deep/held.json")
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append((suite.path / "fifo").read_text()), daemon=True)
    reader.start()
    run = suite.run(TESTS, "--speedbump-json=fifo", "--speedbump-save")
    reader.join(60)
    assert run.code == 0
    assert json.loads(received[0])["results"][0]["test"] == "test_it.py::test_it"
    assert (suite.path / "fifo").is_fifo()
    assert (suite.path / NAME).readlink() == Path("deep/held.json")
    assert suite.read_json("deep/held.json")["entries"][0]["transmission"]["estimate"] > 0.5, "read back and replaced"
    assert {path.name for path in (suite.path / "deep").iterdir()} == {"held.json"}


def test_what_is_lost_meanwhile_costs_a_line_and_fails_the_run(suite: Suite) -> None:
    (suite.path / "out").mkdir()
    tests = TESTS + "    import shutil\n        shutil.rmtree('out')\n"
    run = suite.run(tests, "--speedbump-json=out/result.json", "--speedbump-save")
    assert (run.code, run.counts) == (1, {"passed": 1})
    assert names_in(suite) == ["test_it"], "what can be written is"
    lost = "speedbump: the run fails: --speedbump-json: out/result.json was not written: No such file or directory"
    run.pytest.stdout.fnmatch_lines(["* speedbump: 1 bump *", "test_it *", lost])
    assert "Traceback" not in run.out
    assert not any(line.strip() for line in run.pytest.errlines)


def test_without_a_terminal_report_the_reason_is_said_too(suite: Suite) -> None:
    (suite.path / "out").mkdir()
    tests = "def test_it():\n    __import__('os').rmdir('out')"
    run = suite.run(tests, "-p", "no:terminal", "--speedbump-json=out/result.json")
    assert run.code == 1
    said = "speedbump: --speedbump-json: out/result.json was not written: No such file or directory"
    assert run.pytest.errlines == [said]


IN_A_NAMESPACE = """
set -e
mount -t tmpfs -o size=256k none small
mkdir small/dev
mknod small/dev/full c 1 7
mknod small/dev/null c 1 3
cp {lockfile} small/{lockfile}
"$@" && code=0 || code=$?
stat -c '%F %n' small/dev/*
ls -A small
cmp {lockfile} small/{lockfile} && echo as it was
exit $code
"""


def in_a_namespace(suite: Suite, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs the suite's tests beside ``small``, a file system of 256 KiB of its own with two devices in it."""
    unshare = shutil.which("unshare")
    probe = "mount -t tmpfs none . && mknod null c 1 3"
    (suite.path / "small").mkdir()
    if unshare is None or subprocess.run([unshare, "-m", "sh", "-c", probe], cwd=suite.path / "small").returncode:
        pytest.skip("mount namespaces and device nodes are not permitted here, and the machine's own are not for tests")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "benchmark", "-p", "speedbump"]
    script = IN_A_NAMESPACE.format(lockfile=NAME)
    return subprocess.run(
        [unshare, "-m", "sh", "-c", script, "sh", *command, *options],
        cwd=suite.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


def test_devices_stay_devices_and_a_full_disk_leaves_the_old_file(suite: Suite) -> None:
    lock(suite, entry("test_it", transmission=0.0))
    suite.write("test_it.py", FILLING)
    options = "--speedbump-json=small/dev/full", "--speedbump-html=small/page.html", f"--speedbump-save=small/{NAME}"
    done = in_a_namespace(suite, *options)
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stdout
    unwritten = [line for line in lines if "was not written" in line]
    assert unwritten == [
        "speedbump: the run fails: --speedbump-json: small/dev/full was not written: No space left on device",
        "speedbump: the run fails: --speedbump-html: small/page.html was not written: No space left on device",
        f"speedbump: the run fails: --speedbump-save: small/{NAME} was not written: No space left on device",
    ]
    assert any("test_it " in line and "sensitive FAILED" in line for line in lines), "the table"
    assert any("more than the budget of 10.0%" in line for line in lines), "the failure"
    assert any("1 failed in " in line for line in lines), "the summary"
    assert "Traceback" not in done.stdout
    at = lines.index("character special file small/dev/full")
    assert lines[at + 1] == "character special file small/dev/null"
    assert sorted(lines[at + 2 : at + 5]) == [NAME, "dev", "filler"], "nothing temporary is left"
    assert "as it was" in lines


@pytest.mark.parametrize("target", ["-", "fifo", "/dev/null"])
def test_a_lockfile_to_compare_with_is_read_from_a_file(suite: Suite, target: str) -> None:
    os.mkfifo(suite.path / "fifo")
    said = suite.refuse(TESTS, f"--speedbump-compare={target}")
    assert said == (f"--speedbump-compare {target!r} is a stream or a device; name the regular file that was saved")
