"""Collects what the side-by-side measurements found: for the terminal, and for --benchmark-json."""

from typing import Any

import pytest

from benchmarks.backends import missing
from benchmarks.measured import MeasuredError, core_file
from benchmarks.micro.delivery import Delivery
from benchmarks.micro.sidebyside import SideBySide
from benchmarks.micro.tables import afresh_table, delivery_table, side_by_side_table

SIDE_BY_SIDE = pytest.StashKey[list[SideBySide]]()
DELIVERIES = pytest.StashKey[list[Delivery]]()
AFRESH = pytest.StashKey[list[list[Delivery]]]()
CORE = pytest.StashKey[str | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--processes", type=int, default=30, metavar="N", help="fresh processes that test_delivery_afresh asks (30)"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SIDE_BY_SIDE], config.stash[DELIVERIES], config.stash[AFRESH] = [], [], []
    try:
        config.stash[CORE] = None if missing("core") else str(core_file())
    except MeasuredError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture
def side_by_side(request: pytest.FixtureRequest) -> list[SideBySide]:
    return request.config.stash[SIDE_BY_SIDE]


@pytest.fixture
def deliveries(request: pytest.FixtureRequest) -> list[Delivery]:
    return request.config.stash[DELIVERIES]


@pytest.fixture
def afresh(request: pytest.FixtureRequest) -> list[list[Delivery]]:
    return request.config.stash[AFRESH]


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    output_json["core"] = config.stash[CORE]
    output_json["side_by_side"] = [result.to_json() for result in config.stash[SIDE_BY_SIDE]]
    output_json["delivery"] = [result.to_json() for result in config.stash[DELIVERIES]]
    output_json["delivery_afresh"] = [[result.to_json() for result in found] for found in config.stash[AFRESH]]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    side_by_side, deliveries = config.stash[SIDE_BY_SIDE], config.stash[DELIVERIES]
    terminalreporter.write_line(f"measured {config.stash[CORE] or missing('core')}")
    if side_by_side:
        terminalreporter.section("side by side, within this run")
        terminalreporter.write_line("\n".join(side_by_side_table(side_by_side)))
        terminalreporter.write_line(
            "ns: medians. Ratios: of what is added, where the work can be done uninstrumented. Floor: empty-callback."
        )
    if deliveries:
        terminalreporter.section("delays as delivered, seen from outside")
        terminalreporter.write_line("\n".join(delivery_table(deliveries)))
    if config.stash[AFRESH]:
        terminalreporter.section("error of delays in fresh processes, ns")
        terminalreporter.write_line("\n".join(afresh_table(config.stash[AFRESH])))
