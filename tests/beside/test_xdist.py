"""pytest-xdist: workers measure, one at a time; the controller gathers, gates and reports."""

import pytest
from locked import entry, guarded, lock, names_in
from suite import BRIEFLY, Suite

pytest.importorskip("xdist", reason="pytest-xdist is not installed")

XDIST = ("benchmark", "speedbump", "xdist")
TWO = """
    @pytest.mark.speedbump("work.leaf", delay="100us")
    def test_a(speedbump):
        speedbump(work.call)

    @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
    def test_b(speedbump):
        speedbump(work.call)
"""


def test_verdicts_come_back_from_workers_and_passes_are_left_out(suite: Suite) -> None:
    run = suite.run(TWO, "-n2", "-v", "--speedbump-save", "--speedbump-passes=3", plugins=XDIST)
    assert (run.code, run.counts) == (1, {"passed": 1, "failed": 1})
    assert sorted((result["test"], result["verdict"], result["outcome"]) for result in run.results) == [
        ("test_it.py::test_a", "measured", "passed"),
        ("test_it.py::test_b", "sensitive", "failed"),
    ]
    assert run.document["family"]["verdicts"] == 3, "the workers counted it: a declaration and, to save, two intervals"
    (matched,) = run.results[0]["matched"]
    assert (matched["name"], matched["calls"]) == ("work.leaf", 1.0)
    assert sorted(one["test"] for one in suite.read_json(".speedbump.json")["entries"]) == [
        "test_it.py::test_a",
        "test_it.py::test_b",
    ]
    run.pytest.stdout.fnmatch_lines_random([
        "*PASSED (MEASURED)*test_it.py::test_a*",
        "*FAILED (SENSITIVE)*test_it.py::test_b*",
        "speedbump: work.leaf slowed by 100us a call costs *, more than the budget of 10.0%",
        "* speedbump: 2 bumps *",
        "speedbump: 2 workers of pytest-xdist disturb each other's rounds; `-n 0` measures best",
        "speedbump: --speedbump-passes has no effect under pytest-xdist",
    ])  # fmt: skip


def test_markers_alone_are_reason_enough(suite: Suite) -> None:
    """No option asks for anything, so the controller learns from a report that there is something to report."""
    suite.write("test_it.py", "import pytest\nimport work\n" + TWO.replace("\n    ", "\n"))
    names = ("-p", "benchmark", "-p", "speedbump", "-p", "xdist")
    result = suite.pytester.runpytest_subprocess(*names, "-n2", "--speedbump-max-time=2s")
    assert result.ret == 1
    for line in (
        "* speedbump: 2 bumps *",
        "test_a *measured",
        "test_b *sensitive FAILED",
    ):  # in the order of their ends
        result.stdout.fnmatch_lines([line])


def test_one_experiment_at_a_time_on_a_host_and_one_seed_for_all(suite: Suite) -> None:
    """Both workers are ready before either measures; the calls of one never fall among those of the other."""
    run = suite.run(
        """
        import json
        import os
        import time
        from pathlib import Path

        from pytest_speedbump.plugin import OPTIONS

        def wait_for_both(name):
            Path(f"ready-{name}").touch()
            give_up = time.monotonic() + 60
            while len(list(Path().glob("ready-*"))) < 2 and time.monotonic() < give_up:
                time.sleep(0.001)

        @pytest.mark.parametrize("name", ["a", "b"])
        @pytest.mark.speedbump("work.leaf", delay="100us")
        def test_it(speedbump, request, name):
            Path(f"seed-{name}").write_text(str(request.config.stash[OPTIONS].seed))
            moments = []

            def step():
                moments.append(time.monotonic_ns())
                work.call()
                moments.append(time.monotonic_ns())

            wait_for_both(name)
            arrived = time.monotonic_ns()
            speedbump(step)
            # The first call is the test's own, before it waits for its turn.
            Path(f"moments-{name}.json").write_text(json.dumps([os.getpid(), arrived, *moments[2:]]))
        """,
        "-n2",
        BRIEFLY,
        "--speedbump-total-time=300ms",
        "-p",
        "cacheprovider",
        plugins=XDIST,
    )
    assert run.code == 0
    assert {result["limited_by"] for result in run.results} == {"--speedbump-total-time"}, "each worker has its part"
    assert suite.read_json(".pytest_cache/v/speedbump/seconds").keys() == {
        "test_it.py::test_it[a]",
        "test_it.py::test_it[b]",
    }
    assert {(suite.path / f"seed-{name}").read_text() for name in "ab"} == {str(run.document["seed"])}
    (pid_a, arrived_a, *a), (pid_b, arrived_b, *b) = (suite.read_json(f"moments-{name}.json") for name in "ab")
    assert pid_a != pid_b
    assert max(arrived_a, arrived_b) < max(a[0], b[0]), "they were there at the same time"
    assert a[-1] < b[0] or b[-1] < a[0]


def test_bad_input_is_one_sentence_before_any_test(suite: Suite) -> None:
    run = suite.run(
        """
        def test_before():
            pass

        @pytest.mark.speedbump_insensitive("work.leaf", delay="5", budget="2%")
        def test_it(benchmark):
            pass
        """,
        "-n1",
        plugins=XDIST,
    )
    assert run.code == 4
    errors = [line for line in run.pytest.errlines if line.startswith("ERROR")]
    sentence = "delay '5' has no unit; write it with one of the units ns, us, ms, s, as in '2us'"
    assert errors == [f"ERROR: test_it.py::test_it: @pytest.mark.speedbump_insensitive: {sentence}"]
    assert "passed" not in run.out
    assert "INTERNALERROR" not in run.out


def test_benchmarks_that_xdist_disables_are_told_and_their_entries_stay(suite: Suite) -> None:
    tests = guarded("test_a", "test_b").replace("speedbump)", "benchmark)").replace("speedbump(work", "benchmark(work")
    lock(suite, entry("test_a"), entry("test_b"))
    run = suite.run(tests, "-n1", "--speedbump-save", "--speedbump-compare", plugins=XDIST)
    assert (run.code, run.counts, run.results) == (1, {"passed": 2}, [])
    assert names_in(suite) == ["test_a", "test_b"]
    run.pytest.stdout.fnmatch_lines_random([
        "speedbump: not measured: test_it.py::test_a: benchmarks are disabled (*",
        "speedbump: the run fails: test_it.py::test_a [[]work.leaf +100us[]]: benchmarks are disabled (*",
    ])  # fmt: skip


def test_saving_drops_no_entry_of_a_test_that_did_not_run(suite: Suite) -> None:
    lock(suite, entry("test_a"), entry("test_b"))
    run = suite.run(guarded("test_a", "test_b"), "-n2", "--speedbump-save", "-k", "test_a", plugins=XDIST)
    assert (run.code, len(run.results)) == (0, 1)
    assert names_in(suite) == ["test_a", "test_b"]


def test_a_worker_that_crashes_loses_no_entry(suite: Suite) -> None:
    lock(suite, entry("test_a"), entry("test_b"))
    tests = guarded("test_a") + guarded("test_b", body="import os; os._exit(1)")
    run = suite.run(tests, "-n2", "--max-worker-restart=0", "--speedbump-save", plugins=XDIST)
    assert run.code == 1
    assert names_in(suite) == ["test_a", "test_b"]


def test_the_controller_knows_what_is_missing(suite: Suite) -> None:
    lock(suite, entry("test_a"), entry("test_renamed"), entry("test_unmarked"))
    tests = guarded("test_a", "test_new") + "\n    def test_unmarked():\n        pass"
    run = suite.run(tests, "-n2", "--speedbump-compare", plugins=XDIST)
    assert run.code == 1
    run.pytest.stdout.fnmatch_lines_random([
        "speedbump: the run fails: test_it.py::test_renamed * its test is gone (renamed or removed?)",
        "speedbump: the run fails: test_it.py::test_unmarked * its test ran and does not *",
    ])  # fmt: skip


def test_inert(suite: Suite) -> None:
    suite.write("test_it.py", "def test_it():\n    pass\n")
    result = suite.pytester.runpytest_subprocess("-p", "benchmark", "-p", "speedbump", "-p", "xdist", "-n2")
    assert result.ret == 0
    assert "speedbump:" not in str(result.stdout)
