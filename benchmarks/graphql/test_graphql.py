"""Does it matter? The question put to graphql-core, which parses, validates and executes requests in pure Python.

    pytest benchmarks/graphql --speedbump-target 'graphql.language.parser:Parser.parse_name' --speedbump-delay 2us

asks it of every benchmark here; the markers ask it of some, whatever the command line says.
"""

import asyncio
from collections.abc import Awaitable

import pytest
from graphql import ExecutionResult, execute, graphql_sync, parse, validate
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.graphql.library import (
    BOOKS,
    OVERVIEW,
    OVERVIEW_AND_STOCK,
    SCHEMA,
    VARIABLES,
    data_at_hand,
    data_from_backends,
)

pytestmark = pytest.mark.benchmark(max_time=0.25, disable_gc=True)

COMPLETION = "graphql.execution.*complete_value*"


def number_of_books(result: ExecutionResult | Awaitable[ExecutionResult]) -> int:
    assert isinstance(result, ExecutionResult)
    assert result.errors is None
    assert result.data is not None
    return len(result.data["shelf"]["books"])


def test_parse(benchmark: BenchmarkFixture) -> None:
    assert len(benchmark(parse, OVERVIEW).definitions) == 3


def test_request(benchmark: BenchmarkFixture) -> None:
    """All that a server does: parsing is a small part of it."""
    result = benchmark(graphql_sync, SCHEMA, OVERVIEW, data_at_hand(), variable_values=VARIABLES)
    assert number_of_books(result) == BOOKS


@pytest.mark.speedbump("graphql.utilities.type_info:TypeInfo.enter_field", delay="2us")
def test_validate(benchmark: BenchmarkFixture) -> None:
    """What keeping track of fields is worth, beside the rules that ask for them."""
    assert benchmark(validate, SCHEMA, parse(OVERVIEW)) == []


@pytest.mark.speedbump_sensitive(COMPLETION, delay="2us", at_least="10%")
def test_execute(benchmark: BenchmarkFixture) -> None:
    """While data are at hand, completing values is on the critical path."""
    result = benchmark(execute, SCHEMA, parse(OVERVIEW), data_at_hand(), variable_values=VARIABLES)
    assert number_of_books(result) == BOOKS


@pytest.mark.speedbump_insensitive(COMPLETION, delay="2us", budget="5%")
def test_execute_while_a_backend_is_awaited(benchmark: BenchmarkFixture) -> None:
    """The same work, as hot as before to a profiler, is free: it is done while the stock is awaited."""
    document, data = parse(OVERVIEW_AND_STOCK), data_from_backends()

    async def request() -> ExecutionResult:
        result = execute(SCHEMA, document, data, variable_values=VARIABLES)
        assert isinstance(result, Awaitable)
        return await result

    with asyncio.Runner() as runner:
        assert number_of_books(benchmark(lambda: runner.run(request()))) == BOOKS
