"""Collects what the measurements found: for the terminal, and for ``--output``."""

from pathlib import Path

import pytest

from benchmarks.backends import missing
from benchmarks.documents import check_output, write
from benchmarks.exits import ExitError
from benchmarks.micro.findings import Findings
from benchmarks.micro.tables import afresh_table, delivery_table, side_by_side_table
from benchmarks.origin import Origin

FINDINGS = pytest.StashKey[Findings]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("microbenchmarks")
    group.addoption("--output", type=Path, metavar="PATH", help="where the result goes")
    group.addoption(
        "--processes", type=int, default=30, metavar="N", help="fresh processes that test_delivery_afresh asks (30)"
    )
    group.addoption("--smoke", action="store_true", help="as briefly as can be: does it work?")


def pytest_configure(config: pytest.Config) -> None:
    try:
        if config.option.output is not None:
            check_output(config.option.output)
        config.stash[FINDINGS] = Findings(Origin.here(smoke=config.option.smoke))
    except ExitError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture
def findings(request: pytest.FixtureRequest) -> Findings:
    return request.config.stash[FINDINGS]


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = session.config.option.output
    if output is not None and not session.config.option.collectonly:
        write(output, session.config.stash[FINDINGS].to_json())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    findings = config.stash[FINDINGS]
    terminalreporter.write_line(f"measured {findings.origin.core or missing('core')}")
    if findings.side_by_side:
        terminalreporter.section("side by side, within this run")
        terminalreporter.write_line("\n".join(side_by_side_table(findings.side_by_side)))
        terminalreporter.write_line(
            "ns: medians. Ratios: of what is added, where the work can be done uninstrumented. Floor: empty-callback."
        )
    if findings.deliveries:
        terminalreporter.section("delays as delivered, seen from outside")
        terminalreporter.write_line("\n".join(delivery_table(findings.deliveries)))
    if findings.afresh:
        terminalreporter.section("error of delays in fresh processes, ns")
        terminalreporter.write_line("\n".join(afresh_table(findings.afresh)))
    if findings.plans:
        terminalreporter.section("a dose for each target, against one delay for all")
        terminalreporter.write_line(f"{findings.plans.added:+.2f} ns a matched call, undelayed under either")
