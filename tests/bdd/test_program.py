"""Programs that slow code without pytest."""

import pytest
from project import Project
from pytest_bdd import parsers, scenarios, then, when

from pytest_speedbump.units import parse_time

scenarios("../../features/program.feature")

BETWEEN = """
import pipeline
from pytest_speedbump import slow

pipeline.step()
with slow("{target}", delay="{delay}") as bump:
    for _ in range({times}):
        pipeline.step()
pipeline.step()

(target,) = bump.snapshot().targets
print(target.calls, target.requested_ns, target.delivered_ns)
"""

NESTED = """
from pytest_speedbump import slow

with slow("{outer}", delay="1us"), slow("{inner}", delay="1us"):
    pass
"""


@when(
    parsers.parse('my program runs the pipeline, {times:d} times with "{target}" slowed by {delay}, and once more'),
    target_fixture="program",
)
def _(project: Project, times: int, target: str, delay: str) -> pytest.RunResult:
    return project.run_program(BETWEEN.format(times=times, target=target, delay=delay))


@when(parsers.parse('my program slows "{inner}" while it slows "{outer}"'), target_fixture="program")
def _(project: Project, inner: str, outer: str) -> pytest.RunResult:
    return project.run_program(NESTED.format(inner=inner, outer=outer))


@then(parsers.parse("it counts {calls:d} calls, slowed by {delay} in all"))
def _(program: pytest.RunResult, calls: int, delay: str) -> None:
    assert program.ret == 0
    counted, requested_ns, delivered_ns = map(float, program.outlines[-1].split())
    assert counted == calls
    assert requested_ns == pytest.approx(parse_time(delay, "delay"))
    assert delivered_ns > 0.9 * requested_ns  # spun until the clock said so


@then(parsers.parse('it stops and says "{text}"'))
def _(program: pytest.RunResult, text: str) -> None:
    assert program.ret == 1
    assert text in program.errlines[-1]
