"""The wheel for platforms without a C core, in an environment of its own: it works, and says what it cannot do."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from documents import errors
from shipped import PURE, ROOT, Environment, build

WORK = """
    def emit(): pass
    def parse(lines=("1,2",) * 50): return [line.split(",") for line in lines]
    def run(): emit(); return parse()
"""

# What the README shows, of a user who measures elsewhere as well.
TESTS = """
import pytest
import work
from pytest_speedbump import scan, slow

@pytest.mark.speedbump_insensitive("work.emit", delay="5us", budget="2%")
def test_pipeline(benchmark):
    assert len(benchmark(work.run)) == 50

@pytest.mark.speedbump_sensitive("work.parse*", delay="2us", at_least="10%")
def test_parser(benchmark):
    assert len(benchmark(work.parse)) == 50

@pytest.mark.speedbump("work.parse*", delay="2us")
def test_step(speedbump):
    result = speedbump(work.parse)
    assert result.drop < 0.02

@pytest.mark.speedbump("work.parse*")
def test_broken(speedbump):
    speedbump(lambda: 1 / 0)

def test_plain():
    assert work.run()
"""
UNMEASURED = [
    "test_it.py::test_pipeline",
    "test_it.py::test_parser",
    "test_it.py::test_step",
    "test_it.py::test_broken",
]
PYTEST = ("-m", "pytest", "-p", "benchmark", "-p", "speedbump", "-p", "no:cacheprovider", "--benchmark-max-time=0.005")
PASSING = (*PYTEST, "-k", "not broken")
LOCK = '{\n "schema": "pytest-speedbump-lock/1",\n "entries": []\n}\n'
MEND = (
    "--no-binary pytest-speedbump" if sys.platform == "linux" else "measure with CPython 3.12 or newer on 64-bit Linux"
)
WHY = "no core for this platform, CPython "


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"), PURE)


@pytest.fixture(scope="module")
def coreless(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment.of(wheel, tmp_path_factory.mktemp("coreless"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "work.py").write_text(WORK.replace("\n    ", "\n"))
    (tmp_path / "test_it.py").write_text(TESTS)
    return tmp_path


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def refusal(done: "subprocess.CompletedProcess[str]") -> str:
    """The one sentence of a usage error."""
    (line,) = done.stderr.strip().splitlines()
    assert done.returncode == 4, done
    return line


def test_the_wheel_is_for_all_and_has_what_others_have_but_for_the_core(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    tracked = subprocess.run(
        ["git", "ls-files", "pytest_speedbump"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    if not tracked:
        pytest.skip("this is no clone: git does not know which files are tracked")
    assert names == {name.replace("pytest_speedbump/pytest_speedbump.pth", "pytest_speedbump.pth") for name in tracked}


def test_the_readme_example_runs_unmeasured_and_says_so(coreless: Environment, project: Path) -> None:
    reports = [f"--speedbump-{kind}=report.{kind}" for kind in ("json", "html", "markdown")]
    done = coreless.run(project, *PYTEST, "-ra", *reports, "--speedbump-target=work.parse*")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 3 passed, 1 skipped" in done.stdout
    assert "ZeroDivisionError: division by zero" in done.stdout, "it is the test's own"
    assert f"speedbump: not measured: {UNMEASURED[0]} and 3 more: {WHY}" in done.stdout
    assert MEND in done.stdout
    assert "SKIPPED" in done.stdout
    assert f"not measured: {WHY}" in done.stdout
    assert "the run fails" not in done.stdout

    document = read(project / "report.json")
    assert errors("result-1", document) == []
    assert document["results"] == []
    assert document["environment"]["clock"] is None
    assert list(document["unmeasured"]) == UNMEASURED
    assert all(reason.startswith(WHY) for reason in document["unmeasured"].values())
    assert document["family"]["verdicts"] == 2, "as it is on a platform that measures"
    for report in ("report.html", "report.markdown"):
        assert WHY in (project / report).read_text(encoding="utf-8"), "no report hides what it lacks"
        assert "clock None" not in (project / report).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "options",
    [
        ("--speedbump-target=work.parse",),
        ("--speedbump-scan=work.*",),
        ("--speedbump-target=work.*", "--speedbump-list"),
    ],
    ids=lambda options: options[-1],
)
def test_what_is_asked_of_the_run_passes_unmeasured(
    coreless: Environment, project: Path, options: tuple[str, ...]
) -> None:
    done = coreless.run(project, *PASSING, "-v", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"speedbump: not measured: {UNMEASURED[0]}: {WHY}" in done.stdout
    assert "PASSED (NOT MEASURED)" in done.stdout


@pytest.mark.parametrize("gate", ["strict", "budget=2%", "compare", "save", "compare-ref=HEAD"])
def test_a_gate_is_refused(coreless: Environment, project: Path, gate: str) -> None:
    (project / ".speedbump.json").write_text(LOCK)
    for command in (("init", "-q"), ("add", "."), ("-c", "user.name=me", "-c", "user.email=me@home", "commit", "-qm.")):
        subprocess.run(["git", *command], cwd=project, check=True)
    done = coreless.run(project, *PASSING, "--speedbump-target=work.emit", f"--speedbump-{gate}")
    assert refusal(done).startswith(
        f"ERROR: --speedbump-{gate.partition('=')[0]} asks for verdicts, and nothing can be "
    )
    assert WHY in done.stderr
    assert (project / ".speedbump.json").read_text() == LOCK


def test_a_gate_that_is_advisory_or_stands_in_an_ini_file(coreless: Environment, project: Path) -> None:
    """An ini file stands for every machine. A lockfile stays as it is."""
    (project / ".speedbump.json").write_text(LOCK)
    keys = ("compare = .speedbump.json", "save = .speedbump.json", "budget = 2%", "target = work.emit")
    (project / "pytest.ini").write_text("\n".join(["[pytest]", *(f"speedbump_{key}" for key in keys)]))
    assert coreless.run(project, *PASSING).returncode == 0
    assert coreless.run(project, *PASSING, "--speedbump-strict", "--speedbump-advisory").returncode == 0
    assert WHY in refusal(coreless.run(project, *PASSING, "--speedbump-strict"))
    assert (project / ".speedbump.json").read_text() == LOCK


def test_what_is_bad_input_elsewhere_is_bad_input_here(coreless: Environment, project: Path) -> None:
    for options, said in (
        (("--speedbump-delay=3",), "unit"),
        (("--speedbump-target=@gone.txt",), "there is no file"),
        (("-o", "speedbump_tagret=x"), "did you mean speedbump_target?"),
    ):
        assert said in refusal(coreless.run(project, *PASSING, *options))
    (project / "test_it.py").write_text(TESTS.replace('budget="2%"', "budget=2"))
    assert "test_pipeline: @pytest.mark.speedbump_insensitive: budget 2 " in refusal(coreless.run(project, *PASSING))


def test_workers_of_xdist_send_what_they_did_not_measure(coreless: Environment, project: Path) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    options = ("-p", "xdist.plugin", "-n", "2", "--speedbump-json=report.json", "--speedbump-target=work.emit")
    done = coreless.run(project, *PASSING, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(read(project / "report.json")["unmeasured"]) == sorted(UNMEASURED[:3])
    assert WHY in refusal_of_xdist(coreless.run(project, *PASSING, *options, "--speedbump-strict"))


def refusal_of_xdist(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 4, done
    return done.stdout + done.stderr


def test_who_asks_for_nothing_hears_nothing(coreless: Environment, project: Path) -> None:
    done = coreless.run(project, *PASSING, "-k", "test_plain")
    assert (done.returncode, done.stderr) == (0, "")
    assert "speedbump:" not in done.stdout


def test_doors_of_programs_refuse_in_a_sentence(coreless: Environment, project: Path) -> None:
    for command in (("run", "--target", "work.*", "--", "work.py"), ("attach", "1", "--target", "work.*")):
        said = refusal(coreless.run(project, "-m", "pytest_speedbump", *command))
        assert said.startswith(f"speedbump: nothing can be slowed or measured here: {WHY}")
    for call in ("slow('work.*', delay='2us')", "scan(print, 'work.*')"):
        done = coreless.run(project, "-c", f"from pytest_speedbump import InputError, scan, slow\n{call}")
        assert f"InputError: {call.partition('(')[0]}() can do nothing here: {WHY}" in done.stderr
    done = coreless.run(project, "work.py", SPEEDBUMP_TARGETS="work.*")
    assert done.returncode == 0
    assert done.stderr.startswith(
        f"pytest-speedbump: this process is not slowed: nothing can be slowed or measured here: {WHY}"
    )


def test_overview_of_commands(coreless: Environment, project: Path) -> None:
    done = coreless.run(project, "-m", "pytest_speedbump", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert coreless.run(project, "-m", "pytest_speedbump", "--version").stdout.startswith("speedbump ")


def test_documents_and_lockfiles_are_read(coreless: Environment, project: Path) -> None:
    document = str(ROOT / "docs" / "measured" / "readme.json")
    made = ("--html", "page.html", "--markdown", "page.md", "--bmf", "page.json")
    done = coreless.run(project, "-m", "pytest_speedbump", "report", document, *made)
    assert (done.returncode, done.stderr) == (0, "")
    assert "test_execute" in (project / "page.html").read_text(encoding="utf-8")
    assert "test_execute" in (project / "page.md").read_text(encoding="utf-8")
    assert read(project / "page.json")
    assert coreless.run(project, *PASSING, "--speedbump-json=shard.json").returncode == 0
    done = coreless.run(project, "-m", "pytest_speedbump", "merge", "shard.json", "--output", "whole.json", "--partial")
    assert "Traceback" not in done.stderr, done
    whole, shard = read(project / "whole.json"), read(project / "shard.json")
    assert whole["unmeasured"] == shard["unmeasured"] != {}
    (project / ".speedbump.json").write_text(LOCK)
    done = coreless.run(project, "-m", "pytest_speedbump", "lock", "show")
    assert (done.returncode, done.stderr) == (0, "")
