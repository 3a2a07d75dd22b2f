"""Plugins that are likely to be there as well: each does its work, and so do we."""

import json

import pytest
from suite import Run, Suite

MARK = '@pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")'

SHOWN = f"""
    {MARK}
    def test_it(benchmark):
        assert benchmark(work.call) == 42
"""


def beside(name: str, *, distribution: str | None = None) -> tuple[str, ...]:
    """The plugins to load; skips where the peer is not installed."""
    module = distribution or f"pytest_{name}"
    pytest.importorskip(module, reason=f"{module.replace('_', '-')} is not installed")
    return ("benchmark", "speedbump", name)


def assert_shown(run: Run) -> None:
    assert (run.code, run.counts) == (0, {"passed": 1}), run.out
    assert (run.result["verdict"], run.result["outcome"], run.result["calls"]) == ("sensitive", "passed", 1.0)


# ---- pytest-rerunfailures ----


def test_a_verdict_belongs_to_an_attempt(suite: Suite) -> None:
    run = suite.run(
        f"""
        attempts = 0

        {MARK}
        def test_it(benchmark):
            global attempts
            attempts += 1
            benchmark(work.other if attempts == 1 else work.call)  # the first attempt never calls the target
        """,
        "--reruns=1",
        plugins=beside("rerunfailures", distribution="pytest_rerunfailures"),
    )
    assert (run.code, run.counts) == (0, {"passed": 1, "rerun": 1})
    assert run.result["verdict"] == "sensitive"
    assert "void" not in run.out.partition("speedbump: 1 bump")[2]


def test_an_attempt_that_fails_by_itself_leaves_no_verdict_behind(suite: Suite) -> None:
    run = suite.run(
        f"""
        attempts = 0

        {MARK}
        def test_it(benchmark):
            global attempts
            attempts += 1
            benchmark(work.call)
            assert attempts == 3
        """,
        "--reruns=2",
        plugins=beside("rerunfailures", distribution="pytest_rerunfailures"),
    )
    assert (run.code, run.counts, len(run.results)) == (0, {"passed": 1, "rerun": 2}, 1)


def test_a_broken_budget_is_tried_again_and_fails_again(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
        def test_it(speedbump):
            speedbump(work.call)
        """,
        "--reruns=1",
        plugins=beside("rerunfailures", distribution="pytest_rerunfailures"),
    )
    assert (run.code, run.counts, run.result["verdict"]) == (1, {"failed": 1, "rerun": 1}, "sensitive")


# Stands in for the statistics: each attempt but the second, which finds no evidence, adds 1 to what it is given.
COUNTED = """
from dataclasses import replace

from pytest_speedbump.plugin import measuring
from pytest_speedbump.result import Evidence

class Trial(measuring.Trial):
    made = 0

    def __init__(self, *args, prior=None, **more):
        super().__init__(*args, prior=prior, **more)
        Trial.made += 1
        before = prior.over if prior else self._bump.delay_ns
        self.found = None if Trial.made in (3, 4) else Evidence(*[before + 1] * 4)

    def result(self, subject):
        return replace(super().result(subject), evidence=self.found)

measuring.Trial = Trial
"""


def test_a_rerun_goes_on_from_the_evidence_of_the_attempt_before(suite: Suite) -> None:
    suite.write("conftest.py", COUNTED)
    run = suite.run(
        """
        @pytest.mark.speedbump_sensitive("work.leaf", delay="100us,200us", at_least="10%")
        def test_it(speedbump):
            speedbump(work.call)
            assert False

        @pytest.mark.speedbump_sensitive("work.leaf", delay="300us", at_least="10%")
        def test_another(speedbump):
            speedbump(work.call)
        """,
        "--reruns=2",
        plugins=beside("rerunfailures", distribution="pytest_rerunfailures"),
    )
    assert run.counts == {"passed": 1, "failed": 1, "rerun": 2}
    assert [result["evidence"]["over"] for result in run.results] == [100e3 + 2, 200e3 + 2, 300e3 + 1]


def test_a_rerun_multiplies_evidence_instead_of_asking_anew(suite: Suite) -> None:
    """A failure that was proved is not forgiven because the second attempt, by itself, keeps the budget."""
    suite.write(
        "conftest.py",
        """
        import json

        attempts = []

        def pytest_runtest_logreport(report):
            if report.when == "call":
                attempts.append(report.speedbump["results"][0]["evidence"])

        def pytest_unconfigure():
            with open("attempts.json", "w") as file:
                json.dump(attempts, file)
        """,
    )
    run = suite.run(
        """
        attempts = 0

        def hidden():
            for _ in range(200):
                work.other()
                sum(range(2000))
            work.leaf()

        @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="30%")
        def test_it(speedbump):
            global attempts
            attempts += 1
            speedbump(work.call if attempts == 1 else hidden)
        """,
        "--reruns=1",
        plugins=beside("rerunfailures", distribution="pytest_rerunfailures"),
    )
    first, second = suite.read_json("attempts.json")
    assert first["over"] > 3, "ln(20): the error rate of the only verdict is 5 %"
    assert second["over_max"] >= first["over"]
    assert second["over"] < first["over"], "the second attempt speaks for the program, and its rounds count as well"
    assert (run.code, run.counts, run.result["verdict"]) == (1, {"failed": 1, "rerun": 1}, "sensitive")


# ---- pytest-timeout ----

# A run whose time is a lottery: no limit would suffice to know its drop to half a point.
ENDLESS = """
    import random
    import time

    def step():
        done = time.perf_counter() + random.uniform(100e-6, 300e-6)
        work.leaf()
        while time.perf_counter() < done:
            pass

    @pytest.mark.speedbump("work.leaf", delay="10us")
    def test_it(speedbump):
        speedbump(step)
"""


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_measuring_fits_into_a_timeout_and_says_so(suite: Suite, method: str) -> None:
    options = ("--timeout=2", f"--timeout-method={method}", "--speedbump-max-time=60s")
    settled = '@pytest.mark.speedbump("work.leaf", delay="60s")\n    @pytest.mark.speedbump("'  # too long, at once
    tests = ENDLESS.replace('@pytest.mark.speedbump("', settled)
    run = suite.run(tests, *options, plugins=beside("timeout"))
    assert (run.code, run.counts) == (0, {"passed": 1}), run.out
    assert sum(result["seconds"] for result in run.results) < 2
    assert {result["cause"]: result["warnings"][-1:] for result in run.results} == {
        "": ["pytest-timeout left no time to go on; raise its limit, or lower --speedbump-max-time"],
        "too_long": [],
    }
    assert "left no time to go on" in run.out


@pytest.mark.parametrize("limit", ["@pytest.mark.timeout(2)", "@pytest.mark.timeout(timeout=2)"])
def test_a_timeout_of_a_marker(suite: Suite, limit: str) -> None:
    tests = ENDLESS.replace('@pytest.mark.speedbump("', f'{limit}\n    @pytest.mark.speedbump("')
    run = suite.run(tests, "--timeout=60", "--speedbump-max-time=60s", plugins=beside("timeout"))
    assert (run.code, run.counts) == (0, {"passed": 1}), run.out
    assert run.result["seconds"] < 2


SLOW_SETUP = """
    @pytest.fixture(autouse=True)
    def slow_setup():
        import time
        time.sleep(2.1)
"""


def test_a_timeout_of_the_call_alone_begins_with_it(suite: Suite) -> None:
    options = ("--timeout=2", "-o", "timeout_func_only=true")
    run = suite.run(SLOW_SETUP + SHOWN, *options, plugins=beside("timeout"))
    assert_shown(run)


def test_a_callable_that_hangs_is_ended_and_the_next_test_is_measured(suite: Suite) -> None:
    run = suite.run(
        """
    import time

    calls = 0

    def hang():
        global calls
        calls += 1
        if calls > 500:
            time.sleep(60)
        work.call()

    @pytest.mark.timeout(1, method="signal")
    @pytest.mark.speedbump("work.leaf", delay="1us")
    def test_hangs(speedbump):
        speedbump(hang)
    """
        + SHOWN,
        plugins=beside("timeout"),
    )
    assert (run.code, run.counts) == (1, {"failed": 1, "passed": 1})
    run.pytest.stdout.fnmatch_lines("*Failed: Timeout (>1*")
    assert run.result["verdict"] == "sensitive"


# ---- pytest-asyncio ----

ASYNCIO = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")


def test_a_benchmark_inside_an_async_test(suite: Suite) -> None:
    run = suite.run(SHOWN.replace("def test_it", "async def test_it"), *ASYNCIO, plugins=beside("asyncio"))
    assert_shown(run)


def test_an_async_test_that_breaks_its_budget_fails(suite: Suite) -> None:
    run = suite.run(
        """
        @pytest.mark.speedbump_insensitive("work.leaf", delay="100us", budget="10%")
        async def test_it(speedbump):
            speedbump(work.call)
        """,
        *ASYNCIO,
        plugins=beside("asyncio"),
    )
    assert (run.code, run.counts, run.result["outcome"]) == (1, {"failed": 1}, "failed")


@pytest.mark.parametrize(("fixture", "given"), [("benchmark", "step"), ("speedbump", "lambda: step()")])
def test_a_coroutine_function_is_refused(suite: Suite, fixture: str, given: str) -> None:
    run = suite.run(
        f"""
        async def step():
            work.call()

        {MARK}
        async def test_it({fixture}):
            {fixture}({given})
        """,
        *ASYNCIO,
        plugins=beside("asyncio"),
    )
    assert (run.code, run.counts, run.results) == (1, {"failed": 1}, [])
    run.pytest.stdout.fnmatch_lines(f"*{fixture} was given the coroutine function *step and would time only *")


# ---- pytest-cov ----


@pytest.mark.parametrize("core", ["ctrace", "sysmon"])
@pytest.mark.parametrize("fixture", ["benchmark", "speedbump"])
def test_coverage_is_what_it_is_without_us(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, core: str, fixture: str
) -> None:
    plugins = beside("pytest_cov", distribution="pytest_cov")
    monkeypatch.setenv("COVERAGE_CORE", core)
    measured = ("--cov=work", "--cov=test_it", "--cov-report=json:cov.json")
    tests = f"""
    {MARK}
    def test_it({fixture}):
        {fixture}(work.call)
    """

    def executed() -> dict[str, list[int]]:
        return {name: file["executed_lines"] for name, file in suite.read_json("cov.json")["files"].items()}

    run = suite.run(tests, *measured, plugins=plugins)
    assert_shown(run)
    with_us = executed()

    stand_in = "@pytest.fixture\ndef speedbump():\n    return lambda function: function()\n"
    suite.write("conftest.py", "import pytest\n" + (stand_in if fixture == "speedbump" else ""))
    without = suite.run(tests, *measured, plugins=("benchmark", "pytest_cov"))
    assert without.counts["passed"] == 1
    assert with_us == executed()
    assert len(with_us["work.py"]) > 5


@pytest.mark.parametrize(("core", "said"), [("ctrace", True), ("sysmon", False)])
def test_coverage_that_follows_other_threads_is_said(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, core: str, said: bool
) -> None:
    """One traced thread puts a tracer's instructions into all code, and a drop is then a share of slower rounds."""
    monkeypatch.setenv("COVERAGE_CORE", core)
    tests = f"""
    import threading

    {MARK}
    def test_it(benchmark):
        done = threading.Event()
        waiting = threading.Thread(target=done.wait)
        waiting.start()
        try:
            benchmark(work.call)
        finally:
            done.set()
            waiting.join()
    """
    run = suite.run(tests, "--cov=work", plugins=beside("pytest_cov", distribution="pytest_cov"))
    assert_shown(run)
    told = [text for text in run.result["warnings"] if text.startswith("a tracer, such as coverage's, follows other")]
    assert len(told) == said


# ---- pytest-randomly ----


def test_a_shuffled_run(suite: Suite) -> None:
    tests = "".join(SHOWN.replace("test_it", f"test_{name}") for name in "abcd")
    options = ("-p", "randomly", "-p", "no:cacheprovider", "--speedbump-passes=2", "--speedbump-save")
    orders = []
    for seed in (1, 2):
        run = suite.run(tests, *options, f"--randomly-seed={seed}", plugins=beside("randomly"))
        assert (run.code, run.counts) == (0, {"passed": 4})
        assert {result["verdict"] for result in run.results} == {"sensitive"}
        orders.append([result["test"] for result in run.results])
    assert orders[0] != orders[1]
    assert [one["test"] for one in suite.read_json(".speedbump.json")["entries"]] == sorted(orders[0])


# ---- pytest-codspeed ----


def test_codspeed_that_is_not_asked_leaves_the_fixture_alone(suite: Suite) -> None:
    assert_shown(suite.run(SHOWN, plugins=beside("codspeed")))


def test_codspeeds_own_fixture_is_not_measured_and_that_is_said(suite: Suite) -> None:
    run = suite.run(SHOWN, "--codspeed", plugins=beside("codspeed"))
    assert (run.code, run.results) == (0, [])
    run.pytest.stdout.fnmatch_lines("speedbump: not measured: test_it.py::test_it: its `benchmark` fixture is a *")


# ---- pytest itself ----

WARNINGS_ARE_ERRORS = ("-W", "error", "--strict-markers", "--strict-config")


def test_no_warning_is_ours(suite: Suite) -> None:
    assert_shown(suite.run(SHOWN, *WARNINGS_ARE_ERRORS, "--speedbump-passes=2", "--speedbump-save"))
    assert_shown(suite.run(SHOWN, *WARNINGS_ARE_ERRORS, "--speedbump-compare"))


def test_asserts_about_results_are_explained(suite: Suite) -> None:
    run = suite.run(
        f"""
        {MARK}
        def test_it(speedbump):
            result = speedbump(work.call)
            assert result.drop < 0.001
        """,
        "-vv",
    )
    assert (run.code, run.result["verdict"]) == (1, "sensitive")
    run.pytest.stdout.fnmatch_lines(["E *assert 0.* < 0.001", "E * where 0.* = Result(*).drop"])


@pytest.mark.parametrize("mode", ["importlib", "append"])
def test_import_modes(suite: Suite, mode: str) -> None:
    run = suite.run(
        """
        def local():
            return work.call()

        @pytest.mark.speedbump_sensitive("test_it:local", delay="100us", at_least="10%")
        def test_it(benchmark):
            benchmark(local)
        """,
        f"--import-mode={mode}",
        "-o",
        "pythonpath=.",
    )
    assert_shown(run)


def test_pytest_benchmarks_own_files(suite: Suite) -> None:
    options = ("--benchmark-autosave", "--benchmark-storage=file://saved", "--benchmark-json=own.json")
    assert_shown(suite.run(SHOWN, *options))
    (saved,) = suite.path.glob("saved/*/*.json")
    for document in (json.loads(saved.read_text()), suite.read_json("own.json")):
        (benchmark,) = document["benchmarks"]
        (result,) = benchmark["extra_info"]["speedbump"]
        assert result["verdict"] == "sensitive"
        assert benchmark["stats"]["median"] < 100e-6, "its own rounds are not slowed"
    # And with what was saved it compares as ever.
    assert_shown(suite.run(SHOWN, *options, "--benchmark-compare", "--benchmark-compare-fail=median:10000%"))
