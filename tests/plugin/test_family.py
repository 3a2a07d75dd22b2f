"""Verdicts share one error rate with those of tests that this run leaves out: shards, ``-k``, ``--deselect``."""

import shutil
import subprocess

import pytest
from suite import BRIEFLY, Suite

TESTS = """
@pytest.mark.speedbump_insensitive("work.leaf", delay="1us,2us", budget="2%")
def test_a(benchmark):
    benchmark(work.call)

@pytest.mark.speedbump_sensitive("work.leaf", at_least="2%", mode="sleep")
def test_b(benchmark):
    benchmark(work.call)

@pytest.mark.speedbump("work.leaf")
def test_c(benchmark):
    benchmark(work.call)
"""

# As plugins that share out tests among machines do it, some without a word to pytest.
SHARDS = """
import os

def pytest_collection_modifyitems(items):
    shard = os.environ.get("SHARD")
    if shard:
        items[:] = [item for item in items if item.name == shard]
"""


def test_shards_are_of_one_family(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write("conftest.py", SHARDS)
    documents = []
    for shard, options in (("test_a", ()), ("test_c", ()), ("", ("-k", "test_b")), ("", ("--deselect=test_it.py",))):
        monkeypatch.setenv("SHARD", shard)
        documents.append(suite.run(TESTS, "--speedbump-list", *options).document)
    assert [len(document["results"]) for document in documents] == [2, 1, 1, 0]
    family, *others = (document["family"] for document in documents)
    assert family["verdicts"] == 3
    assert others == [family] * 3


def test_a_bad_marker_of_a_test_that_is_left_out(suite: Suite) -> None:
    """Nobody could tell how large the family is."""
    bad = TESTS.replace("1us,2us", "1us,2")
    said = suite.refuse(bad, "-k", "test_b")
    assert said == (
        "test_it.py::test_a: @pytest.mark.speedbump_insensitive: delay '2' has no unit; "
        "write it with one of the units ns, us, ms, s, as in '2us'"
    )


def test_a_shard_that_does_not_call_an_ini_files_target_does_not_fail(suite: Suite) -> None:
    """The target may well run in the tests of other shards."""
    suite.write("conftest.py", SHARDS.replace('os.environ.get("SHARD")', '"test_other"'))
    suite.write("pytest.ini", "[pytest]\nspeedbump_target = work.leaf\n")
    tests = [f"def test_{name}(benchmark):\n    benchmark(work.{name})\n" for name in ("other", "leaf")]
    run = suite.run("\n".join(tests), BRIEFLY)
    assert (run.code, [result["verdict"] for result in run.results]) == (0, ["void"])
    assert "benchmarks were left to other shards, and `speedbump merge` tells whether one of those calls it" in run.out


def test_a_document_says_what_became_of_each_test_of_the_family(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write("conftest.py", SHARDS)
    monkeypatch.setenv("SHARD", "test_a")
    run = suite.run(TESTS, "--speedbump-list", "--deselect=test_it.py::test_c")
    assert run.document["tests"] == {
        "test_it.py::test_a": "measured",
        "test_it.py::test_b": "not run",  # by a plugin, as only it can know
        "test_it.py::test_c": "not run",
    }
    # Here pytest is asked first.
    suite.write("conftest.py", SHARDS.replace("def pytest_coll", "@__import__('pytest').hookimpl(trylast=True)\ndef pytest_coll"))  # fmt: skip  # noqa: E501
    run = suite.run(TESTS, "--speedbump-list", "-k", "test_a or test_b")
    assert run.document["tests"] == {
        "test_it.py::test_a": "measured",
        "test_it.py::test_b": "not run",
        "test_it.py::test_c": "deselected",
    }
    assert (run.document["options"]["narrowed"], run.document["options"]["shared"]) == (True, True)
    monkeypatch.delenv("SHARD")
    run = suite.run(TESTS, "--speedbump-list")
    assert (run.document["options"]["narrowed"], run.document["options"]["shared"]) == (False, False)


RERUN = """
    @pytest.mark.flaky(reruns=2)
    @pytest.mark.speedbump("work.leaf", delay="100us")
    def test_again(benchmark, attempts=[]):
        attempts.append(1)
        assert len(attempts) == 2
        benchmark(work.call)

    @pytest.mark.xfail
    @pytest.mark.speedbump("work.leaf")
    def test_expected(benchmark):
        assert False

    @pytest.fixture
    def broken():
        assert False

    @pytest.mark.speedbump("work.leaf")
    def test_setup(benchmark, broken):
        benchmark(work.call)

    @pytest.mark.speedbump("work.leaf", delay="100us")
    def test_switched_off(benchmark):
        benchmark.disabled = True
        benchmark(work.call)
"""


def test_fates(suite: Suite) -> None:
    pytest.importorskip("pytest_rerunfailures", reason="pytest-rerunfailures is not installed")
    run = suite.run(RERUN, BRIEFLY, plugins=("benchmark", "speedbump", "rerunfailures"))
    assert run.document["tests"] == {
        "test_it.py::test_again": "measured",
        "test_it.py::test_expected": "skipped",
        "test_it.py::test_setup": "failed",
        "test_it.py::test_switched_off": "unmeasured",
    }
    assert list(run.document["unmeasured"]) == ["test_it.py::test_switched_off"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_is_that_of_before_the_tests(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may change files."""
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "3")
    changing = (
        TESTS
        + """
def test_changes():
    open("work.py", "a").write("x = 1")
"""
    )
    for words in (["init", "-q", "."], ["add", "-f", "work.py"], ["commit", "-qm", "x"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.org", *words], cwd=suite.path, check=True)
    before, after = (suite.run(changing, "--speedbump-list").document for _ in range(2))
    assert len(before["commit"]) == 40
    assert after["commit"] == f"{before['commit']}-dirty"
    assert (before["folder"], before["run"], before["attempt"]) == ("", "77", 3)
