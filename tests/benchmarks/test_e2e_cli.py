"""The command as it is typed, in a subprocess; hyperfine is absent, faked, or the real one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.backends import BACKENDS
from benchmarks.exits import Exit

ROOT = Path(__file__).resolve().parents[2]
TWO = "pipeline/*/stages=1/payload=64B/delay=2us"

# Answers in an order of its own, as nobody promised to keep ours.
FAKE = """\
#!{python}
import json, os, sys
if sys.argv[1:] == ["--version"]:
    print("hyperfine 9.9.9")
    sys.exit()
names = [sys.argv[i + 1] for i, word in enumerate(sys.argv) if word == "--command-name"]
results = [dict(command=name, times=[len(name) / 100] * 3) for name in reversed(names)]
export = sys.argv[sys.argv.index("--export-json") + 1]
print("noise on standard output", os.environ["MEASURED_CORE"])
{mischief}
json.dump(dict(results=results), open(export, "w"))
"""


def e2e(*arguments: str, path: Path | str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": str(path)}
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.e2e", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def fake_hyperfine(directory: Path, mischief: str = "") -> Path:
    directory.mkdir()
    fake = directory / "hyperfine"
    fake.write_text(FAKE.format(python=sys.executable, mischief=mischief), encoding="utf-8")
    fake.chmod(0o755)
    return directory


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A PATH without hyperfine."""
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def test_dry_run_needs_no_hyperfine(tmp_path: Path, nowhere: Path) -> None:
    done = e2e("--output", str(tmp_path / "plan.json"), "--dry-run", "--scenario", TWO, path=nowhere)
    assert done.returncode == Exit.OK, done.stderr
    plan = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert plan["schema"] == "pytest-speedbump-e2e-plan/1"
    assert [scenario["name"].split("/")[1] for scenario in plan["scenarios"]] == ["core", "python"]


def test_missing_hyperfine_is_one_sentence(tmp_path: Path, nowhere: Path) -> None:
    done = e2e("--output", str(tmp_path / "r.json"), "--smoke", path=nowhere)
    assert done.returncode == Exit.MISSING_TOOL
    assert done.stderr == (
        "error: hyperfine is not installed; get it by `apt-get install hyperfine`, or see --dry-run\n"
    )
    assert not (tmp_path / "r.json").exists()


def test_output_is_required(nowhere: Path) -> None:
    done = e2e("--dry-run", path=nowhere)
    assert done.returncode == Exit.BAD_INPUT
    assert "--output" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--output", "{tmp}"], "is a directory; name a file in it"),
        (["--output", "{tmp}/no/r.json"], "cannot be written; make its directory first"),
        (["--output", "{tmp}/r.json", "--scenario", "nothing/*"], "no scenario matches 'nothing/*'"),
    ],
)
def test_bad_input_is_found_before_anything_runs(
    tmp_path: Path, nowhere: Path, arguments: list[str], sentence: str
) -> None:
    done = e2e(*(argument.format(tmp=tmp_path) for argument in arguments), path=nowhere)
    assert done.returncode == Exit.BAD_INPUT
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_runner_matches_by_name_and_says_what_it_measures(tmp_path: Path) -> None:
    from pytest_speedbump import _core

    result = tmp_path / "r.json"
    done = e2e("--output", str(result), "--scenario", TWO, path=fake_hyperfine(tmp_path / "fake"))
    assert done.returncode == Exit.OK, done.stderr
    document = json.loads(result.read_text(encoding="utf-8"))
    assert document["schema"] == "pytest-speedbump-e2e-result/2"
    assert document["hyperfine"] == "9.9.9"
    assert [row["name"] for row in document["results"]] == [TWO.replace("*", name) for name in ("core", "python")]
    assert all(row["median"] == len(row["name"]) / 100 for row in document["results"])
    assert Path(document["origin"]["core"]).samefile(_core.__file__)
    assert f"measuring {document['origin']['core']}" in done.stderr
    assert f"noise on standard output {document['origin']['core']}" in done.stderr
    assert done.stdout == ""


def test_failed_command_is_no_result(tmp_path: Path) -> None:
    path = fake_hyperfine(tmp_path / "fake", "sys.exit('Error: Command terminated with non-zero exit code')")
    done = e2e("--output", str(tmp_path / "r.json"), path=path)
    assert done.returncode == Exit.FAILED_COMMAND
    assert "non-zero exit code" in done.stderr
    assert not (tmp_path / "r.json").exists()


def test_lost_result_is_noticed(tmp_path: Path) -> None:
    path = fake_hyperfine(tmp_path / "fake", "del results[0]")
    done = e2e("--output", str(tmp_path / "r.json"), "--scenario", TWO, path=path)
    assert done.returncode == Exit.BAD_INPUT
    assert TWO.replace("*", "python") in done.stderr


@pytest.mark.parametrize("backend", BACKENDS)
def test_worker_runs_every_backend(backend: str) -> None:
    delay = "1000" if backend in ("core", "python") else "0"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.e2e.worker", f"--backend={backend}", "--stages=3", "--payload=300",
         f"--delay-ns={delay}", "--items=50"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_worker_refuses_what_a_backend_cannot() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.e2e.worker", "--backend=uninstrumented", "--stages=1", "--payload=1",
         "--delay-ns=1", "--items=1"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == Exit.BAD_INPUT
    assert done.stderr == "error: backend uninstrumented is not able to delay\n"


@pytest.mark.skipif(shutil.which("hyperfine") is None, reason="hyperfine is not installed: apt-get install hyperfine")
def test_smoke_with_the_real_hyperfine(tmp_path: Path) -> None:
    result = tmp_path / "r.json"
    done = e2e("--output", str(result), "--smoke", "--scenario", "pipeline/*/stages=1/payload=64B/delay=0ns",
               path=os.environ["PATH"])  # fmt: skip
    assert done.returncode == Exit.OK, done.stderr
    document = json.loads(result.read_text(encoding="utf-8"))
    assert [row["name"].split("/")[1] for row in document["results"]] == list(BACKENDS)
    assert all(len(row["times"]) == 2 for row in document["results"])
    assert document["origin"]["smoke"] is True
