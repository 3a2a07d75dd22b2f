"""A suite as users have it, to run pytest on: benchmarks of the pipeline, and tests that are none."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.e2e.pipeline import Stage, expected, pipeline


@pytest.mark.parametrize("stages", [1, 4])
def test_pipeline(benchmark: BenchmarkFixture, stages: int) -> None:
    item = bytes(1000)
    checksums = benchmark(lambda: pipeline([Stage() for _ in range(stages)], item, 50))
    assert checksums == expected(stages, item, 50)


@pytest.mark.parametrize("number", range(200))
def test_ordinary(number: int) -> None:
    assert number * 2 == number + number
