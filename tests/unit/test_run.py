"""One run's error rate is shared among the verdicts that were planned when collection ended."""

import pytest
from suite import Suite

from pytest_speedbump.plugin import OPTIONS
from pytest_speedbump.plugin.run import Run

TESTS = """
import pytest

insensitive = pytest.mark.speedbump_insensitive("pkg.f", budget="2%")

@insensitive
def test_one(benchmark): pass

@insensitive
@pytest.mark.speedbump_sensitive("pkg.f", at_least="2%")
def test_two(benchmark): pass

@pytest.mark.speedbump_insensitive("pkg.f", delay="1us,2us,3us", budget="2%")
def test_sweep(benchmark): pass

@pytest.mark.speedbump("pkg.f")
def test_measured(benchmark): pass

def test_plain(benchmark): pass
"""


def collected(suite: Suite, options: list[str]) -> Run:
    suite.write("test_it.py", TESTS)
    plugins = ("-p", "benchmark", "-p", "speedbump")
    _, hooks = suite.pytester.inline_genitems(*plugins, *options)
    session = hooks.getcall("pytest_collection_finish").session
    run = Run.start(session.config.stash[OPTIONS])
    run.collect(session.items)
    return run


@pytest.mark.parametrize(
    ("options", "verdicts"),
    [
        ([], 6),
        (["-k", "one or two"], 3),
        (["-k", "one"], 1),
        (["--deselect", "test_it.py::test_sweep"], 3),
        (["-k", "measured or plain"], 1),
        # Under a budget from the command line each benchmark has one more.
        (["--speedbump-target=pkg.g", "--speedbump-budget=5%"], 6 + 5),
        (["--speedbump-target=pkg.g"], 6),
        (["--speedbump-error-rate=1%", "-k", "two"], 10),
        # A lockfile may fail every bump, declared or not: 7 of them.
        (["--speedbump-save"], 6 + 7),
        (["--speedbump-save", "-k", "measured"], 1),
    ],
    ids=str,
)
def test_error_rate_of_a_verdict(suite: Suite, options: list[str], verdicts: int) -> None:
    run = collected(suite, options)
    assert run.alpha_fail == pytest.approx(0.05 / verdicts)
    run.results["test_it.py::test_one"] = []
    assert run.alpha_fail == pytest.approx(0.05 / verdicts), "what ended leaves nothing to the others"


@pytest.mark.parametrize(("options", "rate"), [([], 0.025), (["--speedbump-save"], 0.05 / 13 / 2)])
def test_error_rate_of_an_end_of_an_interval(suite: Suite, options: list[str], rate: float) -> None:
    """Where a lockfile fails a test, an end that was saved or one of now was wrong."""
    run = collected(suite, options)
    assert run.alpha_end == pytest.approx(rate)
