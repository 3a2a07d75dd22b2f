"""A suite in shards, each a process of its own, merged: what one run over all of it says."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from documents import errors
from reports import HOSTILE, a_result
from sharded import cut, whole
from suite import BRIEFLY, Run, Suite

from pytest_speedbump.documents.provenance import _RUNS

pytest.importorskip("pytest_split", reason="pytest-split is not installed")

SPLIT = ("benchmark", "speedbump", "pytest-split")
SHARDS = 8
# The ids of parametrised tests hold what attacks; one of each verdict and fate.
TESTS = """
    @pytest.mark.parametrize("text", ["a/b", "x y", "[", "\\N{SNOWMAN}", "'quoted\\""])
    @pytest.mark.speedbump_insensitive("work.leaf", delay="200us", budget="10%")
    def test_broken(benchmark, text):
        benchmark(work.call)

    @pytest.mark.speedbump_sensitive("work.leaf", delay="200us", at_least="10%")
    def test_kept(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("work.leaf", delay="100us,200us")
    def test_measured(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump_insensitive("work.gone", budget="2%")
    def test_void(benchmark):
        benchmark(work.call)

    @pytest.mark.xfail(strict=True)
    @pytest.mark.speedbump_insensitive("work.leaf", delay="200us", budget="10%")
    def test_expected(benchmark):
        benchmark(work.call)

    @pytest.mark.skip
    @pytest.mark.speedbump_insensitive("work.leaf", delay="200us", budget="10%")
    def test_skipped(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("work.leaf")
    def test_fails(benchmark):
        assert False

    def test_plain():
        pass
"""
FATES = {"test_expected": "xfailed", "test_skipped": "skipped", "test_fails": "failed"}


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for names in _RUNS:
        for name in filter(None, names):
            monkeypatch.delenv(name, raising=False)


def run_shards(suite: Suite, tests: str, *options: str, number: int = SHARDS) -> list[Path]:
    """The documents of shards that are run one after the other."""
    paths = []
    for group in range(1, number + 1):
        run = suite.run(tests, *options, f"--splits={number}", f"--group={group}", plugins=SPLIT)
        paths.append(keep(suite, run, f"shard-{group}.json"))
    return paths


def keep(suite: Suite, run: Run, name: str) -> Path:
    assert run.document is not None, run.out
    assert errors("result-1", run.document) == []
    (suite.path / name).write_text(json.dumps(run.document), encoding="utf-8")
    return suite.path / name


def merge(folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest_speedbump", "merge", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def refused(folder: Path, *arguments: str | Path) -> str:
    done = merge(folder, *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1), done.stderr
    return done.stderr


def told(document: Any) -> dict[str, Any]:
    """What has to be the same, however the tests are shared out."""
    results = {
        (one["test"], one["delay_ns"], number): (one["verdict"], one["outcome"], one["cause"], one["declared"])
        for number, one in enumerate(sorted(document["results"], key=lambda one: (one["test"], one["delay_ns"])))
    }
    same = ("family", "error_rate", "commit", "run", "tests", "failures", "environment", "unmeasured")
    return {"results": results} | {name: document[name] for name in same}


def test_eight_shards_are_one_run(suite: Suite) -> None:
    one = suite.run(TESTS, "--speedbump-seed=1")
    paths = run_shards(suite, TESTS, "--speedbump-seed=1")
    done = merge(suite.path, *reversed(paths), "--output=all.json")
    merged = suite.read_json("all.json")
    assert errors("result-1", merged) == []

    assert told(merged) == told(one.document)
    assert merged["seed"] == 1
    assert merged["family"]["verdicts"] == 9
    fates = {test.partition("::")[2]: fate for test, fate in merged["tests"].items()}
    assert {test: fates[test] for test in FATES} == FATES
    assert "test_plain" not in fates
    assert merged["options"] == one.document["options"] | {"shared": True}

    assert (done.returncode, one.code) == (1, 1), done.stderr
    assert " speedbump: 10 bumps " in done.stderr
    for line in (
        r"test_kept +work.leaf .* sensitive$",
        r"6 sensitive FAILED, .*; intervals hold for 95%$",
        r"test_it.py::test_void: fails: work.gone \+2us: no verdict: work.gone never ran",
        r"test_it.py::test_expected: fails, as it is expected to: ",
        r"not measured: test_it.py::test_skipped: skipped$",
        r"speedbump: the run fails: test_it.py::test_fails failed by itself, before anything was measured$",
    ):
        assert re.search(line, done.stderr, re.MULTILINE), (line, done.stderr)

    # Missing, double and mixed ones, whichever they are.
    lost = re.search(r"a shard is missing, or was stopped: (.*) ran in none of the 7", refused(suite.path, *paths[1:]))
    assert lost
    assert lost[1].startswith("test_it.py::test_broken[")
    copy = suite.path / "copy.json"
    copy.write_bytes(paths[2].read_bytes())
    assert "copy.json" in refused(suite.path, *paths, copy)
    assert f"{paths[3]} is given twice" in refused(suite.path, *paths, paths[3])
    other = json.loads(paths[0].read_text(encoding="utf-8")) | {"commit": "0" * 40}
    copy.write_text(json.dumps(other), encoding="utf-8")
    assert f"copy.json was measured at commit {'0' * 40}, and" in refused(suite.path, *paths[1:], copy)


DECLARED = """
    @pytest.mark.parametrize("n", range(4))
    @pytest.mark.speedbump_sensitive("work.leaf", delay="200us", at_least="10%")
    def test_kept(benchmark, n):
        benchmark(work.call)
"""


def test_a_run_that_passes(suite: Suite) -> None:
    paths = run_shards(suite, DECLARED, number=2)
    before = sorted(suite.path.iterdir())
    done = merge(suite.path, *paths)
    assert (done.returncode, done.stdout) == (0, "")
    assert "4 sensitive; intervals hold for 95%" in done.stderr
    assert sorted(suite.path.iterdir()) == before

    to_stream = merge(suite.path, *paths, "--output", "-", "--quiet")
    assert (to_stream.returncode, to_stream.stderr) == (0, "")
    assert json.loads(to_stream.stdout)["seed"] is None, "each shard has drawn its own"
    full = merge(suite.path, *paths, "--output=/dev/full", "--quiet")
    assert (full.returncode, full.stderr) == (
        1,
        "speedbump: --output: /dev/full was not written: No space left on device\n",
    )

    # In place: the whole takes the first shard's name.
    assert merge(suite.path, *paths, "--output", paths[0], "--quiet").returncode == 0
    assert len(json.loads(paths[0].read_text(encoding="utf-8"))["results"]) == 4


BROKEN_LATER = """
    @pytest.fixture
    def closing():
        yield
        raise OSError("no teardown")

    @pytest.mark.speedbump_sensitive("work.leaf", delay="200us", at_least="10%")
    def test_asserts(benchmark):
        benchmark(work.call)
        assert False

    @pytest.mark.speedbump_sensitive("work.leaf", delay="200us", at_least="10%")
    def test_closes(benchmark, closing):
        benchmark(work.call)
"""


def test_what_failed_by_itself_after_it_was_measured_is_not_forgiven(suite: Suite) -> None:
    run = suite.run(BROKEN_LATER)
    assert run.code == 1
    assert [result["outcome"] for result in run.document["results"]] == ["passed", "passed"]
    done = merge(suite.path, keep(suite, run, "only.json"))
    assert done.returncode == 1
    said = "test_it.py::test_asserts and 1 more failed by themselves, though they were measured"
    assert f"speedbump: the run fails: {said}" in done.stderr
    assert f"the run fails: {said}" not in run.out, "pytest has told of them"
    # A verdict that failed a test fails it once.
    again = suite.run(BROKEN_LATER.replace("_sensitive", "_insensitive").replace("at_least", "budget"), "-k", "asserts")
    assert again.document["failures"] == []


def test_names_that_attack(tmp_path: Path) -> None:
    document = whole(*(a_result(name, name) for name in HOSTILE if "\udcff" not in name))
    shards = cut(document, [index % 2 for index in range(len(document.results))], 2)
    for name, one in shards:
        (tmp_path / name).write_text(json.dumps(one.to_json()), encoding="utf-8")
    refusal = refused(tmp_path, "shard-1.json")  # one line
    done = merge(tmp_path, "shard-0.json", "shard-1.json")
    assert done.returncode == 0
    for text in (refusal, done.stderr):
        assert not set("\x1b\x00\r\t\u202e") & set(text)
    # Through pipes, as a shell's `<(...)` makes them.
    command = f"{sys.executable} -m pytest_speedbump merge --quiet <(cat shard-0.json) <(cat shard-1.json)"
    assert subprocess.run(["bash", "-c", command], cwd=tmp_path, timeout=60).returncode == 0


def test_bad_arguments(tmp_path: Path) -> None:
    assert "needs the documents of the shards, as in" in refused(tmp_path)
    assert "'gone.json' does not exist" in refused(tmp_path, "gone.json")
    assert "option --outptu is unknown; did you mean --output?" in refused(tmp_path, "--outptu", "x", "a.json")
    (tmp_path / "a.json").write_text("{")
    assert "'a.json' is broken or cut off" in refused(tmp_path, "a.json")
    assert "--output 'x.py' is a Python file" in refused(tmp_path, "a.json", "--output", "x.py")
    assert merge(tmp_path, "--help").stdout.startswith("usage: speedbump merge SHARD.json ...")


TARGETS = """
    def test_other(benchmark):
        benchmark(work.other)

    def test_leaf(benchmark):
        benchmark(work.call)

    def test_another(benchmark):
        benchmark(work.other)
"""


def test_a_target_that_no_benchmark_of_a_shard_calls_need_be_called_in_the_whole(suite: Suite) -> None:
    options = ("--speedbump-target=work.leaf", BRIEFLY)
    runs = [suite.run(TARGETS, *options, "--splits=3", f"--group={n}", plugins=SPLIT) for n in (1, 2, 3)]
    assert [run.code for run in runs] == [0, 0, 0]
    assert [run.result["verdict"] for run in runs] == ["void", "measured", "void"]
    said = "benchmarks were left to other shards, and `speedbump merge` tells whether one of those calls it"
    assert [said in run.out for run in runs] == [True, False, True]
    paths = [keep(suite, run, f"shard-{n}.json") for n, run in enumerate(runs)]
    done = merge(suite.path, *paths)
    assert (done.returncode, "the run fails" in done.stderr) == (0, False), done.stderr

    # Were it called nowhere, one run would fail, and so does the whole.
    gone = options[0].replace("leaf", "laef"), BRIEFLY
    one = suite.run(TARGETS, *gone)
    done = merge(suite.path, *run_shards(suite, TARGETS, *gone, number=3), "--output=all.json")
    assert (one.code, done.returncode) == (1, 1)
    (failure,) = suite.read_json("all.json")["failures"]
    assert [failure] == one.document["failures"]
    assert f"speedbump: the run fails: {failure}" in done.stderr

    # What the user leaves out himself is no shard: what was typed for this run must be called in it.
    assert suite.run(TARGETS, *options, "-k", "other").code == 1


SCANS = (
    TARGETS
    + """
    @pytest.mark.skip
    def test_skipped(benchmark):
        benchmark(work.other)
"""
)


def test_scans(suite: Suite) -> None:
    options = ("--speedbump-scan=work.*", "--speedbump-max-time=300ms")
    paths = run_shards(suite, SCANS, *options, number=2)
    done = merge(suite.path, *paths, "--output=all.json")
    merged = suite.read_json("all.json")
    assert done.returncode == 0, done.stderr
    assert [scan["test"] for scan in merged["scans"]] == [f"test_it.py::test_{n}" for n in ("other", "leaf", "another")]
    assert done.stderr.count("speedbump scan: ") == 3
    assert "shards are missing: test_it.py::test_other, " in refused(suite.path, paths[1])


def run_each(suite: Suite, tests: str, ways: Sequence[Sequence[str]]) -> list[Path]:
    return [keep(suite, suite.run(tests, *way), f"shard-{n}.json") for n, way in enumerate(ways)]


def test_other_ways_to_share_tests_out(suite: Suite) -> None:
    """-k and --deselect do; paths do not, because what is not collected is not known."""
    by_k = run_each(suite, DECLARED, [("-k", "0 or 1"), ("-k", "2"), ("--deselect=test_it.py::test_kept", "-k", "3")])
    said = refused(suite.path, *by_k)
    assert "test_it.py::test_kept[3] ran in none of the 3 documents" in said
    assert merge(suite.path, *by_k, "--partial").returncode == 0
    by_k += [keep(suite, suite.run(DECLARED, "-k", "3"), "k-3.json")]
    assert merge(suite.path, *by_k).returncode == 0

    suite.write(
        "test_more.py", "import pytest, work\n" + DECLARED.replace("\n    ", "\n").replace("test_kept", "test_more")
    )
    by_path = run_each(suite, DECLARED, [("test_it.py",), ("test_more.py", "test_it.py", "-k", "more")])
    said = refused(suite.path, *by_path)
    assert "shard-0.json knows nothing of test_more.py::test_more[0], test_more.py::test_more[1], " in said
    assert "let every shard collect the whole suite, without paths" in said


MARKED = (
    DECLARED
    + """
    @pytest.mark.slow
    @pytest.mark.speedbump_sensitive("work.leaf", delay="200us", at_least="10%")
    def test_slow(benchmark):
        benchmark(work.call)
"""
)


def test_what_all_shards_deselect_is_left_out_of_the_whole(suite: Suite) -> None:
    suite.write("pytest.ini", "[pytest]\nmarkers = slow\naddopts = -m 'not slow'\n")
    paths = run_shards(suite, MARKED, number=2)
    done = merge(suite.path, *paths, "--output=all.json")
    assert done.returncode == 0, done.stderr
    assert "not measured: test_it.py::test_slow: deselected" in done.stderr
    merged = suite.read_json("all.json")
    assert (merged["family"]["verdicts"], len(merged["results"])) == (5, 4)
    assert merged["options"]["narrowed"]


def test_a_shard_that_was_stopped_is_missing(suite: Suite) -> None:
    stopped = (
        DECLARED
        + """
    def test_stops():
        pytest.exit("enough")

    @pytest.mark.speedbump("work.leaf")
    def test_last(benchmark):
        benchmark(work.call)
    """
    )
    path = keep(suite, suite.run(stopped, "-k", "kept or stops or last"), "shard.json")
    assert "test_it.py::test_last ran in none of the 1 documents" in refused(suite.path, path)


def test_shuffled_differently(suite: Suite) -> None:
    """pytest-split shares out what it finds, in the order in which it finds it: the seed must be the same."""
    pytest.importorskip("pytest_randomly", reason="pytest-randomly is not installed")

    def shards(*seeds: int) -> list[Path]:
        runs = [
            suite.run(DECLARED, "--splits=2", f"--group={n}", f"--randomly-seed={seed}", plugins=(*SPLIT, "randomly"))
            for n, seed in enumerate(seeds, start=1)
        ]
        return [keep(suite, run, f"shard-{n}.json") for n, run in enumerate(runs)]

    first, second = shards(3, 3)
    assert merge(suite.path, first, second).returncode == 0
    ran = {one["test"] for one in json.loads(second.read_text(encoding="utf-8"))["results"]}
    for seed in range(4, 40):  # until one shuffles otherwise
        first, second = shards(3, seed)
        if {one["test"] for one in json.loads(second.read_text(encoding="utf-8"))["results"]} != ran:
            break
    assert "all need the same order of tests" in refused(suite.path, first, second)


def test_lockfile(suite: Suite) -> None:
    """Comparisons are members of the family; an entry whose test is gone is gone from each shard and from the whole."""
    removed = DECLARED.replace("range(4)", "range(5)")
    saved = suite.run(removed, "--speedbump-save")
    assert saved.code == 0
    one = suite.run(DECLARED, "--speedbump-compare")
    paths = run_shards(suite, DECLARED, "--speedbump-compare", number=2)
    done = merge(suite.path, *paths, "--output=all.json")
    merged = suite.read_json("all.json")
    assert (one.code, done.returncode) == (1, 1)
    assert one.document["failures"] == merged["failures"]
    assert len(merged["failures"]) == 1
    assert merged["failures"][0].endswith("its test is gone (renamed or removed?)")
    assert merged["family"] == one.document["family"]
    assert merged["family"]["verdicts"] == 8


def test_xdist_on_one_host_is_one_run(suite: Suite) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    tests = DECLARED.replace("benchmark", "speedbump")
    alone = suite.run(tests)
    workers = suite.run(tests, "-n2", plugins=("benchmark", "speedbump", "xdist"))
    told_alone, told_workers = told(alone.document), told(workers.document)
    assert told_alone == told_workers
    path = keep(suite, workers, "shard-1.json")
    assert merge(suite.path, path).returncode == 0
    # As one of two machines, whose documents are merged.
    both = [
        keep(suite, suite.run(tests, "-n2", "--splits=2", f"--group={n}", plugins=(*SPLIT, "xdist")), f"x-{n}.json")
        for n in (1, 2)
    ]
    done = merge(suite.path, *both, "--output=all.json")
    assert done.returncode == 0, done.stderr
    assert told(suite.read_json("all.json")) == told_alone
