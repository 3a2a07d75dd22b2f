"""``--speedbump-passes``: rounds of one verdict from all over the run, and all else as with one pass."""

from textwrap import dedent

from locked import guarded
from suite import Suite

TESTS = """
    from pathlib import Path

    def note(what):
        with Path("notes").open("a") as notes:
            notes.write(what + " ")

    @pytest.fixture
    def resource():
        note("up")
        yield
        note("down")

    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    def test_a(benchmark, resource):
        note("a")
        assert benchmark(work.call) == 42

    def test_plain():
        note("plain")

    @pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")
    def test_b(speedbump):
        note("b")
        assert speedbump(work.call).drop > 0.1
        note("judged")
"""


def test_planned_tests_run_once_a_pass_and_are_judged_once(suite: Suite) -> None:
    run = suite.run(TESTS, "--speedbump-passes=3")
    early = "up a down b "
    assert (suite.path / "notes").read_text() == 2 * early + "up a down plain b judged "
    assert (run.code, run.counts) == (1, {"failed": 1, "passed": 2})
    assert [(result["test"], result["verdict"]) for result in run.results] == [
        ("test_it.py::test_a", "sensitive"),
        ("test_it.py::test_b", "sensitive"),
    ]
    run.pytest.stdout.fnmatch_lines(["test_it.py F.S *", "* speedbump: 2 bumps *", "* benchmark: 1 tests *"])


def test_listing_makes_one_pass(suite: Suite) -> None:
    run = suite.run(TESTS, "--speedbump-passes=3", "--speedbump-list")
    assert (suite.path / "notes").read_text() == "up a down plain b "
    assert [result["verdict"] for result in run.results] == ["listed", "listed"]


def test_tests_that_are_not_together(suite: Suite) -> None:
    """What one item's teardown leaves standing must fit the next, whatever the order."""
    note = "open('notes', 'a').write(request.node.name + ' '); speedbump(work.call)"
    tests = guarded("test_a", "test_b", body=note).replace("(speedbump)", "(speedbump, request)")
    suite.write("test_other.py", "import pytest\nimport work\n" + dedent(tests))
    order = ("test_it.py::test_a", "test_other.py", "test_it.py::test_b")
    run = suite.run(tests, "--speedbump-passes=3", *order)
    assert (run.code, run.counts) == (0, {"passed": 4})
    assert (suite.path / "notes").read_text() == 3 * "test_a test_a test_b test_b "


def test_a_test_that_skips_or_fails_does_so_once(suite: Suite) -> None:
    tests = guarded("test_skipped", body="pytest.skip('not today')") + guarded("test_failed", body="assert False")
    run = suite.run(tests, "--speedbump-passes=3")
    assert (run.code, run.counts, run.results) == (1, {"skipped": 1, "failed": 1}, [])
