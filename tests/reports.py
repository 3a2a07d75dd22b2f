"""Documents to be reported, made up: every verdict, names that attack, sweeps, scans, and as many results as wanted."""

import math
import random
from dataclasses import replace

from pytest_speedbump.bump import Bump, Declaration, Mode
from pytest_speedbump.counts import Counts
from pytest_speedbump.documents.document import Document, environment
from pytest_speedbump.ranking import Ranked, Ranking, Standing
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Change, Dose, Estimate, Evidence, MatchedCode, Outcome, Result, Verdict
from pytest_speedbump.targets import Targets

__all__ = [
    "HOSTILE",
    "PROGRAM",
    "SCAN",
    "SLACK",
    "SOME",
    "a_document",
    "a_result",
    "hostile_document",
    "many",
    "ranked",
    "sweep",
]

HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "a|b|c",
    "`back``ticks`",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "x" * 400,
    "line\nbreak\r\ttab\x1b[31mred\x00",
    "&amp; \"quotes' %0A::error::x",
    "\u2067\U0001f4a5 wide \u5bbd \u0301combining",
    "lone \udcff surrogate",
    "[link](javascript:alert(1)) ![](x) **bold** _it_ #1 @all <!-- -->",
)


def a_result(
    test: str = "bench/test_engine.py::test_decode_step",
    *targets: str,
    verdict: Verdict = "measured",
    outcome: Outcome = "passed",
    delay_ns: float = 40e3,
    calls: float = 1.0,
    drop: float | None = 0.087,
    half: float = 0.015,
    round_ns: float = 400e3,
    limit: float | None = None,
    kind: str = "insensitive",
    mode: Mode = "spin",
    by: str = "marker",
) -> Result:
    """One result whose numbers agree with each other; ``half`` is half of the interval of the drop."""
    declared = None if limit is None else Declaration(kind, limit, "marker")  # type: ignore[arg-type]
    named = targets or ("engine.log:emit",)
    bump = Bump(Targets(named, (), ()), delay_ns, mode, declared, by)  # type: ignore[arg-type]
    result = Result(test=test, bump=bump, verdict=verdict, outcome=outcome, seconds=1.3)
    if drop is None:
        return replace(result, reason=Remark("uncalled", target=named[0], hint=""), counts=Counts())
    added = round_ns * drop / (1 - drop)
    low, high = (round_ns * one / (1 - one) for one in (drop - half, drop + half))
    delivered = calls * delay_ns
    transmission = Estimate(added / delivered, low / delivered, high / delivered) if delivered else None
    return replace(
        result,
        known_drop=Estimate(drop, drop - half, drop + half),
        known_transmission=transmission,
        floor=half,
        pairs=180,
        iterations=20,
        control_ns=1.01 * round_ns,
        bare_ns=round_ns,
        probe_ns=13.0,
        counts=Counts(calls, delivered, delivered, 0.0, 0.0),
        matched=(MatchedCode(named[0], "engine/log.py", 10, calls, delivered),),
        evidence=None if limit is None else Evidence(3.0, -2.0, 3.2, 0.0),
    )


SOME = (
    replace(
        a_result("bench/test_engine.py::test_decode_step", verdict="sensitive", outcome="failed", limit=0.04),
        lock=Change("grown", "it costs 8.6% of throughput instead of 0.1% (transmission 0.00 -> 0.97)"),
    ),
    replace(
        a_result("bench/test_engine.py::test_prefill", "engine.kv:BlockTable.append", verdict="inconclusive",
                 outcome="warned", limit=0.02, drop=0.044, half=0.02, delay_ns=2e3, calls=96.0),
        reason=Remark("time", spent_ns=10e9, instead=""),
    ),
    a_result("bench/test_engine.py::test_decode_step", "engine.batch:prepare", verdict="insensitive", drop=0.0,
             half=0.012, limit=0.04),
    a_result("bench/test_http.py::test_fetch_page", "client.json:loads_rows", drop=0.162, half=0.018, calls=12.0),
    a_result("bench/test_http.py::test_execute", "graphql.execution.*complete_value*", verdict="sensitive", drop=0.563,
             half=0.025, limit=0.1, kind="sensitive", calls=946.0, delay_ns=2e3),
    a_result("bench/test_http.py::test_threads", "client.json:loads_rows", drop=-0.005, half=0.02, mode="nogil"),
    a_result("bench/test_http.py::test_validate", "graphql.language.parser:Parser.parse_name", verdict="void",
             drop=None, by="command line", delay_ns=2e3),
)  # fmt: skip


def sweep(
    test: str = "bench/test_engine.py::test_sweep",
    target: str = "engine.batch:prepare",
    slack_ns: float = 300e3,
    slope: float = 1.0,
    delays_us: tuple[float, ...] = (50, 100, 200, 300, 400, 500),
) -> tuple[Result, ...]:
    """A plain result for each delay, of a round of 400us that absorbs ``slack_ns`` of it."""
    results = []
    for delay_us in delays_us:
        added = slope * max(delay_us * 1e3 - slack_ns, 0.0)
        results.append(a_result(test, target, delay_ns=delay_us * 1e3, drop=added / (400e3 + added), half=0.02))
    return tuple(results)


def _slack() -> Result:
    doses = tuple(
        Dose(delay, Estimate(added, added - 8e3, added + 8e3), _drop(added), 200)
        for delay in (75e3, 150e3, 250e3, 350e3, 450e3, 600e3)
        for added in [max(delay - 300e3, 0.0)]
    )
    found = a_result("bench/test_engine.py::test_slack", "engine.schedule", drop=None)
    return replace(found, reason=Remark(), slack_ns=Estimate(301e3, 284e3, 317e3), doses=doses)


def _drop(added_ns: float, round_ns: float = 400e3) -> Estimate:
    return Estimate(*((added_ns + by) / (round_ns + added_ns + by) for by in (0.0, -8e3, 8e3)))


SLACK = _slack()


def ranked(name: str, share: float, transmission: float, verdict: Standing = "critical", rank: int = 1) -> Ranked:
    gain = share * transmission
    return Ranked(
        name=name, file="engine/x.py", line=3, calls=12.0, share=share,
        transmission=Estimate(transmission, transmission - 0.1, transmission + 0.1),
        slack_ns=None if verdict == "critical" else Estimate(57e3, 57e3, None),
        gain=Estimate(gain, gain - 0.1 * share, gain + 0.1 * share), gain_per_us=gain / 3, verdict=verdict,
        confirmed=verdict == "critical", rank=rank, pairs=60, dose_ns=900.0,
    )  # fmt: skip


SCAN = Ranking(
    test="bench/test_engine.py::test_decode_step",
    targets=Targets(("engine.*",), (), ()),
    mode="spin",
    round_ns=400e3,
    seconds=4.4,
    pairs=677,
    iterations=2,
    functions=(
        ranked("engine.sched.Scheduler.schedule", 0.05, 1.0),
        ranked("engine.log.emit", 0.005, 0.97, rank=2),
        ranked("engine.batch.prepare", 0.61, 0.0, "free", 3),
        ranked("engine.kv.BlockTable.append", 0.11, 0.5, "partly", 2),
        replace(ranked("engine.metrics.inc", 0.002, 0.0, "small", 4), transmission=None, gain=None, gain_per_us=None),
    ),
    joint_slack_ns=Estimate(8.9e3, 8.1e3, None),
    additive=True,
)


# As the document of a program that was slowed says it.
PROGRAM = {
    "program": {
        "argv": ["train.py", "--steps", "1000"], "exit_code": None, "signal": "SIGTERM", "seconds": 12.3,
        "processes": [{"pid": 70, "calls": 1000, "lost": 2, "running": True}],
    },
    "mode": "nogil", "delay_ns": 5e4, "every": 10, "after_ns": 30e9, "for_ns": None,
    "targets": [
        {"target": "engine.*", "calls": 1234, "requested_ns": 6.2e7, "delivered_ns": 6.2e7, "late_ns": 4e3,
         "waited_ns": 0.0, "hint": None},
        {"target": "engine.shedule", "calls": 0, "requested_ns": 0.0, "delivered_ns": 0.0, "late_ns": 0.0,
         "waited_ns": 0.0, "hint": "there is engine.schedule"},
    ],
    "matched": [
        {"name": "engine.schedule", "kind": "start", "file": "/src/engine.py", "line": 3, "calls": 1234,
         "requested_ns": 6.2e7, "delivered_ns": 6.2e7, "late_ns": 4e3, "waited_ns": 0.0},
    ],
    "latency": None,
}  # fmt: skip


def a_document(*results: Result, scans: tuple[Ranking, ...] = (), commit: str | None = None) -> Document:
    return Document(
        environment=environment("tsc"),
        seed=22107,
        error_rate=0.05,
        family={"verdicts": len(results), "digest": "0123456789abcdef"},
        commit=commit,
        results=results,
        scans=scans,
    )


def hostile_document() -> Document:
    """Every name that a user or a program can choose is one that attacks."""
    results = [
        replace(a_result(f"t.py::test[{name}]", name), warnings=(name,), reason=Remark.told("time", name))
        for name in HOSTILE
    ]
    failed = replace(results[0], verdict="sensitive", outcome="failed", lock=Change("grown", HOSTILE[0] + HOSTILE[6]))
    scan = replace(SCAN, test=HOSTILE[0], functions=tuple(ranked(name, 0.1, 0.5) for name in HOSTILE))
    return a_document(failed, *results, scans=(scan,))


def many(number: int, seed: int = 1) -> Document:
    """A document of so many different results, a few of which failed."""
    rng = random.Random(seed)
    results = []
    for index in range(number):
        drop = rng.choice((0.0, 0.002, 0.03, 0.2, 0.6)) + rng.gauss(0, 0.004)
        failed = index % 97 == 5
        verdict: Verdict = "sensitive" if drop > 0.02 else "insensitive"
        results.append(
            a_result(
                f"bench/test_{index % 40}.py::test_case_{index}[{math.floor(1e6 * rng.random())}]",
                f"package.module_{index % 17}:Class.method_{index % 53}",
                verdict=verdict, outcome="failed" if failed else "passed", drop=min(drop, 0.9),
                half=rng.uniform(0.002, 0.03), limit=0.02, kind="insensitive" if failed else verdict,
            )
        )  # fmt: skip
    return a_document(*results)
