"""Verdicts share one error rate with those of tests that this run leaves out: shards, ``-k``, ``--deselect``."""

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
