"""Every case for every backend: alone, in pytest-benchmark's table, and side by side, where the ratios come from."""

import random

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.backends import BACKENDS, missing, unable
from benchmarks.micro.cases import CASES, Case
from benchmarks.micro.counting import count
from benchmarks.micro.delivery import DECADES, deliver, deliver_afresh
from benchmarks.micro.findings import Findings
from benchmarks.micro.plans import compare
from benchmarks.micro.sidebyside import measure

pytestmark = pytest.mark.benchmark(max_time=0.2, min_rounds=1, disable_gc=True)

by_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
by_backend = pytest.mark.parametrize("backend", BACKENDS)


@by_backend
@by_case
def test_alone(benchmark: BenchmarkFixture, findings: Findings, case: Case, backend: str) -> None:
    lacking = case.lacking(backend)
    if lacking:
        pytest.skip(lacking)
    if findings.origin.smoke:
        pytest.skip("a smoke run measures each case once, side by side")
    benchmark.group = f"{case.name}, {case.operations} x {case.unit}"
    benchmark.extra_info.update(case=case.name, backend=backend, operations=case.operations, unit=case.unit)
    with case.open(backend) as work:
        if work.before is None:
            benchmark(work.run)
        else:
            benchmark.pedantic(work.run, setup=work.before, teardown=work.after, rounds=3)


@by_case
def test_side_by_side(case: Case, findings: Findings) -> None:
    result = measure(case, seconds=0.0, fewest=1) if findings.origin.smoke else measure(case)
    assert result.ns, result.skipped
    findings.side_by_side.append(result)


@by_backend
@pytest.mark.parametrize("delay_ns", DECADES, ids="{:g}ns".format)
def test_delivery(findings: Findings, backend: str, delay_ns: float) -> None:
    lacking = unable(backend, "delay") or missing(backend)
    if lacking:
        pytest.skip(lacking)
    delays = [delay_ns]
    found = deliver(backend, delays, seconds=0.0) if findings.origin.smoke else deliver(backend, delays)
    findings.deliveries.extend(found)


def test_delivery_afresh(request: pytest.FixtureRequest, findings: Findings) -> None:
    lacking = missing("core")
    if lacking:
        pytest.skip(lacking)
    processes = request.config.getoption("--processes")
    findings.afresh.extend(deliver_afresh("core", min(processes, 2) if findings.origin.smoke else processes))


def test_counting(findings: Findings) -> None:
    pytest.importorskip("graphql", reason="graphql-core is not installed: pip install graphql-core")
    lacking = missing("core")
    if lacking:
        pytest.skip(lacking)
    findings.counting = count()


def test_plans(findings: Findings) -> None:
    lacking = missing("core")
    if lacking:
        pytest.skip(lacking)
    findings.plans = compare(seconds=0.0) if findings.origin.smoke else compare()


@pytest.mark.parametrize("blocks", [0, 100])
def test_verdict_update(benchmark: BenchmarkFixture, blocks: int) -> None:
    """One block of ten pairs, after so many others."""
    from pytest_speedbump.inference.bets import Terms
    from pytest_speedbump.inference.excess import Reading
    from pytest_speedbump.inference.sequential import Sequential

    benchmark.group = "verdict update"
    noise = random.Random(1)
    terms = Terms(spread=0.02, most=0.05)
    excesses = [[noise.gauss(0.0, 0.02) for _ in range(10)] for _ in range(blocks + 1)]
    pairs = [[Reading(one, one) for one in block] for block in excesses]

    def measured() -> tuple[tuple[Sequential], dict[str, object]]:
        question = Sequential(0.02, alpha_over=0.05, alpha_under=1e-300)
        for pair in pairs[:-1]:
            question.update(pair, terms)
        return (question,), {}

    benchmark.pedantic(lambda question: question.update(pairs[-1], terms), setup=measured, rounds=200)
