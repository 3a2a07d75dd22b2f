"""The steps that features about pytest runs have in common."""

import operator

import pytest
from project import PLAIN_LIMIT, SCATTERED, Project
from pytest_bdd import given, parsers, then, when
from suite import Run, Suite

from pytest_speedbump.units import parse_share, parse_time

SIDES = {"over": operator.gt, "under": operator.lt}


@pytest.fixture
def project(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Project:
    # Files change between two runs of a scenario, faster than the time stamps by which bytecode is told to be stale.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return Project(suite)


@pytest.fixture
def run(project: Project) -> Run:
    """The last one."""
    assert project.run is not None
    return project.run


# ---- the project ----


@given(parsers.parse("a pipeline that parses {lines:d} lines, then logs while its device works"))
def _(project: Project, lines: int) -> None:
    project.lines, project.log_hidden = lines, True


@given("a benchmark of the pipeline")
def _(project: Project) -> None:
    project.benchmark = "test_pipeline"


@given("another benchmark, which only archives")
def _(project: Project) -> None:
    project.others.append("def test_archive(benchmark):\n    benchmark(pipeline.archive)")


@given(parsers.parse('it measures what slowing "{target}" by {delay} costs'))
def _(project: Project, target: str, delay: str) -> None:
    project.markers.append(f"speedbump({target!r}, {delay=})")
    project.limit = PLAIN_LIMIT


@given(parsers.parse('it declares that slowing "{target}" by {delay} costs less than {budget}'))
def _(project: Project, target: str, delay: str, budget: str) -> None:
    project.markers.append(f"speedbump_insensitive({target!r}, {delay=}, {budget=})")


@given(parsers.parse('it declares that slowing "{target}" by {delay} costs at least {at_least}'))
def _(project: Project, target: str, delay: str, at_least: str) -> None:
    project.markers.append(f"speedbump_sensitive({target!r}, {delay=}, {at_least=})")


@given("logging has moved into the loop over the lines")
def _(project: Project) -> None:
    project.log_hidden = False


@given("logging has moved behind the device")
def _(project: Project) -> None:
    project.log_hidden = True


@given("the device takes a wildly different time whenever it works")
def _(project: Project) -> None:
    project.device_time = SCATTERED
    project.options.append("--benchmark-max-time=0.05")  # rounds enough for a median that the audit can rely on


@given("the benchmark has been renamed")
def _(project: Project) -> None:
    project.benchmark = "test_renamed"


# ---- the run ----


@given(parsers.re("findings are (?P<option>strict|advisory)"))
def _(project: Project, option: str) -> None:
    project.options.append(f"--speedbump-{option}")


@given(parsers.parse("a verdict may take {limit}"))
def _(project: Project, limit: str) -> None:
    project.limit = limit


@given(parsers.parse("a false failure may happen once in {runs:d} runs"))
def _(project: Project, runs: int) -> None:
    project.options.append(f"--speedbump-error-rate={1 / runs:f}")


@when("I run the benchmark")
def _(project: Project) -> None:
    project.run_pytest()


@when(parsers.re(r'I slow "(?P<target>\S+)" by (?P<delay>\S+)'))
def _(project: Project, target: str, delay: str) -> None:
    project.limit = PLAIN_LIMIT
    project.run_pytest(f"--speedbump-target={target}", f"--speedbump-delay={delay}")


@when(parsers.re(r'I slow "(?P<target>\S+)" by (?P<delay>\S+) within a budget of (?P<budget>\S+)'))
def _(project: Project, target: str, delay: str, budget: str) -> None:
    project.run_pytest(f"--speedbump-target={target}", f"--speedbump-delay={delay}", f"--speedbump-budget={budget}")


@when(parsers.parse('I list what "{target}" matches'))
def _(project: Project, target: str) -> None:
    project.run_pytest(f"--speedbump-target={target}", "--speedbump-list")


@given("I have saved what was found")
def _(project: Project) -> None:
    assert project.run_pytest("--speedbump-save").code == 0


@when("I compare with what was saved")
def _(project: Project) -> None:
    project.run_pytest("--speedbump-compare")


# ---- what it says ----


@then(parsers.re("the run (?P<ending>passes|fails)"))
def _(run: Run, ending: str) -> None:
    assert run.code == {"passes": 0, "fails": 1}[ending], run.out


@then(parsers.parse('the report says "{text}"'))
def _(run: Run, text: str) -> None:
    assert text in run.out


@then(parsers.parse("the verdict is {verdict}"))
def _(run: Run, verdict: str) -> None:
    assert run.result["verdict"] == verdict


@then(parsers.parse('"{function}" was called {calls:d} times in each run of the pipeline'))
def _(run: Run, function: str, calls: int) -> None:
    assert {code["name"]: code["calls"] for code in run.result["matched"]} == {function: calls}


@then(parsers.re(r"the (?P<quantity>drop|transmission) is (?P<side>over|under) (?P<share>\S+)"))
def _(run: Run, quantity: str, side: str, share: str) -> None:
    assert SIDES[side](run.result[quantity]["estimate"], parse_share(share, quantity))


@then(parsers.re(r"the drop at (?P<delay>\S+) is (?P<side>over|under) (?P<share>\S+)"))
def _(run: Run, delay: str, side: str, share: str) -> None:
    (result,) = (result for result in run.results if result["delay_ns"] == parse_time(delay, "delay"))
    assert SIDES[side](result["drop"]["estimate"], parse_share(share, "drop"))


@then("nothing was measured")
def _(run: Run) -> None:
    assert [(result["verdict"], result["drop"]) for result in run.results] == [("listed", None)]


@then("these calls are listed:")
def _(run: Run, datatable: list[list[str]]) -> None:
    header, *rows = datatable
    assert header == ["function", "calls"]
    assert {code["name"]: code["calls"] for code in run.result["matched"]} == {name: float(n) for name, n in rows}
    for name, calls in rows:
        run.pytest.stdout.re_match_lines_random([rf" +{calls}  {name}  "])
