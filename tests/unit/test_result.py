import json
import math
from dataclasses import replace

import execnet
import pytest

from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.counts import Counts
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Change, Estimate, Evidence, Machine, MatchedCode, Result, Unreached, VoidError
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.uncalled import Uncalled

BUMP = Bump(
    parse_targets(["pkg.a", "!pkg.b"]),
    2000.0,
    "nogil",
    Declaration("insensitive", 0.02, "marker"),
    "marker",
    ("a note",),
)
RESULT = Result(
    test="t.py::t", bump=BUMP, verdict="sensitive", outcome="failed", warnings=("a doubt",),
    known_drop=Estimate(0.2, 0.1, 0.3), known_transmission=Estimate(1.0, 0.9, None), floor=0.003, pairs=180,
    iterations=20, seconds=1.3, control_ns=8000.0, counts=Counts(1.0, 2000.0, 2001.0, 0.5, 0.0), bare_ns=7900.0,
    probe_ns=100.0, evidence=Evidence(4.7, -1.5, 5.3, 0.1), machine=Machine(0.4, 0.01, 0.5, None, 17, "unwaited"),
    matched=(MatchedCode("pkg.a", "pkg.py", 10, 1.0, 2001.0), MatchedCode("c:zlib.crc32", None, None, 2.0, 0.0, "c")),
    unreached=(Unreached("c:zlib.compressobj", "it is not called through a pointer"),),
    lock=Change("grown", "more"), needed_ns=5e9, uncalled=Uncalled("pkg.a", "renamed", ("pkg.b",)),
)  # fmt: skip
VOID = Result(
    test="t.py::t",
    bump=replace(BUMP, declared=None),
    verdict="void",
    outcome="failed",
    reason=Remark("uncalled", target="pkg.a", hint=""),
)


UNRESOLVED = replace(VOID, bump=replace(BUMP, delay_ns=math.nan, delay_share=0.05))
SHARE = replace(RESULT, bump=UNRESOLVED.bump.resolved(1200.0))


def test_what_a_share_came_to() -> None:
    assert (SHARE.to_json()["delay_ns"], SHARE.to_json()["share"]) == (1200.0, 0.05)
    assert (UNRESOLVED.to_json()["delay_ns"], UNRESOLVED.to_json()["share"]) == (None, 0.05)
    assert (RESULT.to_json()["delay_ns"], RESULT.to_json()["share"]) == (2000.0, None)


def test_an_estimate_is_a_number_that_knows_its_interval() -> None:
    drop = RESULT.drop
    assert drop == 0.2
    assert drop < 0.25
    assert (drop.low, drop.high) == (0.1, 0.3)
    assert RESULT.transmission.high is None
    assert (drop.estimate, type(drop.estimate)) == (0.2, float)


def test_there_is_one_estimate() -> None:
    assert RESULT.slowed_ns == 7900 / (1 - 0.2), "the drop is a share of the bare program"
    assert VOID.slowed_ns is None


def test_what_is_not_known_cannot_be_read() -> None:
    with pytest.raises(VoidError, match=r"no drop is known for pkg.a, !pkg.b \+2us nogil: pkg.a never ran"):
        assert VOID.drop < 0.02
    with pytest.raises(VoidError, match="no transmission is known"):
        assert VOID.transmission
    with pytest.raises(VoidError, match="nothing was delivered"):
        assert replace(RESULT, known_transmission=None).transmission
    nothing = replace(RESULT, known_drop=None, known_transmission=None, reason=Remark())
    slack = replace(nothing, bump=replace(nothing.bump, delay_ns=math.nan))
    for one, why in ((replace(nothing, verdict="listed"), "--speedbump-list measures nothing"), (slack, "`slack_ns`")):
        for name in ("drop", "transmission"):
            with pytest.raises(VoidError, match=why):
                getattr(one, name)


@pytest.mark.parametrize("result", [RESULT, VOID, SHARE, UNRESOLVED], ids=["known", "void", "share", "unresolved"])
def test_it_crosses_to_another_process_and_back(result: Result) -> None:
    sent = result.to_json()
    execnet.dumps(sent)  # as pytest-xdist does, which knows no subclass of anything
    received = Result.from_json(json.loads(json.dumps(sent, allow_nan=False)))
    assert received.to_json() == sent
    assert (received.slowed_ns, received.evidence, received.machine) == (
        result.slowed_ns,
        result.evidence,
        result.machine,
    )
    assert received.reason.kind == result.reason.kind == sent["cause"]
    assert str(received.bump) == str(result.bump)
    assert received.bump.delay_text == result.bump.delay_text


def test_evidence_of_attempts_has_the_maximum_of_all() -> None:
    first, second = Evidence(1.0, -2.0, 3.0, 0.5), Evidence(2.0, 1.0, 2.5, 1.5)
    assert second.after(first) == Evidence(2.0, 1.0, 3.0, 1.5)
    assert second.after(None) == second
