"""One error rate is shared among the verdicts of all tests that were collected, whichever of them are run."""

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest
from suite import Suite

from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.plugin import OPTIONS
from pytest_speedbump.plugin.family import Family
from pytest_speedbump.plugin.run import Run
from pytest_speedbump.targets import parse_targets

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
    run.collect([call.item for call in hooks.getcalls("pytest_itemcollected")], session.items)
    return run


@pytest.mark.parametrize(
    ("options", "verdicts"),
    [
        ([], 6),
        (["-k", "one or two"], 6),
        (["-k", "one"], 6),
        (["--deselect", "test_it.py::test_sweep"], 6),
        (["-k", "measured or plain"], 6),
        (["test_it.py::test_two"], 2),
        # Under a budget from the command line each benchmark has one more.
        (["--speedbump-target=pkg.g", "--speedbump-budget=5%"], 6 + 5),
        (["--speedbump-target=pkg.g"], 6),
        (["--speedbump-error-rate=1%", "-k", "two"], 5 * 6),
        # A lockfile may fail every bump, declared or not: 7 of them.
        (["--speedbump-save"], 6 + 7),
        (["--speedbump-save", "-k", "measured"], 6 + 7),
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


def test_what_is_not_selected_is_not_planned(suite: Suite) -> None:
    assert list(collected(suite, ["-k", "one or plain"]).plan) == ["test_it.py::test_one"]


BUMP = Bump(parse_targets(["pkg.f"]), 2000.0, "spin", Declaration("insensitive", 0.02, "marker"), "marker")
PLAN = {"t.py::a": [BUMP], "t.py::b": [BUMP, replace(BUMP, declared=None)], "t.py::c": []}


def test_a_family_is_known_by_its_digest_in_any_order() -> None:
    families = {Family.of(dict(order), locks=False) for order in permutations(PLAN.items())}
    (family,) = families
    assert family.verdicts == 2
    assert len(family.digest) == 16
    assert int(family.digest, 16)
    twice = Family.of(PLAN | {"t.py::a": [BUMP, BUMP]}, locks=False)
    assert (twice.verdicts, twice.digest == family.digest) == (3, False)


@pytest.mark.parametrize(
    "change",
    [
        lambda: {"t.py::d": [BUMP]},
        lambda: {"t.py::a": [replace(BUMP, delay_ns=1000.0)]},
        lambda: {"t.py::a": [replace(BUMP, mode="nogil")]},
        lambda: {"t.py::a": [replace(BUMP, targets=parse_targets(["pkg.g"]))]},
        lambda: {"t.py::a": [replace(BUMP, declared=Declaration("insensitive", 0.021, "marker"))]},
        lambda: {"t.py::a": [replace(BUMP, declared=Declaration("sensitive", 0.02, "marker"))]},
    ],
)
@pytest.mark.parametrize("locks", [False, True])
def test_another_question_is_another_family(change: Callable[[], dict[str, list[Bump]]], locks: bool) -> None:
    assert Family.of(PLAN | change(), locks=locks).digest != Family.of(PLAN, locks=locks).digest


def test_what_cannot_fail_is_of_the_family_as_well() -> None:
    """Else nobody would miss a shard that measures or scans and declares nothing."""
    scanned = [Family.of(PLAN, locks=False, scans=scans) for scans in ({}, {"t.py::d": "scan of pkg.*"}, {"t.py::d": "scan of f"})]  # fmt: skip  # noqa: E501
    measured = Family.of(PLAN | {"t.py::d": [replace(BUMP, declared=None)]}, locks=False)
    families = [*scanned, measured]
    assert {family.verdicts for family in families} == {2}
    assert len({family.digest for family in families}) == 4


def test_who_declared_it_is_no_matter() -> None:
    declared = replace(BUMP, declared=Declaration("insensitive", 0.02, "command line"), notes=("a note",))
    assert Family.of(PLAN | {"t.py::a": [declared]}, locks=False) == Family.of(PLAN, locks=False)
