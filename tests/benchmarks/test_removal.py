"""The cost that the README takes out: both ways answer alike, and the figures are what they are called."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from scans import LEXER

from benchmarks.graphql.removal import IN_C, predicted, remove, requests, won
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.result import Estimate
from pytest_speedbump.targets import Targets

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ["test_execute", "test_execute_while_a_backend_is_awaited"]


def test_requests_are_those_of_the_suite() -> None:
    suite = (ROOT / "benchmarks/graphql/test_graphql.py").read_text(encoding="utf-8")
    with requests() as both:
        assert list(both) == BENCHMARKS
        for name, request in both.items():
            assert f"def {name}(" in suite
            result = request(IN_C)
            assert result.errors is None
            assert result.data is not None
            assert len(result.data["shelf"]["books"]) == 20
            assert len(remove(request, 0.0, seed=1)) == 3, "each with the same result"


def test_what_is_won_is_a_share_of_the_round() -> None:
    assert won([-0.1] * 9) == pytest.approx(0.0952, abs=1e-4)
    found = won([0.1, -0.1, -0.2, -0.1, -0.3, -0.1, 0.0, -0.1, -0.1])
    assert (found.low, found.high) == pytest.approx((0.0, 0.1813), abs=1e-4)


def test_what_is_left_wins_nothing() -> None:
    one = replace(LEXER, calls=1000.0, transmission=Estimate(0.5, 0.4, 0.6), gain=Estimate(0.1, 0.08, 0.12))
    ranking = Ranking(test="", targets=Targets((), (), ()), mode="spin", round_ns=1e6, functions=(one,))
    found = predicted(ranking, 20.0)
    assert found is not None
    assert (found.low, float(found), found.high) == pytest.approx((0.07, 0.09, 0.11))
    unknown = replace(one, transmission=None, gain=None)
    assert predicted(replace(ranking, functions=(unknown,)), 20.0) is None


def test_the_command() -> None:
    command = [sys.executable, "-m", "benchmarks.graphql.removal", "--max-time=3s", "--seconds=0", "--seed=1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    header, _, *rows = done.stdout.splitlines()
    assert [cell.strip() for cell in header.split("|")][1:-1] == [
        "benchmark", "calls", "share", "scan", "gain", "a call in C", "gain but for it", "really won",
    ]  # fmt: skip
    assert [row.split("|")[1].strip() for row in rows] == BENCHMARKS
    assert all(1000 < float(row.split("|")[2]) < 2000 for row in rows)
