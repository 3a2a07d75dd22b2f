"""``speedbump report``, as it is typed."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sharded
from reports import SCAN, SOME, a_document, hostile_document, many, sweep
from supervised import supervised

from pytest_speedbump.documents.document import Document, Fate
from pytest_speedbump.documents.program import program_run
from pytest_speedbump.documents.read import read
from pytest_speedbump.documents.whole import EXPECTED
from pytest_speedbump.errors import InputError
from pytest_speedbump.formats.annotations import annotations
from pytest_speedbump.formats.literal import text
from pytest_speedbump.formats.markdown import markdown
from pytest_speedbump.page.page import page
from pytest_speedbump.runner.report_command import report

GROWN = "it costs 8.6% of throughput instead of 0.1% (transmission 0.00 -> 0.97)"
COMMAND = (sys.executable, "-m", "pytest_speedbump", "report")


def ask(
    folder: Path, *arguments: str, code: int = 0, command: Sequence[str] = COMMAND, **options: Any
) -> tuple[str, str]:
    """What it prints, and what it says on standard error, where it is in no terminal."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run([*command, *arguments], cwd=folder, env=environment, timeout=60, text=True,
                          capture_output=True, check=False, **options)  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def write(folder: Path, document: Document, name: str = "result.json") -> None:
    (folder / name).write_text(json.dumps(document.to_json()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, a_document(*SOME, scans=(SCAN,)))
    return tmp_path


def test_table(folder: Path) -> None:
    """What failed and why, the table, and the scan; the exit code is not that of the run."""
    out, err = ask(folder, "result.json")
    assert err == ""
    lines = out.splitlines()
    assert lines[:3] == [
        "bench/test_engine.py::test_decode_step",
        "  speedbump: engine.log:emit slowed by 40us a call: grown since the lockfile was written: " + GROWN,
        "  1 call x 40us = 40us in each run of 404us; 95% [78, 114] of it reaches the run time",
    ]
    assert "  measure again: pytest bench/test_engine.py::test_decode_step --speedbump-seed 22107" in lines
    assert any(line.strip("- ") == "speedbump: 7 bumps" for line in lines)
    assert sum("test_fetch_page" in line and "16.2% [14.4, 18.0]" in line for line in lines) == 1
    assert ("1 grown FAILED, 1 inconclusive, 1 insensitive, 2 measured, 1 sensitive, 1 void; "
            "intervals hold for 95%; seed 22107") in lines  # fmt: skip
    assert any("engine.sched.Scheduler.schedule" in line and "critical*" in line for line in lines)
    assert "1 function too small to matter, 0.2% of a run together (the document has all)" in lines
    piped, _ = ask(folder, "/dev/stdin", input=(folder / "result.json").read_text())
    dashed, _ = ask(folder, "-", input=(folder / "result.json").read_text())
    assert piped == dashed == out


def test_outputs(folder: Path) -> None:
    out, err = ask(folder, "result.json", "--html=page.html", "--markdown", "-", "--bmf=metrics.json", "--comment=c.md")
    assert err == ""
    assert out == markdown(read(folder / "result.json")) == (folder / "c.md").read_text()
    assert (folder / "page.html").read_text().startswith("<!doctype html>")
    assert "transmission" in str(json.loads((folder / "metrics.json").read_text()))


def test_a_run_that_fails_whatever_its_tests_found(folder: Path) -> None:
    """No report looks as if it had passed."""
    why = "no benchmark of this run calls its targets: pkg.\u202ef never ran"
    tests: dict[str, Fate] = {"t.py::test_a": "failed", "t.py::test_b": "failed", "t.py::test_c": "unmeasured"}
    broken = "t.py::test_a and 1 more failed by themselves, before anything was measured"
    unmeasured = "t.py::test_c: benchmarks are disabled"
    for results in ((SOME[3],), ()):
        one = replace(a_document(*results), failures=(why,), tests=tests, unmeasured=dict([unmeasured.split(": ")]))
        write(folder, one)
        said = [why.replace("\u202e", "\\u202e"), broken]
        out = ask(folder, "result.json")[0].splitlines()
        assert out[-3:] == [f"speedbump: not measured: {unmeasured}", *(f"speedbump: the run fails: {o}" for o in said)]
        written = markdown(read(folder / "result.json"))
        assert written.splitlines()[1].startswith("### speedbump: the run fails: ")
        assert written.count("> **The run fails**") == 2
        assert "benchmarks are disabled" in written
        errors = annotations(one)[:2]
        assert [f"::error title=speedbump%3A the run fails::{o}" for o in said] == errors
        html = page([one])
        assert "<title>speedbump: the run fails</title>" in html
        assert all(f" the run as a whole</h3><p>{o}</p>" in html for o in said)
        assert unmeasured in html


def test_what_is_expected_to_fail_is_no_failure() -> None:
    failed = next(one for one in SOME if one.outcome == "failed")
    one = replace(a_document(failed), tests={failed.test: "xfailed"})
    assert annotations(one) == []
    assert "failed" not in markdown(one).splitlines()[1]
    assert "CAUTION" not in markdown(one)
    html = page([one])
    assert "What failed, and why" not in html
    assert all(EXPECTED in report for report in (html, markdown(one)))


def test_the_slack_of_a_sweep_is_said_by_every_report(folder: Path) -> None:
    one = sharded.whole(*sweep())
    write(folder, one)
    out, _ = ask(folder, "result.json")
    (said,) = [line.strip() for line in out.splitlines() if " delays" in line]
    assert re.search(r" slack [0-9.]+us \[[0-9.]+, [0-9.]+\] a call, by [0-9]+ delays$", said)
    _, merged = ask(folder, "result.json", command=[*COMMAND[:-1], "merge"])
    assert said in merged.splitlines()
    assert text(said) in markdown(one)


def test_the_last_document_is_shown(folder: Path) -> None:
    write(folder, a_document(SOME[3]), "later.json")
    assert "speedbump: 1 bump " in ask(folder, "result.json", "later.json")[0]
    assert "speedbump: 7 bumps" in ask(folder, "later.json", "result.json")[0]
    write(folder, a_document(), "later.json")
    assert ask(folder, "later.json")[0] == "speedbump: nothing was measured\n"


def test_the_core_is_not_needed(folder: Path) -> None:
    program = (
        "import sys; sys.modules['pytest_speedbump._core'] = None\n"
        "from pytest_speedbump.runner.command import main\n"
        "assert main(['report', 'result.json', '--markdown=a.md', '--html=a.html', '--bmf=a.json']) == 0\n"
        "assert main(['report', 'result.json']) == 0\n"
        "assert 'pytest' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program(tmp_path: Path) -> None:
    """Its tables are those that it left behind itself."""
    (tmp_path / "engine.py").write_text("def step():\n    return log()\n\ndef log():\n    return 1\n")
    (tmp_path / "train.py").write_text("import engine\nprint(sum(engine.step() for _ in range(20)))\n")
    done = supervised(tmp_path, ["--target=engine.*", "--target=engine.stop", "--delay=100us"], ["train.py"])
    (tmp_path / "program.json").write_text(json.dumps(done.document))
    out, _ = ask(tmp_path, "program.json")
    rows = [line.split()[:2] for line in out.splitlines()]
    assert [["engine.step", "20"] in rows, ["engine.log", "20"] in rows] == [True, True]
    assert "engine.stop never ran; engine.py defines no such function; there is engine.step" in out
    shown, _ = ask(tmp_path, "program.json", "--markdown=-")
    assert "### speedbump: `train.py`\n" in shown
    assert "| `engine.step` | 20 |" in shown
    document = read(tmp_path / "program.json")
    run = program_run(document)
    assert run is not None
    assert json.loads(json.dumps(run.to_json())) == {
        name: value for name, value in document.to_json().items() if name in run.to_json()
    }


def test_hostile_documents(folder: Path) -> None:
    """Nothing moves the terminal or commands a CI that reads the log, at whatever width."""
    write(folder, hostile_document())
    for width in ("40", "72", "0"):
        environment = {**os.environ, "COLUMNS": width}
        done = subprocess.run([*COMMAND, "result.json"], cwd=folder, env=environment, capture_output=True, check=True)
        lines = done.stdout.decode().split("\n")
        assert all(line.isprintable() for line in lines)
        assert not any(line.lstrip().startswith("::") or "##" in line for line in lines)


def test_readers_that_leave_and_disks_that_are_full(folder: Path) -> None:
    write(folder, many(1500))
    ask(folder, "result.json", "--comment=comment.md")
    assert 60_000 < (folder / "comment.md").stat().st_size <= 65_536
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(COMMAND)} result.json | head -1; echo ${{PIPESTATUS[0]}}"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout.splitlines()[-1], done.stderr) == ("0", "")
    closed = [*COMMAND, "result.json", "--markdown=-"]
    done = subprocess.run(
        ["bash", "-c", '"$@" >&-', "bash", *closed], cwd=folder, stderr=subprocess.PIPE, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        1, "speedbump: --markdown: standard output was not written: standard output is closed\n",
    )  # fmt: skip
    (folder / "full").symlink_to("/dev/full")
    _, err = ask(folder, "result.json", "--html=page.html", "--markdown=full", code=1)
    assert err == "speedbump: --markdown: full was not written: No space left on device\n"
    assert (folder / "page.html").exists()
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "result.json"], cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (
        1, "speedbump: the table: standard output was not written: No space left on device\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "speedbump report needs a document; name the file of --speedbump-json"),
        (["none.json"], "document 'none.json' does not exist; write it with --speedbump-json"),
        (["."], "document '.' cannot be read: Is a directory; name the file of --speedbump-json"),
        (["result.json", "--htlm=x"], "option --htlm is unknown; did you mean --html?"),
        (["result.json", "--html"], "--html needs a value; `speedbump report --help` shows them all"),
        (["result.json", "--html", "no/x.html"], "--html 'no/x.html' cannot be written: make the directory '"),
        (["result.json", "--bmf=./result.json"], "would overwrite document 'result.json'; name another file"),
        (["result.json", "--bmf=x", "--html=x"], "--bmf 'x' would overwrite --html 'x'; name another file"),
        (["result.json", "--bmf=-", "--html=-"], "--bmf '-' would overwrite --html '-'; name another file"),
        (["result.json", "none.json", "--bmf=x"], "document 'none.json' does not exist"),
    ],
)
def test_refusals(folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(InputError) as told:
        report(arguments, arguments)
    assert said in str(told.value)
    assert "\n" not in str(told.value)
    assert sorted(path.name for path in folder.iterdir()) == ["result.json"]


def test_a_refusal_is_one_sentence_and_exit_code_4(folder: Path) -> None:
    (folder / "lock.json").write_text('{"schema": "pytest-speedbump-lock/1", "entries": []}')
    out, err = ask(folder, "lock.json", code=4)
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.startswith("speedbump: document 'lock.json' is a lockfile")
