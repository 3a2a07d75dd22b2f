"""The table and the document of a program."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from documents import errors

from pytest_speedbump.bump import Bump
from pytest_speedbump.counts import CodeCounts, Site, Snapshot, TargetCounts
from pytest_speedbump.documents.program import program_document
from pytest_speedbump.program import Ending, Process, ProgramCounts, ProgramRun
from pytest_speedbump.report.columns import width_of
from pytest_speedbump.report.program_table import lay_out_program
from pytest_speedbump.targets import parse_targets


def code(name: str, calls: int, target: int = 0) -> CodeCounts:
    site = Site("start", "engine", name, line=3, path="/src/engine.py")
    return CodeCounts(calls, calls * 5e4, calls * 5.01e4, 2e3, 0.0, site=site, target=target)


def total(name: str, *codes: CodeCounts) -> TargetCounts:
    calls = sum(int(one.calls) for one in codes)
    return TargetCounts(calls, calls * 5e4, calls * 5.01e4, 2e3 * len(codes), 0.0, name=name)


STEP, LOG = code("Engine.step", 1200), code("log", 34)
SNAPSHOT = Snapshot((total("engine.*", STEP, LOG), total("engine.shedule")), (STEP, LOG))
RUN = ProgramRun(
    words=("train.py", "--steps", "1000"),
    bump=Bump(
        parse_targets(["engine.*", "!engine.slow", "engine.shedule"]), 5e4, "nogil", None, "command line", every=10
    ),
    after_ns=30e9,
    for_ns=math.inf,
    ending=Ending(0, None, 12.34),
    counts=ProgramCounts(SNAPSHOT, (Process(70, 1000, 0, False), Process(71, 234, 2, True))),
    unrun={"engine.shedule": "there is engine.schedule"},
)


def test_table() -> None:
    assert lay_out_program(RUN, None, more="--json has all") == [
        "",
        "--------- speedbump: train.py --steps 1000 ---------",
        "Target                Calls   Asked  Delivered  Late",
        "----------------------------------------------------",
        "engine.*               1234  61.7ms     61.8ms   4us",
        "  engine.Engine.step   1200    60ms     60.1ms   2us",
        "  engine.log             34   1.7ms      1.7ms   2us",
        "engine.shedule            0       -          -     -",
        "----------------------------------------------------",
        "+50us nogil every 10th call after 30s; 2 processes; 12.3s; exit code 0",
        "engine.shedule never ran; there is engine.schedule",
        "memory ran out: 2 functions were not slowed",
        "still running, counted until now, and slowed no more: 1 process",
    ]


@pytest.mark.parametrize("width", [40, 50, 72, 100])
def test_width(width: int) -> None:
    names = [code(f"a_function_of_a_long_name_{n}", 40 - n) for n in range(14)]
    run = replace(
        RUN,
        counts=replace(
            RUN.counts, snapshot=Snapshot((total("*", *names), RUN.counts.snapshot.targets[1]), tuple(names))
        ),
    )
    lines = lay_out_program(run, width, more="--json has all")
    assert all(width_of(line) <= width for line in lines)
    assert any("4 more" in line for line in lines) or width < 72


def test_one_that_is_called_as_its_target_has_one_row() -> None:
    snapshot = Snapshot((total("engine.log", LOG),), (LOG,))
    run = replace(
        RUN, bump=replace(RUN.bump, targets=parse_targets(["engine.log"])), unrun={}, counts=ProgramCounts(snapshot, ())
    )
    lines = lay_out_program(replace(run, alone="it ended"), None, more="")
    assert sum("engine.log" in line for line in lines) == 1
    assert lines[-1] == "no process joined: it ended"


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        (Ending(3, None, 1.0), "exit code 3"),
        (Ending(None, 15, 1.0), "ended by SIGTERM"),
        (Ending(None, 37, 1.0), "ended by SIGRTMIN+3"),
        (Ending(None, None, 1.0), ""),
    ],
)
def test_endings(ending: Ending, text: str) -> None:
    assert str(ending) == text


def test_what_would_move_the_terminal_is_escaped() -> None:
    lines = lay_out_program(replace(RUN, words=("-c", "a\n\x1b[2J")), None, more="")
    assert "-c a\\n\\x1b[2J" in lines[1]


def document(run: ProgramRun) -> Any:
    return json.loads(json.dumps(program_document(run, "tsc")))


def test_document() -> None:
    written = document(RUN)
    assert errors("result-1", written) == []
    assert written["program"] == {
        "argv": ["train.py", "--steps", "1000"], "exit_code": 0, "signal": None, "seconds": 12.34,
        "processes": [
            {"pid": 70, "calls": 1000, "lost": 0, "running": False},
            {"pid": 71, "calls": 234, "lost": 2, "running": True},
        ],
    }  # fmt: skip
    assert (written["delay_ns"], written["every"], written["after_ns"], written["for_ns"]) == (5e4, 10, 30e9, None)
    assert [(one["target"], one["calls"], one["hint"]) for one in written["targets"]] == [
        ("engine.*", 1234, None), ("engine.shedule", 0, "there is engine.schedule")
    ]  # fmt: skip
    assert written["matched"][0] == {
        "name": "engine.Engine.step", "kind": "start", "file": "/src/engine.py", "line": 3, "calls": 1200,
        "requested_ns": 6e7, "delivered_ns": 60.12e6, "late_ns": 2e3, "waited_ns": 0.0,
    }  # fmt: skip


def test_document_of_names_that_are_no_utf8() -> None:
    ended = replace(RUN, words=("\udcff.py",), ending=Ending(None, 9, 1.0), for_ns=6e10)
    written = program_document(ended, "tsc")
    assert errors("result-1", written) == []
    assert json.dumps(written, ensure_ascii=False).encode("utf-8")
    assert (written["program"]["argv"], written["program"]["signal"]) == (["\\udcff.py"], "SIGKILL")
